"""Result tables in files: one HDF5 data set a column, written whole or not at all, checked when they are read."""

import io
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pandas as pd

from diffsem.link.errors import InputError
from diffsem.link.files import replace_file
from diffsem.link.hits import hits_are_known
from diffsem.link.results.columns import ADDED, AS_TOTAL, COLUMNS, EXAMPLE_COLUMNS, RESULT_COLUMNS, STEP_BINS, declared
from diffsem.link.results.journal import journal_of, read_journal
from diffsem.link.results.plain_hdf5 import Content, opened
from diffsem.link.results.result_file import (
    HEADER,
    attribute_in,
    group_in,
    has_checksum,
    holds,
    numbers_in,
    plain_attributes,
    read_whole,
    sealed,
    texts_in,
    write_columns,
    write_numbers,
)
from diffsem.link.results.result_probe import probe
from diffsem.link.results.table import Examples, ResultTable

SCHEMA_VERSION = 1
# Root attributes besides those of the file itself; one that an older or newer table lacks or adds does not matter.
ATTRIBUTES = {
    "scenario": str,
    "seed": int,
    "versions": str,
    "mixed_versions": str,
    "environment": str,
    "pretrained_networks": str,
    "weights_sha256": str,
    "data_sha256": str,
    "traces_sha256": str,
    "street": str,
    "classes": int,
    "created": str,
    "command": str,
    "wall_seconds": float,
}
# Every data set of a file that is read.
READ = (*COLUMNS, *EXAMPLE_COLUMNS, "hits", "originals", "reconstructions")


def write_table(path: Path, table: ResultTable) -> None:
    """Replace the file at `path` by the table: whole or not at all, whatever happens in between.

    Raises
    ------
    InputError
        If the folder cannot be made or the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from diffsem.link import empty_table, read_table, write_table
    >>> empty = empty_table({"scenario": "name: mine"}, np.zeros([2, 28, 28, 1], np.uint8))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_table(Path(folder) / "new" / "table.h5", empty)
    ...     table = read_table(Path(folder) / "new" / "table.h5")
    >>> table.attributes["scenario"], table.complete, len(table.rows)
    ('name: mine', False, 0)
    """
    # In memory first: the HDF5 library does not survive a disk that fills up half-way.
    content = io.BytesIO()
    with h5py.File(content, "w", userblock_size=HEADER) as file:
        file.attrs["schema_version"] = SCHEMA_VERSION
        file.attrs["complete"] = table.complete
        # Sorted: equal tables are equal files.
        for key, value in sorted(table.attributes.items()):
            file.attrs[key] = value
        write_columns(file.create_group("results"), table.rows, RESULT_COLUMNS)
        by_step = file.create_group("by_step")
        for name, values in _steps_to_write(table.by_step).items():
            write_numbers(by_step, name, values)
        if table.hits.size:
            write_numbers(file.create_group("draws"), "hits", table.hits)
        examples = file.create_group("examples")
        write_columns(examples, table.examples.index, declared(EXAMPLE_COLUMNS))
        examples["originals"] = table.examples.originals
        write_numbers(examples, "reconstructions", table.examples.reconstructions)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, sealed(content.getvalue()))
    except OSError as error:
        raise InputError(f"result file {path}: cannot be written ({error.strerror or error})") from error


def read_table(path: str | Path) -> ResultTable:
    """Read a result file, after its checksum and everything in it have been checked.

    A file from before there was a checksum is read too. Columns and attributes of a later version are left out.

    Raises
    ------
    InputError
        If the file is missing, its bytes are not those that were written, or it is not a result table of this schema
        version; one line that says what is wrong, where, and what is allowed.

    Examples
    --------
    >>> import diffsem
    >>> table = diffsem.read_table("notebooks/mnist-awgn.h5")
    >>> sorted(table.attributes)
    ['environment', 'scenario', 'seed', 'versions', 'weights_sha256']
    """
    path = Path(path)
    content = read_whole(path)
    with told(path, content):
        if not has_checksum(content):
            probe(content, READ)
        with opened(content) as file:
            table = _table_in(file, Content(content))
    return _with_journal(path, table)


@contextmanager
def told(path: Path, content: bytes) -> Iterator[None]:
    """Whatever is wrong with the bytes of a result file, as one line; as InputError."""
    try:
        yield
    except ValueError as error:
        remedy = "run again with --overwrite" if has_checksum(content) else "delete it and run again"
        raise InputError(f"result file {path}: not a valid result table: {error}; restore it, or {remedy}") from error


def _with_journal(path: Path, table: ResultTable) -> ResultTable:
    """The table with those points that were done since it was written."""
    from diffsem.link.results.result_rules import check_examples, check_rows

    results, seconds = read_journal(path, table.attributes)
    if not results:
        return table
    there = table.points()
    new = list({result.key: result for result in results if result.key not in there}.values())
    if not new:
        return table
    try:
        grown = table.with_points(new)
        check_rows(grown.rows)
        check_examples(grown.examples.index)
    except ValueError as error:
        raise InputError(f"journal {journal_of(path)}: {error}; delete it and run again") from error
    return replace(grown, attributes={**table.attributes, "wall_seconds": seconds})


def _steps_to_write(by_step: np.ndarray) -> dict[str, np.ndarray]:
    """Counts of all bins or, where those are fewer numbers, of those that are not zero, and where they stand."""
    row, place = np.nonzero(by_step.sum(axis=1))
    counts = {"correct": by_step[:, 0], "total": by_step[:, 1]}
    if 2 * len(row) >= by_step[:, 0].size:
        return counts
    return {"row": row, "bin": place, **{name: values[row, place] for name, values in counts.items()}}


