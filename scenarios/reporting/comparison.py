"""Receivers, or attacks, of a table against each other, draw by draw."""

from collections.abc import Sequence
from itertools import combinations

import pandas as pd

from diffsem.link import InputError, ResultTable, escaped, holm
from diffsem.scenarios.reporting.differences import Difference, difference_by_hits
from diffsem.scenarios.reporting.statistics import POINT, varying_axes

TOLD = ("difference", "difference_low", "difference_high", "p", "p_holm", "draws", "paired")


def compare(
    table: ResultTable,
    systems: Sequence[str] = (),
    node: str = "receiver",
    other: ResultTable | None = None,
) -> pd.DataFrame:
    """The difference of any two receivers, or any two attacks, at every point of a table; or of two tables.

    All nodes of a point hear the same images, sent with the same noise. What both of two read right, or wrong, tells
    nothing of their difference: its interval is narrower than that of independent runs. Tables of other runs have the
    images in common, if not the noise, and are paired by image.

    Parameters
    ----------
    table : ResultTable
    systems : sequence of str, optional
        Two names or more, several in one with commas between: the earlier minus the later. Default: every two of a
        point. With another table one name, or that of this table and that of the other; default: all that both have.
    node : "receiver" or "adversary"
        Of adversaries the names are ATTACK on TRANSMITTER.
    other : ResultTable, optional
        Whose systems are subtracted, at the points that both tables have.

    Returns
    -------
    pandas.DataFrame
        timestep, receiver_snr_db, the axes that vary, snr_db, first, second, difference (of their accuracies),
        difference_low and difference_high (95%, Newcombe's method 10), p (McNemar's exact test), p_holm (Holm's
        correction over the lines of a point), draws, and paired. Where images were sent several times, interval and
        test are clustered by image. Where it is not paired, a row of an older table does not tell its hits, or another
        table has other images, or not as many: the interval is that of independent shares, which is on the safe side,
        and p is NaN.

    Raises
    ------
    InputError
        If the table has no such system, or no such node; or both tables have no point in common.

    Examples
    --------
    >>> import diffsem
    >>> table = diffsem.read_table("notebooks/mnist-awgn.h5")
    >>> lines = diffsem.compare(table, ("diffsem", "noise-aware"))
    >>> line = lines.query("timestep == 240 and receiver_snr_db == 15").iloc[0]
    >>> line["first"], bool(line["paired"])
    ('diffsem', False)
    """
    tables = (table, table if other is None else other)
    here, there = (_rows_of(each, node) for each in tables)
    chosen = _chosen(systems, list(dict.fromkeys(here["name"])), list(dict.fromkeys(there["name"])), other is not None)
    axes = list(dict.fromkeys(name for rows in (here, there) for name in varying_axes(rows)))
    where = [*POINT, *axes]
    # Where the eavesdropper's SNR is an axis, a point has several of each.
    if any((rows.groupby([*where, "name"])["snr_db"].nunique() > 1).any() for rows in (here, there)):
        where.append("snr_db")
    known = dict(list(there.groupby(where)))
    lines = [
        line
        for place, rows in here.groupby(where, sort=False)
        if place in known
        for line in _at_point(tables, (rows, known[place]), chosen, [*POINT, *axes, "snr_db"])
    ]
    if other is not None and not lines:
        raise InputError("compare: both tables have nothing in common; allowed: equal t, SNR, axes and names")
    return pd.DataFrame(lines, columns=[*POINT, *axes, "snr_db", "first", "second", *TOLD])


def _rows_of(table: ResultTable, node: str) -> pd.DataFrame:
    """The rows of a node by their places in the table, with their names."""
    rows = table.rows.reset_index(drop=True)
    own = rows[(rows["node"] == node) & (rows["scored"] == "label")]
    if own.empty:
        raise InputError(f"compare: no {node} whose accuracy is told; allowed: a table with some")
    return own.assign(name=own["system"] if node == "receiver" else own["attack"] + " on " + own["transmitter"])


def _chosen(
    systems: Sequence[str], here: Sequence[str], there: Sequence[str], of_two_tables: bool
) -> list[tuple[str, str]]:
    known = sorted({*here, *there})
    asked = [part.strip() for name in systems for part in ([name] if name in known else name.split(","))]
    if unknown := sorted(set(asked) - set(known)):
        raise _not_allowed(f"{', '.join(map(escaped, unknown))} not in the table", f"two or more of {_listed(known)}")
    if not of_two_tables:
        if len(asked) == 1:
            raise _not_allowed("one alone", f"two or more of {_listed(known)}")
        return list(combinations(asked or here, 2))
    if not asked:
        return [(name, name) for name in here if name in there]
    first, *rest = asked
    second = rest[0] if rest else first
    if len(rest) > 1 or first not in here or second not in there:
        raise _not_allowed(
            ", ".join(map(escaped, asked)), f"one of {_listed(here)}; then, of the other table, one of {_listed(there)}"
        )
    return [(first, second)]


def _not_allowed(what: str, allowed: str) -> InputError:
    return InputError(f"compare: {what}; allowed: {allowed}")


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(escaped, sorted(names)))


def _at_point(
    tables: tuple[ResultTable, ResultTable],
    rows: tuple[pd.DataFrame, pd.DataFrame],
    chosen: Sequence[tuple[str, str]],
    where: Sequence[str],
) -> list[dict]:
    # Systems that share a transmitter share its attacks: each is there once.
    here, there = (
        {row["name"]: (place, row) for place, row in zip(each.index, each.to_dict("records"), strict=True)}
        for each in (part.drop_duplicates("name") for part in rows)
    )
    same_images = tables[0] is tables[1] or _same_images(*tables)
    lines = []
    for names in chosen:
        if names[0] in here and names[1] in there:
            (place, first), (other_place, second) = here[names[0]], there[names[1]]
            hits = tables[0].hits_of(place) if same_images else None
            difference = difference_by_hits(first, second, hits, tables[1].hits_of(other_place))
            told = {name: first[name] for name in where} | {"first": names[0], "second": names[1]}
            lines.append(told | _told(difference))
    tested = [line for line in lines if line["paired"]]
    for line, p in zip(tested, holm([line["p"] for line in tested]), strict=True):
        line["p_holm"] = p
    return lines


def _same_images(first: ResultTable, second: ResultTable) -> bool:
    told = [table.attributes.get("data_sha256") for table in (first, second)]
    return bool(told[0]) and told[0] == told[1]


def _told(difference: Difference) -> dict:
    return {
        "difference": difference.value,
        "difference_low": difference.low,
        "difference_high": difference.high,
        "p": difference.p,
        "p_holm": difference.p,
        "draws": difference.draws,
        "paired": difference.paired,
    }
