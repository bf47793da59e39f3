"""Budgets of differential privacy against their definition, by numerical integration."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import laplace, norm

from diffsem.link import gaussian_budget, laplace_budget

SHARES = st.floats(1e-4, 0.6)
SYMBOLS = st.integers(1, 128)


@given(SHARES, SYMBOLS, st.sampled_from([1e-3, 1e-5, 1e-8]))
def test_a_gaussian_budget_is_what_two_features_at_the_largest_distance_allow(share, symbols, delta):
    epsilon = gaussian_budget(share, symbols, delta)
    distance = 2 * math.sqrt(symbols * share / (1 - share))
    if not 0 < epsilon < 30:
        return
    # sup over sets S of P(S) - e^epsilon Q(S), along the line that joins the two: the integral of the positive part.
    ends = distance / 2 + np.array([-12, 12])
    crossing = distance / 2 + epsilon / distance

    def above(place):
        return norm.pdf(place, distance) - math.exp(epsilon) * norm.pdf(place)

    found, _ = quad(above, crossing, max(ends[1], distance + 12), limit=200)
    assert found == pytest.approx(delta, rel=1e-3)


@given(SHARES, st.integers(1, 8))
def test_a_laplace_budget_is_the_largest_ratio_of_densities(share, symbols):
    # Features along a diagonal are as far apart in L1 as two of unit power can be.
    one = math.sqrt(share) * np.ones(symbols)
    scale = math.sqrt((1 - share) / 2)
    heard = 5 * one
    ratio = (laplace.logpdf(heard, one, scale) - laplace.logpdf(heard, -one, scale)).sum()
    assert ratio == pytest.approx(laplace_budget(share, symbols), rel=1e-9)


@given(SHARES, SYMBOLS)
def test_more_noise_makes_budgets_smaller(share, symbols):
    assert gaussian_budget(share / 2, symbols) <= gaussian_budget(share, symbols)
    assert laplace_budget(share / 2, symbols) < laplace_budget(share, symbols)


def test_without_noise_there_is_no_budget_and_without_a_signal_none_is_spent():
    for budget in (gaussian_budget, laplace_budget):
        assert budget(1.0, 64) == math.inf
        assert budget(0.0, 64) == 0
    # Of noise that lets two features be told apart for sure.
    assert gaussian_budget(0.999, 64) == math.inf
