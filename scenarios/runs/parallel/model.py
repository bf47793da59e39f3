"""How long a sweep takes on workers, told by a simulation of the hand-out itself, event after event."""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

from diffsem.link import Point
from diffsem.scenarios.runs.parallel.groups import Group, Handout


@dataclass(frozen=True)
class Load:
    """What a variant of a sweep asks of a worker.

    Parameters
    ----------
    points : int
    point_seconds : float
    compile_seconds : float
        Until a worker that comes to it simulates the first point.
    """

    points: int
    point_seconds: float
    compile_seconds: float = 0.0


def sweep_seconds(
    loads: Sequence[Load], workers: int, start_seconds: float = 0.0, result_seconds: float = 0.0
) -> float:
    """Seconds until the last result is in the table.

    Parameters
    ----------
    loads : sequence of Load
        Of each variant.
    workers : int
    start_seconds : float
        Until a worker has loaded TensorFlow.
    result_seconds : float
        Of the process that takes the results, for each of them; it hands out groups between two of them.

    Examples
    --------
    Equal points, and nothing else to do.

    >>> sweep_seconds([Load(points=100, point_seconds=2.0)], workers=4)
    50.0
    """
    handout = Handout([[Point(0, float(n), ()) for n in range(load.points)] for load in loads], workers)
    at_work: dict[int, tuple[Group, float]] = {}
    compiled: dict[int, int] = {}
    events = [(start_seconds, worker) for worker in range(workers)]
    written = end = 0.0
    while events:
        now, worker = heapq.heappop(events)
        if worker in at_work:
            group, seconds = at_work.pop(worker)
            handout.took(worker, group, seconds)
            # Who writes a result when the answer comes ends that one first.
            heard = now + (written - now) % result_seconds if written > now else now
            written = max(written, now) + len(group.points) * result_seconds
            end, now = max(end, now), heard
        following = handout.next_group(worker)
        if following is None:
            continue
        load = loads[following.variant]
        seconds = len(following.points) * load.point_seconds
        if compiled.get(worker) != following.variant:
            compiled[worker] = following.variant
            seconds += load.compile_seconds
        at_work[worker] = following, seconds
        heapq.heappush(events, (now + seconds, worker))
    return max(end, written)


def serial_share(seconds: dict[int, float]) -> float:
    """Amdahl's serial share of a sweep, by least squares over its seconds on numbers of workers, 1 among them.

    Examples
    --------
    >>> round(serial_share({1: 100.0, 2: 55.0, 4: 32.5}), 6)
    0.1
    """
    # T(w) / T(1) = s + (1 - s) / w is a line in 1 - 1 / w.
    pairs = [(1 - 1 / workers, took / seconds[1] - 1 / workers) for workers, took in seconds.items()]
    return sum(x * y for x, y in pairs) / sum(x * x for x, _ in pairs)
