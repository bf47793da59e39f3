"""Files that are there whole or not at all, and places where they can be."""

import os
import stat
import tempfile
import uuid
from pathlib import Path

from diffsem.link.errors import InputError


def replace_file(path: Path, content: bytes) -> None:
    """Write a file beside `path`, make sure that it is on the disk, and put it in the place of `path`.

    Whatever ends the program or the machine, `path` holds either what it held before or all of `content`.

    Raises
    ------
    OSError
        If it cannot be written; `path` is as it was.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from diffsem.link import replace_file
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for content in (b"first", b"second"):
    ...         replace_file(Path(folder) / "table.h5", content)
    ...     print([(path.name, path.read_bytes()) for path in Path(folder).iterdir()])
    [('table.h5', b'second')]
    """
    # A name of its own: short whatever `path` is called, and no other's.
    partial = path.with_name(f".{uuid.uuid4().hex}.partial")
    try:
        with partial.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def check_output_file(path: Path, what: str) -> None:
    """Make sure that a file can be written in the place of `path`, before there is anything to write.

    Makes its folder if missing.

    Parameters
    ----------
    path : Path
    what : str
        What it is to be, to begin an error with: "result file".

    Raises
    ------
    InputError
        If it is a link, a folder or anything but a file, or its folder cannot be made or written.

    Examples
    --------
    >>> from pathlib import Path
    >>> from diffsem.link import InputError, check_output_file
    >>> try:
    ...     check_output_file(Path("notebooks"), "result file")
    ... except InputError as error:
    ...     print(error)
    result file notebooks: is a folder; allowed: a file
    """
    try:
        mode = os.lstat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        mode = stat.S_IFREG
    except (OSError, ValueError) as error:
        raise _unwritable(path, what, error) from error
    if stat.S_ISLNK(mode):
        raise InputError(f"{what} {path}: is a symbolic link; give the file that it points to")
    if stat.S_ISDIR(mode):
        raise InputError(f"{what} {path}: is a folder; allowed: a file")
    if not stat.S_ISREG(mode):
        raise InputError(f"{what} {path}: is a device or pipe; allowed: a file")
    _check_folder(path.parent, path, what)


def check_output_folder(path: Path, what: str) -> None:
    """Make sure that files can be written into a folder, and make it if missing; as `check_output_file`.

    Examples
    --------
    >>> from pathlib import Path
    >>> from diffsem.link import InputError, check_output_folder
    >>> try:
    ...     check_output_folder(Path("setup.cfg"), "report")
    ... except InputError as error:
    ...     print(error)
    report setup.cfg: is no folder; allowed: a folder, or a name that is free
    """
    try:
        is_other = path.exists() and not path.is_dir()
    except (OSError, ValueError) as error:
        raise _unwritable(path, what, error) from error
    if is_other:
        raise InputError(f"{what} {path}: is no folder; allowed: a folder, or a name that is free")
    _check_folder(path, path, what)


def _check_folder(folder: Path, path: Path, what: str) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # What the permissions say is not the whole truth: the file system may be read-only.
        with tempfile.TemporaryFile(dir=folder):
            pass
    except (OSError, ValueError) as error:
        raise _unwritable(path, what, error) from error


def _unwritable(path: Path, what: str, error: OSError | ValueError) -> InputError:
    return InputError(f"{what} {path}: cannot be written ({getattr(error, 'strerror', None) or error})")
