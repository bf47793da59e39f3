"""Rows of a result table by system and by point of the sweep: what `--systems` and `--at` keep."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from diffsem.link import InputError, ResultTable, escaped
from diffsem.scenarios.reporting.axes import NAMES, swept_columns
from diffsem.scenarios.reporting.statistics import POINT, WHOLE_POINT

COLUMNS = {"t": "timestep", "snr": "receiver_snr_db", "eavesdropper_snr": "snr_db"}


def select(rows: pd.DataFrame, systems: Sequence[str] = (), at: str = "") -> pd.DataFrame:
    """The rows of some systems at some points, with their index and attributes.

    Parameters
    ----------
    rows : pandas.DataFrame
        A result table.
    systems : sequence of str
        Names, several in one with commas between; none: all.
    at : str
        `NAME=VALUE`, several with commas between: t, snr (of the receiver, dB), eavesdropper_snr (dB), or a swept
        column by its name or, where no other is called so, its short one: seed, steps, tx, rx, everx, looks. Of a node
        in whose rows a column does not vary, as the receiver's own looks, those rows stay whose point the other
        node's have.

    Raises
    ------
    InputError
        If a name or a value is not one of the table's; the line lists those.
    """
    chosen = _at(rows, at)
    if not systems:
        return chosen
    names = _systems(rows, systems)
    found = chosen[chosen["system"].isin(names)]
    if found.empty:
        there = _listed(_names_in(chosen))
        raise InputError(f"--systems: {_listed(names)} is not in the table at {escaped(at)}; allowed there: {there}")
    return found


def settings(rows: pd.DataFrame) -> Iterator[tuple[dict[str, object], pd.DataFrame]]:
    """Each combination of the values of the swept columns that is in the table, with its rows.

    Rows of a node in whose rows a column does not vary are in each setting at whose points the other node's are; where
    several tables were put together, rows that are the same in all columns count once.
    """
    names = swept_columns(rows)
    parts: list[tuple[dict[str, object], pd.DataFrame]] = [({}, rows.drop_duplicates() if names else rows)]
    for name in names:
        own = rows["node"].isin(_own_nodes(rows, name))
        parts = [
            (values | {name: value}, _kept(part, own, own & (rows[name] == value)))
            for values, part in parts
            for value in sorted(set(part.loc[own.loc[part.index], name]))
        ]
    yield from parts


def select_table(table: ResultTable, systems: Sequence[str] = (), at: str = "") -> ResultTable:
    """The rows of some systems at some points as `select` picks them, with their counts by step and their examples."""
    if not systems and not at:
        return table
    rows = select(table.rows, systems, at)
    kept = table.rows.index.get_indexer(rows.index)
    heard = ["transmitter", "attack", *WHOLE_POINT, "snr_db"]
    examples = table.examples
    shown = pd.MultiIndex.from_frame(examples.index[heard]).isin(pd.MultiIndex.from_frame(rows[heard]))
    index = examples.index[shown].reset_index(drop=True)
    examples = replace(examples, index=index, reconstructions=examples.reconstructions[shown])
    return replace(table.of_rows(kept, rows.reset_index(drop=True)), examples=examples)


def _systems(rows: pd.DataFrame, names: Sequence[str]) -> list[str]:
    known = _names_in(rows)
    # A name from outside may hold a comma itself.
    wanted = [part.strip() for name in names for part in ([name] if name in known else name.split(","))]
    for name in wanted:
        if name not in known:
            raise InputError(f"--systems: '{escaped(name)}' is not in the table; allowed: {_listed(known)}")
    return wanted


def _names_in(rows: pd.DataFrame) -> list[str]:
    return list(dict.fromkeys(rows["system"]))


def _at(rows: pd.DataFrame, at: str) -> pd.DataFrame:
    names = _names(rows)
    given: set[str] = set()
    chosen = rows
    for part in filter(None, (part.strip() for part in at.split(","))):
        name, _, text = (word.strip() for word in part.partition("="))
        if name not in names:
            raise InputError(f"--at: '{escaped(name)}' is not an axis of the table; allowed: {_listed(names)}")
        if names[name] in given:
            raise InputError(f"--at: {name} is given twice; give each axis once")
        given.add(names[name])
        own = rows["node"].isin(_own_nodes(rows, names[name]))
        chosen = _kept(chosen, own, _equal(rows, name, names[name], text))
    if given and chosen.empty:
        raise InputError(f"--at: no row of the table is at {escaped(at)}, though each of the values is in it")
    return chosen


def _kept(chosen: pd.DataFrame, own: pd.Series, here: pd.Series) -> pd.DataFrame:
    """Of the chosen rows those that are here, and those of other nodes than the axis' own that are at their points."""
    own, here = own.loc[chosen.index], here.loc[chosen.index]
    there = pd.MultiIndex.from_frame(chosen.loc[here, WHOLE_POINT])
    return chosen[here | ~own & pd.MultiIndex.from_frame(chosen[WHOLE_POINT]).isin(there)]


def _names(rows: pd.DataFrame) -> dict[str, str]:
    """What `--at` may name, with its column."""
    heard = (rows["node"] == "adversary").any()
    names = {name: column for name, column in COLUMNS.items() if heard or name != "eavesdropper_snr"}
    columns = swept_columns(rows)
    # A column's own name comes before another's short one.
    return (
        names
        | {column: column for column in columns}
        | {NAMES[column].short: column for column in columns if NAMES[column].short not in columns}
    )


def _own_nodes(rows: pd.DataFrame, column: str) -> list[str]:
    """The nodes whose rows the value of an axis tells apart."""
    if column == COLUMNS["eavesdropper_snr"]:
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
