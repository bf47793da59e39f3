"""Looking at what is heard: for systems that send pictures."""

import math

import diffsem.models as models
from diffsem.models.costs import NetworkCost
from diffsem.scenarios.contracts.attack import AttackMethod

ATTACKS = (
    AttackMethod(
        "as-heard",
        "image",
        lambda target: models.Picture(target.image_shape, rms=target.pixel_rms, schedule=target.schedule.build()),
        None,
        applies=lambda target: target.feature_shape == target.image_shape,
        cost=lambda target: NetworkCost(0, math.prod(target.image_shape) * 8),
    ),
)
