"""The result table on disk: HDF5, one data set a column, raw counts kept."""

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
EXAMPLE_COLUMNS = {
    "transmitter": str,
    "attack": str,
    "timestep": np.int64,
    "receiver_snr_db": np.float64,
    "snr_db": np.float64,
}


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

    attributes: Mapping[str, str | int]
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


def empty_table(attributes: Mapping[str, str | int], originals: np.ndarray) -> ResultTable:
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
    with h5py.File(content, "w") as file:
        file.attrs["schema_version"] = SCHEMA_VERSION
        file.attrs["complete"] = table.complete
        for key, value in table.attributes.items():
            file.attrs[key] = value
        _write_columns(file.create_group("results"), table.rows, COLUMNS)
        by_step = file.create_group("by_step")
        by_step["correct"], by_step["total"] = table.by_step[:, 0], table.by_step[:, 1]
        examples = file.create_group("examples")
        _write_columns(examples, table.examples.index, EXAMPLE_COLUMNS)
        examples["originals"] = table.examples.originals
        examples["reconstructions"] = table.examples.reconstructions
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, content.getvalue())
    except OSError as error:
        raise InputError(f"result file {path}: cannot be written ({error.strerror or error})") from error


def read_table(path: str | Path) -> ResultTable:
    """Read a result file.

    Raises
    ------
    InputError
        If the file is missing, cut off, or not a result table of this schema version.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"result file {path}: no such file; `diffsem run` makes one")
    try:
        with h5py.File(path) as file:
            version = file.attrs.get("schema_version")
            if version != SCHEMA_VERSION:
                raise InputError(
                    f"result file {path}: schema version {version}; allowed: {SCHEMA_VERSION}, as `diffsem run` writes"
                )
            attributes = {key: _plain(file.attrs[key]) for key in file.attrs}
            complete = bool(attributes.pop("complete"))
            del attributes["schema_version"]
            examples = file["examples"]
            rows = _read_columns(file["results"], COLUMNS)
            by_step = np.zeros([len(rows), 2, STEP_BINS], np.int64)
            if "by_step" in file:
                by_step = np.stack([file["by_step/correct"][()], file["by_step/total"][()]], axis=1)
            return ResultTable(
                attributes,
                rows,
                by_step,
                Examples(
                    examples["originals"][()],
                    _read_columns(examples, EXAMPLE_COLUMNS),
                    examples["reconstructions"][()],
                ),
                complete,
            )
    except (OSError, KeyError, RuntimeError) as error:
        raise InputError(
            f"result file {path}: not a whole diffsem result table ({' '.join(str(error).split())[:120]}); "
            "restore it, or run again with --overwrite"
        ) from error


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


def _write_columns(group: h5py.Group, frame: pd.DataFrame, columns: Mapping[str, type]) -> None:
    for name, kind in columns.items():
        if kind is str:
            group.create_dataset(name, data=list(frame[name]), dtype=h5py.string_dtype("utf-8"), shape=(len(frame),))
        else:
            group.create_dataset(name, data=frame[name].to_numpy(kind))


def _read_columns(group: h5py.Group, columns: Mapping[str, type]) -> pd.DataFrame:
    count = len(group[next(iter(columns))])

    def values(name, kind):
        if name not in group and name in AS_TOTAL:
            return group["total"][()]
        if name not in group and name in ADDED:
            return [ADDED[name]] * count
        if name == "ceiling":
            # Rounding let older tables pass 1 by some 1e-14.
            return np.minimum(group[name][()], 1.0)
        return group[name].asstr()[()] if kind is str else group[name][()]

    return pd.DataFrame(
        {name: pd.Series(values(name, kind), dtype=object if kind is str else kind) for name, kind in columns.items()}
    )


def _plain(value):
    return value.item() if isinstance(value, np.generic) else value
