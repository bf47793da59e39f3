"""What a scenario asks for, told from its sizes: images and calls of networks, and about how much memory and time.

Neither TensorFlow nor the data are needed. Constants were measured on two cores of an x86 server with AVX-512. Memory
comes out right within a factor of two; time is that of all images and rounds that a sweep may take, on a CPU.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from diffsem.link.errors import InputError
from diffsem.link.modulation import MODULATIONS
from diffsem.scenarios.datasets import size_of_test_set
from diffsem.scenarios.machine import GIB, Machine, gibibytes, this_machine
from diffsem.scenarios.network_costs import (
    NetworkCost,
    attack_cost,
    classifier_cost,
    encoder_cost,
    judge_cost,
    symbols_of,
    unet_calls,
    unet_cost,
)
from diffsem.scenarios.schema import CdlChannel, EstimatedCsi, Scenario, TdlChannel, transmitter_of
from diffsem.scenarios.sizes import Folder, feature_shape_of, image_shape_of

YEAR = 365.25 * 24 * 3600
LONGEST_YEARS = 10
# Bytes of a process that has loaded TensorFlow, Sionna and Keras.
PROGRAM = 0.85 * GIB
# Floating point operations a second and core, and seconds until the first batch runs.
OPERATIONS = 150e9
START, TRACE = 6.0, 1.0
# Core seconds: of a real symbol at a node, of a coded bit through 20 iterations of LDPC decoding, and of one uncoded.
SYMBOL_SECONDS, CODED_BIT_SECONDS, BIT_SECONDS = 5e-7, 2e-6, 1.5e-7
# Bytes: of a coded bit's messages, and of a symbol's distance to a point of its constellation.
CODED_BIT_BYTES, POINT_BYTES = 160, 40
# Batches simulated together, as in `Experiment`.
POOL = 32
# Of a channel model's statistics, as in `OfdmChannel`; paths and sinusoids of a path, as in Sionna.
COVARIANCE_DRAWS, PATHS, SINUSOIDS = 4096, 24, 20
COMPLEX = 8
# Forward and backward pass, in operations; what is kept of a forward pass for the backward one, in activations.
BOTH_PASSES, KEPT = 3, 10
# Share of the training images that the eavesdropper learns from, and how many there are; of a folder, five for each
# test image.
SURROGATES, TRAINING_IMAGES, FOLDER_TRAINING = 1 / 5, {"mnist": 60_000, "cifar10": 50_000}, 5


@dataclass(frozen=True)
class Need:
    """What a computation needs.

    Parameters
    ----------
    memory : float
        Bytes, at its peak.
    core_seconds : float
        Seconds on one core.
    """

    memory: float
    core_seconds: float


@dataclass(frozen=True)
class Cost:
    """What a sweep asks for.

    Parameters
    ----------
    points : int
    images : int
        Of all points, for each system at most.
    test_images : int
        Of the test set.
    systems : int
    unet_calls, attack_evaluations : int
        At most.
    need : Need
    """

    points: int
    images: int
    test_images: int
    systems: int
    unet_calls: int
    attack_evaluations: int
    need: Need


def cost_of(scenario: Scenario) -> Cost:
    """What the sweep of a scenario asks for. Raises InputError if a folder of images cannot be used."""
    rules, size = scenario.monte_carlo, size_of_test_set(scenario.dataset)
    points = _points(scenario)
    images = points * min(rules.max_images, rules.passes * size)
    digital = len(scenario.digital) if "digital" in scenario.legitimate.receivers else 0
    analog = _analog_systems(scenario)
    return Cost(
        points,
        images,
        size,
        len(analog) + digital + len(scenario.bit_error_rates),
        images * sum(unet_calls(scenario, system) for system in analog),
        images * sum(times for _, _, times in _attacks(scenario)),
        _need_of_sweep(scenario, size),
    )


def affordable_sweep(scenario: Scenario) -> Cost:
    """The cost of a sweep, unless this machine cannot hold it, or it would not end in ten years.

    Raises
    ------
    InputError
        With the estimate, what the machine has, and the key that asks for most of it.
    """
    cost = cost_of(scenario)
    _refuse_too_much("sweep", scenario, cost.need, lambda other: _need_of_sweep(other, cost.test_images), SWEEP_KEYS)
    return cost


def affordable_workers(cost: Cost, workers: int) -> None:
    """Whether the memory of this machine holds a sweep's worker processes. Raises InputError if it does not."""
    machine, each, busy = this_machine(), cost.need.memory, min(workers, cost.points)
    if busy * each > machine.memory:
        raise InputError(
            f"--workers {workers}: each of {busy} needs about {gibibytes(each)} of memory; this machine has {machine}; "
            f"allowed: at most {max(1, int(machine.memory / each))}"
        )


