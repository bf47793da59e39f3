"""Rows of a result table by system and by point of the sweep: what `--systems` and `--at` keep."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from diffsem.link import InputError, ResultTable, escaped
from diffsem.scenarios.reporting.statistics import POINT

# What a sweep may vary besides; a column that a table lacks, or that does not vary in it, is no axis of it.
AXES = ("looks", "seed", "receive_antennas", "denoising_steps")
NAMES = {"t": "timestep", "snr": "receiver_snr_db", "eavesdropper_snr": "snr_db"}


def swept(rows: pd.DataFrame, axes: Sequence[str] = AXES) -> list[str]:
    """Those of the columns `axes` that vary among the rows of one node, in their order."""
    return [axis for axis in axes if axis in rows and (rows.groupby("node")[axis].nunique() > 1).any()]


def select(rows: pd.DataFrame, systems: Sequence[str] = (), at: str = "", axes: Sequence[str] = AXES) -> pd.DataFrame:
    """The rows of some systems at some points, with their index and attributes.

    Parameters
    ----------
    rows : pandas.DataFrame
        A result table.
    systems : sequence of str
        Names, several in one with commas between; none: all.
    at : str
        `NAME=VALUE`, several with commas between: t, snr (of the receiver, dB), eavesdropper_snr (dB), or a swept
        column by its name. Of a node in whose rows a column does not vary, as the receiver's looks, those rows stay
        whose point the other node's have.
    axes : sequence of str
        The columns that a sweep may vary besides.

    Raises
    ------
    InputError
        If a name or a value is not one of the table's; the line lists those.
    """
    chosen = _at(rows, at, axes)
    return chosen[chosen["system"].isin(_systems(rows, systems))] if systems else chosen


def select_table(table: ResultTable, systems: Sequence[str] = (), at: str = "") -> ResultTable:
    """The rows of some systems at some points as `select` picks them, with their counts by step and their examples."""
    if not systems and not at:
        return table
    rows = select(table.rows, systems, at)
    kept = table.rows.index.get_indexer(rows.index)
    heard = ["transmitter", "attack", *POINT, "snr_db"]
    examples = table.examples
    shown = pd.MultiIndex.from_frame(examples.index[heard]).isin(pd.MultiIndex.from_frame(rows[heard]))
    index = examples.index[shown].reset_index(drop=True)
    examples = replace(examples, index=index, reconstructions=examples.reconstructions[shown])
    return replace(table, rows=rows.reset_index(drop=True), by_step=table.by_step[kept], examples=examples)


def _systems(rows: pd.DataFrame, names: Sequence[str]) -> list[str]:
    known = list(dict.fromkeys(rows["system"]))
    # A name from outside may hold a comma itself.
    wanted = [part.strip() for name in names for part in ([name] if name in known else name.split(","))]
    for name in wanted:
        if name not in known:
            raise InputError(f"--systems: '{escaped(name)}' is not in the table; allowed: {_listed(known)}")
    return wanted


def _at(rows: pd.DataFrame, at: str, axes: Sequence[str]) -> pd.DataFrame:
    names = _names(rows, axes)
    given: set[str] = set()
    chosen = rows
    for part in filter(None, (part.strip() for part in at.split(","))):
        name, _, text = (word.strip() for word in part.partition("="))
        if name not in names:
            raise InputError(f"--at: '{escaped(name)}' is not an axis of the table; allowed: {_listed(names)}")
        if name in given:
            raise InputError(f"--at: {name} is given twice; give each axis once")
        given.add(name)
        own = rows["node"].isin(_own_nodes(rows, names[name])).loc[chosen.index]
        here = own & _equal(rows, name, names[name], text).loc[chosen.index]
        there = pd.MultiIndex.from_frame(chosen.loc[here, POINT])
        chosen = chosen[here | ~own & pd.MultiIndex.from_frame(chosen[POINT]).isin(there)]
    if given and chosen.empty:
        raise InputError(f"--at: no row of the table is at {escaped(at)}, though each of the values is in it")
    return chosen


def _names(rows: pd.DataFrame, axes: Sequence[str]) -> dict[str, str]:
    """What `--at` may name, with its column."""
    heard = (rows["node"] == "adversary").any()
    names = {name: column for name, column in NAMES.items() if heard or name != "eavesdropper_snr"}
    return names | {axis: axis for axis in swept(rows, axes)}


def _own_nodes(rows: pd.DataFrame, column: str) -> list[str]:
    """The nodes whose rows the value of an axis tells apart."""
    if column == NAMES["eavesdropper_snr"]:
        return ["adversary"]
    if column in POINT:
        return sorted(set(rows["node"]))
    counts = rows.groupby("node")[column].nunique()
    return list(counts.index[counts > 1])


def _equal(rows: pd.DataFrame, name: str, column: str, text: str) -> pd.Series:
    values = rows.loc[rows["node"].isin(_own_nodes(rows, column)), column]
    if pd.api.types.is_numeric_dtype(values):
        try:
            equal = pd.Series(np.isclose(values.astype(float), float(text), rtol=1e-9), values.index)
        except ValueError:
            equal = pd.Series(False, values.index)
    else:
        equal = values == text
    if not equal.any():
        words = [f"{value:g}" if isinstance(value, float) else str(value) for value in sorted(set(values))]
        raise InputError(f"--at: {name}={escaped(text)} is not in the table; allowed: {_listed(words)}")
    return equal.reindex(rows.index, fill_value=False)


def _listed(names: Sequence[str] | dict[str, str]) -> str:
    return ", ".join(escaped(name) for name in names) or "none"
