"""The systems that are compared: one file a system, or a family that shares a transmitter.

A module declares them as `SYSTEMS`; nobody else spells their names.
"""

import functools
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from diffsem.link import InputError
from diffsem.scenarios.contracts.system import System
from diffsem.scenarios.contracts.transmitter import BuildLink, TransmitterSpec
from diffsem.scenarios.parts.finding import Found, Source, check_name, find_part, shipped_parts
from diffsem.scenarios.parts.outside import guarded

WHERE = "legitimate.receivers"


@functools.cache
def shipped_systems() -> dict[str, System]:
    """The shipped systems by name, in the order of their files."""
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
    return _guarded(found.part, found.source)


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

    def listening(build: Callable, setup, load):
        return guard(build(setup, load).__call__)

    stages = tuple(replace(stage, run=guard(stage.run), source=source.file) for stage in system.stages)
    part = replace(
        system,
        transmitter=None if system.transmitter is None else _guarded_transmitter(system.transmitter),
        networks=guard(system.networks),
        receiver=None if system.receiver is None else guard(partial(listening, system.receiver)),
        digital=None if system.digital is None else guard(system.digital),
        stages=stages,
        unet_calls=guard(system.unet_calls),
        check=guard(check),
    )
    return Found(part, source)


def _guarded_transmitter(transmitter: TransmitterSpec) -> TransmitterSpec:
    """One whose link comes from outside, its errors told; systems that share a transmitter still do."""
    build = transmitter.link
    if build is None or getattr(build, "__module__", "").startswith("diffsem."):
        return transmitter
    return replace(transmitter, link=_guarded_link(build, transmitter.name))


@functools.cache
def _guarded_link(build: BuildLink, name: str) -> BuildLink:
    return guarded(f"transmitter {name}", build, WHERE)
