"""The journal beside a result file: each point as soon as it is done, so that a table need not be written for each."""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path

from diffsem.link.errors import InputError
from diffsem.link.results.packed_point import packed_point, unpacked_point
from diffsem.link.results.point import PointResult
from diffsem.link.results.result_file import LARGEST_FILE

# Begins every record: no other bytes are these by chance, and whatever is damaged, the next record is found again.
MARK = bytes.fromhex("d1ff5e3a0a7b4c19b6e2f08457c3912d")
DIGEST = hashlib.sha256().digest_size
# The only attribute that is another one each time that a table is written.
PASSING = "wall_seconds"


class Journal:
    """Points of a sweep that its table lacks: a record each, appended and on the disk at once.

    Each has a checksum, of its bytes and of the table that they belong to: one that was torn costs its own point and
    no other, and those of another table are nobody's.

    Parameters
    ----------
    path : Path
        Of the result file; the journal lies beside it, as `journal_of` says.
    attributes : mapping
        Those of the table.

    Raises
    ------
    InputError
        From all methods: if the disk cannot be written. A record that did not fit is taken back.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from diffsem.link import COLUMNS, Journal, Point, PointResult, read_journal
    >>> row = {name: kind() for name, kind in COLUMNS.items()} | {"correct": 6, "total": 8}
    >>> result = PointResult(Point(240, 15.0, (15.0,)), [row], np.zeros([1, 2, 51], int), [], images=8)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path, attributes = Path(folder) / "table.h5", {"scenario": "name: mine"}
    ...     journal = Journal(path, attributes)
    ...     journal.begin()
    ...     journal.append(result, wall_seconds=2.5)
    ...     [found], seconds = read_journal(path, attributes)
    >>> found.point == result.point, seconds
    (True, 2.5)
    """

    def __init__(self, path: Path, attributes: Mapping[str, str | int | float]) -> None:
        self._result_file = path
        self._path = journal_of(path)
        self._identity = _identity(attributes)

    def begin(self) -> None:
        """Make it anew, without points: the table has all that there were."""
        self._write(b"", os.O_TRUNC)

    def append(self, result: PointResult, wall_seconds: float) -> None:
        """One more point, and how long the sweep had taken by then."""
        content = packed_point(result, wall_seconds=wall_seconds)
        self._write(MARK + _checksum(self._identity, content) + content, os.O_APPEND)

    def remove(self) -> None:
        """There is nothing left that the table lacks."""
        try:
            self._path.unlink(missing_ok=True)
        except OSError as error:
            raise self._failed(error) from error

    def _write(self, record: bytes, mode: int) -> None:
        try:
            file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | mode, 0o644)
            try:
                before = os.fstat(file).st_size
                try:
                    _write_all(file, record)
                    os.fsync(file)
                except BaseException:
                    os.ftruncate(file, before)
                    raise
            finally:
                os.close(file)
        except OSError as error:
            raise self._failed(error) from error

    def _failed(self, error: OSError) -> InputError:
        return InputError(
            f"result file {self._result_file}: its journal {self._path.name} cannot be written "
            f"({error.strerror or error}); finished points are safe"
        )


def journal_of(path: Path) -> Path:
    """Where the journal of a result file lies.

    Examples
    --------
    >>> from pathlib import Path
    >>> from diffsem.link import journal_of
    >>> journal_of(Path("results/mnist-quick.h5")).as_posix()
    'results/.mnist-quick.h5.journal'
    """
    return path.with_name(f".{path.name}.journal")


def read_journal(path: Path, attributes: Mapping[str, str | int | float]) -> tuple[list[PointResult], float]:
    """The points of the journal beside a result file, and the seconds that the sweep had taken by the last.

    No points, and 0.0, if there is no journal, or it is another table's. Records that are not as they were written, as
    the last one of a program that was killed, are left out.

    Parameters
    ----------
    path : Path
        Of the result file.
    attributes : mapping
        Of the table that it has.

    Raises
    ------
    InputError
        If the journal cannot be read, or a record is whole and yet no point.

    Examples
    --------
    A table that its run has finished has none.

    >>> from pathlib import Path
    >>> import diffsem
    >>> path = Path("notebooks/mnist-awgn.h5")
    >>> diffsem.link.read_journal(path, diffsem.read_table(path).attributes)
    ([], 0.0)
    """
    journal = journal_of(path)
    try:
        with open(journal, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as file:
            content = file.read(LARGEST_FILE)
    except (FileNotFoundError, NotADirectoryError):
        return [], 0.0
    except OSError as error:
        raise InputError(f"journal {journal}: cannot be read ({error.strerror or error})") from error
    identity = _identity(attributes)
    found, seconds = [], 0.0
    for record in content.split(MARK):
        if record[:DIGEST] != _checksum(identity, record[DIGEST:]):
            continue
        try:
            result, more = unpacked_point(record[DIGEST:])
            seconds = max(seconds, float(more["wall_seconds"]))
        except (ValueError, TypeError, KeyError) as error:
            raise InputError(
                f"journal {journal}: not what `diffsem run` writes ({error}); delete it and run again"
            ) from error
        found.append(result)
    return found, seconds


def _identity(attributes: Mapping[str, str | int | float]) -> bytes:
    lasting = {name: value for name, value in attributes.items() if name != PASSING}
    return json.dumps(lasting, sort_keys=True).encode()


def _checksum(identity: bytes, content: bytes) -> bytes:
    return hashlib.sha256(hashlib.sha256(identity).digest() + content).digest()


def _write_all(file: int, content: bytes) -> None:
    left = memoryview(content)
    while left:
        left = left[os.write(file, left) :]
