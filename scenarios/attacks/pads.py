"""Against keyed self-noise: does the keystream repeat itself?"""

import math
from typing import TYPE_CHECKING, Any

import numpy as np

import diffsem.models as models
from diffsem.link import InputError
from diffsem.models import costs
from diffsem.scenarios.attacks.labelling import label
from diffsem.scenarios.contracts.attack import AttackMethod, Eavesdropping, Target

if TYPE_CHECKING:  # a scenario is checked without it
    import keras

PADS = 64
HIDDEN = (512, 256)
# What is heard from this share of the schedule on is mostly self-noise: pads show in it.
LATE = 0.7


def _build(target: Target) -> "keras.Model":
    return models.PadDictionaryClassifier(target.feature_shape, target.classes, PADS, HIDDEN)


def _learn_pads(eavesdropping: Eavesdropping, model: "keras.Model") -> list[dict[str, Any]]:
    """Guess the keystream: pads that come again stand out as clusters of what is heard; then the label behind them."""
    from sklearn.cluster import KMeans

    images, _ = eavesdropping.images()
    heard, time = eavesdropping.hear(images.as_float(), eavesdropping.rng(eavesdropping.name, "pads"))
    symbols = heard.reshape(len(heard), -1)
    late = symbols[time[:, 0] >= LATE] if eavesdropping.knows_step else symbols
    if len(late) < model.removal.pads:
        raise InputError(
            f"attack {eavesdropping.name}: {len(late)} surrogate images are heard behind mostly self-noise; allowed: "
            f"{model.removal.pads} or more, one a pad: raise training.images or the surrogate's share"
        )
    centres = KMeans(model.removal.pads, n_init=4, random_state=0).fit(late).cluster_centers_
    model.removal.set_weights([centres / np.sqrt((centres**2).mean(axis=1, keepdims=True))])
    return label(eavesdropping, model)


def _cost(target: Target) -> costs.NetworkCost:
    # Symbols with and without the nearest pad, and the time; the search for it costs about as much as PADS inputs more.
    return costs.dense_cost(2 * math.prod(target.feature_shape) + 1 + PADS, *HIDDEN, target.classes)


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
