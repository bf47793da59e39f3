"""The systems that are compared: one file a system, or a family that shares a transmitter.

A module declares them as `SYSTEMS`; nobody else spells their names.
"""

import functools
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

from diffsem.link import InputError, shortened
from diffsem.scenarios.contracts.network import NetworkSpec
from diffsem.scenarios.contracts.stage import Stage
from diffsem.scenarios.contracts.system import System
from diffsem.scenarios.contracts.transmitter import TransmitterSpec
from diffsem.scenarios.parts.finding import Found, Source, check_name, find_part, shipped_parts
from diffsem.scenarios.parts.outside import guarded

WHERE = "legitimate.receivers"


@functools.cache
def shipped_systems() -> dict[str, System]:
    """The shipped systems by name, in the order of their files; those of other papers stand together."""
    return {system.name: system for system in shipped_parts(sys.modules[__name__], "SYSTEMS")}


def default_systems() -> tuple[str, ...]:
    """Names of those that are compared where a scenario lists none."""
    places = {system.name: system.default_place for system in shipped_systems().values()}
    chosen = [(place, name) for name, place in places.items() if place is not None]
    return tuple(name for _, name in sorted(chosen))


def find_system(name: str) -> Found[System]:
    """A system by its name or module:NAME. Raises InputError if it is not there, or its name is taken."""
    found = find_part(name, shipped_systems(), System, WHERE)
    if found.source is None:
        return found
    check_name(found.part.name, shipped_systems(), found.source, WHERE)
    _check_parts(found.part, found.source)
    # Whatever cannot be hashed is an error of the system, too.
    return guarded(found.source.reference, _guarded, WHERE)(found.part, found.source)


def _check_parts(system: System, source: Source) -> None:
    """Whether what a system from outside consists of is of the kinds that it should be. Raises InputError."""
    transmitter, stages = system.transmitter, system.stages
    if transmitter is not None and not isinstance(transmitter, TransmitterSpec):
        raise InputError(
            f"{WHERE}: {source.reference}: its transmitter {shortened(repr(transmitter))}; "
            "allowed: diffsem.scenarios.TransmitterSpec"
        )
    if not isinstance(stages, tuple) or not all(isinstance(stage, Stage) for stage in stages):
        raise InputError(
            f"{WHERE}: {source.reference}: its stages {shortened(repr(stages))}; "
            "allowed: a tuple of diffsem.scenarios.Stage"
        )


@functools.lru_cache
def _guarded(system: System, source: Source) -> Found[System]:
    """A system from outside, all of whose errors are told as its own; one object however often it is listed."""
    if (system.receiver is None) == (system.digital is None):
        raise InputError(f"{WHERE}: {source.reference}: has a receiver and digital links, or neither; allowed: one")

    def guard(function):
        return guarded(source.reference, function, WHERE)

    def check(setup):
        try:
            system.check(setup)
        except ValueError as error:
            raise InputError(f"{WHERE}: {source.reference}: {error}") from error

    def networks(setup):
        found = system.networks(setup)
        if not isinstance(found, Mapping) or not all(isinstance(network, NetworkSpec) for network in found):
            raise InputError(
                f"{WHERE}: {source.reference}: its networks {shortened(repr(found))}; "
                "allowed: calls for an image by diffsem.scenarios.NetworkSpec"
            )
        # Pictures are read by the judge itself.
        return {
            network if network == setup.judge else _guarded_network(network, source): calls
            for network, calls in found.items()
        }

    def listening(build: Callable, setup, load):
        return guard(build(setup, lambda network: load(_guarded_network(network, source))).__call__)

    stages = tuple(
        replace(
            stage,
            writes=tuple(_guarded_network(network, source) for network in stage.writes),
            needs=tuple(_guarded_network(network, source) for network in stage.needs),
            run=guard(stage.run),
            source=source.file,
        )
        for stage in system.stages
    )
    part = replace(
        system,
        transmitter=None if system.transmitter is None else _guarded_transmitter(system.transmitter, source),
        networks=guard(networks),
        receiver=None if system.receiver is None else guard(partial(listening, system.receiver)),
        digital=None if system.digital is None else guard(system.digital),
        stages=stages,
        unet_calls=guard(system.unet_calls),
        check=guard(check),
    )
    return Found(part, source)


# By what they stand for: systems of one module may share them.
_networks: dict[NetworkSpec, NetworkSpec] = {}
_transmitters: dict[TransmitterSpec, TransmitterSpec] = {}


@functools.cache
def _shipped_networks() -> frozenset[NetworkSpec]:
    stages = [stage for system in shipped_systems().values() for stage in system.stages]
    return frozenset(network for stage in stages for network in (*stage.writes, *stage.needs))


def _guarded_network(network: NetworkSpec, source: Source) -> NetworkSpec:
    """A network, whose errors are told as those of its system; a shipped one, or one that is guarded, as it is."""
    if network in _shipped_networks() or network in _networks.values():
        return network
    if network not in _networks:
        _networks[network] = replace(network, build=guarded(source.reference, network.build, WHERE))
    return _networks[network]


def _guarded_transmitter(transmitter: TransmitterSpec, source: Source) -> TransmitterSpec:
    """The same of a transmitter."""
    if transmitter in {system.transmitter for system in shipped_systems().values()}:
        return transmitter
    if transmitter not in _transmitters:
        _transmitters[transmitter] = replace(
            transmitter,
            encoder=_guarded_network(transmitter.encoder, source),
            link=None if transmitter.link is None else guarded(source.reference, transmitter.link, WHERE),
        )
    return _transmitters[transmitter]
