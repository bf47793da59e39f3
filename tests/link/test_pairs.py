"""Paired intervals and tests against simulation, closed forms and each other."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diffsem.link import (
    Pairs,
    clustered_mcnemar,
    effective_images,
    effective_pairs,
    gap_interval,
    holm,
    mcnemar,
    paired_interval,
    pairs_of,
)

COUNTS = st.integers(0, 400)


def draws(rng, runs, count, first, second, correlation):
    """[runs, 4] int: both, only first, only second and neither, of hits of such shares and correlation."""
    both = first * second + correlation * math.sqrt(first * (1 - first) * second * (1 - second))
    shares = [both, first - both, second - both, 1 - first - second + both]
    assert min(shares) >= 0
    return rng.multinomial(count, shares, runs)


@pytest.mark.parametrize("correlation", [0.0, 0.4, 0.8])
@pytest.mark.parametrize(("count", "first", "second"), [(200, 0.8, 0.78), (10_000, 0.81, 0.8)])
def test_the_paired_interval_holds_the_difference_in_95_of_100_cases(rng, correlation, count, first, second):
    found = [paired_interval(Pairs(*map(int, row))) for row in draws(rng, 1000, count, first, second, correlation)]
    covered = np.mean([low <= first - second <= high for low, high in found])
    assert 0.93 <= covered <= 0.97


def repeated(rng, images, passes, ahead):
    """Hits of two nodes on images sent several times: how hard an image is, both feel; the first is ahead by so much.

    Returns them with the mean difference over all images there could be.
    """
    hardness = rng.normal(0, 1.5, images)
    first, second = (1 / (1 + np.exp(-(1 + shift + hardness))) for shift in (ahead, 0.0))
    grid = np.linspace(-12, 12, 4001)
    density = np.exp(-((grid / 1.5) ** 2) / 2)
    both = [1 / (1 + np.exp(-(1 + shift + grid))) for shift in (ahead, 0.0)]
    expected = float(np.sum(density * (both[0] - both[1])) / density.sum())
    return rng.random((passes, images)) < first, rng.random((passes, images)) < second, expected


@pytest.mark.parametrize(("images", "passes", "ahead"), [(300, 10, 0.3), (100, 40, 1.5), (1000, 3, 0.0)])
def test_images_sent_several_times_are_clusters(rng, images, passes, ahead):
    covered, small = [], []
    for _ in range(600):
        first, second, expected = repeated(rng, images, passes, ahead)
        hits, others = first.ravel(), second.ravel()
        pairs = pairs_of(hits, others)
        low, high = paired_interval(pairs, effective_pairs(hits, others, images))
        covered.append(low <= expected <= high)
        small.append(clustered_mcnemar(hits, others, images) < 0.05)
    assert 0.93 <= np.mean(covered) <= 0.975
    if ahead == 0:
        assert 0.025 <= np.mean(small) <= 0.075


@given(st.lists(st.booleans(), min_size=2, max_size=60), st.randoms())
def test_images_sent_once_are_worth_themselves(first, source):
    hits, others = np.array(first), np.array([source.random() < 0.5 for _ in first])
    assert effective_pairs(hits, others, len(first)) == len(first)


def test_against_a_node_that_is_never_right_a_difference_is_worth_what_the_share_is(rng):
    hits = rng.random((8, 50)) < rng.random(50)
    alone = effective_images(hits.sum(axis=0), np.full(50, 8))
    assert effective_pairs(hits.ravel(), np.zeros(400, bool), 50) == pytest.approx(alone)


@given(COUNTS, COUNTS, COUNTS, COUNTS)
def test_the_interval_holds_its_difference_and_turns_round_with_the_nodes(both, first, second, neither):
    if both + first + second + neither == 0:
        return
    pairs = Pairs(both, first, second, neither)
    low, high = paired_interval(pairs)
    assert -1 - 1e-9 <= low <= pairs.difference + 1e-12
    assert pairs.difference - 1e-12 <= high <= 1 + 1e-9
    assert paired_interval(Pairs(both, second, first, neither)) == pytest.approx((-high, -low), abs=1e-12)
    assert 0 <= mcnemar(pairs) <= 1


def test_newcombes_own_examples():
    """Statistics in Medicine 17, 1998, table III: method 10 of (36, 12, 2, 0), (54, 0, 0, 0) and (0, 54, 0, 0)."""
    assert paired_interval(Pairs(36, 12, 2, 0)) == pytest.approx((0.0569, 0.3404), abs=2e-4)
    assert paired_interval(Pairs(54, 0, 0, 0)) == pytest.approx((-0.0664, 0.0664), abs=2e-4)
    assert paired_interval(Pairs(0, 54, 0, 0)) == pytest.approx((0.9061, 1.0), abs=2e-4)


def test_without_correlation_it_is_the_interval_of_independent_shares():
    # 480 * 80 = 320 * 120: no correlation.
    assert paired_interval(Pairs(480, 320, 120, 80)) == pytest.approx(gap_interval(800, 1000, 600, 1000), abs=1e-12)


@given(st.integers(0, 60), st.integers(0, 60))
def test_mcnemar_is_twice_the_tail_of_a_fair_coin(first, second):
    tail = sum(math.comb(first + second, k) for k in range(min(first, second) + 1)) / 2 ** (first + second)
    assert mcnemar(Pairs(5, first, second, 7)) == pytest.approx(min(1.0, 2 * tail))


@given(st.lists(st.booleans(), min_size=1, max_size=50), st.randoms())
def test_pairs_are_counted_draw_by_draw(first, source):
    second = [source.random() < 0.5 for _ in first]
    pairs = pairs_of(np.array(first), np.array(second))
    assert pairs.both == sum(a and b for a, b in zip(first, second, strict=True))
    assert pairs.both + pairs.only_first == sum(first)
    assert pairs.both + pairs.only_second == sum(second)
    assert pairs.total == len(first)


@pytest.mark.parametrize(("first", "second"), [([], []), ([True], [True, False])])
def test_draws_of_different_numbers_are_refused(first, second):
    with pytest.raises(ValueError, match="as many of both, one at least"):
        pairs_of(np.array(first, bool), np.array(second, bool))


@given(st.lists(st.floats(0, 1), min_size=1, max_size=9))
def test_holm_is_between_no_correction_and_bonferronis_and_keeps_the_order(p_values):
    corrected = holm(p_values)
    for p, more in zip(p_values, corrected, strict=True):
        assert p <= more <= min(1.0, p * len(p_values)) + 1e-12
    assert min(corrected) == pytest.approx(min(1.0, min(p_values) * len(p_values)))
    order = np.argsort(p_values, kind="stable")
    assert np.all(np.diff(np.asarray(corrected)[order]) >= 0)