def _steps_in(group: h5py.Group, content: Content, rows: int) -> np.ndarray:
    by_step = np.zeros([rows, 2, STEP_BINS], np.int64)
    sparse = holds(group, "row")
    if sparse:
        row, place = (numbers_in(group, name, content, np.int64, (None,)) for name in ("row", "bin"))
        if len(row) != len(place) or not _all_within(row, rows) or not _all_within(place, STEP_BINS):
            raise ValueError(f"/by_step: allowed: as many bins as rows, each below {STEP_BINS} and {rows}")
    shape = (len(row),) if sparse else (rows, STEP_BINS)
    correct, total = (numbers_in(group, name, content, np.int64, shape) for name in ("correct", "total"))
    if (correct < 0).any() or (correct > total).any():
        raise ValueError("/by_step: allowed: 0 <= correct <= total in every bin")
    if sparse:
        by_step[row, 0, place], by_step[row, 1, place] = correct, total
    else:
        by_step[:, 0], by_step[:, 1] = correct, total
    return by_step


def _hits_in(file: h5py.File, content: Content, rows: pd.DataFrame) -> np.ndarray:
    if not holds(file, "draws"):
        return np.zeros([0, 0], np.uint8)
    hits = numbers_in(group_in(file, "draws"), "hits", content, np.uint8, (len(rows), None))
    hits_are_known(hits, rows["correct"].to_numpy(), rows["total"].to_numpy())
    return hits


def _all_within(places: np.ndarray, length: int) -> bool:
    return bool(((places >= 0) & (places < length)).all())


def _table_in(file: h5py.File, content: Content) -> ResultTable:
    attributes, complete = head_in(file)
    rows = rows_in(file, content, attributes, COLUMNS)
    if holds(file, "by_step"):
        by_step = _steps_in(group_in(file, "by_step"), content, len(rows))
    else:
        by_step = np.zeros([len(rows), 2, STEP_BINS], np.int64)
    examples = _examples_in(group_in(file, "examples"), content, attributes)
    return ResultTable(attributes, rows, by_step, examples, complete, _hits_in(file, content, rows))


def head_in(file: h5py.File) -> tuple[dict[str, str | int | float], bool]:
    """The attributes of a file, and whether its table is complete. Raises ValueError."""
    version = attribute_in(file, "schema_version", int)
    if version != SCHEMA_VERSION:
        raise ValueError(f"schema version {version}; allowed: {SCHEMA_VERSION}, as `diffsem run` writes")
    complete = attribute_in(file, "complete", bool)
    if complete is None:
        raise ValueError("attribute complete is missing")
    return _attributes_in(file), complete is True


def rows_in(
    file: h5py.File, content: Content, attributes: Mapping[str, str | int | float], columns: Iterable[str]
) -> pd.DataFrame:
    """Some columns of all rows, checked. Raises ValueError."""
    # pandera takes as long to load as all else here together; only those who read need it.
    from diffsem.link.results.result_rules import check_rows

    # The first says how many rows there are, and so what is said in the place of columns that are not there.
    wanted = {"system", "total", *columns}
    group, kinds = group_in(file, "results"), {name: kind for name, kind in COLUMNS.items() if name in wanted}
    rows = _columns_in(group, kinds, content, _added(attributes))
    check_rows(rows)
    return rows


def _attributes_in(file: h5py.File) -> dict[str, str | int | float]:
    from diffsem.link.results.result_rules import check_attributes

    found = {name: attribute_in(file, name, kind) for name, kind in ATTRIBUTES.items()}
    known = {name: value for name, value in found.items() if value is not None}
    if "scenario" not in known:
        raise ValueError("attribute scenario is missing")
    check_attributes(known)
    return known | plain_attributes(file, set(file.attrs) - {"schema_version", "complete", *known})


def _added(attributes: Mapping[str, str | int | float]) -> dict[str, str | float]:
    """What an older table says in the place of columns; the seed it tells in an attribute."""
    return ADDED | {name: attributes[name] for name in ("seed",) if name in attributes}


def _columns_in(
    group: h5py.Group, columns: Mapping[str, type], content: Content, added: Mapping[str, str | float]
) -> pd.DataFrame:
    length: int | None = None
    frame: dict[str, pd.Series] = {}
    for name, kind in columns.items():
        if holds(group, name) or name not in (*added, *AS_TOTAL):
            values = (
                texts_in(group, name, content, length)
                if kind is str
                else numbers_in(group, name, content, kind, (length,))
            )
            length = len(values)
        elif name in AS_TOTAL:
            values = frame["total"].to_numpy()
        else:
            values = np.array([added[name]] * (length or 0), object)
        if name == "ceiling" and holds(group, name):
            # Rounding let older tables pass 1 by some 1e-14.
            values = np.where(np.less(1, values) & np.less(values, 1 + 1e-9), 1.0, values)
        frame[name] = pd.Series(values, dtype=object if kind is str else kind)
    return pd.DataFrame(frame)


def _examples_in(group: h5py.Group, content: Content, attributes: Mapping[str, str | int | float]) -> Examples:
    from diffsem.link.results.result_rules import check_examples

    index = _columns_in(group, EXAMPLE_COLUMNS, content, _added(attributes))
    check_examples(index)
    originals = numbers_in(group, "originals", content, np.uint8, (None,) * 4)
    if 0 in originals.shape[1:3] or originals.shape[3] not in (1, 3):
        raise ValueError(f"/examples/originals has shape {originals.shape}; allowed: images of 1 or 3 colours")
    shape = (len(index), *originals.shape)
    return Examples(originals, index, numbers_in(group, "reconstructions", content, np.uint8, shape))
