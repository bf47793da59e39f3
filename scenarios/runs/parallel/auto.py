"""`--workers auto`: as many processes of this machine as end a sweep first."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from diffsem.scenarios.runs.cost.machine import Machine, this_machine
from diffsem.scenarios.runs.cost.need import START, Need
from diffsem.scenarios.runs.cost.rate import relative_speed
from diffsem.scenarios.runs.cost.sweep import Cost
from diffsem.scenarios.runs.parallel.model import Load, sweep_seconds
from diffsem.scenarios.runs.parallel.shares import gpus

# `make cluster` measures it anew.
MEASURED = Path(__file__).with_name("measured.json")
# Of the time of one process: more is not worth the memory, as estimates are true within a factor of two.
WORTH = 0.85
# Of what a sweep is estimated to compute, what it has to pay for too.
DOUBTS = (1.0, 0.5)
# Of memory, for what else runs.
MEMORY = 0.8


@dataclass(frozen=True)
class Choice:
    """A number of workers, and why.

    Parameters
    ----------
    workers : int
    why : str
    """

    workers: int
    why: str

    def __str__(self) -> str:
        return f"--workers auto: {self.workers}, {self.why}"


def chosen_workers(cost: Cost, waiting: int | None = None) -> Choice:
    """The number of workers that ends a sweep first, or one where none ends it clearly earlier.

    Parameters
    ----------
    cost : Cost
    waiting : int, optional
        Points that a table lacks; default: all.
    """
    machine = this_machine()
    waiting = cost.points if waiting is None else waiting
    most = min(machine.cores, waiting, int(MEMORY * machine.memory / cost.need.memory))
    if machine.cores == 1:
        return Choice(1, "there is one core")
    if waiting <= 1:
        return Choice(1, "there is one point")
    if most <= 1:
        return Choice(1, "memory holds no two")
    if gpus():
        return Choice(1, "how long a GPU takes is not known")
    seconds = predicted_seconds(cost, waiting / cost.points, machine, relative_speed(machine))
    alone, chosen = seconds(1, 1.0), fewest_paying(seconds, most)
    if chosen == 1:
        best = min(_counts(most), key=lambda n: seconds(n, 1.0))
        return Choice(1, f"about {alone:.0f} s; {best} processes would take about {seconds(best, 1.0):.0f} s")
    return Choice(chosen, f"about {seconds(chosen, 1.0):.0f} s; one process would take about {alone:.0f} s")


def fewest_paying(seconds: Callable[[int, float], float], most: int) -> int:
    """The fewest workers, `most` at most, that end a sweep about as early as any; 1 where none ends it clearly earlier.

    `seconds` is what `predicted_seconds` gives.
    """
    paying = [n for n in _counts(most) if all(seconds(n, doubt) <= WORTH * seconds(1, doubt) for doubt in DOUBTS)]
    best = min((seconds(n, 1.0) for n in paying), default=0.0)
    return next((n for n in paying if seconds(n, 1.0) <= 1.03 * best), 1)


def _counts(most: int) -> list[int]:
    return sorted({most, *(2**power for power in range(1, most.bit_length()) if 2**power <= most)})


@cache
def measured() -> dict[str, float]:
    """Seconds and shares that the model is made of, as they were measured."""
    return json.loads(MEASURED.read_text())["measured"]


def process_seconds(core_seconds: float, threads: float) -> float:
    """Seconds that a process of some threads computes, of the core seconds that estimates are in (on two cores)."""
    serial = 1 - measured()["parallel_share"]
    return core_seconds * (serial + (1 - serial) / threads) / (1 + serial)


def predicted_seconds(cost: Cost, share: float, machine: Machine, speed: float = 1.0) -> Callable[[int, float], float]:
    """(workers, share of the estimated computation) -> seconds, of a share of a sweep's points.

    Parameters
    ----------
    cost : Cost
    share : float
    machine : Machine
    speed : float
        Of one of its cores over that of the one that the estimates were made for.
    """
    known = measured()

    def load(need: Need, points: int, threads: float, doubt: float) -> Load:
        each = doubt * (need.core_seconds - need.start_seconds) / (points * speed)
        compile_seconds = need.start_seconds - START
        return Load(max(1, round(points * share)), process_seconds(each, threads), compile_seconds)

    @cache
    def seconds(workers: int, doubt: float) -> float:
        loads = [load(need, points, machine.cores / workers, doubt) for points, need in cost.variants]
        start = known["start_seconds"]
        if workers == 1:
            # One process loads what it needs once, and compiles each variant once.
            return start + sum(
                each.compile_seconds + each.points * (each.point_seconds + known["result_seconds"]) for each in loads
            )
        # The parent loads TensorFlow at the same time.
        start *= max(1.0, (workers + 1) / machine.cores)
        return sweep_seconds(loads, workers, start, known["result_seconds"])

    return seconds
