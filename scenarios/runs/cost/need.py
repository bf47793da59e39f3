"""What a computation needs, in numbers and in words."""

import math
from dataclasses import dataclass

from diffsem.scenarios.runs.cost.machine import GIB, Machine, gibibytes

YEAR = 365.25 * 24 * 3600
# Bytes of a process that has loaded TensorFlow, Sionna and Keras.
PROGRAM = 0.85 * GIB
# Floating point operations a second and core, and seconds until the first batch runs.
OPERATIONS = 150e9
START, TRACE = 6.0, 1.0


@dataclass(frozen=True)
class Need:
    """What a computation needs.

    Parameters
    ----------
    memory : float
        Bytes, at its peak.
    core_seconds : float
        Seconds on one core, of those that the estimates were made for.
    start_seconds : float
        Those of them that no other core shares.
    """

    memory: float
    core_seconds: float
    start_seconds: float = 0.0

    def seconds(self, machine: Machine, speed: float = 1.0) -> float:
        """On all cores of a machine, each of them faster than the estimate's by a factor once it computes."""
        return self.start_seconds + (self.core_seconds - self.start_seconds) / (machine.cores * speed)


def estimate(need: Need, machine: Machine, speed: float = 1.0) -> str:
    """In words: about how much memory, and about how much time on a machine, whose cores are faster by a factor."""
    return f"about {gibibytes(need.memory)} of memory, about {_time(need.seconds(machine, speed))}"


def _time(seconds: float) -> str:
    for unit, length, enough in (("s", 1, 100), ("min", 60, 100), ("h", 3600, 72), ("days", 86400, 730)):
        if seconds < enough * length:
            return f"{math.ceil(seconds / length):,} {unit}"
    return f"{seconds / YEAR:,.0f} years"
