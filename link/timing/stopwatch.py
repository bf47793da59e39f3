"""Seconds of the stages of a run, which add up to its wall time."""

import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from types import MappingProxyType
from typing import TypeVar

Made = TypeVar("Made")
# What is in no stage.
REST = "rest"


class Stopwatch:
    """Measures stages, of which one is in another: the time of the inner one is not the outer one's.

    Parameters
    ----------
    runs : bool
        One that does not run measures nothing, and costs nothing.
    clock : callable
        Gives seconds that only grow.
    before : mapping of str to float, optional
        Seconds of stages that were over before there was a stopwatch.

    Examples
    --------
    A clock that goes on by a second whenever it is looked at.

    >>> import itertools
    >>> from diffsem.link import Stopwatch
    >>> stopwatch = Stopwatch(clock=itertools.count().__next__)
    >>> with stopwatch.stage("outer"):
    ...     with stopwatch.stage("inner"):
    ...         pass
    >>> stopwatch.seconds()
    {'outer': 2.0, 'inner': 1.0, 'rest': 2.0}
    """

    def __init__(
        self,
        runs: bool = True,
        clock: Callable[[], float] = time.perf_counter,
        before: Mapping[str, float] = MappingProxyType({}),
    ) -> None:
        self.runs = runs
        self._clock = clock
        self._seconds = dict(before)
        # Under way, the innermost last; outside of all stages is the rest.
        self._open = [REST]
        self._looked = clock() if runs else 0.0

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Count what happens meanwhile as this stage's, but for the stages in it; also if it ends in an error."""
        if not self.runs:
            yield
            return
        self._count()
        # Stages are told in the order in which they began.
        self._seconds.setdefault(name, 0.0)
        self._open.append(name)
        try:
            yield
        finally:
            self._count()
            self._open.pop()

    def over(self, name: str, made: Generator[Made, None, None]) -> Generator[Made, None, None]:
        """Give what a generator gives; the making of each is the stage's, what is done with it is not."""
        with closing(made):
            while True:
                with self.stage(name):
                    try:
                        each = next(made)
                    except StopIteration:
                        return
                yield each

    def move(self, seconds: float, giver: str, taker: str) -> None:
        """Count seconds of one stage as another one's; at most as many as it has."""
        given = min(seconds, self._seconds[giver])
        self._seconds[giver] -= given
        self._seconds[taker] = self._seconds.get(taker, 0.0) + given

    def seconds(self) -> dict[str, float]:
        """Seconds of each stage so far, in the order in which they began, and last of the rest."""
        self._count()
        rest = self._seconds.get(REST, 0.0)
        return {name: seconds for name, seconds in self._seconds.items() if name != REST} | {REST: rest}

    def _count(self) -> None:
        now = self._clock()
        self._seconds[self._open[-1]] = self._seconds.get(self._open[-1], 0.0) + now - self._looked
        self._looked = now


# For whoever is not measured.
STOPPED = Stopwatch(runs=False)
