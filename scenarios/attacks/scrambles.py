"""Against keyed scrambles: what no order and no signs can hide."""

import math
from functools import partial

import diffsem.models as models
from diffsem.models import costs
from diffsem.scenarios.attacks.labelling import label, label_smoothed
from diffsem.scenarios.contracts.attack import AttackMethod
from diffsem.scenarios.contracts.network import AS_FLOAT16

HIDDEN = (512, 256)
WIDE = (512, 512, 512)

ATTACKS = (
    AttackMethod(
        "sorted-magnitudes",
        "label",
        lambda target: models.SymbolClassifier(
            target.feature_shape, target.classes, hidden=HIDDEN, sorted_magnitudes=True
        ),
        # Only the few early steps tell anything: the loss falls slowly.
        partial(label, min_delta=2e-4, patience=8),
        applies=lambda target: target.scrambled,
        # Its inputs hardly differ from each other: on a grid of half a deviation it lost 10 points at t = 0.
        storage=AS_FLOAT16,
        cost=lambda target: costs.dense_cost(math.prod(target.feature_shape) + 1, *HIDDEN, target.classes),
    ),
    # The same of all repeated transmissions at once: what noise blurs in one stands out in the mean of ten.
    AttackMethod(
        "sorted-looks",
        "label",
        lambda target: models.LooksClassifier(target.feature_shape, target.classes, hidden=WIDE),
        partial(label_smoothed, min_delta=2e-4, patience=8),
        applies=lambda target: target.scrambled,
        all_looks=True,
        storage=AS_FLOAT16,
        cost=lambda target: costs.dense_cost(2 * math.prod(target.feature_shape) + 1, *WIDE, target.classes),
    ),
)
