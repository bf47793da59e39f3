"""The result table: one row a point and a node, raw counts kept; in a file, one HDF5 data set a column."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import h5py
import numpy as np
import pandas as pd

from diffsem.link.errors import InputError
from diffsem.link.files import replace_file
from diffsem.link.plain_hdf5 import Content, opened
from diffsem.link.result_file import (
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
)
from diffsem.link.result_probe import probe

if TYPE_CHECKING:  # reading a table must not load TensorFlow
    from diffsem.link.monte_carlo import PointResult

SCHEMA_VERSION = 1

COLUMNS = {
    "system": str,
    "node": str,
    "attack": str,
    "transmitter": str,
    "channel": str,
    "snr_db": np.float64,
    "receiver_snr_db": np.float64,
    "timestep": np.int64,
    "esnr_db": np.float64,
    "signal_power": np.float64,
    "noise_step": np.int64,
    "matched_step": np.float64,
    "ceiling": np.float64,
    "correct": np.int64,
    "total": np.int64,
    "accuracy": np.float64,
    "ci_low": np.float64,
    "ci_high": np.float64,
    "images": np.int64,
    "effective_images": np.float64,
    "both_correct": np.int64,
    "clean_judge_correct": np.float64,
    "clean_judge_accuracy": np.float64,
    "worst_class": np.int64,
    "worst_class_correct": np.int64,
    "worst_class_total": np.int64,
    "worst_class_accuracy": np.float64,
    "psnr_db": np.float64,
    "ssim": np.float64,
    "denoiser_calls": np.float64,
    "channel_uses": np.int64,
    "looks": np.int64,
    "knows_step": np.bool_,
    "surrogate": str,
    "training_images": np.int64,
    "training_epochs": np.int64,
    "warning": str,
    "stop_reason": str,
    "scored": str,
    "bits": np.int64,
    "bit_errors": np.int64,
    "squared_bit_errors": np.int64,
    "ber": np.float64,
    "ber_low": np.float64,
    "ber_high": np.float64,
    "blocks": np.int64,
    "block_errors": np.int64,
    "bler": np.float64,
    "bler_low": np.float64,
    "bler_high": np.float64,
}
# What a table written before these columns were there says in their place.
ADDED = {
    "signal_power": np.nan,
    "ceiling": np.nan,
    "both_correct": -1,
    "clean_judge_correct": np.nan,
    "clean_judge_accuracy": np.nan,
    "worst_class": -1,
    "worst_class_correct": 0,
    "worst_class_total": 0,
    "worst_class_accuracy": np.nan,
    "channel_uses": 0,
    "looks": 1,
    "knows_step": True,
    "surrogate": "",
    "training_images": 0,
    "training_epochs": 0,
    "warning": "",
    "scored": "label",
    "bits": 0,
    "bit_errors": 0,
    "squared_bit_errors": 0,
    "ber": np.nan,
    "ber_low": np.nan,
    "ber_high": np.nan,
    "blocks": 0,
    "block_errors": 0,
    "bler": np.nan,
    "bler_low": np.nan,
    "bler_high": np.nan,
}
# In an older table every image was sent once.
AS_TOTAL = ("images", "effective_images")
# Those of the digital links; other rows have what `ADDED` says.
ERROR_RATES = list(COLUMNS)[list(COLUMNS).index("scored") :]
# Images are also counted by the step t' at which they stood: 0 to 9, 10 to 19, ... and 500.
STEPS_A_BIN = 10
STEP_BINS = 51
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
    "classes": int,
}
EXAMPLE_COLUMNS = {
    "transmitter": str,
    "attack": str,
    "timestep": np.int64,
    "receiver_snr_db": np.float64,
    "snr_db": np.float64,
}
# Every data set of a file that is read.
READ = (*COLUMNS, *EXAMPLE_COLUMNS, "originals", "reconstructions")


@dataclass(frozen=True)
class Examples:
    """Some originals and what attacks made of them.

    Parameters
    ----------
    originals : [n, height, width, channels], uint8
    index : pandas.DataFrame
        M rows: transmitter, attack, timestep, receiver_snr_db, snr_db.
    reconstructions : [M, n, height, width, channels], uint8
    """

    originals: np.ndarray
    index: pd.DataFrame
    reconstructions: np.ndarray


@dataclass(frozen=True)
class ResultTable:
    """A result file in memory.

    Parameters
    ----------
    attributes : mapping of str to str
        scenario (resolved YAML), seed, versions, environment and weights_sha256 (JSON).
    rows : pandas.DataFrame
        One row a point and a node.
    by_step : [rows, 2, STEP_BINS], int64
        Correct and all images of each row, by the step t' at which they stood; zeros where that is not known.
    examples : Examples
    complete : bool
        Whether every point of the scenario is there.
    """

    attributes: Mapping[str, str | int | float]
    rows: pd.DataFrame
    by_step: np.ndarray
    examples: Examples
    complete: bool = False

    def completed(self) -> "ResultTable":
        """The table, marked as holding every point."""
        return replace(self, complete=True)

    def with_point(self, result: "PointResult") -> "ResultTable":
        """The table with one more point, in the order of the sweep whichever point was done first."""
        rows, order = _merge(self.rows, _frame(result.rows, COLUMNS))
        grown = replace(self, rows=rows, by_step=np.concatenate([self.by_step, result.by_step])[order])
        if not result.examples:
            return grown
        index, order = _merge(self.examples.index, _frame(result.examples, EXAMPLE_COLUMNS))
        images = np.stack([np.rint(example["images"] * 255).astype(np.uint8) for example in result.examples])
        reconstructions = np.concatenate([self.examples.reconstructions, images])[order]
        return replace(grown, examples=replace(self.examples, index=index, reconstructions=reconstructions))


def empty_table(attributes: Mapping[str, str | int | float], originals: np.ndarray) -> ResultTable:
    """A table without rows; `originals` are the images [n, height, width, channels] uint8 that examples start from."""
    examples = Examples(originals, _frame([], EXAMPLE_COLUMNS), np.zeros((0, *originals.shape), np.uint8))
    return ResultTable(attributes, _frame([], COLUMNS), np.zeros([0, 2, STEP_BINS], np.int64), examples)


def write_table(path: Path, table: ResultTable) -> None:
    """Replace the file at `path` by the table: whole or not at all, whatever happens in between.

    Raises
    ------
    InputError
        If the folder cannot be made or the file cannot be written.
    """
    # In memory first: the HDF5 library does not survive a disk that fills up half-way.
    content = io.BytesIO()
    with h5py.File(content, "w", userblock_size=HEADER) as file:
        file.attrs["schema_version"] = SCHEMA_VERSION
        file.attrs["complete"] = table.complete
        # Sorted: equal tables are equal files.
        for key, value in sorted(table.attributes.items()):
            file.attrs[key] = value
        write_columns(file.create_group("results"), table.rows, COLUMNS)
        by_step = file.create_group("by_step")
        by_step["correct"], by_step["total"] = table.by_step[:, 0], table.by_step[:, 1]
        examples = file.create_group("examples")
        write_columns(examples, table.examples.index, EXAMPLE_COLUMNS)
        examples["originals"] = table.examples.originals
        examples["reconstructions"] = table.examples.reconstructions
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
    """
    path = Path(path)
    content = read_whole(path)
    try:
        if not has_checksum(content):
            probe(content, READ)
        with opened(content) as file:
            return _table_in(file, Content(content))
    except ValueError as error:
        remedy = "run again with --overwrite" if has_checksum(content) else "delete it and run again"
        raise InputError(f"result file {path}: not a valid result table: {error}; restore it, or {remedy}") from error


