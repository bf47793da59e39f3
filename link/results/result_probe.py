"""A child process that takes in bytes first: HDF5's own library may crash on damaged ones, or never come to an end."""

import os
import resource
import subprocess
import sys
from collections.abc import Iterable

from diffsem.link.results.plain_hdf5 import ROOM, Content, opened
from diffsem.link.results.result_file import data_in, group_in, holds, plain_attributes

GROUPS = ("results", "by_step", "draws", "examples")
# Of its processor; where others take it too, it has longer by the clock.
SECONDS = 3
PATIENCE = 60
# What the library may take besides the bytes themselves, a copy of them, and what it reads.
MEMORY = ROOM + 256 * 2**20


def probe(content: bytes, names: Iterable[str]) -> None:
    """Have a child process read what a result file holds, within limits on time and memory.

    Parameters
    ----------
    content : bytes
    names : iterable of str
        Of the data sets that are of interest, in whichever group they lie.

    Raises
    ------
    ValueError
        If the child does not come to its end, or cannot read one of them: what is too much for it, as much as what is
        broken, must not be tried here.
    """
    paths = os.pathsep.join(path or os.getcwd() for path in sys.path)
    try:
        # -P: a folder that the user happens to stand in is no place to import from.
        child = subprocess.run(
            [sys.executable, "-P", "-m", "diffsem.link.results.result_probe", *names],
            input=content,
            capture_output=True,
            timeout=PATIENCE + len(content) // 2**24,
            env=os.environ | {"PYTHONPATH": paths, "OPENBLAS_NUM_THREADS": "1"},
        )
    except subprocess.TimeoutExpired:
        raise ValueError("HDF5's library comes to no end with its bytes") from None
    if child.returncode:
        raise ValueError(child.stdout.decode(errors="replace") or "HDF5's library fails on its bytes")


def _read_all(content: bytes, names: set[str]) -> None:
    with opened(content) as file:
        plain_attributes(file, file.attrs)
        room = Content(content)
        for group in (group_in(file, name) for name in GROUPS if holds(file, name)):
            for name in sorted(names & set(group)):
                data_in(group, name, room)


if __name__ == "__main__":
    received = sys.stdin.buffer.read()
    with open("/proc/self/statm") as file:
        taken = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (taken + 3 * len(received) + MEMORY,) * 2)
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS + len(received) // 2**26,) * 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        _read_all(received, set(sys.argv[1:]))
    except ValueError as error:
        print(error, end="")
        sys.exit(1)
