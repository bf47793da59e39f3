"""What networks need, told from their sizes by rules for the layers of this package; no Keras is loaded for it.

Operations grow with areas and widths; activations are the few maps of float32 that are there at once.
"""

import itertools
import math
from dataclasses import dataclass


@dataclass(frozen=True)
class NetworkCost:
    """Of one sample: floating point operations, and bytes of activations; bytes of all weights."""

    operations: float = 0.0
    activations: float = 0.0
    weights: float = 0.0


def in_sequence(*networks: NetworkCost) -> NetworkCost:
    """Networks one after another."""
    return NetworkCost(
        sum(network.operations for network in networks),
        max(network.activations for network in networks),
        sum(network.weights for network in networks),
    )


def dense_cost(*widths: int) -> NetworkCost:
    """Dense layers from the first of these widths to the last."""
    weights = sum(first * second for first, second in itertools.pairwise(widths))
    return NetworkCost(2 * weights, 8 * sum(widths), 4 * weights)


def unet_cost(shape: tuple[int, int, int], channels: int, context: bool) -> NetworkCost:
    """A call of `UNet` on a feature; context: with a label."""
    area, factor = shape[0] * shape[1], 12.0 if context else 10.8
    return NetworkCost(
        18 * area * channels**2 * factor,
        14 * area * (channels + shape[2]) * 4,
        4 * channels**2 * (250 if context else 155) + channels**2 * area / 2,
    )


def encoder_cost(image_shape: tuple[int, int, int]) -> NetworkCost:
    """`build_encoder`."""
    area = image_shape[0] * image_shape[1]
    return NetworkCost(area * 12e3, area * (64 if image_shape[2] == 1 else 200), 2e5)


def classifier_cost(image_shape: tuple[int, int, int], feature_shape: tuple[int, int, int]) -> NetworkCost:
    """`build_classifier`."""
    if image_shape[2] == 1:
        return dense_cost(2 * math.prod(feature_shape) + 1, 129, 10)
    return residual_classifier_cost(feature_shape, 512)


def residual_classifier_cost(feature_shape: tuple[int, int, int], channels: int) -> NetworkCost:
    """`ResidualClassifier`, and at half its width `ResidualSymbolClassifier`."""
    kernels = 9 * (64 * channels + 2 * channels**2)
    area = feature_shape[0] * feature_shape[1]
    first = 9 * 64 * (2 * feature_shape[2] + 1)
    return NetworkCost(2 * area * (kernels / 4 + first), area * (channels + 64) * 8, 4 * (kernels + first))


def strong_classifier_cost(image_shape: tuple[int, int, int]) -> NetworkCost:
    """`build_strong_classifier`."""
    if image_shape[2] == 1:
        return dense_cost(784, 784, 128, 10)
    area = image_shape[0] * image_shape[1]
    return NetworkCost(2 * area * 268e3, area * 1900, 4 * (4e6 + area / 64 / 4 * 512 * 256))


def reference_encoder_cost(image_shape: tuple[int, int, int], feature_shape: tuple[int, int, int]) -> NetworkCost:
    """`ReferenceEncoder`."""
    area, symbols = image_shape[0] * image_shape[1], math.prod(feature_shape)
    if image_shape[2] == 1:
        return in_sequence(NetworkCost(10e6, area * 64, 3e5), dense_cost(64 * area // 16, 256, symbols))
    return in_sequence(NetworkCost(area * 85e3, area * 700, 5e6), dense_cost(256, 256, symbols))


def reference_classifier_cost(feature_shape: tuple[int, int, int]) -> NetworkCost:
    """`ReferenceClassifier`."""
    return dense_cost(2 * math.prod(feature_shape) + 1, 256, 128, 10)


def convolutional_decoder_cost(symbols: int, image_shape: tuple[int, int, int]) -> NetworkCost:
    """`InversionConv`."""
    area = image_shape[0] * image_shape[1]
    return in_sequence(dense_cost(symbols + 1, 512, 2 * area), NetworkCost(area * 10e3, area * 256, 1e5))


def residual_decoder_cost(image_shape: tuple[int, int, int]) -> NetworkCost:
    """`InversionResidual`."""
    area = image_shape[0] * image_shape[1]
    return NetworkCost(area * 1.3e6, area * 3600, 15e6)
