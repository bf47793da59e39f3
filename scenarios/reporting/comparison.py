"""Receivers, or attacks, of a table against each other, draw by draw."""

import math
from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from diffsem.link import InputError, Pairs, ResultTable, escaped, gap_interval, holm, mcnemar, paired_interval, pairs_of
from diffsem.scenarios.reporting.statistics import POINT, WHOLE_POINT, varying_axes

TOLD = ("difference", "difference_low", "difference_high", "p", "p_holm", "draws", "paired")


def compare(table: ResultTable, systems: Sequence[str] = (), node: str = "receiver") -> pd.DataFrame:
    """The difference of any two receivers, or any two attacks, at every point of a table.

    All nodes of a point hear the same images, sent with the same noise. What both of two read right, or wrong, tells
    nothing of their difference: its interval is narrower than that of independent runs.

    Parameters
    ----------
    table : ResultTable
    systems : sequence of str, optional
        Two names or more, several in one with commas between: the earlier minus the later. Default: every two of a
        point.
    node : "receiver" or "adversary"
        Of adversaries the names are ATTACK on TRANSMITTER.

    Returns
    -------
    pandas.DataFrame
        timestep, receiver_snr_db, the axes that vary, snr_db, first, second, difference (of their accuracies),
        difference_low and difference_high (95%, Newcombe's method 10), p (McNemar's exact test), p_holm (Holm's
        correction over the lines of a point), draws, and paired. Where it is not, a row of an older table does not tell
        its hits, or draws of the same image are not independent: the interval is that of independent shares, which is
        on the safe side, and p is NaN.

    Raises
    ------
    InputError
        If the table has no such system, or no such node.

    Examples
    --------
    >>> import diffsem
    >>> table = diffsem.read_table("notebooks/mnist-awgn.h5")
    >>> lines = diffsem.compare(table, ("diffsem", "noise-aware"))
    >>> line = lines.query("timestep == 240 and receiver_snr_db == 15").iloc[0]
    >>> line["first"], bool(line["paired"])
    ('diffsem', False)
    """
    rows = table.rows
    own = rows[(rows["node"] == node) & (rows["scored"] == "label")]
    if own.empty:
        raise InputError(f"compare: no {node} whose accuracy is told; allowed: a table with some")
    names = own["system"] if node == "receiver" else own["attack"] + " on " + own["transmitter"]
    known = sorted(set(names))
    systems = [part.strip() for name in systems for part in ([name] if name in known else name.split(","))]
    if (unknown := sorted(set(systems) - set(known))) or len(systems) == 1:
        wrong = f"{', '.join(map(escaped, unknown))} not in the table" if unknown else "one alone"
        raise InputError(f"compare: {wrong}; allowed: two or more of {', '.join(map(escaped, known))}")
    points = own.assign(name=names).groupby([*WHOLE_POINT, "snr_db"], sort=False)
    lines = [line for _, point in points for line in _at_point(table, point.drop_duplicates("name"), systems)]
    return pd.DataFrame(lines, columns=[*POINT, *varying_axes(rows), "snr_db", "first", "second", *TOLD])


def _at_point(table: ResultTable, rows: pd.DataFrame, systems: Sequence[str]) -> list[dict]:
    lines = list(_differences(table, rows, systems))
    tested = [line for line in lines if line["paired"]]
    for line, p in zip(tested, holm([line["p"] for line in tested]), strict=True):
        line["p_holm"] = p
    return lines


def _differences(table: ResultTable, rows: pd.DataFrame, systems: Sequence[str]) -> Iterator[dict]:
    known = {row["name"]: (place, row) for place, row in zip(rows.index, rows.to_dict("records"), strict=True)}
    for names in combinations([name for name in systems or known if name in known], 2):
        (place, first), (other_place, second) = (known[name] for name in names)
        line = {name: first[name] for name in [*WHOLE_POINT, "snr_db"]} | {"first": names[0], "second": names[1]}
        pairs = _pairs(first, second, table.hits_of(place), table.hits_of(other_place))
        yield line | {"difference": first["accuracy"] - second["accuracy"]} | _interval(first, second, pairs)


def _pairs(first: dict, second: dict, hits: np.ndarray | None, others: np.ndarray | None) -> Pairs | None:
    """None where it is not told which draws go together, or those of one image do."""
    repeated = any(row["total"] > row["images"] for row in (first, second))
    return None if repeated or hits is None or others is None or len(hits) != len(others) else pairs_of(hits, others)


def _interval(first: dict, second: dict, pairs: Pairs | None) -> dict:
    if pairs is None:
        counts = (first["correct"], first["total"], second["correct"], second["total"])
        low, high = gap_interval(*counts, first["effective_images"], second["effective_images"])
        p, draws = math.nan, min(first["total"], second["total"])
    else:
        (low, high), p, draws = paired_interval(pairs), mcnemar(pairs), pairs.total
    ends = {"difference_low": low, "difference_high": high}
    return ends | {"p": p, "p_holm": p, "draws": draws, "paired": pairs is not None}
