"""Which worker simulates which points: groups of a variant's points, handed out as workers get free."""

import math
from collections import deque
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field

from diffsem.link import Point

# A group takes about so long: its points share batches, and a death costs no more.
GROUP_SECONDS = 8.0


def group_size(waiting: int, workers: int, point_seconds: float | None) -> int:
    """Points of the next group: guided self-scheduling, so that all workers end at about the same time.

    Parameters
    ----------
    waiting : int
        Points that nobody has.
    workers : int
    point_seconds : float or None
        What a point took a worker so far; None: nobody knows, and one point will tell.

    Examples
    --------
    >>> [group_size(waiting, 2, 1.0) for waiting in (100, 20, 5, 1)], group_size(100, 2, None)
    ([8, 5, 2, 1], 1)
    """
    if point_seconds is None:
        return 1
    timely = GROUP_SECONDS / point_seconds if point_seconds > 0 else math.inf
    return max(1, int(min(math.ceil(waiting / (2 * workers)), timely)))


@dataclass(frozen=True)
class Group:
    """Points of one variant, for one worker.

    Parameters
    ----------
    variant : int
        Its place among the variants of the sweep.
    points : tuple of Point
    """

    variant: int
    points: tuple[Point, ...]


@dataclass
class _Line:
    """The points of a variant that nobody has, who is at it, and what its points took.

    Parameters
    ----------
    waiting : deque of Point
    suspects : deque of Point
        Points that a worker died over: each is tried alone, so that one deadly point does not take others along.
    workers : set
    """

    waiting: deque[Point]
    suspects: deque[Point] = field(default_factory=deque)
    workers: set[Hashable] = field(default_factory=set)
    # Seconds and points of workers that had the variant's programs already, and of those that compiled them first.
    settled: list[float] = field(default_factory=lambda: [0.0, 0.0])
    fresh: list[float] = field(default_factory=lambda: [0.0, 0.0])

    def __len__(self) -> int:
        return len(self.waiting) + len(self.suspects)

    def point_seconds(self) -> float | None:
        """Of a point, at most: those of workers that still compiled count if there are no others."""
        seconds, points = self.settled if self.settled[1] else self.fresh
        return seconds / points if points else None


class Handout:
    """The points of a sweep, handed out in groups to workers that come and go.

    A worker stays with its variant, whose programs it has compiled, while that has points. Then it takes one that
    nobody is at, the longest first, or helps with one whose end is farther away than compiling it takes.

    Parameters
    ----------
    points : sequence of sequence of Point
        Of each variant.
    workers : int
        How many share them out.

    Examples
    --------
    >>> from diffsem.link import Point
    >>> points = [Point(0, float(snr_db), (0.0,)) for snr_db in range(3)]
    >>> handout = Handout([points, points], 2)
    >>> [handout.next_group(worker).variant for worker in ("a", "b", "a", "b")], handout.waiting
    ([0, 1, 0, 1], 2)
    """

    def __init__(self, points: Sequence[Sequence[Point]], workers: int) -> None:
        self.workers = workers
        self._lines = [_Line(deque(each)) for each in points]
        self._at: dict[Hashable, int] = {}
        self._compiled: dict[Hashable, int] = {}
        # Of compiling: seconds, and how often.
        self._switches = [0.0, 0.0]

    @property
    def waiting(self) -> int:
        """Points that nobody has."""
        return sum(map(len, self._lines))

    def next_group(self, worker: Hashable) -> Group | None:
        """What a worker does next; None if nothing is worth its while."""
        place = self._variant_for(worker)
        if place is None:
            return None
        self._move(worker, place)
        line = self._lines[place]
        if not line.waiting:
            return Group(place, (line.suspects.popleft(),))
        size = min(len(line.waiting), group_size(self.waiting, self.workers, line.point_seconds()))
        return Group(place, tuple(line.waiting.popleft() for _ in range(size)))

    def took(self, worker: Hashable, group: Group, seconds: float) -> None:
        """Note how long all points of a group have taken a worker."""
        line, points = self._lines[group.variant], len(group.points)
        had = self._compiled.get(worker) == group.variant
        self._compiled[worker] = group.variant
        kind = line.settled if had else line.fresh
        kind[0] += seconds
        kind[1] += points
        if had:
            return
        known = line.settled[0] / line.settled[1] if line.settled[1] else 0.0
        self._switches[0] += max(0.0, seconds - points * known)
        self._switches[1] += 1

    def lost(self, worker: Hashable, variant: int, points: Sequence[Point]) -> None:
        """Take back what a worker that has died had not answered."""
        self._lines[variant].suspects.extendleft(reversed(points))
        self.left(worker)

    def left(self, worker: Hashable) -> None:
        """Forget a worker, which is gone."""
        self._compiled.pop(worker, None)
        place = self._at.pop(worker, None)
        if place is not None:
            self._lines[place].workers.discard(worker)

    def _move(self, worker: Hashable, place: int) -> None:
        before = self._at.get(worker)
        if before is not None and before != place:
            self._lines[before].workers.discard(worker)
        self._at[worker] = place
        self._lines[place].workers.add(worker)

    def _variant_for(self, worker: Hashable) -> int | None:
        own = self._at.get(worker)
        if own is not None and self._lines[own]:
            return own
        if own is not None:
            self._lines[own].workers.discard(worker)
            del self._at[worker]
        open_lines = [place for place, line in enumerate(self._lines) if line and self._is_worth_compiling(line)]
        # The most points a head; of equal ones the first.
        return max(open_lines, key=lambda place: self._points_a_head(self._lines[place]), default=None)

    def _points_a_head(self, line: _Line) -> float:
        return math.inf if not line.workers else len(line) / (1 + len(line.workers))

    def _is_worth_compiling(self, line: _Line) -> bool:
        """Whether a variant ends later, without help, than a worker that compiles it could begin."""
        each = line.point_seconds()
        if not line.workers or each is None or not self._switches[1]:
            return True
        return len(line) * each / len(line.workers) > self._switches[0] / self._switches[1]