def affordable_training(scenario: Scenario) -> Need:
    """The same for the training of all that a scenario needs. Raises InputError."""
    test_images = size_of_test_set(scenario.dataset)
    need = _need_of_training(scenario, test_images)
    _refuse_too_much("training", scenario, need, lambda other: _need_of_training(other, test_images), TRAINING_KEYS)
    return need


def estimate(need: Need, machine: Machine) -> str:
    """In words: about how much memory, and about how much time on a machine."""
    return f"about {gibibytes(need.memory)} of memory, about {_time(need.core_seconds / machine.cores)}"


# What each key is set to, to tell how much of an estimate it is behind.
SWEEP_KEYS: dict[str, Any] = {
    "monte_carlo.batch_size": 64,
    "monte_carlo.max_images": 10_000,
    "monte_carlo.passes": 1,
    "denoising.channels": 128,
    "denoising.steps": 2,
    "denoising.max_rounds": 5,
    "timesteps": (0,),
    "legitimate.snr_db": (0.0,),
    "legitimate.csi.pilots": 1,
    "legitimate.channel.coherence": None,
    "legitimate.channel.subcarriers": 16,
    "legitimate.transmit_antennas": 1,
    "legitimate.receive_antennas": 1,
    "eavesdropper.csi.pilots": 1,
    "eavesdropper.channel.coherence": None,
    "eavesdropper.channel.subcarriers": 16,
    "eavesdropper.receive_antennas": 1,
    "eavesdropper.looks": 1,
    "eavesdropper.snr_db": "same",
    "eavesdropper.attacks": (),
    "dataset.image_size": 32,
    "dataset.compression": 1 / 16,
    "bit_error_rates": (),
    "digital": (),
}
TRAINING_KEYS: dict[str, Any] = {
    "training.batch_size": 64,
    "training.images": 1000,
    "training.teacher_steps": 3,
    **{
        f"training.epochs.{stage}": 1 for stage in ("denoiser", "classifiers", "adversary", "pair", "reference", "ibal")
    },
    **{f"training.epochs.{stage}": 1 for stage in ("noise_aware_pair", "distillation", "strong_classifier")},
    "denoising.channels": 128,
    "eavesdropper.attacks": (),
    "dataset.image_size": 32,
    "dataset.compression": 1 / 16,
}


def _refuse_too_much(
    what: str, scenario: Scenario, need: Need, need_of: Callable[[Scenario], Need], keys: dict[str, Any]
) -> None:
    machine = this_machine()
    if need.memory > machine.memory:
        too_much, allowed = "memory", f"this machine has {machine}"
    elif need.core_seconds > LONGEST_YEARS * YEAR * machine.cores:
        too_much, allowed = "core_seconds", f"allowed on this machine ({machine}): {LONGEST_YEARS} years"
    else:
        return
    others = {
        key: getattr(need_of(_with(scenario, key, value)), too_much)
        for key, value in keys.items()
        if _has(scenario, key)
    }
    key = min(others, key=lambda key: others[key])
    raise InputError(
        f"scenario {scenario.name}: its {what} needs {estimate(need, machine)}; {allowed}; {key} asks for most of it"
    )


def _has(model: Any, key: str) -> bool:
    first, _, rest = key.partition(".")
    return first in getattr(type(model), "model_fields", {}) and (not rest or _has(getattr(model, first), rest))


def _with(model: Any, key: str, value: Any) -> Any:
    """A copy of a scenario, or of a part of it, with another value of a key that it has."""
    first, _, rest = key.partition(".")
    return model.model_copy(update={first: _with(getattr(model, first), rest, value) if rest else value})


def _time(seconds: float) -> str:
    for unit, length, enough in (("s", 1, 100), ("min", 60, 100), ("h", 3600, 72), ("days", 86400, 730)):
        if seconds < enough * length:
            return f"{math.ceil(seconds / length):,} {unit}"
    return f"{seconds / YEAR:,.0f} years"


def _points(scenario: Scenario) -> int:
    return len(scenario.timesteps) * len(scenario.legitimate.snr_db)


def _analog_systems(scenario: Scenario) -> list[str]:
    return [system for system in scenario.legitimate.receivers if system != "digital"]


