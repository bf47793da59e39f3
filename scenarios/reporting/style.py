"""Names, colours and markers in figures: each system has its own, in all of them."""

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from diffsem.link import ResultTable, escaped
from diffsem.scenarios.contracts.appearance import SystemAppearance
from diffsem.scenarios.reporting.table_attributes import systems_in
from diffsem.scenarios.systems import shipped_systems

# Of what is no system, such as the links of a scenario: Okabe and Ito's scheme, safe for colour-blind readers, and two.
OTHERS = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#661100", "#999933")
# Of ceilings, and of adversaries on several transmitters.
DASHES = ("--", ":", "-.", (0, (1, 4)))
# Of systems, of eavesdropper SNRs, and of tables: where colours are near to each other, a second sign. A triangle that
# stands on its head is the end of an interval.
MARKERS = ("o", "s", "^", "D", "P", "X", "*", "<", ">", "p", "d", "h")
# Of adversaries, which are all black.
CROSSES = ("x", "+", "1", "2", "3")


@dataclass(frozen=True)
class Style:
    """How the systems of a table appear, or of several that are drawn together.

    Parameters
    ----------
    systems : mapping of str to SystemAppearance
        By name; of the others the name is their title.
    colours : mapping of str to str
        By name, of all that are in the tables.
    markers : mapping of str to str
        The same. Shipped systems have the same one in all figures; no two that share a colour share it.
    """

    systems: Mapping[str, SystemAppearance]
    colours: Mapping[str, str]
    markers: Mapping[str, str]

    def title(self, system: str) -> str:
        """In words, as Matplotlib shows it; legends have the name, which is what tables have."""
        return plain(self.systems[system].title if system in self.systems else system)


def style_of(*tables: ResultTable) -> Style:
    """The style of one or more tables. Raises InputError if an attribute is not what `diffsem run` writes."""
    systems: dict[str, SystemAppearance] = {}
    names: dict[str, None] = {}
    for table in tables:
        systems = systems_in(table.attributes) | systems
        names |= dict.fromkeys(table.rows["system"])
    return Style(systems, _colours(names, systems), _markers(names))


def _colours(names: Iterable[str], systems: Mapping[str, SystemAppearance]) -> dict[str, str]:
    """Systems have their own; the others share what is left."""
    colours = {name: systems[name].colour for name in names if name in systems}
    taken = {colour.upper() for colour in colours.values()}
    left = [colour for colour in OTHERS if colour not in taken] or OTHERS
    others = [name for name in names if name not in systems]
    return colours | dict(zip(others, itertools.cycle(left), strict=False))


def _markers(names: Iterable[str]) -> dict[str, str]:
    """Of shipped systems by their place among all; others take those that are left in these tables."""
    places = {name: place for place, name in enumerate(shipped_systems())}
    markers = {name: MARKERS[places[name] % len(MARKERS)] for name in names if name in places}
    left = [marker for marker in MARKERS if marker not in markers.values()] or MARKERS
    others = [name for name in names if name not in places]
    return markers | dict(zip(others, itertools.cycle(left), strict=False))


def plain(name: object) -> str:
    """A name from outside as Matplotlib shows it letter by letter, with no formula between dollars."""
    return escaped(name).replace("$", r"\$")
