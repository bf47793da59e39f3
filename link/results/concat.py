"""The rows of several runs in one frame."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from diffsem.link.errors import InputError
from diffsem.link.results.table import ResultTable
from diffsem.link.results.table_file import read_table


def concat(
    tables: Sequence[str | Path | pd.DataFrame | ResultTable] | Mapping[str, pd.DataFrame | ResultTable],
) -> pd.DataFrame:
    """Rows of several runs, one below another, with a first column `scenario` that tells whose they are.

    Several runs may have the same systems at the same points. What sets receivers against adversaries is asked of each
    run by itself: `{name: diffsem.leakage(run) for name, run in rows.groupby("scenario")}`.

    Parameters
    ----------
    tables : sequence of str, Path, pandas.DataFrame or ResultTable, or mapping of str to the last two
        Result files; or rows, as `read_results` and `run_scenario` give them; or tables. The keys of a mapping are
        taken as names.

    Returns
    -------
    pandas.DataFrame
        The name of a run is that of its scenario; where several have the same one, it is followed by the stem of the
        file, or else by the place in the list: "mnist-awgn (second)". `DataFrame.attrs` has under "runs" the attributes
        of each run by its name.

    Raises
    ------
    InputError
        If a file cannot be read, there is nothing to put together, or rows are of several runs already.

    Examples
    --------
    >>> import diffsem
    >>> rows = diffsem.concat(["notebooks/channels/simo.h5", "notebooks/channels/mimo.h5"])
    >>> sorted(set(rows["scenario"]))
    ['mnist-mimo', 'mnist-simo']
    """
    if not len(tables):
        raise InputError("concat: no tables; allowed: one or more")
    if isinstance(tables, Mapping):
        frames = [_rows(table) for table in tables.values()]
        names = [str(name) for name in tables]
    else:
        frames = [_rows(table) for table in tables]
        names = _names(list(tables), frames)
    if any("scenario" in frame for frame in frames):
        raise InputError("concat: rows that are put together already; allowed: those of one run each")
    runs = {name: dict(frame.attrs) for name, frame in zip(names, frames, strict=True)}
    labelled = []
    for name, frame in zip(names, frames, strict=True):
        own = frame.copy()
        # Those of several runs differ: pandas would compare them, array by array.
        own.attrs = {}
        own.insert(0, "scenario", pd.Series([name] * len(own), index=own.index, dtype=object))
        labelled.append(own)
    there = [frame for frame in labelled if len(frame)] or labelled[:1]
    whole = pd.concat(there, ignore_index=True)
    whole.attrs["runs"] = runs
    return whole


def _rows(table: str | Path | pd.DataFrame | ResultTable) -> pd.DataFrame:
    if isinstance(table, pd.DataFrame):
        return table
    return (table if isinstance(table, ResultTable) else read_table(table)).rows_with_attributes()


def _names(tables: Sequence, frames: Sequence[pd.DataFrame]) -> list[str]:
    """A name for each run, none of them twice."""
    said = [_name_in(str(frame.attrs.get("scenario", ""))) for frame in frames]
    names: list[str] = []
    for place, (name, table) in enumerate(zip(said, tables, strict=True)):
        if said.count(name) > 1 or not name:
            stem = Path(table).stem if isinstance(table, str | Path) else str(place + 1)
            name = f"{name} ({stem})" if name else stem
        while name in names:
            name = f"{name} ({place + 1})"
        names.append(name)
    return names


def _name_in(scenario: str) -> str:
    """The name that a scenario's YAML begins with; "" if there is none."""
    for line in scenario.splitlines():
        key, _, value = line.partition(":")
        if key == "name":
            return value.strip().strip("'\"")
    return ""