def _attacks(scenario: Scenario) -> list[tuple[str, str, int]]:
    """(transmitter, attack, evaluations an image) of every attack on every transmitter."""
    eavesdropper = scenario.eavesdropper
    return [
        # Looks at a scrambled transmission do not add up: each is attacked by itself.
        (name, attack.attack, _eavesdroppers(scenario) * (eavesdropper.looks if "scramble" in name else 1))
        for name in _transmitters(scenario)
        for attack in eavesdropper.attacks
        if attack.transmitters is None or name in attack.transmitters
    ]


def _transmitters(scenario: Scenario) -> list[str]:
    return list(dict.fromkeys(transmitter_of(system) for system in _analog_systems(scenario)))


def _eavesdroppers(scenario: Scenario) -> int:
    own = scenario.eavesdropper.snr_db
    return len(own) if isinstance(own, tuple) else 1


def _need_of_sweep(scenario: Scenario, test_images: int) -> Need:
    """Memory: program, data, weights and a pool's symbols, and the largest of what a batch needs in turn."""
    rules, points = scenario.monte_carlo, _points(scenario)
    batch, label_images = rules.batch_size, min(rules.max_images, rules.passes * test_images)
    if rules.ci_half_width is not None and rules.passes == 1:
        # An interval of any accuracy is that narrow by then.
        label_images = math.ceil(min(label_images, 0.9604 / rules.ci_half_width**2))
    pixels = math.prod(image_shape_of(scenario.dataset))
    pool = min(POOL, points * math.ceil(rules.max_images / batch))
    operations = seconds = weights = pooled = 0.0
    programs = 0
    steps = [float(batch * pixels * 4 * 3)]
    for name in _transmitters(scenario):
        encoder, symbols = encoder_cost(scenario, name), symbols_of(scenario, name)
        attacked = [(attack, times) for other, attack, times in _attacks(scenario) if other == name]
        looks = scenario.eavesdropper.looks if attacked else 1
        observations = 1 + max((times for _, times in attacked), default=0)
        heard = 1 + looks * _eavesdroppers(scenario) * bool(attacked)
        pooled += pool * batch * observations * symbols * 4 * 2
        hearing = max(_channel_memory(scenario, node, symbols) for node in ("legitimate", "eavesdropper"))
        steps.append(batch * (encoder.activations + heard * symbols * 4 * 4) + hearing)
        antennas = max(scenario.legitimate.receive_antennas, scenario.eavesdropper.receive_antennas)
        seconds += heard * symbols * antennas * scenario.legitimate.transmit_antennas * SYMBOL_SECONDS
        operations += encoder.operations
        weights += encoder.weights
        programs += 1
        for attack, times in attacked:
            network = attack_cost(scenario, name, attack)
            operations += times * network.operations
            weights += network.weights
            steps.append(batch * (network.activations + (times / _eavesdroppers(scenario)) * symbols * 4))
            programs += 1
    for system in _analog_systems(scenario):
        classifier, unet = classifier_cost(scenario, system), unet_cost(scenario, system)
        rounds = scenario.denoising.max_rounds if system == "e-diffsem" else 1
        operations += rounds * classifier.operations + unet_calls(scenario, system) * unet.operations
        weights += classifier.weights + unet.weights
        steps.append(batch * (classifier.activations + unet.activations))
        programs += 1
    operations *= label_images
    seconds *= label_images
    for bits, code_rate, modulation, images in _links(scenario, label_images):
        memory, time = _block(bits, code_rate, modulation)
        symbols = math.ceil(2 * bits / (code_rate or 1) / MODULATIONS[modulation])
        steps.append(batch * memory + _channel_memory(scenario, "legitimate", symbols))
        seconds += images * time
        programs += 1
    data = (test_images * 9 + _training_images(scenario, test_images)) * pixels
    return Need(
        PROGRAM + data + 2 * weights + pooled + max(steps),
        START + TRACE * programs + points * (seconds + operations / OPERATIONS),
    )


