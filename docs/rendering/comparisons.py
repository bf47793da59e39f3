"""Many differences at once, so that a sentence of all of them has one claim behind it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rendering.markdown import lines
from rendering.measures import Accuracy, Difference
from rendering.tables import Table

Column = Mapping[Any, Accuracy]


def by_system(one: Table, **where: Any) -> dict[str, dict[Any, Accuracy]]:
    """Every system's receiver over t: name -> t -> accuracy, in the order of the table."""
    found = one.rows[one.rows["node"] == "receiver"]
    return {system: one.over("t", system=system, **where) for system in found["system"].unique()}


def headed(columns: Mapping[str, Column], *names: str) -> dict[str, Column]:
    """Those columns, with their names between backticks as headings."""
    return {f"`{name}`": columns[name] for name in names}


def gaps(first: Column, second: Column) -> dict[Any, str]:
    """First less second with signs, a cell each: "+2.8 [+0.1, +5.5]"."""
    return {value: (first[value] - second[value]).signed for value in first}


def pairwise(first: Iterable[Column], second: Sequence[Column], values: Iterable[Any]) -> list[Difference]:
    """Each of the first less each of the second, at each value of the axis."""
    values = list(values)
    return [one[value] - other[value] for one in first for other in second for value in values]


def all_ahead(found: Sequence[Difference]) -> bool:
    """Whether there are any, and all are positive and told from 0."""
    return bool(found) and all(one.ahead for one in found)


def none_ahead(found: Sequence[Difference]) -> bool:
    """Whether there are any, and none is positive and told from 0."""
    return bool(found) and not any(one.ahead for one in found)


def none_told(found: Sequence[Difference]) -> bool:
    """Whether there are any, and every interval holds 0."""
    return bool(found) and not any(one.told for one in found)


def all_disjoint(first: Iterable[Column], second: Sequence[Column], values: Iterable[Any]) -> bool:
    """Whether the interval of each of the first lies above that of each of the second: more than `all_ahead` asks."""
    values = list(values)
    apart = [one[value].low > other[value].high for one in first for other in second for value in values]
    return bool(apart) and all(apart)


def none_disjoint(first: Iterable[Column], second: Sequence[Column], values: Iterable[Any]) -> bool:
    """Whether the intervals of each of the first and each of the second overlap."""
    values = list(values)
    apart = [
        one[value].low > other[value].high or other[value].low > one[value].high
        for one in first
        for other in second
        for value in values
    ]
    return bool(apart) and not any(apart)


def without(values: Iterable[Any], *left_out: Any) -> list[Any]:
    """Values of an axis but for some."""
    return [value for value in values if value not in left_out]


def by_point(
    one: Table, systems: Sequence[str] = (), attack: str = "", transmitters: Mapping[str, str] | None = None
) -> str:
    """A Markdown table with a row an SNR and step: receivers, or one attack on several transmitters.

    Parameters
    ----------
    one : Table
    systems : sequence of str
        Receivers, a column each.
    attack : str
    transmitters : mapping of str to str, optional
        Transmitter -> heading, a column each.
    """
    attacked = transmitters or {}
    headings = ["SNR", "t", *(f"`{system}`" for system in systems), *attacked.values()]
    rows = [
        [
            f"{snr_db:g} dB",
            t,
            *(one.receiver(system, t=t, snr_db=snr_db) for system in systems),
            *(one.attack(transmitter, attack, t=t, snr_db=snr_db) for transmitter in attacked),
        ]
        for snr_db in one.values("snr_db")
        for t in one.steps
    ]
    return lines(headings, rows)


def attacked(one: Table, attack: str, transmitters: Iterable[str]) -> dict[str, dict[Any, Accuracy]]:
    """One attack on several transmitters over t: transmitter -> t -> accuracy."""
    return {name: one.over("t", transmitter=name, attack=attack) for name in transmitters}


def titled(columns: Mapping[str, Mapping], headings: Mapping[str, str]) -> dict[str, Mapping]:
    """Columns under other headings: heading -> column."""
    return {headings[name]: column for name, column in columns.items()}


def joined(*several: Mapping[str, Mapping]) -> dict[str, Mapping]:
    """Columns of several tables beside each other."""
    return {name: column for columns in several for name, column in columns.items()}


def over_snr(one: Table) -> dict[str, dict[float, Accuracy]]:
    """Every system's receiver over the SNR: name -> dB -> accuracy, in the order of the table."""
    found = one.rows[one.rows["node"] == "receiver"]
    return {system: one.over("snr_db", system=system) for system in found["system"].unique()}


def largest(found: Iterable[Difference]) -> float:
    """The highest of several differences, points."""
    return max(one.value for one in found)


def widest(*several: Mapping[str, Column]) -> float:
    """The longest arm of all intervals of these columns, points."""
    return max(cell.half_width for columns in several for column in columns.values() for cell in column.values())


def columnwise(first: Mapping[str, Column], second: Mapping[str, Column]) -> list[Difference]:
    """Each column of the first less that of the same name of the second, at every value."""
    return [first[name][value] - second[name][value] for name in first for value in first[name]]


def picked(columns: Mapping[str, Column], values: Iterable[Any]) -> list[Accuracy]:
    """Every column's cells at some values."""
    values = list(values)
    return [column[value] for column in columns.values() for value in values]


def farthest(found: Iterable[Difference]) -> float:
    """The longest of several differences, points, whichever way they go."""
    return max(abs(one.value) for one in found)


def several(columns: Mapping[str, Column], names: Iterable[str]) -> list[Column]:
    """Those columns, without their names."""
    return [columns[name] for name in names]


def over_tables(cases: Mapping[Any, Table], system: str, t: int) -> dict[Any, Accuracy]:
    """A system's receiver in each of several tables, at a step."""
    return {name: one.receiver(system, t=t) for name, one in cases.items()}


FUNCTIONS = (
    by_system,
    headed,
    gaps,
    pairwise,
    all_ahead,
    none_ahead,
    none_told,
    all_disjoint,
    none_disjoint,
    without,
    by_point,
    attacked,
    titled,
    joined,
    over_snr,
    largest,
    widest,
    columnwise,
    picked,
    farthest,
    several,
    over_tables,
)
