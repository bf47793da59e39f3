"""Files that commands write beside result tables and weights, and never over one."""

from pathlib import Path

from diffsem.link import InputError


def check_own_output(path: Path, what: str) -> None:
    """Raises InputError if a file cannot be written, or is a result table or weights; `what` begins the line."""
    from diffsem.link import check_output_file, is_hdf5

    check_output_file(path, what)
    try:
        if path.exists() and is_hdf5(path):
            raise InputError(f"{what} {path}: is a result table or weights, which are kept; give another file")
    except OSError as error:
        raise InputError(f"{what} {path}: cannot be read ({error.strerror})") from error
