"""What a result file is on the disk: a line with the checksum of its bytes, then HDF5, taken in without trust."""

import hashlib
import os
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd

from diffsem.link.errors import InputError
from diffsem.link.results.columns import Column
from diffsem.link.results.plain_hdf5 import ROOM, Content, check_storage

# HDF5 leaves a block of this size to us, and looks for its own signature behind it.
HEADER = 512
NAME = b"diffsem result table, sha256 "
SIGNATURE = b"\x89HDF\r\n\x1a\n"
LARGEST_FILE = 4 * 2**30
# How a text of any length lies on the disk.
REFERENCE = np.dtype([("length", "<u4"), ("address", "<u8"), ("index", "<u4")])
# Rows from which on a column is compressed, bytes of a piece, and bytes from which on texts have no common length.
PACKED_FROM = 512
PIECE = 2**17
WIDEST = 2**28
KINDS = {str: "one text in UTF-8", int: "one whole number", bool: "one truth value", float: "one number"}


def sealed(content: bytes) -> bytes:
    """HDF5 with a user block of `HEADER` bytes, and the line with the checksum of what follows in that block.

    Examples
    --------
    >>> from diffsem.link import sealed
    >>> header = sealed(bytes(512) + b"body")[:512].decode().split()
    >>> header[:4], " ".join(header[5:])
    (['diffsem', 'result', 'table,', 'sha256'], 'of the 4 bytes after the first 512')
    """
    body = memoryview(content)[HEADER:]
    return _header(body) + body


def _header(body: memoryview) -> bytes:
    line = f" of the {len(body)} bytes after the first {HEADER}"
    return (NAME + hashlib.sha256(body).hexdigest().encode() + line.encode()).ljust(HEADER - 1) + b"\n"


def has_checksum(content: bytes) -> bool:
    """Whether bytes are, or once were, those of a result file with a checksum."""
    # One byte of the name may be another or lost; a foreign file may have a block before its HDF5 too.
    damaged = any(part in content[: len(NAME)] for part in (NAME[:15], NAME[15:]))
    return content.startswith(NAME) or (damaged and SIGNATURE in content[HEADER - 1 : HEADER + len(SIGNATURE)])


def is_result_file(path: Path) -> bool:
    """Whether a file has a checksum as result files have, right or wrong. Raises OSError if it cannot be read.

    Examples
    --------
    A table as it is written, and other HDF5.

    >>> import tempfile
    >>> from pathlib import Path
    >>> import h5py
    >>> import numpy as np
    >>> from diffsem.link import empty_table, is_result_file, write_table
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     table, weights = Path(folder) / "table.h5", Path(folder) / "weights.h5"
    ...     write_table(table, empty_table({"scenario": "name: mine"}, np.zeros([2, 28, 28, 1], np.uint8)))
    ...     h5py.File(weights, "w").close()
    ...     print(is_result_file(table), is_result_file(weights))
    True False
    """
    return has_checksum(_beginning(path))


def is_hdf5(path: Path) -> bool:
    """Whether a file is HDF5: a result file, with a checksum or not, or weights. Raises OSError.

    Examples
    --------
    >>> from pathlib import Path
    >>> from diffsem.link import is_hdf5
    >>> is_hdf5(Path("notebooks/mnist-awgn.h5")), is_hdf5(Path("setup.cfg"))
    (True, False)
    """
    return is_result_file(path) or _beginning(path).startswith(SIGNATURE)


