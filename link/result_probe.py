"""A child process that takes in bytes first: HDF5's own library may crash on damaged ones, or never come to an end."""

import os
import resource
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import h5py

from diffsem.link.plain_hdf5 import ROOM, Content, opened
from diffsem.link.result_file import group_in, numbers_in, plain_attributes, texts_in

# Of its processor; where others take it too, it has longer by the clock.
SECONDS = 3
PATIENCE = 60
# What the library may take besides the bytes themselves, a copy of them, and what it reads.
MEMORY = ROOM + 256 * 2**20


def probe(content: bytes) -> None:
    """Have a child process read all that HDF5 holds, within limits on time and memory.

    Raises
    ------
    ValueError
        If it does not come to its end.
    """
    paths = os.pathsep.join(path or os.getcwd() for path in sys.path)
    try:
        # -P: a folder that the user happens to stand in is no place to import from.
        child = subprocess.run(
            [sys.executable, "-P", "-m", "diffsem.link.result_probe"],
            input=content,
            capture_output=True,
            timeout=PATIENCE + len(content) // 2**24,
            env=os.environ | {"PYTHONPATH": paths, "OPENBLAS_NUM_THREADS": "1"},
        )
    except subprocess.TimeoutExpired:
        raise ValueError("HDF5's library comes to no end with its bytes") from None
    if child.returncode:
        raise ValueError("HDF5's library fails on its bytes")


def _read_all(content: bytes) -> None:
    with opened(content) as file:
        _attempt(plain_attributes, file, file.attrs)
        for group in ("results", "by_step", "examples"):
            for name in _attempt(_names, file, group) or ():
                for read in (texts_in, numbers_in):
                    _attempt(read, file[group], name, Content(content))


def _names(file: h5py.File, group: str) -> list[str]:
    return list(group_in(file, group))


def _attempt(read: Callable, *arguments: Any) -> Any:
    """What a reading gives; None where it ends in an error, which the parent will come upon again."""
    try:
        return read(*arguments)
    except Exception:
        return None


if __name__ == "__main__":
    received = sys.stdin.buffer.read()
    with open("/proc/self/statm") as file:
        taken = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (taken + 3 * len(received) + MEMORY,) * 2)
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS + len(received) // 2**26,) * 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _attempt(_read_all, received)
