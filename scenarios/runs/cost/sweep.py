"""What a sweep asks for, told from its sizes: images and calls of networks, and about how much memory and time.

Neither TensorFlow nor the data are needed. Constants were measured on two cores of an x86 server with AVX-512. Memory
comes out right within a factor of two; time is that of all images and rounds that a sweep may take, on a CPU.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from diffsem.models.costs import NetworkCost, in_sequence
from diffsem.scenarios.contracts.attack import PlannedAttack
from diffsem.scenarios.contracts.network import NetworkSpec
from diffsem.scenarios.contracts.system import System
from diffsem.scenarios.contracts.transmitter import TransmitterSpec
from diffsem.scenarios.links.points import places_a_point, sweep_points
from diffsem.scenarios.runs.cost.links import block_cost, channel_memory
from diffsem.scenarios.runs.cost.need import OPERATIONS, PROGRAM, START, TRACE, Need
from diffsem.scenarios.runs.plan import Plan
from diffsem.scenarios.runs.resolving import variant_plans

# Core seconds of a real symbol at a node.
SYMBOL_SECONDS = 5e-7
# Batches simulated together, as in `Experiment`.
POOL = 32


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
    not_counted : tuple of str
        Networks whose cost is not known.
    variants : tuple of (int, Need)
        Of each variant, points and what they need.
    """

    points: int
    images: int
    test_images: int
    systems: int
    unet_calls: int
    attack_evaluations: int
    need: Need
    not_counted: tuple[str, ...]
    variants: tuple[tuple[int, Need], ...] = ()


def cost_of(plan: Plan) -> Cost:
    """What the sweep of a scenario asks for. Raises InputError if a folder of images cannot be used."""
    costs = [_cost_of_variant(each) for each in variant_plans(plan)]
    points, images, calls, evaluations = (
        sum(getattr(cost, name) for cost in costs) for name in ("points", "images", "unet_calls", "attack_evaluations")
    )
    return replace(
        costs[0],
        points=points,
        images=images,
        unet_calls=calls,
        attack_evaluations=evaluations,
        need=_in_turn([cost.need for cost in costs]),
        variants=tuple((cost.points, cost.need) for cost in costs),
    )


def _in_turn(needs: Sequence[Need]) -> Need:
    """Of sweeps, one after the other."""
    return Need(max(need.memory for need in needs), sum(need.core_seconds for need in needs))


def _cost_of_variant(plan: Plan) -> Cost:
    scenario, setup = plan.scenario, plan.setup
    rules, size = scenario.monte_carlo, plan.source.test_images()
    points = _points(plan)
    images = points * min(rules.max_images, rules.passes * size)
    digital = sum(len(scenario.digital) for system in plan.systems if system.digital is not None)
    receivers = _receivers(plan)
    return Cost(
        points,
        images,
        size,
        len(receivers) + digital + len(scenario.bit_error_rates),
        images * sum(system.unet_calls(setup) for system in receivers),
        images * sum(_evaluations(plan, planned) for planned in plan.attacks),
        _need_of_variant(plan, size),
        tuple(network.name for network in plan.networks if network.cost is None),
    )


@dataclass
class _Sum:
    """What adds up over the programs of a sweep, and what the largest of them needs in turn.

    Parameters
    ----------
    steps : list of float
        Bytes of what a batch needs at a time.
    operations, seconds : float
        Of an image; seconds of one core.
    weights, pooled : float
        Bytes.
    programs : int
    blocks : float
        Seconds of one core, of all blocks of bits of a point.
    """

    steps: list[float]
    operations: float = 0.0
    seconds: float = 0.0
    weights: float = 0.0
    pooled: float = 0.0
    programs: int = 0
    blocks: float = 0.0


def need_of_sweep(plan: Plan, test_images: int) -> Need:
    """Memory: program, data, weights and a pool's symbols, and the largest of what a batch needs in turn."""
    return _in_turn([_need_of_variant(each, test_images) for each in variant_plans(plan)])


def _need_of_variant(plan: Plan, test_images: int) -> Need:
    rules, points = plan.scenario.monte_carlo, _points(plan)
    images = min(rules.max_images, rules.passes * test_images)
    if rules.ci_half_width is not None and rules.passes == 1:
        # An interval of any accuracy is that narrow by then.
        images = math.ceil(min(images, 0.9604 / rules.ci_half_width**2))
    pixels = math.prod(plan.setup.dimensions.image_shape)
    total = _Sum([float(rules.batch_size * pixels * 4 * 3)])
    for transmitter in plan.transmitters:
        _add_transmitter(total, plan, transmitter)
    for system in _receivers(plan):
        _add_receiver(total, plan, system)
    _add_digital_links(total, plan, images)
    data = (test_images * 9 + plan.source.training_images()) * pixels
    sent = images * (total.seconds + total.operations / OPERATIONS) + total.blocks
    start = START + TRACE * total.programs
    return Need(PROGRAM + data + 2 * total.weights + total.pooled + max(total.steps), start + points * sent, start)


