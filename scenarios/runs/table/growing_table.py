"""The table of a sweep under way: points go to a journal at once, and to the result file now and then."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType

from diffsem.link import InputError, Journal, PointResult, ResultTable, write_table

# Seconds from one writing of the table to the next at least, and how many times as long as the one took.
WRITE_EVERY = 30.0
TIMES_AS_LONG = 20


class GrowingTable:
    """A table and its file, which is never further behind than its journal tells.

    Leaving the context writes the file if the sweep was ended by an error. Cost and memory are linear in the points: a
    table of n points is written only when that costs a small share of the time that they took.

    Parameters
    ----------
    path : Path or None
        Of the result file; None: in memory only.
    table : ResultTable
        What there is already.
    began : float
        When the sweep did, by the same clock.
    clock : callable
        Seconds, of a clock that only goes forward.

    Attributes
    ----------
    added : int
        Points that were added, of which leaving the context loses none, whenever the sweep is ended.

    Raises
    ------
    InputError
        From its methods: if the file or the journal cannot be written.
    """

    def __init__(self, path: Path | None, table: ResultTable, began: float, clock: Callable[[], float]) -> None:
        self._path = path
        self._table = table
        self._journal = None if path is None else Journal(path, table.attributes)
        self._waiting: list[PointResult] = []
        self.added = 0
        self._clock = clock
        self._began = began
        self._before = float(table.attributes.get("wall_seconds", 0.0))
        self._next = self._began

    def __enter__(self) -> "GrowingTable":
        """Make the file if there is none; one that is there stays as it is until there is a point more."""
        if self._path is not None and not self._path.exists():
            self._write()
            self._next = self._began
        return self

    def add(self, result: PointResult) -> None:
        """One more point; it is on the disk when this returns."""
        self._waiting.append(result)
        self.added += 1
        if self._journal is not None:
            self._journal.append(result, self._wall_seconds())
            if self._clock() >= self._next:
                self._write()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        if kind is None or not self._waiting:
            return
        # What ended the sweep is what is to be told; the journal has what the file lacks.
        with suppress(InputError):
            self._write()

    def completed(self) -> ResultTable:
        """The table as it is, marked as holding every point; there is nothing left to journal."""
        if not self._table.complete or self._waiting:
            self._take_in()
            self._table = self._table.completed()
            if self._path is not None:
                write_table(self._path, self._table)
        if self._journal is not None:
            self._journal.remove()
        return self._table

    def _wall_seconds(self) -> float:
        return round(self._before + self._clock() - self._began, 3)

    def _take_in(self) -> None:
        if self._waiting:
            seconds = self._wall_seconds()
            grown = self._table.with_points(self._waiting)
            self._table = replace(grown, attributes={**grown.attributes, "wall_seconds": seconds})
            self._waiting = []

    def _write(self) -> None:
        if self._path is None or self._journal is None:
            return
        started = self._clock()
        self._take_in()
        write_table(self._path, self._table)
        self._journal.begin()
        now = self._clock()
        self._next = now + max(WRITE_EVERY, TIMES_AS_LONG * (now - started))
