"""What networks need, told from their sizes by rules for the layers in `diffsem.models`.

Operations grow with areas and widths; activations are the few maps of float32 that are there at once.
"""

import itertools
import math
from dataclasses import dataclass

from diffsem.scenarios.schema import ONE_STEP, Scenario
from diffsem.scenarios.sizes import feature_shape_of, image_shape_of


@dataclass(frozen=True)
class NetworkCost:
    """Of one sample: floating point operations, and bytes of activations; bytes of all weights."""

    operations: float = 0.0
    activations: float = 0.0
    weights: float = 0.0


def unet_calls(scenario: Scenario, system: str) -> int:
    """Calls for an image, at most."""
    denoising = scenario.denoising
    steps = 1 if denoising.solver == "distilled" else denoising.steps
    guided = 2 if denoising.guidance else 1
    calls = dict.fromkeys(ONE_STEP, 1) | {"diffsem": steps, "e-diffsem": steps * denoising.max_rounds * guided}
    return calls.get(system, 0)


def symbols_of(scenario: Scenario, transmitter: str) -> int:
    """Real symbols of an image."""
    return math.prod(_sent_shape(scenario, transmitter))


def _sent_shape(scenario: Scenario, transmitter: str) -> tuple[int, int, int]:
    """What a transmitter sends: a feature, or the picture itself."""
    if transmitter in ("direct", "permutation"):
        return image_shape_of(scenario.dataset)
    return feature_shape_of(scenario.dataset)


def _dense(*widths: int) -> NetworkCost:
    weights = sum(first * second for first, second in itertools.pairwise(widths))
    return NetworkCost(2 * weights, 8 * sum(widths), 4 * weights)


def _sum(*networks: NetworkCost) -> NetworkCost:
    """Networks one after another."""
    return NetworkCost(
        sum(network.operations for network in networks),
        max(network.activations for network in networks),
        sum(network.weights for network in networks),
    )


def _unet_of(shape: tuple[int, int, int], channels: int, context: bool) -> NetworkCost:
    area, factor = shape[0] * shape[1], 12.0 if context else 10.8
    return NetworkCost(
        18 * area * channels**2 * factor,
        14 * area * (channels + shape[2]) * 4,
        4 * channels**2 * (250 if context else 155) + channels**2 * area / 2,
    )


def unet_cost(scenario: Scenario, system: str) -> NetworkCost:
    """A call of a system's U-Net; nothing, if it has none."""
    shape, channels = feature_shape_of(scenario.dataset), scenario.denoising.channels
    if not unet_calls(scenario, system):
        return NetworkCost()
    return _unet_of(shape, channels // 2 if system == "reference-one-step" else channels, system == "e-diffsem")


def classifier_cost(scenario: Scenario, system: str) -> NetworkCost:
    """The classifier of a system's receiver."""
    shape = feature_shape_of(scenario.dataset)
    symbols = math.prod(shape)
    if system in ("direct", "permutation"):
        return judge_cost(scenario)
    if system.startswith(("reference", "keyed", "null")):
        return _dense(2 * symbols + 1, 256, 128, 10)
    if scenario.dataset == "mnist":
        return _dense(2 * symbols + 1, 129, 10)
    return _table_two_classifier(shape, 512)


def _table_two_classifier(shape: tuple[int, int, int], channels: int) -> NetworkCost:
    kernels = 9 * (64 * channels + 2 * channels**2)
    area = shape[0] * shape[1]
    first = 9 * 64 * (2 * shape[2] + 1)
    return NetworkCost(2 * area * (kernels / 4 + first), area * (channels + 64) * 8, 4 * (kernels + first))


def judge_cost(scenario: Scenario) -> NetworkCost:
    """The strong classifier."""
    height, width, _ = image_shape_of(scenario.dataset)
    if scenario.dataset == "mnist":
        return _dense(784, 784, 128, 10)
    area = height * width
    return NetworkCost(2 * area * 268e3, area * 1900, 4 * (4e6 + area / 64 / 4 * 512 * 256))


def encoder_cost(scenario: Scenario, transmitter: str) -> NetworkCost:
    """The encoder of a transmitter."""
    height, width, colours = image_shape_of(scenario.dataset)
    area, symbols = height * width, math.prod(feature_shape_of(scenario.dataset))
    if transmitter in ("direct", "permutation"):
        return NetworkCost(0, area * colours * 8)
    if transmitter.startswith(("reference", "keyed", "null")):
        if colours == 1:
            return _sum(NetworkCost(10e6, area * 64, 3e5), _dense(64 * area // 16, 256, symbols))
        return _sum(NetworkCost(area * 85e3, area * 700, 5e6), _dense(256, 256, symbols))
    return NetworkCost(area * 12e3, area * (64 if colours == 1 else 200), 2e5)


def attack_cost(scenario: Scenario, transmitter: str, attack: str, judged: bool = True) -> NetworkCost:
    """An attack and, where it makes images, the two judges that label them; one from outside is taken for a decoder."""
    shape, image = _sent_shape(scenario, transmitter), image_shape_of(scenario.dataset)
    symbols, pixels, area = math.prod(shape), math.prod(image), image[0] * image[1]
    pictures = shape == image
    decoder = _sum(_dense(symbols + 1, 512, 2 * area), NetworkCost(area * 10e3, area * 256, 1e5))
    denoiser = _unet_of(shape, 8 if pictures else 32, context=False)
    labels = {
        "task-classifier": _dense(symbols + 1, 512, 256, 10),
        "task-classifier-wide": _dense(symbols + 1, 512, 512, 512, 10),
        "sorted-magnitudes": _dense(symbols + 1, 512, 256, 10),
        "pad-dictionary": _dense(2 * symbols + 65, 512, 256, 10),
        "linear-probe": _dense(symbols, 10),
        # Neither is run on MNIST, nor on pictures.
        "residual-classifier": NetworkCost() if pictures or image[2] == 1 else _table_two_classifier(shape, 256),
        "schedule-aware": _sum(denoiser, classifier_cost(scenario, "classifier")),
    }
    if attack in labels:
        return labels[attack]
    images = {
        "inversion-mlp": _dense(symbols + 1, 784, pixels),
        "inversion-residual": NetworkCost()
        if pictures or image[2] == 1
        else NetworkCost(area * 1.3e6, area * 3600, 15e6),
        "denoise-invert": _sum(denoiser, decoder),
        "as-heard": NetworkCost(0, pixels * 8),
    }
    network = images.get(attack, decoder)
    return _sum(network, judge_cost(scenario), judge_cost(scenario)) if judged else network
