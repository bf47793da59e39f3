"""Where labels stand so that none is printed over another."""

from collections.abc import Sequence

import numpy as np


def spread(wanted: Sequence[float] | np.ndarray, gap: float, low: float, high: float) -> np.ndarray:
    """Positions on a line, `gap` apart at least and within limits, as near to those wanted as can be.

    The least squares of the distances, by pooling neighbours that are too close: the order is kept. Where there is no
    room for all, they are evenly spread around the middle, beyond the limits.

    Parameters
    ----------
    wanted : sequence of float or numpy.ndarray
        (n,), in any order.
    gap, low, high : float
        In the same unit.

    Returns
    -------
    numpy.ndarray
        (n,)
    """
    order = np.argsort(wanted, kind="stable")
    # Less the gaps below them, positions need only ascend.
    steps = gap * np.arange(len(wanted))
    pools: list[list[float]] = []  # mean, count
    for value in np.asarray(wanted, float)[order] - steps:
        pools.append([value, 1])
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            mean, count = pools.pop()
            other, more = pools[-1]
            pools[-1] = [(mean * count + other * more) / (count + more), count + more]
    placed = np.repeat([mean for mean, _ in pools], [int(count) for _, count in pools])
    top = high - (steps[-1] if len(steps) else 0)
    placed = np.clip(placed, low, top) if top >= low else np.full(len(placed), (low + top) / 2)
    positions = np.empty(len(wanted))
    positions[order] = placed + steps
    return positions


def first_free(places: np.ndarray, taken: np.ndarray, limits: np.ndarray) -> int | None:
    """The first of some boxes that lies within limits and on none that is taken; None: there is none.

    Parameters
    ----------
    places, taken : numpy.ndarray
        (n, 4): left, bottom, right, top.
    limits : numpy.ndarray
        (4,)
    """
    for number, box in enumerate(places):
        inside = (box[:2] >= limits[:2]).all() and (box[2:] <= limits[2:]).all()
        free = (taken[:, :2] >= box[2:]).any(axis=1) | (taken[:, 2:] <= box[:2]).any(axis=1)
        if inside and free.all():
            return number
    return None
