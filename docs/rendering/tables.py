"""Result tables that ship, and how a template asks them for a number."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import diffsem.models as models
from diffsem.link import ResultTable, read_table
from diffsem.scenarios import Scenario
from diffsem.scenarios.reporting.statistics import WHOLE_POINT, strongest_adversary
from diffsem.scenarios.reporting.table_attributes import scenario_of
from rendering.claims import PageError
from rendering.measures import Accuracy, accuracy_of

ROOT = Path(__file__).parents[2]
# Rows that are equal in these are of one node at one point.
TELL_APART = ("node", "attack", "transmitter", "timestep", "receiver_snr_db", "snr_db", "correct")
# What an attack is told from all others by, whichever system shares the transmitter.
ATTACKED = ("node", "transmitter", "attack", "snr_db", *WHOLE_POINT)
# Short words for columns, as templates use them.
WORDS = {"t": "timestep", "snr_db": "receiver_snr_db", "own_snr_db": "snr_db"}


@dataclass(frozen=True, eq=False)
class Table:
    """A table that ships.

    Parameters
    ----------
    path : str
        From the repository's root.
    result : ResultTable
    """

    path: str
    result: ResultTable

    @property
    def rows(self) -> pd.DataFrame:
        """One a point and a node, as `read_results` gives them."""
        rows = self.result.rows
        rows.attrs.update(self.result.attributes, complete=self.result.complete)
        return rows

    @property
    def scenario(self) -> Scenario:
        """What it was made from."""
        return scenario_of(self.result)

    @property
    def schedule(self) -> "models.NoiseSchedule":
        """The noise schedule of its scenario."""
        return self.scenario.schedule.build()

    def values(self, word: str) -> list[Any]:
        """Those of a column, in ascending order; `word`: t, snr_db, own_snr_db, or a column's name."""
        return sorted(self.rows[WORDS.get(word, word)].unique().tolist())

    @property
    def steps(self) -> list[int]:
        return self.values("t")

    @property
    def images(self) -> str:
        """Of a point, as "10,000"; "2,560 to 10,000" if points differ."""
        counts = self.values("images")
        return f"{counts[0]:,}" if len(counts) == 1 else f"{counts[0]:,} to {counts[-1]:,}"

    def receiver(self, system: str, **where: Any) -> Accuracy:
        """The legitimate receiver of a system.

        Parameters
        ----------
        system : str
        **where
            t, snr_db, or other columns, with their values.

        Raises
        ------
        PageError
            If not exactly one row is meant.
        """
        return self._only(self._found(node="receiver", system=system, **where))

    def attack(self, transmitter: str, attack: str, **where: Any) -> Accuracy:
        """An attack on a transmitter; own_snr_db in `where` is the eavesdropper's. Raises as `receiver` does."""
        return self._only(self._found(node="adversary", transmitter=transmitter, attack=attack, **where))

    def strongest(self, transmitter: str, among: Collection[str] | None = None, **where: Any) -> Accuracy:
        """The strongest attack on a transmitter at one point, as `diffsem leakage` has it; its name is `row.attack`.

        Chosen on one half of the images and reported on the other, where the table tells.
        """
        found = self._found(node="adversary", transmitter=transmitter, **where)
        found = [row for row in found if among is None or row["attack"] in among]
        if len({(row["timestep"], row["receiver_snr_db"], row["snr_db"]) for row in found}) != 1:
            raise PageError(f"{self.path}: strongest attack on {transmitter}, {where}: allowed: one point")
        return self._strongest([row for row in found if row["system"] == found[0]["system"]])

    def strongest_on(self, system: str, t: int) -> Accuracy | None:
        """The strongest attack on a system at a step, wherever the eavesdropper stands; None if there is none."""
        rows = [row for row in self._records if row["node"] == "adversary"]
        found = [row for row in rows if row["system"] == system and row["timestep"] == t]
        return self._strongest(found) if found else None

    def _strongest(self, found: Sequence[dict[str, Any]]) -> Accuracy:
        best = strongest_adversary(pd.DataFrame(found)).reset_index().iloc[0].to_dict()
        row = {str(name): value for name, value in best.items()}
        here = [one for one in found if all(one[column] == row[column] for column in [*WHOLE_POINT, "snr_db"])]
        known = {one["attack"]: self._hits(one) for one in here}
        hits = _by_halves(known[row["even_attack"]], known[row["odd_attack"]], int(row["images"]))
        one = row["even_attack"] == row["odd_attack"]
        return accuracy_of(row, hits, self._images_of, self._attacked(row) if one else None)

    def _accuracy(self, row: dict[str, Any]) -> Accuracy:
        return accuracy_of(row, self._hits(row), self._images_of, self._attacked(row))

    def _attacked(self, row: dict[str, Any]) -> dict[str, dict[str, Any]]:
        """An attack's rows by the systems that share its transmitter; none of a receiver."""
        return self._by_attack.get(tuple(row[column] for column in ATTACKED), {})

    @cached_property
    def _by_attack(self) -> dict[tuple, dict[str, dict[str, Any]]]:
        found: dict[tuple, dict[str, dict[str, Any]]] = {}
        for row in self._records:
            if row["node"] == "adversary":
                found.setdefault(tuple(row[column] for column in ATTACKED), {})[row["system"]] = row
        return found

    def _hits(self, row: dict[str, Any]) -> np.ndarray | None:
        return self.result.hits_of(row["row"])

    @property
    def _images_of(self) -> str:
        return str(self.result.attributes.get("data_sha256", ""))

    def over(self, axis: str, **where: Any) -> dict[Any, Accuracy]:
        """One node over an axis of the sweep.

        Parameters
        ----------
        axis : str
            t, snr_db, own_snr_db, or another column.
        **where
            The node: system="diffsem" is its receiver, transmitter="clean-pair" with attack="..." an eavesdropper.

        Returns
        -------
        dict
            Value of the axis -> Accuracy, ascending.
        """
        node = "adversary" if "attack" in where else "receiver"
        column = WORDS.get(axis, axis)
        cells: dict[Any, list[dict[str, Any]]] = {}
        for row in self._found(node=node, **where):
            cells.setdefault(row[column], []).append(row)
        return {value: self._only(cells[value]) for value in sorted(cells)}

    def strongest_over(self, axis: str, transmitter: str, **where: Any) -> dict[Any, Accuracy]:
        """The most accurate attack on a transmitter, at each value of an axis."""
        return {value: self.strongest(transmitter, **{axis: value}, **where) for value in self.values(axis)}

    @cached_property
    def _records(self) -> list[dict[str, Any]]:
        rows = self.result.rows.to_dict("records")
        return [
            {str(name): value for name, value in row.items()} | {"row": n, "table": self.path}
            for n, row in enumerate(rows)
        ]

    def _only(self, rows: Sequence[dict[str, Any]]) -> Accuracy:
        """Systems behind one transmitter face the same eavesdropper: its row is repeated, and is one here."""
        different = {tuple(row[column] for column in TELL_APART): row for row in rows}
        if len(different) != 1:
            asked = [{column: row[column] for column in TELL_APART} for row in different.values()][:3]
            raise PageError(f"{self.path}: {len(different)} rows where one is meant, such as {asked}")
        return self._accuracy(rows[0])

    def _found(self, **where: Any) -> list[dict[str, Any]]:
        wanted = {WORDS.get(word, word): value for word, value in where.items()}
        found = [row for row in self._records if all(row[column] == value for column, value in wanted.items())]
        if not found:
            raise PageError(f"{self.path}: no row with {where}")
        return found