def _table_in(file: h5py.File, content: Content) -> ResultTable:
    # pandera takes as long to load as all else here together; only those who read need it.
    from diffsem.link.result_rules import check_rows

    version = attribute_in(file, "schema_version", int)
    if version != SCHEMA_VERSION:
        raise ValueError(f"schema version {version}; allowed: {SCHEMA_VERSION}, as `diffsem run` writes")
    complete = attribute_in(file, "complete", bool)
    if complete is None:
        raise ValueError("attribute complete is missing")
    attributes = _attributes_in(file)
    rows = _columns_in(group_in(file, "results"), COLUMNS, content)
    check_rows(rows)
    by_step = np.zeros([len(rows), 2, STEP_BINS], np.int64)
    if holds(file, "by_step"):
        for place, name in enumerate(("correct", "total")):
            by_step[:, place] = numbers_in(group_in(file, "by_step"), name, content, np.int64, (len(rows), STEP_BINS))
        if (by_step < 0).any() or (by_step[:, 0] > by_step[:, 1]).any():
            raise ValueError("/by_step: allowed: 0 <= correct <= total in every bin")
    return ResultTable(attributes, rows, by_step, _examples_in(group_in(file, "examples"), content), complete is True)


def read_results(path: str | Path) -> pd.DataFrame:
    """Read the rows of a result file, one a point and a node.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    pandas.DataFrame
        The columns of `COLUMNS`, those of `ADDED` filled in if an older file lacks them; the file's attributes in
        `DataFrame.attrs`.

    Raises
    ------
    InputError
        If the file is missing, cut off, or not a result table.
    """
    table = read_table(path)
    rows = table.rows
    rows.attrs.update(table.attributes, complete=table.complete)
    return rows