def _add_transmitter(total: _Sum, plan: Plan, transmitter: TransmitterSpec) -> None:
    """A transmitter, what is heard of it, and the attacks on it."""
    scenario, sizes = plan.scenario, plan.setup.dimensions
    legitimate, own, batch = scenario.legitimate, scenario.eavesdropper, scenario.monte_carlo.batch_size
    encoder, symbols = _cost(plan, transmitter.encoder), math.prod(transmitter.sent_shape(sizes))
    attacks = [planned for planned in plan.attacks if planned.transmitter == transmitter]
    eavesdroppers = _eavesdroppers(plan) if attacks else 0
    observations = 1 + eavesdroppers * (own.looks if transmitter.scrambled else 1)
    heard = 1 + own.looks * eavesdroppers
    batches = min(POOL, _points(plan) * math.ceil(scenario.monte_carlo.max_images / batch))
    total.pooled += batches * batch * observations * symbols * 4 * 2
    hearing = max(
        channel_memory(node, channel, legitimate, batch, symbols)
        for node, channel in ((legitimate, plan.channels.receiver), (own, plan.channels.eavesdropper))
    )
    total.steps.append(batch * (encoder.activations + heard * symbols * 4 * 4) + hearing)
    antennas = max(legitimate.receive_antennas, own.receive_antennas)
    total.seconds += heard * symbols * antennas * legitimate.transmit_antennas * SYMBOL_SECONDS
    total.operations += encoder.operations
    total.weights += encoder.weights
    total.programs += 1
    for planned in attacks:
        network, times = attack_cost(plan, planned), _evaluations(plan, planned)
        total.operations += times * network.operations
        total.weights += network.weights
        total.steps.append(batch * (network.activations + times / eavesdroppers * symbols * 4))
        total.programs += 1


def _add_receiver(total: _Sum, plan: Plan, system: System) -> None:
    networks = [(_cost(plan, network), calls) for network, calls in system.networks(plan.setup).items()]
    share = system.usual_share(plan.setup)
    total.operations += share * sum(calls * network.operations for network, calls in networks)
    total.weights += sum(network.weights for network, _ in networks)
    activations = sum(network.activations for network, _ in networks)
    total.steps.append(plan.scenario.monte_carlo.batch_size * activations)
    total.programs += 1


def _add_digital_links(total: _Sum, plan: Plan, images: int) -> None:
    legitimate, batch = plan.scenario.legitimate, plan.scenario.monte_carlo.batch_size
    for bits, code_rate, modulation, blocks in _digital_links(plan, images):
        memory, seconds, symbols = block_cost(bits, code_rate, modulation)
        total.steps.append(
            batch * memory + channel_memory(legitimate, plan.channels.receiver, legitimate, batch, symbols)
        )
        total.blocks += blocks * seconds
        total.programs += 1


def attack_cost(plan: Plan, planned: PlannedAttack) -> NetworkCost:
    """An attack and, where it makes images, the two judges that label them."""
    network = _cost(plan, planned.network)
    if planned.attack.method.output == "label":
        return network
    judges = [_cost(plan, judge) for judge in (plan.judge.network, plan.judge.clean)]
    return in_sequence(network, *judges)


def _cost(plan: Plan, network: NetworkSpec) -> NetworkCost:
    return NetworkCost() if network.cost is None else network.cost(plan.setup.dimensions)


def _points(plan: Plan) -> int:
    return len(sweep_points(plan.scenario))


def _receivers(plan: Plan) -> list[System]:
    return [system for system in plan.systems if system.transmitter is not None]


def _eavesdroppers(plan: Plan) -> int:
    own = plan.scenario.eavesdropper.snr_db
    return places_a_point(plan.scenario) or (len(own) if isinstance(own, tuple) else 1)


def _evaluations(plan: Plan, planned: PlannedAttack) -> int:
    """Of an attack for an image: repeated scrambled transmissions do not add up, most attacks read each by itself."""
    one_by_one = planned.transmitter.scrambled and not planned.attack.method.all_looks
    transmissions = plan.scenario.eavesdropper.looks if one_by_one else 1
    return _eavesdroppers(plan) * transmissions


def _digital_links(plan: Plan, images: int) -> list[tuple[int, float | None, str, int]]:
    """(information bits, code rate, modulation, blocks a point) of every digital link; random bits do not run out."""
    scenario, symbols = plan.scenario, math.prod(plan.setup.dimensions.feature_shape)
    links = [link for system in plan.systems if system.digital is not None for link in scenario.digital]
    found = [(link.bits * symbols, link.code_rate, link.modulation, images) for link in links]
    blocks = scenario.monte_carlo.max_images
    rates = scenario.bit_error_rates
    return [*found, *((rate.information_bits, rate.code_rate, rate.modulation, blocks) for rate in rates)]
