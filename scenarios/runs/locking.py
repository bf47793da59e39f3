"""A lock that keeps two runs off one file or folder."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import filelock

from diffsem.link import InputError


@contextmanager
def only_run(lock: Path, what: str) -> Iterator[None]:
    """Hold a lock file meanwhile; the system lets go of it when the process ends, however it ends.

    Parameters
    ----------
    lock : Path
        The lock file; its folder is made if missing.
    what : str
        What it guards, to begin an error with.

    Raises
    ------
    InputError
        If another process holds the lock, or the lock file cannot be written.
    """
    held = filelock.FileLock(lock)
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        held.acquire(timeout=0)
    except filelock.Timeout:
        raise InputError(f"{what}: another diffsem is writing it; wait for that one, or give another --out") from None
    except OSError as error:
        raise InputError(f"{what}: cannot be written ({error.strerror or error})") from error
    try:
        yield
    finally:
        held.release()
