"""Titles and colours in figures: each system has its own, in all of them."""

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from diffsem.link import ResultTable, escaped
from diffsem.scenarios.contracts.appearance import SystemAppearance
from diffsem.scenarios.reporting.table_attributes import systems_in

# Of what is no system, such as the links of a scenario: Paul Tol's muted scheme, safe for colour-blind readers.
MUTED = ("#882255", "#117733", "#332288", "#999933", "#44AA99", "#661100", "#888888", "#CC6677")
# Of ceilings, and of adversaries on several transmitters.
DASHES = ("--", ":", "-.", (0, (1, 4)))
# Of eavesdropper SNRs.
MARKERS = ("o", "s", "^", "D", "v", "P", "X")


@dataclass(frozen=True)
class Style:
    """How the systems of a table appear, or of several that are drawn together.

    Parameters
    ----------
    systems : mapping of str to SystemAppearance
        By name; of the others the name is their title.
    colours : mapping of str to str
        By name, of all that are in the tables.
    """

    systems: Mapping[str, SystemAppearance]
    colours: Mapping[str, str]

    def title(self, system: str) -> str:
        """As Matplotlib shows it."""
        return plain(self.systems[system].title if system in self.systems else system)

    def transmitter_title(self, transmitter: str, systems: Iterable[str]) -> str:
        """A transmitter's own title or, of one that has none, those of these systems behind it."""
        for system in self.systems.values():
            if system.transmitter and system.transmitter.name == transmitter and system.transmitter.title:
                return plain(system.transmitter.title)
        return " and ".join(self.title(system) for system in systems)


def style_of(*tables: ResultTable) -> Style:
    """The style of one or more tables. Raises InputError if an attribute is not what `diffsem run` writes."""
    systems: dict[str, SystemAppearance] = {}
    names: dict[str, None] = {}
    for table in tables:
        systems = systems_in(table.attributes) | systems
        names |= dict.fromkeys(table.rows["system"])
    return Style(systems, _colours(names, systems))


def _colours(names: Iterable[str], systems: Mapping[str, SystemAppearance]) -> dict[str, str]:
    """Systems have their own; the others share what is left."""
    colours = {name: systems[name].colour for name in names if name in systems}
    taken = {colour.upper() for colour in colours.values()}
    left = [colour for colour in MUTED if colour not in taken] or MUTED
    others = [name for name in names if name not in systems]
    return colours | dict(zip(others, itertools.cycle(left), strict=False))


def plain(name: object) -> str:
    """A name from outside as Matplotlib shows it letter by letter, with no formula between dollars."""
    return escaped(name).replace("$", r"\$")
