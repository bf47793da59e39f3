"""Against keyed self-noise: does the keystream repeat itself?"""

import math
from typing import TYPE_CHECKING, Any

import numpy as np

import diffsem.models as models
from diffsem.models import costs
from diffsem.scenarios.attacks.labelling import label
from diffsem.scenarios.contracts.attack import AttackMethod, Eavesdropping, Target

if TYPE_CHECKING:  # a scenario is checked without it
    import keras

# Where nothing is known of how many there are.
PADS = 64
HIDDEN = (512, 256)
# What is heard from this share of the schedule on is mostly self-noise: pads show in it.
LATE = 0.7
# Transmissions that are mostly self-noise, a pad.
HEARD_PER_PAD = 24


def _build(target: Target) -> "keras.Model":
    return models.PadDictionaryClassifier(target.feature_shape, target.classes, target.codewords or PADS, HIDDEN)


def _learn_pads(eavesdropping: Eavesdropping, model: "keras.Model") -> list[dict[str, Any]]:
    """Guess the keystream: pads that come again stand out as clusters of what is heard; then the label behind them."""
    from sklearn.cluster import KMeans

    images, _ = eavesdropping.images()
    pictures, rng = images.as_float(), eavesdropping.rng(eavesdropping.name, "pads")
    # A large codebook asks for more transmissions of the same images: some to every pad.
    times = max(1, math.ceil(HEARD_PER_PAD * model.removal.pads / ((1 - LATE) * len(pictures))))
    late = np.concatenate([_late(eavesdropping, pictures, rng) for _ in range(times)])
    centres = KMeans(model.removal.pads, n_init=4, random_state=0).fit(late).cluster_centers_
    model.removal.set_weights([centres / np.sqrt((centres**2).mean(axis=1, keepdims=True))])
    return label(eavesdropping, model)


def _late(eavesdropping: Eavesdropping, pictures: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """[M, k] symbols of the transmissions that are mostly self-noise; of all, where that is not to be told."""
    heard, time = eavesdropping.hear(pictures, rng)
    symbols = heard.reshape(len(heard), -1)
    return symbols[time[:, 0] >= LATE] if eavesdropping.knows_step else symbols


def _cost(target: Target) -> costs.NetworkCost:
    # Symbols with and without the nearest pad, and the time; the search for it costs as much as so many inputs.
    pads = target.codewords or PADS
    return costs.dense_cost(2 * math.prod(target.feature_shape) + 1 + pads, *HIDDEN, target.classes)


ATTACKS = (
    AttackMethod(
        "pad-dictionary",
        "label",
        _build,
        _learn_pads,
        applies=lambda target: target.keyed,
        adaptive=True,
        cost=_cost,
    ),
)
