"""The systems that are compared: one file a system, or a family that shares a transmitter.

A module declares them as `SYSTEMS`; nobody else spells their names.
"""

import functools
import sys

from diffsem.scenarios.contracts.system import System
from diffsem.scenarios.parts.finding import Found, check_name, find_part, shipped_parts


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
    where = "legitimate.receivers"
    found = find_part(name, shipped_systems(), System, where)
    if found.source:
        check_name(found.part.name, shipped_systems(), found.source, where)
    return found
