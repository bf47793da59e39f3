"""Classifiers of the symbols: the task itself, taught by the eavesdropper's own labels."""

import math
from functools import partial

import diffsem.models as models
from diffsem.models import costs
from diffsem.scenarios.attacks.labelling import label, label_smoothed
from diffsem.scenarios.attacks.table_two import is_of_table_two
from diffsem.scenarios.contracts.attack import AttackMethod, Target

# Hidden layers.
NARROW = (512, 256)
WIDE = (512, 512, 512)


def _dense_cost(target: Target, *hidden: int) -> costs.NetworkCost:
    return costs.dense_cost(math.prod(target.feature_shape) + 1, *hidden, target.classes)


ATTACKS = (
    AttackMethod(
        "task-classifier",
        "label",
        lambda target: models.SymbolClassifier(target.feature_shape, target.classes, hidden=NARROW),
        label,
        cost=lambda target: _dense_cost(target, *NARROW),
        default_place=4,
    ),
    # The same, wider and deeper, with what keeps a wide network from learning few images by heart.
    AttackMethod(
        "task-classifier-wide",
        "label",
        lambda target: models.SymbolClassifier(
            target.feature_shape, target.classes, hidden=WIDE, batch_normalised=True
        ),
        label_smoothed,
        cost=lambda target: _dense_cost(target, *WIDE),
        default_place=5,
    ),
    # The same with the receiver's classifier for colour images, which sees where a symbol stands.
    AttackMethod(
        "residual-classifier",
        "label",
        lambda target: models.ResidualSymbolClassifier(target.feature_shape, target.classes),
        partial(label, patience=1),
        applies=is_of_table_two,
        # Half as wide as the receiver's.
        cost=lambda target: costs.residual_classifier_cost(target.feature_shape, 256),
    ),
    # How much of the label lies open: one linear layer on the symbols.
    AttackMethod(
        "linear-probe",
        "label",
        lambda target: models.SymbolClassifier(target.feature_shape, target.classes, hidden=()),
        label,
        cost=lambda target: costs.dense_cost(math.prod(target.feature_shape), target.classes),
    ),
)
