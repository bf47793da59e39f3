"""From a scenario's words to its plan: parts are found, and checked against each other."""

import math
from collections.abc import Sequence
from functools import partial
from typing import Any

import diffsem.scenarios.training as training
from diffsem.link import InputError
from diffsem.models import feature_shape
from diffsem.scenarios.attacks import attacks_before, listed_attacks
from diffsem.scenarios.contracts.attack import ListedAttack, PlannedAttack, Target
from diffsem.scenarios.contracts.depends import ADVERSARY
from diffsem.scenarios.contracts.judge import Judge
from diffsem.scenarios.contracts.network import Dimensions, NetworkSpec
from diffsem.scenarios.contracts.setup import Setup
from diffsem.scenarios.contracts.stage import Session, Stage
from diffsem.scenarios.contracts.system import System
from diffsem.scenarios.contracts.transmitter import TransmitterSpec
from diffsem.scenarios.datasets import names_outside, resolve_dataset
from diffsem.scenarios.datasets.source import DataSource, check_surrogates
from diffsem.scenarios.judges import find_judge
from diffsem.scenarios.links.checks import check_known_keys, check_places, check_step, check_transmitters
from diffsem.scenarios.links.kinds import find_channels
from diffsem.scenarios.parts.finding import Source, check_known, is_outside
from diffsem.scenarios.runs.plan import Plan, distinct, transmitters_of
from diffsem.scenarios.schema.scenario import Scenario, variants
from diffsem.scenarios.systems import find_system, shipped_systems


def plan(scenario: Scenario) -> Plan:
    """Resolve a scenario; imports what it names from outside of the package.

    Raises
    ------
    InputError
        If a part is not there, is none, or does not go with the rest, or a folder of images cannot be used.
    """
    planned = _plan(scenario)
    _check_attacked(planned)
    return planned


def plan_without_imports(scenario: Scenario) -> Plan | None:
    """The plan of a scenario's shipped parts, which no code from outside of the package is run for.

    None if its data set or a channel come from outside. Raises InputError as `plan` does.
    """
    words = scenario.eavesdropper
    if outside_parts(scenario, of_systems_and_attacks=False):
        return None
    shipped = scenario.model_copy(
        update={
            "legitimate": scenario.legitimate.model_copy(
                update={"receivers": tuple(name for name in scenario.legitimate.receivers if not is_outside(name))}
            ),
            "eavesdropper": words.model_copy(
                update={
                    "attacks": tuple(entry for entry in words.attacks if not is_outside(entry.attack)),
                    "judge": None if words.judge and is_outside(words.judge) else words.judge,
                }
            ),
        }
    )
    planned = _plan(shipped)
    if shipped == scenario:
        _check_attacked(planned)
    return planned


def variant_plans(planned: Plan) -> tuple[Plan, ...]:
    """The plans of the scenarios that a plan's is a sweep over, as `variants` has them; itself, if no key has several.

    Raises
    ------
    InputError
        If the parts do not go with one of them.
    """
    if not planned.scenario.axes:
        return (planned,)
    return tuple(_plan(scenario) for scenario in variants(planned.scenario))


def outside_parts(scenario: Scenario, of_systems_and_attacks: bool = True) -> list[str]:
    """What a scenario names from outside of the package: data set and channels and, if asked for, all else."""
    channels = [scenario.legitimate.channel.kind, scenario.eavesdropper.channel.kind]
    names = [*channels, *([] if scenario.eavesdropper.judge is None else [scenario.eavesdropper.judge])]
    if of_systems_and_attacks:
        names += [*scenario.legitimate.receivers, *(entry.attack for entry in scenario.eavesdropper.attacks)]
    else:
        names = channels
    return [*names_outside(scenario.dataset), *dict.fromkeys(name for name in names if is_outside(name))]