def _need_of_training(scenario: Scenario, test_images: int) -> Need:
    """The largest network's batch in memory; every stage for all of its epochs."""
    training, epochs = scenario.training, scenario.training.epochs
    images = min(_training_images(scenario, test_images), training.images or 10**9)
    pixels = math.prod(image_shape_of(scenario.dataset))
    judge = judge_cost(scenario)
    steps, operations, weights = [0.0], 0.0, 0.0

    def stage(network: NetworkCost, samples: float, once: float = 0.0) -> None:
        nonlocal operations, weights
        operations += samples * (BOTH_PASSES * network.operations + once)
        weights += 4 * network.weights  # Adam's moments and the gradient
        steps.append(training.batch_size * (KEPT * network.activations + pixels * 4))

    for name in _transmitters(scenario):
        length = {"clean-pair": epochs.pair, "noise-aware-pair": epochs.noise_aware_pair}.get(
            name, epochs.ibal if name.startswith("ibal") else epochs.reference
        )
        stage(encoder_cost(scenario, name), length * images)
        stage(classifier_cost(scenario, name), length * images)
    for system in _analog_systems(scenario):
        unet, classifier = unet_cost(scenario, system), classifier_cost(scenario, system)
        stage(unet, (epochs.denoiser + epochs.distillation) * images * bool(unet.operations))
        stage(classifier, epochs.classifiers * images, training.teacher_steps * unet.operations)
    for name, attack, _ in _attacks(scenario):
        stage(attack_cost(scenario, name, attack, judged=False), epochs.adversary * images * SURROGATES)
    stage(judge, (epochs.strong_classifier + (epochs.judge_of_attacks or epochs.strong_classifier)) * images)
    data = (test_images + images) * pixels * 9
    return Need(PROGRAM + data + 2 * weights + max(steps), START + operations / OPERATIONS)


def _training_images(scenario: Scenario, test_images: int) -> int:
    if isinstance(scenario.dataset, Folder):
        return FOLDER_TRAINING * test_images
    return TRAINING_IMAGES[scenario.dataset]


def _links(scenario: Scenario, label_images: int) -> list[tuple[int, float | None, str, int]]:
    """(information bits, code rate, modulation, blocks a point) of every digital link; random bits do not run out."""
    symbols = math.prod(feature_shape_of(scenario.dataset))
    links = scenario.digital if "digital" in scenario.legitimate.receivers else ()
    found = [(link.bits * symbols, link.code_rate, link.modulation, label_images) for link in links]
    blocks = scenario.monte_carlo.max_images
    rates = scenario.bit_error_rates
    return [*found, *((rate.information_bits, rate.code_rate, rate.modulation, blocks) for rate in rates)]


def _block(bits: int, code_rate: float | None, modulation: str) -> tuple[float, float]:
    """Bytes and core seconds of a block over a digital link."""
    coded, per_symbol = bits / (code_rate or 1), MODULATIONS[modulation]
    points = coded / per_symbol * 2**per_symbol * POINT_BYTES
    if code_rate is None:
        return coded * 16 + points, coded * BIT_SECONDS
    return coded * CODED_BIT_BYTES + points, coded * CODED_BIT_SECONDS


def _channel_memory(scenario: Scenario, node_name: str, symbols: int) -> float:
    """Bytes that a batch of a node's channel takes, `symbols` real ones an image."""
    node, sender = getattr(scenario, node_name), scenario.legitimate
    channel, batch = node.channel, scenario.monte_carlo.batch_size
    pairs = node.receive_antennas * sender.transmit_antennas
    streams = sender.transmit_antennas if sender.precoding == "streams" else 1
    pilots = node.csi.pilots if isinstance(node.csi, EstimatedCsi) else 0
    uses = math.ceil(symbols / 2 / streams)
    if not isinstance(channel, TdlChannel | CdlChannel):
        blocks, length = 1, uses
        if channel.coherence is not None:
            length = channel.coherence - pilots * sender.transmit_antennas
            blocks = math.ceil(uses / length)
        # Gains are held for whole blocks.
        return batch * blocks * pairs * COMPLEX * (4 * length + 3 * pilots)
    ofdm_symbols = math.ceil(uses / channel.subcarriers) + pilots
    grid = ofdm_symbols * channel.subcarriers
    draws = batch
    estimator = 0.0
    if isinstance(node.csi, EstimatedCsi):
        if node.csi.estimator == "lmmse":
            draws = max(batch, COVARIANCE_DRAWS)
            estimator = 3.0 * COMPLEX * (ofdm_symbols * channel.subcarriers**2 + ofdm_symbols**2 * channel.subcarriers)
        else:
            estimator = 3.0 * COMPLEX * streams * (pilots * channel.subcarriers) * grid
    fading = draws * pairs * COMPLEX * PATHS * (grid + ofdm_symbols * SINUSOIDS)
    return fading + batch * pairs * COMPLEX * 6 * grid + estimator
