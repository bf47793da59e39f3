"""A file that remembers which numbers of which sessions are taken, whatever ends the program."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Literal

import filelock
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from diffsem.link.errors import InputError
from diffsem.link.files import replace_file
from diffsem.link.keyed.nonce_range import LAST_NUMBER

FORMAT = 1
# Seconds. Who has the lock writes one small file.
LONGEST_WAIT = 5.0

Session = Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
FirstFree = Annotated[int, Field(ge=0, le=LAST_NUMBER + 1)]


class _Content(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    format: int
    role: str
    fingerprint: str
    first_free: dict[Session, FirstFree]


class SessionFile:
    """The memory of one end of a keyed link. It holds no key.

    Parameters
    ----------
    path : Path
        Made if there is none, and its folder. Beside it lie PATH.lock and, for a moment, a hidden file.
    role : str
        Whose it is.
    fingerprint : str
        Of the key and context.
    """

    def __init__(self, path: Path, role: Literal["sender", "listener"], fingerprint: str):
        # Under one name, whatever leads to it: a lock is of a name.
        self._path = Path(os.path.realpath(path))
        self._role = role
        self._fingerprint = fingerprint
        self._known: dict[int, int] = {}

    @contextmanager
    def update(self) -> Iterator[dict[int, int]]:
        """The first number of each session that is not taken, to be changed; nobody else has the file meanwhile.

        At the end of a `with` block the changes are on the disk; if the block raises, the file is as it was.

        Raises
        ------
        InputError
            If another process keeps the file locked, it cannot be read or written, is not one of this role and
            fingerprint, or numbers that were taken through this object are free in it.
        """
        lock = filelock.FileLock(self._path.with_name(self._path.name + ".lock"))
        try:
            lock.acquire(timeout=LONGEST_WAIT, poll_interval=0.005)
        except filelock.Timeout:
            raise InputError(
                f"{self._path}: another process has locked it; wait for that one, or use another file"
            ) from None
        except OSError as error:
            raise self._unusable(error) from error
        try:
            first_free = self._read()
            yield first_free
            self._write(first_free)
        finally:
            lock.release()

    def _read(self) -> dict[int, int]:
        try:
            content = self._path.read_bytes()
        except FileNotFoundError:
            first_free = {}
        except OSError as error:
            raise self._unusable(error) from error
        else:
            first_free = self._parsed(content)
        if any(first_free.get(session, 0) < number for session, number in self._known.items()):
            raise InputError(f"{self._path}: older than what was written there; put the latest one back")
        return first_free

    def _parsed(self, content: bytes) -> dict[int, int]:
        try:
            read = _Content.model_validate_json(content)
        except ValidationError:
            raise InputError(
                f"{self._path}: not a whole state of a keyed {self._role}; use one that it wrote, or a new file"
            ) from None
        if read.format != FORMAT:
            raise InputError(f"{self._path}: of format {read.format}; allowed: {FORMAT}, or a new file")
        if read.role != self._role:
            raise InputError(f"{self._path}: the state of another role; allowed: that of a {self._role}")
        if read.fingerprint != self._fingerprint:
            raise InputError(f"{self._path}: the state of another key or context; use that one, or a new file")
        return {int(session, 16): number for session, number in read.first_free.items()}

    def _write(self, first_free: dict[int, int]) -> None:
        named = {f"{session:016x}": number for session, number in first_free.items()}
        content = _Content(format=FORMAT, role=self._role, fingerprint=self._fingerprint, first_free=named)
        try:
            replace_file(self._path, content.model_dump_json().encode() + b"\n")
        except OSError as error:
            raise self._unusable(error) from error
        self._known = dict(first_free)

    def _unusable(self, error: OSError) -> InputError:
        return InputError(
            f"{self._path}: not usable ({error.strerror or error}); allowed: a file in a folder for writing"
        )