def _plan(scenario: Scenario) -> Plan:
    source, words, dataset_source = resolve_dataset(scenario.dataset)
    legitimate, own = scenario.legitimate, scenario.eavesdropper
    channels = find_channels(scenario)
    judge = find_judge(own.judge)
    found = [find_system(name) for name in legitimate.receivers]
    systems = tuple(each.part for each in found)
    listed = listed_attacks(own)
    scenario = scenario.model_copy(
        update={
            "dataset": words,
            "compression": _compression(scenario, source),
            "legitimate": legitimate.model_copy(update={"channel": channels.receiver.words}),
            "eavesdropper": own.model_copy(update={"channel": channels.eavesdropper.words}),
        }
    )
    setup = Setup(scenario, _dimensions(scenario, source), judge.part.network)
    sources = [dataset_source, channels.receiver.source, channels.eavesdropper.source, judge.source]
    sources += [each.source for each in found]
    sources += [Source(each.outside, each.source) for each in listed if each.outside]
    _check(setup, source, systems, judge.part)
    attacks = _planned_attacks(setup, systems, listed)
    return Plan(
        scenario,
        setup,
        source,
        judge.part,
        channels,
        systems,
        attacks,
        attack_stages(attacks),
        tuple({each.reference: each for each in sources if each}.values()),
    )


def _compression(scenario: Scenario, source: DataSource) -> int | None:
    """Symbols of a feature; None if they are as many as the data set's own networks have, however they were given."""
    return None if scenario.compression == math.prod(source.sizes.feature_shape) else scenario.compression


def _dimensions(scenario: Scenario, source: DataSource) -> Dimensions:
    sizes, shape = source.sizes, source.sizes.feature_shape
    if scenario.compression is not None:
        try:
            shape = feature_shape(sizes.image_shape, scenario.compression)
        except ValueError as error:
            raise InputError(f"compression: {scenario.compression}: {error}") from error
    return Dimensions(sizes.image_shape, shape, sizes.classes, sizes.pixel_rms, scenario.denoising.channels)


def _check(setup: Setup, source: DataSource, systems: Sequence[System], judge: Judge) -> None:
    """Whether the parts go with each other and the scenario. Raises InputError."""
    scenario = setup.scenario
    names = [system.name for system in systems]
    twice = [name for place, name in enumerate(names) if name in names[:place]]
    if twice:
        raise InputError(f"legitimate.receivers: two systems are named {twice[0]}; names must differ")
    _check_networks(setup, systems, judge)
    try:
        for system in systems:
            system.check(setup)
            if not system.at_transmitters_step:
                check_step(system.name, scenario.denoising)
        for transmitter in transmitters_of(systems):
            if transmitter.scrambled:
                check_known_keys(transmitter.name, scenario.eavesdropper)
            if transmitter.link is not None:
                check_places(transmitter.name, scenario.eavesdropper)
        check_surrogates(scenario.eavesdropper, source)
    except ValueError as error:
        raise InputError(str(error)) from error


def _check_networks(setup: Setup, systems: Sequence[System], judge: Judge) -> None:
    """Whether systems and judge name different networks, or transmitters, alike. Raises InputError."""
    known: dict[str, Any] = {network.name: network for network in (judge.network, judge.clean)}
    for system in systems:
        parts: list[Any] = [*system.networks(setup), *(network for stage in system.stages for network in stage.writes)]
        if system.transmitter is not None:
            parts.append(system.transmitter.encoder)
        for network in parts:
            if known.setdefault(network.name, network) != network:
                raise InputError(f"legitimate.receivers: {system.name}: another network is named {network.name}, too")
    transmitters: dict[str, TransmitterSpec] = {}
    for transmitter in transmitters_of(systems):
        if transmitters.setdefault(transmitter.name, transmitter) != transmitter:
            raise InputError(f"legitimate.receivers: two transmitters are named {transmitter.name}; names must differ")


