"""The judges, one file a kind: who labels reconstructed images, and never is part of what is attacked.

A scenario may name one from outside of the package as `module:NAME`.
"""

import functools
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from diffsem.link import InputError
from diffsem.scenarios.contracts.attack import PlannedAttack
from diffsem.scenarios.contracts.judge import Judge
from diffsem.scenarios.contracts.network import Dimensions, NetworkSpec
from diffsem.scenarios.contracts.stage import Stage
from diffsem.scenarios.parts.finding import Found, Source, check_name, find_part, shipped_parts
from diffsem.scenarios.parts.outside import guarded
from diffsem.scenarios.schema.scenario import Scenario

if TYPE_CHECKING:  # a scenario is checked without it
    import keras

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
    if found.source is None:
        return found
    # Whatever cannot be hashed is an error of the judge, too.
    return guarded(found.source.reference, _checked, WHERE)(found.part, found.source)


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
    if judge.network.name == judge.clean.name:
        raise InputError(f"{WHERE}: {source.reference}: two networks are named {judge.clean.name}; names must differ")

    def guard(function: Callable) -> Callable:
        return guarded(source.reference, function, WHERE)

    def stages(scenario: Scenario, attacks: Sequence[PlannedAttack]) -> tuple[Stage, ...]:
        made = judge.stages(scenario, attacks)
        return tuple(replace(stage, run=guard(stage.run), source=source.file) for stage in made)

    def guarded_network(network: NetworkSpec) -> NetworkSpec:
        def build(dimensions: Dimensions) -> "keras.Model":
            built = network.build(dimensions)
            _check_output(network.name, built, dimensions, f"{WHERE}: {source.reference}")
            return built

        cost = None if network.cost is None else guard(network.cost)
        return replace(network, build=guard(build), cost=cost)

    network, clean = guarded_network(judge.network), guarded_network(judge.clean)
    return Found(replace(judge, network=network, clean=clean, stages=guard(stages)), source)


def _check_output(name: str, network: Any, dimensions: Dimensions, where: str) -> None:
    """Whether a network gives a judge's logits. Raises InputError."""
    import keras

    if not isinstance(network, keras.Model):
        raise InputError(f"{where}: {name}: its build gives {type(network).__name__}, no keras.Model")
    made = tuple(network(np.zeros((2, *dimensions.image_shape), np.float32)).shape)
    if made != (2, dimensions.classes):
        raise InputError(f"{where}: {name}: makes {list(made)} of 2 images; allowed: {[2, dimensions.classes]}")
