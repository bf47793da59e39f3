"""Counts of a node."""

import numpy as np

from diffsem.link.monte_carlo.tally import Tally


def test_the_worst_class_is_the_one_with_the_lowest_share():
    tally = Tally()
    tally.add(np.array([True, True, False]), np.array([0, 2, 2]))
    tally.add(np.array([False, True, True, True]), np.array([3, 3, 3, 0]))
    assert tally.worst_class() == (2, 1, 2)
    tally.add(np.array([True] * 5), np.array([2] * 5))
    assert tally.worst_class() == (3, 2, 3)
    assert (tally.correct, tally.total) == (10, 12)
