"""The machine that this runs on."""

import os
from dataclasses import dataclass

import psutil

GIB = 2**30


@dataclass(frozen=True)
class Machine:
    """Cores, and bytes of memory.

    Parameters
    ----------
    cores : int
    memory : int
        What a container is allowed of it, if it is less.
    """

    cores: int
    memory: int

    def __str__(self) -> str:
        return f"{self.cores} cores, {gibibytes(self.memory)}"


def this_machine() -> Machine:
    """Cores and memory that a process may use."""
    memory = psutil.virtual_memory().total
    for limit in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        try:
            with open(limit, encoding="ascii") as file:
                memory = min(memory, int(file.read()))
        except (OSError, ValueError):  # there is none: no file, or the word max
            continue
    return Machine(usable_cores(), memory)


def usable_cores() -> int:
    """Cores that this process may use, which may be fewer than the machine has."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # a system that does not tell
        return os.cpu_count() or 1


def gibibytes(memory: float) -> str:
    """Bytes in words."""
    return f"{memory / GIB:,.1f} GiB" if memory < 1000 * GIB else f"{memory / GIB:,.0f} GiB"
