"""The attack suite, one file a family: what each attack builds from what it hears, and how it learns.

An `AttackMethod` sees an `Eavesdropping` alone: what goes into the transmitter and what comes out of the eavesdropper's
equaliser, on surrogate images. A scenario may list one from outside of the package as `module:NAME`.
"""

import functools
import math
import sys
from collections.abc import Iterable

from diffsem.link import InputError
from diffsem.scenarios.attacks.checked import checked
from diffsem.scenarios.contracts.attack import AttackMethod, ListedAttack
from diffsem.scenarios.parts.finding import find_part, shipped_parts
from diffsem.scenarios.schema.nodes import Eavesdropper

WHERE = "eavesdropper.attacks"


@functools.cache
def shipped_attacks() -> dict[str, AttackMethod]:
    """The shipped attacks by name: those of the default suite, in its order, and then the others."""
    return {method.name: method for method in sorted(shipped_parts(sys.modules[__name__], "ATTACKS"), key=_place)}


def _place(method: AttackMethod) -> float:
    return math.inf if method.default_place is None else method.default_place


def default_attacks() -> tuple[str, ...]:
    """Names of the attacks that are run where a scenario lists none."""
    return tuple(name for name, method in shipped_attacks().items() if method.default_place is not None)


def listed_attacks(eavesdropper: Eavesdropper) -> list[ListedAttack]:
    """The attacks that a scenario lists, those from outside guarded and checked.

    Parameters
    ----------
    eavesdropper : Eavesdropper

    Raises
    ------
    InputError
        If one is not there, one from outside says what cannot be, or two have the same name.
    """
    shipped = shipped_attacks()
    attacks = []
    for name, knows_step, surrogate, transmitters in eavesdropper.chosen():
        found = find_part(name, shipped, AttackMethod, WHERE)
        if found.source is None:
            attacks.append(ListedAttack(found.part, knows_step, surrogate, transmitters))
        else:
            method = checked(found.part, shipped, found.source, WHERE)
            source = found.source
            attacks.append(ListedAttack(method, knows_step, surrogate, transmitters, source.reference, source.file))
    _check_names(attacks)
    return attacks


def attacks_before(attack: ListedAttack) -> tuple[ListedAttack, ...]:
    """The attacks that have to be trained first, under the same options."""
    return tuple(
        ListedAttack(method, attack.knows_step, attack.surrogate)
        if method in shipped_attacks().values()
        else ListedAttack(method, attack.knows_step, attack.surrogate, None, attack.outside, attack.source)
        for method in attack.method.after
    )


def _check_names(attacks: list[ListedAttack]) -> None:
    """Raises InputError if two attacks are named alike, or one as another one that has to be trained first."""
    for place, attack in enumerate(attacks):
        if attack.name in [other.name for other in attacks[:place]]:
            raise InputError(f"{WHERE}: two attacks are named {attack.name}; names must differ")
    methods: dict[str, AttackMethod] = {}
    for method in _with_those_before(attack.method for attack in attacks):
        if methods.setdefault(method.name, method) != method:
            raise InputError(f"{WHERE}: two attacks are named {method.name}; names must differ")


def _with_those_before(methods: Iterable[AttackMethod]) -> list[AttackMethod]:
    return [each for method in methods for each in (method, *_with_those_before(method.after))]
