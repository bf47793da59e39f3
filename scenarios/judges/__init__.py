"""The judges, one file a kind: who labels reconstructed images, and never is part of what is attacked.

A scenario may name one from outside of the package as `module:NAME`.
"""

import functools
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace

from diffsem.link import InputError
from diffsem.scenarios.contracts.attack import PlannedAttack
from diffsem.scenarios.contracts.judge import Judge
from diffsem.scenarios.contracts.network import NetworkSpec
from diffsem.scenarios.contracts.stage import Stage
from diffsem.scenarios.parts.finding import Found, Source, check_name, find_part, shipped_parts
from diffsem.scenarios.parts.outside import guarded
from diffsem.scenarios.schema.scenario import Scenario

WHERE = "eavesdropper.judge"


@functools.cache
def shipped_judges() -> dict[str, Judge]:
    """The shipped judges by name."""
    return {judge.name: judge for judge in shipped_parts(sys.modules[__name__], "JUDGES")}


def find_judge(name: str | None) -> Found[Judge]:
    """The judge that a scenario names, one from outside guarded and checked.

    Parameters
    ----------
    name : str or None
        None: the first of those that ship.

    Raises
    ------
    InputError
        If it is not there, or one from outside says what cannot be.
    """
    shipped = shipped_judges()
    if name is None:
        return Found(next(iter(shipped.values())))
    found = find_part(name, shipped, Judge, WHERE)
    return found if found.source is None else _checked(found.part, found.source)


@functools.lru_cache
def _checked(judge: Judge, source: Source) -> Found[Judge]:
    """A judge from outside, all of whose errors are told as its own; one object however often it is named."""
    shipped = shipped_judges()
    check_name(judge.name, shipped, source, WHERE)
    taken = [network.name for each in shipped.values() for network in (each.network, each.clean)]
    for network in (judge.network, judge.clean):
        if not isinstance(network, NetworkSpec):
            raise InputError(
                f"{WHERE}: {source.reference}: a network is {type(network).__name__}; "
                "allowed: diffsem.scenarios.NetworkSpec"
            )
        check_name(network.name, taken, source, WHERE)

    def guard(function: Callable) -> Callable:
        return guarded(source.reference, function, WHERE)

    def stages(scenario: Scenario, attacks: Sequence[PlannedAttack]) -> tuple[Stage, ...]:
        made = judge.stages(scenario, attacks)
        return tuple(replace(stage, run=guard(stage.run), source=source.file) for stage in made)

    network, clean = (replace(each, build=guard(each.build)) for each in (judge.network, judge.clean))
    return Found(replace(judge, network=network, clean=clean, stages=guard(stages)), source)
