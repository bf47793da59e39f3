"""Specifications of the paper's networks: E, C and D for the sizes of a data set."""

import diffsem.models as models
from diffsem.models.costs import classifier_cost, encoder_cost, unet_cost
from diffsem.scenarios.contracts.network import AS_FLOAT16, FINE, Dimensions, NetworkSpec


def encoder(name: str) -> NetworkSpec:
    """E of Table I or II."""
    return NetworkSpec(
        name,
        lambda sizes: models.build_encoder(sizes.image_shape, sizes.feature_shape),
        AS_FLOAT16,
        cost=lambda sizes: encoder_cost(sizes.image_shape),
    )


def classifier(name: str) -> NetworkSpec:
    """C of Table I or II."""
    return NetworkSpec(
        name,
        lambda sizes: models.build_classifier(sizes.image_shape, sizes.feature_shape, sizes.classes),
        cost=lambda sizes: classifier_cost(sizes.image_shape, sizes.feature_shape),
    )


def denoiser(name: str, label: bool = False, half_width: bool = False) -> NetworkSpec:
    """D of Table III, as a scenario's `denoising.channels` says; with a label as context, or half as wide."""

    def channels(sizes: Dimensions) -> int:
        # In groups of 8.
        return max(8, sizes.denoiser_channels // 16 * 8) if half_width else sizes.denoiser_channels

    return NetworkSpec(
        name,
        lambda sizes: models.UNet(sizes.feature_shape, channels(sizes), *([sizes.classes] if label else [])),
        FINE,
        precision="execution",
        cost=lambda sizes: unet_cost(sizes.feature_shape, channels(sizes), label),
    )
