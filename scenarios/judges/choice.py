"""The judge of a scenario: the shipped one, or one's own as module:NAME."""

from collections.abc import Iterable
from dataclasses import replace

import diffsem.scenarios.judges as package
from diffsem.link import InputError
from diffsem.scenarios.contracts.attack import PlannedAttack
from diffsem.scenarios.contracts.judge import Judge
from diffsem.scenarios.contracts.network import NetworkSpec
from diffsem.scenarios.parts.finding import Source, check_name, find_part, shipped_parts
from diffsem.scenarios.parts.outside import guarded

WHERE = "eavesdropper.judge"


def shipped_judges() -> dict[str, Judge]:
    """The shipped judges by name."""
    return {judge.name: judge for judge in shipped_parts(package, "JUDGES")}


def chosen_judge(name: str | None) -> Judge:
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
        return next(iter(shipped.values()))
    found = find_part(name, shipped, Judge, WHERE)
    return found.part if found.source is None else _checked(found.part, shipped, found.source)


def judged_attacks(planned: Iterable[PlannedAttack]) -> tuple[PlannedAttack, ...]:
    """Those of which a judge learns: trained attacks that make images, each network once."""
    judged = {
        attack.network.name: attack
        for attack in planned
        if attack.attack.method.output == "image" and attack.attack.method.train is not None
    }
    return tuple(judged.values())


def _checked(judge: Judge, shipped: dict[str, Judge], source: Source) -> Judge:
    check_name(judge.name, shipped, source, WHERE)
    taken = [network.name for each in shipped.values() for network in (each.network, each.clean)]
    for network in (judge.network, judge.clean):
        if not isinstance(network, NetworkSpec):
            raise InputError(
                f"{WHERE}: {source.reference}: a network is {type(network).__name__}; "
                "allowed: diffsem.scenarios.NetworkSpec"
            )
        check_name(network.name, taken, source, WHERE)
    return replace(
        judge,
        network=_guarded(judge.network, source),
        clean=_guarded(judge.clean, source),
        stages=guarded(source.reference, judge.stages, WHERE),
    )


def _guarded(network: NetworkSpec, source: Source) -> NetworkSpec:
    return replace(network, build=guarded(source.reference, network.build, WHERE))