def _beginning(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(HEADER + len(SIGNATURE))


def read_whole(path: Path) -> bytes:
    """The bytes of a result file; those that were written, unless it is from before there was a checksum.

    Raises
    ------
    InputError
        If there is no such file, it cannot be read, is no result file, is too large, or its checksum is another one.
    """
    what = f"result file {path}"
    try:
        # Does not wait for somebody to write to a pipe.
        with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as file:
            state = os.fstat(file.fileno())
            if not stat.S_ISREG(state.st_mode):
                raise IsADirectoryError
            if state.st_size > LARGEST_FILE:
                raise InputError(f"{what}: has {state.st_size:,} bytes; allowed: at most {LARGEST_FILE:,}")
            content = file.read(LARGEST_FILE)
    except InputError:
        raise
    except (FileNotFoundError, NotADirectoryError):
        raise InputError(f"{what}: no such file; `diffsem run` makes one") from None
    except IsADirectoryError:
        raise InputError(f"{what}: is not a file; allowed: one that `diffsem run` wrote") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{what}: cannot be read ({getattr(error, 'strerror', None) or error})") from error
    if content.startswith(SIGNATURE):
        return content
    if not has_checksum(content):
        raise InputError(f"{what}: not a result table; allowed: a file that `diffsem run` wrote")
    if content[:HEADER] != _header(memoryview(content)[HEADER:]):
        raise InputError(
            f"{what}: its bytes are not those that were written (SHA-256); restore it, or run again with --overwrite"
        )
    return content


def group_in(file: h5py.File, name: str) -> h5py.Group:
    """A group that lies in the file itself. Raises ValueError if there is none."""
    group = _own(file, name)
    if not isinstance(group, h5py.Group):
        raise ValueError(f"/{name} is no group")
    return group


def numbers_in(
    group: h5py.Group,
    name: str,
    content: Content,
    kind: type | None = None,
    shape: tuple[int | None, ...] | None = None,
) -> np.ndarray:
    """The numbers of a data set of exactly this type and shape; None is any, or in the shape any length.

    Raises
    ------
    ValueError
        If it lies elsewhere, or is of another type, shape or size than it may be.
    """
    dataset, what = _dataset_in(group, name, shape)
    if kind is not None and dataset.dtype != kind:
        raise ValueError(f"{what} is of type {dataset.dtype}; allowed: {np.dtype(kind)}")
    check_storage(dataset, what, content)
    return dataset[()]


def texts_in(group: h5py.Group, name: str, content: Content, length: int | None = None) -> np.ndarray:
    """The texts of a data set of one dimension, as an array of objects; None is any length.

    Raises
    ------
    ValueError
        If it lies elsewhere, or is of another type, shape or size than it may be, or holds a text that is no UTF-8.
    """
    dataset, what = _dataset_in(group, name, (length,))
    text = h5py.check_string_dtype(dataset.dtype)
    if text is None or text.encoding != "utf-8":
        raise ValueError(f"{what} is of type {dataset.dtype}; allowed: texts in UTF-8")
    check_storage(dataset, what, content)
    if text.length is not None:
        return _decoded_runs(dataset[()], what)
    texts = np.empty(len(dataset), object)
    longest = _longest(dataset, content.bytes)
    if longest > len(content.bytes):
        raise ValueError(f"{what} claims a text of {longest:,} bytes; allowed: at most those of the file")
    # Rows may share one long text: take in no more at once than fits.
    at_once = max(1, ROOM // max(1, longest))
    for start in range(0, len(dataset), at_once):
        raw = dataset[start : start + at_once]
        content.take(sum(map(len, raw)), what)
        texts[start : start + at_once] = _decoded(raw, what)
    return texts


def _decoded(raw: np.ndarray, what: str) -> np.ndarray:
    """Texts out of bytes; equal ones, which most are, are one object."""
    codes, distinct = pd.factorize(raw)
    try:
        return np.array([value.decode() for value in distinct] + [""], object)[codes]
    except UnicodeDecodeError:
        raise ValueError(f"{what} holds a text that is not UTF-8") from None


def _decoded_runs(raw: np.ndarray, what: str) -> np.ndarray:
    """Texts out of bytes of one length; neighbouring rows mostly have the same, which is decoded once."""
    begins = np.concatenate([[True], raw[1:] != raw[:-1]]) if len(raw) else np.zeros(0, bool)
    return _decoded(raw[begins].astype(object), what)[np.cumsum(begins) - 1]


def _longest(dataset: h5py.Dataset, content: bytes) -> int:
    """Bytes that no text of a data set passes: by what it says of each, or else those of the whole file."""
    place = dataset.id.get_offset()
    if dataset.chunks or place is None or not len(dataset) or place + REFERENCE.itemsize * len(dataset) > len(content):
        return len(content)
    return int(np.frombuffer(content, REFERENCE, len(dataset), place)["length"].max())


def data_in(group: h5py.Group, name: str, content: Content) -> np.ndarray:
    """Whatever a data set holds, texts or numbers. Raises ValueError as those who read either do."""
    dataset = _own(group, name)
    text = isinstance(dataset, h5py.Dataset) and h5py.check_string_dtype(dataset.dtype) is not None
    return (texts_in if text else numbers_in)(group, name, content)


def attribute_in(file: h5py.File, name: str, kind: type) -> str | int | bool | float | None:
    """A root attribute; None if there is none.

    Raises
    ------
    ValueError
        If it is an array, or not of the type str, int, bool or float.
    """
    if name not in file.attrs:
        return None
    value = plain_attributes(file, [name]).get(name)
    if type(value) is not kind:
        raise ValueError(f"attribute {name} is not what it has to be; allowed: {KINDS[kind]}")
    return value


def plain_attributes(file: h5py.File, names: Iterable[str]) -> dict[str, str | int | bool | float]:
    """Those root attributes that are one text, number or truth value."""
    found = {}
    for name in names:
        attribute = h5py.h5a.open(file.id, name.encode())
        text = h5py.check_string_dtype(attribute.dtype) is not None
        if attribute.get_space().get_simple_extent_type() != h5py.h5s.SCALAR:
            continue
        if not text and attribute.dtype.kind not in "biuf":
            continue
        value = file.attrs[name]
        # h5py lets bytes that are no UTF-8 through, as halves of surrogate pairs.
        if isinstance(value, str) and any("\ud800" <= character <= "\udfff" for character in value):
            continue
        found[name] = value.item() if isinstance(value, np.generic) else value
    return found


def write_columns(group: h5py.Group, frame: pd.DataFrame, columns: Iterable[Column]) -> None:
    """A data set for each column, which says in attributes what it is and in which unit."""
    for column in columns:
        values = frame[column.name]
        dataset = (
            _write_texts(group, column.name, values)
            if column.dtype is str
            else write_numbers(group, column.name, values.to_numpy(column.dtype))
        )
        dataset.attrs["unit"], dataset.attrs["meaning"] = column.unit, column.meaning


def write_numbers(group: h5py.Group, name: str, values: np.ndarray) -> h5py.Dataset:
    """A data set of numbers, compressed where that makes the file smaller."""
    return group.create_dataset(name, data=values, **_packing(values))


def _write_texts(group: h5py.Group, name: str, values: pd.Series) -> h5py.Dataset:
    """Texts of any length or, where they are many, of the longest one's: those are compressed, and read at once."""
    codes, texts = pd.factorize(values)
    encoded = np.array([text.encode() for text in texts], "S")
    fixed = h5py.string_dtype("utf-8", max(1, encoded.itemsize))
    if len(values) < PACKED_FROM or len(values) * fixed.itemsize > WIDEST:
        return group.create_dataset(name, data=list(values), dtype=h5py.string_dtype("utf-8"), shape=(len(values),))
    packed = encoded[codes].astype(fixed)
    return group.create_dataset(name, data=packed, **_packing(packed))


def _packing(values: np.ndarray) -> dict[str, Any]:
    """How an array is cut in pieces and compressed; short ones are not, whose pieces would cost more than they save."""
    if len(values) < PACKED_FROM:
        return {}
    piece = max(1, min(len(values), PIECE // max(1, values[:1].nbytes)))
    return {"chunks": (piece, *values.shape[1:]), "compression": "gzip", "compression_opts": 1}


def holds(group: h5py.Group, name: str) -> bool:
    """Whether something is there, if only a link."""
    return group.id.links.exists(name.encode())


def _own(group: h5py.Group, name: str) -> h5py.HLObject:
    """A node that lies in the group itself, behind no link to elsewhere."""
    what = f"{group.name.rstrip('/')}/{name}"
    if not holds(group, name):
        raise ValueError(f"{what} is missing")
    if group.id.links.get_info(name.encode()).type != h5py.h5l.TYPE_HARD:
        raise ValueError(f"{what} is a link to elsewhere; allowed: what lies in the file itself")
    return group[name]


def _dataset_in(group: h5py.Group, name: str, shape: tuple[int | None, ...] | None) -> tuple[h5py.Dataset, str]:
    dataset, what = _own(group, name), f"{group.name.rstrip('/')}/{name}"
    if not isinstance(dataset, h5py.Dataset):
        raise ValueError(f"{what} is no data set")
    if shape is None:
        return dataset, what
    allowed = " x ".join("any" if length is None else str(length) for length in shape)
    if dataset.shape is None or len(dataset.shape) != len(shape):
        raise ValueError(f"{what} has shape {dataset.shape}; allowed: {len(shape)} dimensions, {allowed}")
    if any(length not in (None, there) for length, there in zip(shape, dataset.shape, strict=True)):
        raise ValueError(f"{what} has shape {dataset.shape}; allowed: {allowed}")
    return dataset, what
