"""Accuracies with Wilson's intervals, and their differences with Newcombe's: what cells and sentences are made of."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from diffsem.link import AXES, gap_interval, wilson_interval
from diffsem.scenarios.reporting.differences import Difference as RowDifference
from diffsem.scenarios.reporting.differences import difference_by_both, difference_by_hits


def number(value: float, digits: int = 1, sign: bool = False) -> str:
    """A number with so many decimals; never "-0.0".

    Parameters
    ----------
    value : float
    digits : int
    sign : bool
        Whether a positive one has a "+".
    """
    rounded = round(float(value), digits) + 0.0
    return f"{rounded:{'+' if sign else ''},.{digits}f}"


@dataclass(frozen=True)
class Measure:
    """A value with its 95% interval, in percent or in points.

    Parameters
    ----------
    value, low, high : float
    """

    value: float
    low: float
    high: float

    def text(self, digits: int = 1, sign: bool = False) -> str:
        """As "84.2 [83.5, 84.9]"."""
        value, low, high = (number(part, digits, sign) for part in (self.value, self.low, self.high))
        return f"{value} [{low}, {high}]"

    def __str__(self) -> str:
        return self.text()

    @property
    def short(self) -> str:
        """The value without its interval."""
        return number(self.value)

    @property
    def half_width(self) -> float:
        """The longer of the interval's two arms."""
        return max(self.value - self.low, self.high - self.value)


@dataclass(frozen=True)
class Difference(Measure):
    """A difference of two accuracies in points, with Newcombe's interval.

    Parameters
    ----------
    paired : bool
        By image; else the two are taken as independent.
    """

    paired: bool = False

    @property
    def told(self) -> bool:
        """Whether the interval leaves out 0."""
        return self.low > 0 or self.high < 0

    @property
    def ahead(self) -> bool:
        """Whether it is positive, and told from 0."""
        return self.low > 0

    @property
    def behind(self) -> bool:
        """Whether it is negative, and told from 0."""
        return self.high < 0

    def __neg__(self) -> "Difference":
        return Difference(-self.value, -self.high, -self.low, self.paired)

    @property
    def signed(self) -> str:
        """As "+2.8 [+0.1, +5.5]"."""
        return self.text(sign=True)


_made: ContextVar[list[Difference] | None] = ContextVar("made", default=None)


@contextmanager
def differences_made() -> Iterator[list[Difference]]:
    """All differences of accuracies that are taken inside, in a list that grows."""
    made: list[Difference] = []
    token = _made.set(made)
    try:
        yield made
    finally:
        _made.reset(token)


def pairing(made: Sequence[Difference]) -> str:
    """Whether differences are paired, and why not, in sentences; "" of none."""
    alone = sum(not one.paired for one in made)
    if not made:
        return ""
    if not alone:
        return "Differences are paired by image (Newcombe's method 10)."
    which = "Differences" if alone == len(made) else f"{alone:,} of {len(made):,} differences"
    rest = "" if alone == len(made) else " The others are paired by image."
    return (
        f"{which} behind this page take runs as independent, since tables of theirs are from before a bit an image was "
        f"kept, or pool several points: intervals are wider than they need be.{rest}"
    )


