"""The result table: one row a point and a node, raw counts kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from diffsem.link.hits import hits_are_known, stacked_hits
from diffsem.link.results.columns import ADDED, COLUMNS, EXAMPLE_COLUMNS, POINT_COLUMNS, STEP_BINS
from diffsem.link.results.point import PointResult, as_pixels


@dataclass(frozen=True)
class Examples:
    """Some originals and what attacks made of them.

    Parameters
    ----------
    originals : [n, height, width, channels], uint8
    index : pandas.DataFrame
        M rows: transmitter, attack, timestep, receiver_snr_db, snr_db.
    reconstructions : [M, n, height, width, channels], uint8

    Examples
    --------
    Ten digits, as every attack made them at every point of its table.

    >>> import diffsem
    >>> examples = diffsem.read_table("notebooks/mnist-awgn.h5").examples
    >>> examples.reconstructions.shape == (len(examples.index), *examples.originals.shape)
    True
    >>> examples.originals.shape
    (10, 28, 28, 1)
    """

    originals: np.ndarray
    index: pd.DataFrame
    reconstructions: np.ndarray


@dataclass(frozen=True)
class ResultTable:
    """A result file in memory.

    Parameters
    ----------
    attributes : mapping of str to str, int or float
        scenario (resolved YAML); seed, of one that has a single one; versions and environment (JSON); weights_sha256,
        data_sha256; created (ISO 8601 in UTC), command (as it was typed) and wall_seconds, which are the run's own:
        two runs of one scenario differ in these three alone.
    rows : pandas.DataFrame
        One row a point and a node.
    by_step : [rows, 2, STEP_BINS], int64
        Correct and all images of each row, by the step t' at which they stood; zeros where that is not known.
    examples : Examples
    complete : bool
        Whether every point of the scenario is there.
    hits : [rows, bytes], uint8
        Whether each draw of each row was read right, a bit each (`packed_hits`); none of rows that do not tell.

    Examples
    --------
    >>> import diffsem
    >>> table = diffsem.read_table("notebooks/mnist-awgn.h5")
    >>> table.complete, len(table.rows), table.examples.originals.shape
    (True, 630, (10, 28, 28, 1))
    """

    attributes: Mapping[str, str | int | float]
    rows: pd.DataFrame
    by_step: np.ndarray
    examples: Examples
    complete: bool = False
    hits: np.ndarray = field(default_factory=lambda: np.zeros([0, 0], np.uint8))

    def __post_init__(self) -> None:
        if self.hits.size and len(self.hits) != len(self.rows):
            raise ValueError(f"hits of {len(self.hits)} rows; allowed: of {len(self.rows)}, as `of_rows` takes them")

    def hits_of(self, row: int) -> np.ndarray | None:
        """[total] bool: whether a row read each of its draws right; None if it does not tell.

        Rows of a point have their draws in common, in the same order.
        """
        packed, own = self._all_hits()[row : row + 1], self.rows.iloc[row : row + 1]
        correct, total = own["correct"].to_numpy(), own["total"].to_numpy()
        if own["scored"].iloc[0] == "block" or not hits_are_known(packed, correct, total)[0]:
            return None
        return np.unpackbits(packed[0], count=int(total[0])).astype(bool)

    def _all_hits(self) -> np.ndarray:
        return self.hits if self.hits.size else np.zeros([len(self.rows), 0], np.uint8)

    def of_rows(self, kept: np.ndarray | slice, rows: pd.DataFrame) -> "ResultTable":
        """The table with some of its rows alone, by places, [rows] bool or a slice; `rows` is what they become."""
        return replace(self, rows=rows, by_step=self.by_step[kept], hits=self._all_hits()[kept])

    def rows_with_attributes(self) -> pd.DataFrame:
        """The rows, with all that the table says of them in `DataFrame.attrs`."""
        self.rows.attrs.update(self.attributes, complete=self.complete)
        return self.rows

    def completed(self) -> "ResultTable":
        """The table, marked as holding every point."""
        return replace(self, complete=True)

    def points(self) -> set[tuple]:
        """Of each point that it has, the values of `POINT_COLUMNS`."""
        return set(self.rows[POINT_COLUMNS].drop_duplicates().itertuples(index=False, name=None))

    def with_point(self, result: PointResult) -> "ResultTable":
        """The table with one more point."""
        return self.with_points([result])

    def with_points(self, results: Sequence[PointResult]) -> "ResultTable":
        """The table with more points, in the order of the sweep whichever was done first."""
        rows, order = _merge(self.rows, _frame([row for result in results for row in result.rows], COLUMNS))
        by_step = np.concatenate([self.by_step, *(result.by_step for result in results)])[order]
        hits = stacked_hits(
            [self._all_hits(), *(result.hits for result in results)],
            [len(self.rows), *(len(result.rows) for result in results)],
        )[order]
        grown = replace(self, rows=rows, by_step=by_step, hits=hits)
        examples = [example for result in results for example in result.examples]
        if not examples:
            return grown
        index, order = _merge(self.examples.index, _frame(examples, EXAMPLE_COLUMNS))
        images = np.stack([as_pixels(example["images"]) for example in examples])
        reconstructions = np.concatenate([self.examples.reconstructions, images])[order]
        return replace(grown, examples=replace(self.examples, index=index, reconstructions=reconstructions))


def empty_table(attributes: Mapping[str, str | int | float], originals: np.ndarray) -> ResultTable:
    """A table without rows; `originals` are the images [n, height, width, channels] uint8 that examples start from.

    Examples
    --------
    >>> import numpy as np
    >>> from diffsem.link import COLUMNS, empty_table
    >>> table = empty_table({"scenario": "name: mine"}, np.zeros([2, 28, 28, 1], np.uint8))
    >>> table.rows.shape == (0, len(COLUMNS)), table.examples.reconstructions.shape
    (True, (0, 2, 28, 28, 1))
    """
    examples = Examples(originals, _frame([], EXAMPLE_COLUMNS), np.zeros((0, *originals.shape), np.uint8))
    return ResultTable(attributes, _frame([], COLUMNS), np.zeros([0, 2, STEP_BINS], np.int64), examples)


def _merge(frame: pd.DataFrame, more: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray]:
    """Both, sorted by the sweep's axes; and the order [N] that sorts them."""
    both = pd.concat([frame, more] if len(frame) else [more], ignore_index=True)
    both = both.sort_values(POINT_COLUMNS, kind="stable")
    return both.reset_index(drop=True), both.index.to_numpy()


def _frame(rows: Sequence[Mapping], columns: Mapping[str, type]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            name: pd.Series([_value(row, name) for row in rows], dtype=object if kind is str else kind)
            for name, kind in columns.items()
        }
    )


def _value(row: Mapping, name: str):
    """What a row says; of a column that older rows lack, what `ADDED` says."""
    return row[name] if name in row or name not in ADDED else ADDED[name]
