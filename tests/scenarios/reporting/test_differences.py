"""Differences of rows: which are paired, and which count as independent."""

import math

import numpy as np
import pytest

from diffsem.link import gap_interval, mcnemar, paired_interval, pairs_of
from diffsem.scenarios.reporting.differences import difference_by_both, difference_by_hits

INDEPENDENT = gap_interval(160, 200, 120, 200)


@pytest.fixture
def hits(rng):
    first = np.arange(200) < 160
    return first, np.where(first, np.arange(200) < 110, np.arange(200) >= 190)


def counts(hits, **others):
    total = len(hits)
    own = {"correct": int(hits.sum()), "total": total, "accuracy": hits.mean()}
    return own | {"images": total, "effective_images": float(total)} | others


def test_counts_of_both_say_what_hits_say(hits):
    first, second = hits
    by_hits = difference_by_hits(counts(first), counts(second), first, second)
    by_both = difference_by_both(counts(first), counts(second, both_correct=int((first & second).sum())))
    assert by_hits == by_both
    assert by_hits.paired
    assert (by_hits.low, by_hits.high) == paired_interval(pairs_of(first, second))
    assert by_hits.p == mcnemar(pairs_of(first, second))
    assert by_hits.high - by_hits.low < INDEPENDENT[1] - INDEPENDENT[0]


@pytest.mark.parametrize(
    "others",
    [
        {"both_correct": -1},
        # More than the receiver's own, or so few that all others do not fit in.
        {"both_correct": 170},
        {"both_correct": 60},
        {"both_correct": 110, "total": 210, "effective_images": 210.0},
    ],
)
def test_counts_that_do_not_tell_or_cannot_be_are_those_of_independent_runs(others, hits):
    first, second = hits
    found = difference_by_both(counts(first), counts(second) | others)
    assert not found.paired
    assert math.isnan(found.p)
    assert (found.low, found.high) == gap_interval(160, 200, 120, others.get("total", 200))


def test_images_that_were_sent_several_times_are_clusters_of_hits_and_not_paired_by_counts(hits):
    first, second = (np.repeat(each[None, 90:190:5], 10, axis=0).ravel() for each in hits)
    rows = [counts(each, images=20, effective_images=20.0) for each in (first, second)]
    assert not difference_by_both(rows[0], rows[1] | {"both_correct": int((first & second).sum())}).paired
    clustered, once = (difference_by_hits(*pair, first, second) for pair in (rows, [counts(first), counts(second)]))
    assert clustered.paired
    assert clustered.value == once.value
    assert clustered.high - clustered.low > 2 * (once.high - once.low)
    assert clustered.p > once.p


def test_hits_of_other_draws_are_not_paired(hits):
    first, second = hits
    assert not difference_by_hits(counts(first), counts(second), first, None).paired
    assert not difference_by_hits(counts(first), counts(second[:150]), first, second[:150]).paired
    assert not difference_by_hits(counts(first), counts(second, images=20), first, second).paired