@dataclass(frozen=True)
class Accuracy(Measure):
    """An accuracy in percent; of two, `-` gives the `Difference`.

    Parameters
    ----------
    value, low, high : float
    correct, total : int
    effective : float
        Independent images that it is worth.
    row : mapping
        The row of the result table that it is from: all of its columns; empty if it is from no table.
    hits : [total] bool, optional
        Whether each draw was read right.
    images_of : str
        SHA-256 of the test images; "" if they are not told.
    attacked : mapping of str to mapping
        Of an attack: its rows by the systems that share the transmitter, each with its own `both_correct`.
    """

    correct: int
    total: int
    effective: float
    row: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)
    hits: np.ndarray | None = field(default=None, repr=False, compare=False)
    images_of: str = field(default="", repr=False, compare=False)
    attacked: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, repr=False, compare=False)

    def __sub__(self, other: "Accuracy") -> Difference:
        difference = self._less(other)
        if (made := _made.get()) is not None:
            made.append(difference)
        return difference

    def _less(self, other: "Accuracy") -> Difference:
        if self.images_of and self.images_of == other.images_of and self.hits is not None:
            return _in_points(difference_by_hits(self.row, other.row, self.hits, other.hits))
        if heard := _heard_with(self, other):
            return _in_points(difference_by_both(self.row, heard))
        if heard := _heard_with(other, self):
            return -_in_points(difference_by_both(other.row, heard))
        low, high = gap_interval(self.correct, self.total, other.correct, other.total, self.effective, other.effective)
        return Difference(self.value - other.value, 100 * low, 100 * high)

    @property
    def ceiling(self) -> str:
        """The most that the noise lets through, percent."""
        return number(100 * self.row["ceiling"])

    @property
    def worst(self) -> str:
        """Accuracy in the worst class, percent."""
        return number(100 * self.row["worst_class_accuracy"])

    @property
    def clean(self) -> str:
        """By the judge of clean images, percent."""
        return number(100 * self.row["clean_judge_accuracy"])


def _heard_with(receiver: Accuracy, attack: Accuracy) -> Mapping[str, Any] | None:
    """The attack's row that tells what both read right; None where they are no such two at one point of one table."""
    row = attack.attacked.get(str(receiver.row.get("system")))
    point = ("table", "timestep", "receiver_snr_db", *AXES)
    if receiver.row.get("node") != "receiver" or row is None or any(row[name] != receiver.row[name] for name in point):
        return None
    return row


def _in_points(difference: RowDifference) -> Difference:
    ends = (100 * end for end in (difference.value, difference.low, difference.high))
    return Difference(*ends, difference.paired)


def accuracy_of(
    row: Mapping[str, Any],
    hits: np.ndarray | None = None,
    images_of: str = "",
    attacked: Mapping[str, Mapping[str, Any]] | None = None,
) -> Accuracy:
    """Of a row of a result table; the rest as in `Accuracy`."""
    value, low, high = (100 * row[name] for name in ("accuracy", "ci_low", "ci_high"))
    counts = int(row["correct"]), int(row["total"]), float(row["effective_images"])
    return Accuracy(value, low, high, *counts, row, hits, images_of, attacked or {})


def counted(correct: float, total: int) -> Accuracy:
    """Of counts that stand in no result table, every image sent once.

    Parameters
    ----------
    correct : float
        A whole number but for rounding: a recorded share times the total.
    total : int
    """
    correct = round(correct)
    low, high = wilson_interval(correct, total)
    return Accuracy(100 * correct / total, 100 * low, 100 * high, correct, total, float(total))


def pooled(accuracies: Iterable[Accuracy]) -> Accuracy:
    """Of several points together."""
    several = list(accuracies)
    return counted(sum(one.correct for one in several), sum(one.total for one in several))


def differences(first: Mapping[Any, Accuracy], second: Mapping[Any, Accuracy]) -> dict[Any, Difference]:
    """First less second, at each value that both have."""
    return {value: first[value] - second[value] for value in first if value in second}


def best(*several: Mapping[Any, Accuracy]) -> dict[Any, Accuracy]:
    """The most accurate of several at each value of the first."""
    return {value: max((one[value] for one in several), key=lambda one: one.value) for value in several[0]}


def accuracy_at(cells: Mapping[Any, Accuracy], column: str, value: float) -> float:
    """Accuracy in percent where a column of the rows would have a value: linear between the points on either side.

    Parameters
    ----------
    cells : mapping of any to Accuracy
        Over an axis of the sweep; the column rises or falls with it.
    column : str
        Such as "ssim".
    value : float
        Between the least and the largest of the column.

    Raises
    ------
    ValueError
        If it is beyond them.
    """
    points = np.array(sorted((one.row[column], one.value) for one in cells.values()))
    least, largest = points[0, 0], points[-1, 0]
    if not least <= value <= largest:
        raise ValueError(f"{column} {value}: allowed: {least:g} to {largest:g}")
    return float(np.interp(value, points[:, 0], points[:, 1]))
