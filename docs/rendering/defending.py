"""Defences: receivers over the strongest attack of a suite that lies in several tables, next to ceilings."""

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np

from diffsem.link import ceiling_under_priors
from diffsem.link.keyed.keyed_session import TAG_BYTES
from diffsem.link.keyed.keystream import WEAK_PERIOD
from diffsem.link.keyed.nonce_range import LAST_NUMBER, LAST_SESSION
from diffsem.link.keyed.secret_key import KEY_BYTES
from diffsem.scenarios.datasets import resolve_dataset
from diffsem.scenarios.datasets.splitting import load_dataset
from diffsem.scenarios.reporting.table_attributes import scenario_of
from rendering.claims import PageError
from rendering.comparisons import Column
from rendering.markdown import lines, listed
from rendering.measures import Accuracy, accuracy_of, number
from rendering.tables import Table, table

HELD = ("receiver", "strongest attack", "its ceiling")


def shipped(folder: str, *names: str) -> list[Table]:
    """Tables of a folder of notebooks/."""
    return [table(f"notebooks/{folder}/{name}.h5") for name in names]


def setting(one: Table) -> Any:
    """The scenario that a table was made from."""
    return scenario_of(one.result)


def made_by_make(folder: str, *names: str) -> str:
    """The line that names several tables of a folder, and their command."""
    several = shipped(folder, *names)
    noun = "Table" if len(several) == 1 else "Tables"
    paths = listed(f"`{one.path}`" for one in several)
    return f"{noun}: {paths}, made by `make {folder}`; `notebooks/{folder}.sh` lists the runs."


def strongest_on(several: Iterable[Table], system: str, t: int) -> Accuracy:
    """The most accurate attack on a system at a step, over all tables. Raises PageError if there is none."""
    found = [one.strongest_on(system, t) for one in several]
    found = [one for one in found if one is not None]
    if not found:
        raise PageError(f"attack on {system} at t = {t}: in none of the tables")
    return max(found, key=lambda one: one.value)


def held(receiver: Accuracy, attack: Accuracy) -> list[str]:
    """Receiver, strongest attack with its name, and the attack's ceiling."""
    return [str(receiver), f"{attack} `{attack.row['attack']}`", attack.ceiling]


def held_over_t(several: Sequence[Table], system: str) -> str:
    """A row a step: the receiver of the first table, the strongest attack of all of them, and its ceiling."""
    first = several[0]
    rows = [[t, *held(first.receiver(system, t=t), strongest_on(several, system, t))] for t in first.steps]
    return lines(["t", *HELD], rows)


def held_in(corner: str, cases: Mapping[Any, Sequence[Table]], system: str, t: int) -> str:
    """A row a case: what the receiver of its first table reads at a step, and the strongest attack of its tables."""
    rows = [
        [name, *held(several[0].receiver(system, t=t), strongest_on(several, system, t))]
        for name, several in cases.items()
    ]
    return lines([corner, *HELD], rows)


def held_rows(cases: Sequence[tuple[str, Sequence[Table], str, int]]) -> str:
    """A row a defence: (what it is called, tables, system, step)."""
    rows = [
        [name, *held(several[0].receiver(system, t=t), strongest_on(several, system, t))]
        for name, several, system, t in cases
    ]
    return lines(["defence", *HELD], rows)


def every_attack(several: Sequence[Table], systems: Sequence[str], t: int) -> str:
    """A row an attack, a column a system; empty where an attack was not run."""
    cells: dict[str, dict[str, str]] = {}
    for one in several:
        rows = one.rows
        rows = rows[(rows["node"] == "adversary") & (rows["timestep"] == t) & rows["system"].isin(list(systems))]
        for row in rows.to_dict("records"):
            cells.setdefault(row["attack"], {})[row["system"]] = str(accuracy_of(row))
    body = [[f"`{attack}`", *(found.get(system, "") for system in systems)] for attack, found in sorted(cells.items())]
    return lines(["attack", *(f"`{system}`" for system in systems)], body)


def ceilings(column: Column) -> dict[Any, str]:
    """The ceiling at each value of an axis."""
    return {value: cell.ceiling for value, cell in column.items()}


def power_db(cell: Accuracy) -> float:
    """What is left for the feature of the radiated power, dB."""
    return 10 * math.log10(cell.row["signal_power"])


def priors_cost(pairs: Iterable[tuple[Table, Table]], system: str, steps: Iterable[int]) -> float:
    """By how many points ceilings for the test set's priors are above those for equally likely classes, at most.

    Parameters
    ----------
    pairs : iterable of (Table, Table)
        The same points with either kind of ceiling: for priors, for equally likely classes.
    system : str
    steps : iterable of int
    """
    steps = list(steps)
    return max(
        100 * (strongest_on([first], system, t).row["ceiling"] - strongest_on([second], system, t).row["ceiling"])
        for first, second in pairs
        for t in steps
    )


def beam_gain_db(antennas: int) -> float:
    """What a beam of so many transmit antennas gives back, dB: the mean of their channels' powers adds up."""
    return 10 * math.log10(antennas)


def above_ceiling(several: Iterable[Table]) -> list[str]:
    """Attacks whose interval lies above what no node passes at their noise, whatever the classes' priors."""
    return [
        f"{one.path}: {row['attack']} on {row['system']} at t = {row['timestep']}"
        for one in several
        for row in one.rows[one.rows["node"] == "adversary"].to_dict("records")
        if 100 * row["ci_low"] > bound_under_priors(accuracy_of(row))
    ]


def constants(name: str) -> int:
    """Numbers of the program itself: "weak period", "key bytes", "announcement bytes" (session, number, tag)."""
    numbers = {
        "weak period": WEAK_PERIOD,
        "key bytes": KEY_BYTES,
        "announcement bytes": (LAST_SESSION.bit_length() + LAST_NUMBER.bit_length()) // 8 + TAG_BYTES,
    }
    if name not in numbers:
        raise PageError(f"constant {name}: allowed: {listed(numbers)}")
    return numbers[name]


@cache
def priors(dataset: str) -> tuple[float, ...]:
    """Share of each class of the test images of a data set that ships."""
    source, *_ = resolve_dataset(dataset)
    labels = load_dataset(source).test.labels
    return tuple(np.bincount(labels) / len(labels))


def bound_under_priors(cell: Accuracy, dataset: str = "mnist") -> float:
    """What no node passes at the noise of a row, whatever code is sent, percent."""
    return 100 * float(ceiling_under_priors(cell.row["ceiling"], priors(dataset)))


def largest_class(dataset: str = "mnist") -> float:
    """Share of the commonest class of the test images, percent."""
    return 100 * max(priors(dataset))


def decibels(value: float) -> str:
    """As "-17.7 dB"."""
    return f"{number(value)} dB"


FUNCTIONS = (
    shipped,
    setting,
    made_by_make,
    strongest_on,
    held_over_t,
    held_in,
    held_rows,
    every_attack,
    ceilings,
    power_db,
    priors_cost,
    bound_under_priors,
    largest_class,
    decibels,
    beam_gain_db,
    above_ceiling,
    constants,
)
