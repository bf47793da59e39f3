"""An attack of one's own: a small dense network that reads the label from the symbols.

A scenario lists it as `attacks: ["my_attacks:SMALL"]`. It sees what it hears of surrogate images, and nothing else.
"""

import keras

from diffsem.scenarios import AttackMethod, Eavesdropping, Target


def build(target: Target) -> keras.Model:
    """What is heard [B, *feature_shape], and how noisy it is [B, 1] -> logits [B, classes]."""
    received, time = keras.Input(target.feature_shape), keras.Input((1,))
    x = keras.layers.Concatenate()([keras.layers.Flatten()(received), time])
    return keras.Model([received, time], keras.layers.Dense(target.classes)(keras.layers.Dense(64, "relu")(x)))


def train(eavesdropping: Eavesdropping, model: keras.Model) -> list[dict]:
    """Fresh transmissions every epoch, until validation stands on a plateau."""
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    return eavesdropping.fit(model, loss, lambda heard, images, labels: labels)


SMALL = AttackMethod("small-network", "label", build, train)