def _merge(frame: pd.DataFrame, more: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray]:
    """Both, sorted by the sweep's axes; and the order [N] that sorts them."""
    both = pd.concat([frame, more] if len(frame) else [more], ignore_index=True)
    both = both.sort_values(["timestep", "receiver_snr_db"], kind="stable")
    return both.reset_index(drop=True), both.index.to_numpy()


def _frame(rows: Sequence[Mapping], columns: Mapping[str, type]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            name: pd.Series([row[name] for row in rows], dtype=object if kind is str else kind)
            for name, kind in columns.items()
        }
    )


def _attributes_in(file: h5py.File) -> dict[str, str | int | float]:
    from diffsem.link.result_rules import check_attributes

    known = {name: value for name, kind in ATTRIBUTES.items() if (value := attribute_in(file, name, kind)) is not None}
    if "scenario" not in known:
        raise ValueError("attribute scenario is missing")
    check_attributes(known)
    return known | plain_attributes(file, set(file.attrs) - {"schema_version", "complete", *known})


def _columns_in(group: h5py.Group, columns: Mapping[str, type], content: Content) -> pd.DataFrame:
    length: int | None = None
    frame: dict[str, pd.Series] = {}
    for name, kind in columns.items():
        if holds(group, name) or name not in (*ADDED, *AS_TOTAL):
            values = (
                texts_in(group, name, content, length)
                if kind is str
                else numbers_in(group, name, content, kind, (length,))
            )
            length = len(values)
        elif name in AS_TOTAL:
            values = frame["total"].to_numpy()
        else:
            values = np.array([ADDED[name]] * (length or 0), object)
        if name == "ceiling" and holds(group, name):
            # Rounding let older tables pass 1 by some 1e-14.
            values = np.where(np.less(1, values) & np.less(values, 1 + 1e-9), 1.0, values)
        frame[name] = pd.Series(values, dtype=object if kind is str else kind)
    return pd.DataFrame(frame)


def _examples_in(group: h5py.Group, content: Content) -> Examples:
    from diffsem.link.result_rules import check_examples

    index = _columns_in(group, EXAMPLE_COLUMNS, content)
    check_examples(index)
    originals = numbers_in(group, "originals", content, np.uint8, (None,) * 4)
    if 0 in originals.shape[1:3] or originals.shape[3] not in (1, 3):
        raise ValueError(f"/examples/originals has shape {originals.shape}; allowed: images of 1 or 3 colours")
    shape = (len(index), *originals.shape)
    return Examples(originals, index, numbers_in(group, "reconstructions", content, np.uint8, shape))
