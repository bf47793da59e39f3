"""The difference of two accuracies, draw by draw where it is told which draws go together."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from diffsem.link import (
    Pairs,
    clustered_mcnemar,
    effective_pairs,
    gap_interval,
    mcnemar,
    paired_interval,
    pairs_of,
)


@dataclass(frozen=True)
class Difference:
    """Of the accuracies of two rows of result tables.

    Parameters
    ----------
    value, low, high : float
        Shares, with the 95% interval: Newcombe's method 10, or where rows are not paired that of independent shares.
    p : float
        Of McNemar's test, exact, or clustered where images were sent several times; NaN where rows are not paired.
    draws : int
    paired : bool
        Whether it is told which draws go together.
    """

    value: float
    low: float
    high: float
    p: float
    draws: int
    paired: bool


def difference_by_hits(
    first: Mapping[Any, Any], second: Mapping[Any, Any], hits: np.ndarray | None, others: np.ndarray | None
) -> Difference:
    """First less second, of two rows whose draws are of the same images in the same order.

    Parameters
    ----------
    first, second : mapping
        Rows of result tables.
    hits, others : [total] bool, optional
        Theirs; without either, or of different numbers of draws or images, the rows count as independent.
    """
    if hits is None or others is None or len(hits) != len(others) or first["images"] != second["images"]:
        return _of_independent(first, second)
    pairs, images = pairs_of(hits, others), int(first["images"])
    if pairs.total == images:
        return _of_pairs(pairs)
    low, high = paired_interval(pairs, effective_pairs(hits, others, images))
    return Difference(pairs.difference, low, high, clustered_mcnemar(hits, others, images), pairs.total, True)


def difference_by_both(receiver: Mapping[Any, Any], adversary: Mapping[Any, Any]) -> Difference:
    """A receiver less an attack on its transmitter, of whose row `both_correct` tells what both read right.

    The rows count as independent where images were sent several times, since counts alone do not tell which; where
    `both_correct` is unknown; and where it cannot be, beside the other counts.
    """
    both, total = int(adversary["both_correct"]), int(adversary["total"])
    alone, other = int(receiver["correct"]) - both, int(adversary["correct"]) - both
    neither = total - both - alone - other
    if total != receiver["total"] or total != receiver["images"] or min(both, alone, other, neither) < 0:
        return _of_independent(receiver, adversary)
    return _of_pairs(Pairs(both, alone, other, neither))


def _of_pairs(pairs: Pairs) -> Difference:
    return Difference(pairs.difference, *paired_interval(pairs), mcnemar(pairs), pairs.total, True)


def _of_independent(first: Mapping[Any, Any], second: Mapping[Any, Any]) -> Difference:
    counts = (first["correct"], first["total"], second["correct"], second["total"])
    low, high = gap_interval(*counts, first["effective_images"], second["effective_images"])
    draws = min(int(first["total"]), int(second["total"]))
    return Difference(first["accuracy"] - second["accuracy"], low, high, math.nan, draws, False)
