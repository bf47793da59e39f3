"""A classifier of repeated transmissions whose symbols come in another order and with other signs each time."""

import keras
from keras import layers, ops

from diffsem.models.serialization import serializable


@serializable
class LooksClassifier(keras.Model):
    """Several transmissions of one image, each scrambled in its own way -> label.

    In no order, and without signs, a transmission is its magnitudes in descending order. Over the transmissions each of
    these order statistics has a mean, which noise blurs the less the more of them there are, and a deviation. The
    network reads the means and deviations, so that it takes any number of transmissions, in any order.

    Parameters
    ----------
    feature_shape : tuple of three int
    classes : int
    hidden : tuple of int
        Widths of the hidden layers; what each gives is normalised over the batch before its activation.

    Input
    -----
    [received, time]
        received : [B, L, *feature_shape], float; L transmissions of unit mean square.
        time : [B, 1], float; the step as a fraction t / T.

    Output
    ------
    logits : [B, classes], float

    Examples
    --------
    How the symbols of each transmission are ordered and signed makes no difference, nor which one comes first.

    >>> import numpy as np
    >>> from diffsem.models import LooksClassifier
    >>> classifier = LooksClassifier((2, 2, 1), classes=10, hidden=(8,))
    >>> looks, time = np.arange(8.0).reshape(1, 2, 2, 2, 1), np.zeros((1, 1))
    >>> other = np.stack([-looks[:, 1, ::-1], looks[:, 0, :, ::-1]], axis=1)
    >>> np.allclose(classifier([looks, time]), classifier([other, time]), atol=1e-6)
    True
    """

    def __init__(self, feature_shape, classes, hidden=(512, 512, 512), name="looks_classifier", **kwargs):
        received = keras.Input((None, *feature_shape), name="received")
        time = keras.Input((1,), name="time")
        symbols = layers.TimeDistributed(layers.Flatten(), name="flat")(received)
        ranked = ops.flip(ops.sort(ops.abs(symbols), axis=-1), axis=-1)
        ranks = ops.concatenate([ops.mean(ranked, axis=1), ops.std(ranked, axis=1)], axis=-1)
        # Magnitudes of a rank hardly differ from image to image: each is looked at by its own deviation.
        x = layers.Concatenate(name="inputs")([layers.BatchNormalization(name="norm0")(ranks), time])
        for place, width in enumerate(hidden, 1):
            x = layers.Dense(width, use_bias=False, name=f"dense{place}")(x)
            x = layers.Activation("gelu", name=f"gelu{place}")(layers.BatchNormalization(name=f"norm{place}")(x))
        super().__init__(inputs=[received, time], outputs=layers.Dense(classes, name="logits")(x), name=name, **kwargs)
        self.feature_shape = tuple(feature_shape)
        self.classes = classes
        self.hidden = tuple(hidden)