def _by_halves(even: np.ndarray | None, odd: np.ndarray | None, images: int) -> np.ndarray | None:
    """Hits of every other image, from the first, under one attack and of the rest under another."""
    if even is None or odd is None:
        return None
    return np.where(np.arange(len(even)) % images % 2 == 0, even, odd)


@cache
def table(path: str) -> Table:
    """A table by its path from the repository's root. Raises InputError if it is none."""
    return Table(path, read_table(ROOT / path))


def crossing(schedule: "models.NoiseSchedule") -> int:
    """The step at which signal and noise have equal power, or come closest to that: ESNR 0 dB."""
    steps = np.arange(1, schedule.steps + 1)
    return int(steps[np.argmin(np.abs(schedule.esnr_db(steps)))])


def esnr_db(schedule: "models.NoiseSchedule", step: float) -> float:
    """The equivalent SNR at a step that need not be whole, dB: between the steps on either side."""
    steps = np.arange(1, schedule.steps + 1)
    return float(np.interp(step, steps, schedule.esnr_db(steps)))


def tables(pattern: str) -> list[Table]:
    """Tables by a pattern from the repository's root, in the order of their names. Raises PageError if none matches."""
    paths = sorted(ROOT.glob(pattern))
    if not paths:
        raise PageError(f"{pattern}: no such table")
    return [table(str(path.relative_to(ROOT))) for path in paths]
