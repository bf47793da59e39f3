"""Model inversion: decoders that learn the image from the symbols."""

import math
from functools import partial

import diffsem.models as models
from diffsem.models import costs
from diffsem.scenarios.attacks.reconstruction import reconstruct, reconstruct_by_squared_error
from diffsem.scenarios.attacks.table_two import is_of_table_two
from diffsem.scenarios.contracts.attack import AttackMethod

ATTACKS = (
    # The paper's A (Table I): a dense network, mean squared error.
    AttackMethod(
        "inversion-mlp",
        "image",
        lambda target: models.mnist.InversionMLP(target.feature_shape, target.image_shape),
        partial(reconstruct_by_squared_error, min_delta=3e-5, patience=5),
        cost=lambda target: costs.dense_cost(math.prod(target.feature_shape) + 1, 784, math.prod(target.image_shape)),
        papers=True,
        default_place=0,
    ),
    # The paper's A (Table II), for colour images: transposed convolutions and residual blocks, mean squared error.
    AttackMethod(
        "inversion-residual",
        "image",
        lambda target: models.InversionResidual(target.feature_shape, target.image_shape),
        # Its epochs are long: one that gains less than a tenth of a decibel is the last at its learning rate.
        partial(reconstruct_by_squared_error, min_delta=1e-3, patience=1),
        applies=is_of_table_two,
        cost=lambda target: costs.residual_decoder_cost(target.image_shape),
        papers=True,
        papers_rank=1,
        default_place=1,
    ),
    # A larger, convolutional decoder that also learns to look right (SSIM).
    AttackMethod(
        "inversion-conv",
        "image",
        lambda target: models.InversionConv(target.feature_shape, target.image_shape),
        reconstruct,
        cost=lambda target: costs.convolutional_decoder_cost(math.prod(target.feature_shape), target.image_shape),
        default_place=2,
    ),
)