def _check_attacked(planned: Plan) -> None:
    """Whether each attack that is for some transmitters finds one of them. Raises InputError."""
    there = [transmitter.name for transmitter in planned.transmitters]
    known = [*there, *(transmitter.name for transmitter in transmitters_of(shipped_systems().values()))]
    for entry in planned.scenario.eavesdropper.attacks:
        for name in entry.transmitters or ():
            check_known(name, dict.fromkeys(known), f"eavesdropper.attacks: {entry.attack}: transmitters", False)
    try:
        check_transmitters(planned.scenario.eavesdropper, there)
    except ValueError as error:
        raise InputError(str(error)) from error


def _planned_attacks(
    setup: Setup, systems: Sequence[System], listed: Sequence[ListedAttack]
) -> tuple[PlannedAttack, ...]:
    """The attacks that make sense against each transmitter."""
    networks: dict[str, NetworkSpec] = {}
    planned = []
    for transmitter in transmitters_of(systems):
        for attack in listed:
            is_meant = attack.transmitters is None or transmitter.name in attack.transmitters
            if is_meant and attack.method.applies(_target(setup, transmitter)):
                planned.append(_planned(setup, transmitter, attack, networks))
    return tuple(planned)


def _planned(
    setup: Setup, transmitter: TransmitterSpec, attack: ListedAttack, networks: dict[str, NetworkSpec]
) -> PlannedAttack:
    """An attack on a transmitter; `networks` are those of attacks that were planned before."""
    method = attack.method
    broken = _is_broken(setup, transmitter)
    learns_on = transmitter
    if transmitter.heard_like is not None and not method.adaptive and not broken:
        learns_on = transmitter.heard_like
    target = _target(setup, learns_on)
    # What was learnt from a generator that can be seen through is of no use against another.
    generator = f"+{setup.scenario.legitimate.key.generator}" if broken else ""
    name = f"{learns_on.name}{generator}.{attack.name}"
    if name not in networks:
        networks[name] = NetworkSpec(
            name,
            lambda dimensions: method.network(target),
            method.storage,
            trained=method.train is not None,
            cost=None if method.cost is None else partial(_cost, method.cost, target),
        )
    before = tuple(_planned(setup, learns_on, each, networks) for each in attacks_before(attack))
    return PlannedAttack(attack, transmitter, learns_on, _target(setup, transmitter), networks[name], before)


def _cost(cost_of, target: Target, dimensions: Dimensions):
    return cost_of(target)


def _is_broken(setup: Setup, transmitter: TransmitterSpec) -> bool:
    """Whether its key comes from a generator that somebody without it can see through."""
    has_key = transmitter.keyed or transmitter.scrambled
    return has_key and setup.scenario.legitimate.key.generator != "chacha20"


def _target(setup: Setup, transmitter: TransmitterSpec) -> Target:
    sizes = setup.dimensions
    sent = transmitter.sent_shape(sizes)
    return Target(
        sent,
        sizes.image_shape,
        sizes.classes,
        sizes.pixel_rms,
        transmitter.keyed,
        transmitter.scrambled,
        setup.scenario.schedule,
        transmitter.codewords,
    )


def attack_stages(attacks: Sequence[PlannedAttack]) -> tuple[Stage, ...]:
    """The stages that train attacks, one a network, those before them included."""
    stages: dict[str, Stage] = {}
    for each in attacks:
        for planned in (*each.before, each):
            if planned.network.trained and planned.network.name not in stages:
                needs = distinct([planned.learns_on.encoder, *(before.network for before in planned.before)])
                stages[planned.network.name] = Stage(
                    planned.network.name,
                    (planned.network,),
                    tuple(network for network in needs if network.trained),
                    partial(_train_attack, planned=planned),
                    ADVERSARY,
                    planned.attack.source,
                )
    return tuple(stages.values())


def _train_attack(session: Session, planned: PlannedAttack) -> dict[str, Any]:
    return training.train_attack(session, planned)
