"""A lock that keeps two runs off one file or folder."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from diffsem.link import InputError


@contextmanager
def only_run(lock: Path, what: str) -> Iterator[None]:
    """Hold a lock file meanwhile; the system lets go of it when the process ends, however it ends.

    The file is gone afterwards, unless the process was killed: who comes next takes that one.

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
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        held = _acquired(lock)
    except BlockingIOError:
        raise InputError(f"{what}: another diffsem is writing it; wait for that one, or give another --out") from None
    except OSError as error:
        raise InputError(f"{what}: cannot be written ({error.strerror or error})") from error
    try:
        yield
    finally:
        # While it is held: nobody else can have put another in its place.
        with suppress(OSError):
            lock.unlink()
        os.close(held)


def _acquired(lock: Path) -> int:
    """The descriptor of a lock file that is held. Raises BlockingIOError if another process holds it, and OSError."""
    while True:
        held = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_still(lock, held):
                return held
        except BaseException:
            os.close(held)
            raise
        # Its holder took it away after it was opened here: a lock on a file that nobody else finds keeps nobody off.
        os.close(held)


def _is_still(lock: Path, held: int) -> bool:
    try:
        return os.path.samestat(os.stat(lock), os.fstat(held))
    except FileNotFoundError:
        return False
