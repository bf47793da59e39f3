"""Bits against closed forms, quadrature and resampling."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import log_softmax
from scipy.stats import bootstrap, entropy, norm
from scipy.stats import t as student_t

from diffsem.link import TEMPERATURES, entropy_bits, leaked_bits, mean_bits, min_entropy_leakage


def by_temperature(logits, labels):
    """[N, T] surprisal of the right label in bits, temperature by temperature."""
    each = [-log_softmax(logits / temperature, axis=1)[np.arange(len(labels)), labels] for temperature in TEMPERATURES]
    return np.stack(each, axis=1) / math.log(2)


def gaussian(rng, count, amplitude, scale=1.0):
    """A label sent as +-amplitude in unit noise, read by one who knows both and is `scale` times as sure as right."""
    labels = rng.integers(0, 2, count)
    heard = amplitude * (2 * labels - 1) + rng.standard_normal(count)
    logits = scale * np.stack([-amplitude * heard, amplitude * heard], axis=1)
    return by_temperature(logits, labels), labels


def information_of_a_binary_label(amplitude):
    """Closed but for an integral: 1 - E[log2(1 + exp(-2 a (a + n)))]."""

    def integrand(noise):
        return norm.pdf(noise) * np.logaddexp(0, -2 * amplitude * (amplitude + noise)) / math.log(2)

    return 1 - quad(integrand, -10, 10)[0]


@pytest.mark.parametrize(
    ("amplitude", "scale"),
    [
        pytest.param(amplitude, scale, marks=() if (amplitude, scale) in [(0.7, 1.0), (2.0, 4.0)] else pytest.mark.slow)
        for amplitude in (0.1, 0.7, 2.0)
        for scale in (1.0, 0.3, 4.0)
    ],
)
def test_of_gaussian_noise_it_is_the_closed_form_within_its_interval_however_sure_the_attack(rng, amplitude, scale):
    expected, covered, arms = information_of_a_binary_label(amplitude), [], []
    for _ in range(200):
        bits = leaked_bits(*gaussian(rng, 4000, amplitude, scale), images=4000)
        arms.append(bits.high - bits.value)
        # Temperatures are half an octave apart: a little of the bound may be lost between two.
        covered.append(bits.low <= expected <= bits.high + 0.02 * expected)
    assert np.mean(covered) > 0.9
    assert np.mean(arms) < 0.05


def test_without_calibration_an_attack_that_is_too_sure_would_tell_less(rng):
    surprisal, labels = gaussian(rng, 4000, 0.7, scale=6.0)
    sure = 1 - surprisal[:, TEMPERATURES.index(1.0)].mean()
    assert sure < 0.5 * information_of_a_binary_label(0.7)
    assert leaked_bits(surprisal, labels, 4000).value > 0.9 * information_of_a_binary_label(0.7)


@given(st.integers(2, 60), st.integers(1, 9), st.integers(0, 2**32))
def test_it_is_never_more_than_the_label_holds(images, classes, seed):
    rng = np.random.default_rng(seed)
    labels, surprisal = rng.integers(0, classes, images), rng.exponential(1, (images, len(TEMPERATURES)))
    bits, share = leaked_bits(surprisal, labels, images), np.bincount(labels) / images
    entropy = -sum(p * math.log2(p) for p in share if p)
    assert bits.low <= bits.value + 1e-9
    assert bits.value <= bits.high + 1e-9
    assert bits.high <= entropy + 1e-9 <= math.log2(classes) + 1e-6 + (classes == 1)


def test_who_says_nothing_knows_nothing(rng):
    labels = rng.integers(0, 10, 5000)
    bits = leaked_bits(by_temperature(np.zeros([5000, 10]), labels), labels, 5000)
    assert bits.value == pytest.approx(0, abs=0.005)
    assert bits.value <= 0


def test_the_interval_is_that_of_resampled_images(rng):
    surprisal, labels = gaussian(rng, 3000, 0.7)
    bits = leaked_bits(surprisal, labels, 3000)
    known = 1 - surprisal[:, TEMPERATURES.index(1.0)]
    resampled = bootstrap((known,), np.mean, n_resamples=2000, rng=rng).confidence_interval
    assert bits.high - bits.low == pytest.approx(resampled.high - resampled.low, rel=0.15)


def test_draws_of_one_image_are_one_sample(rng):
    surprisal, labels = gaussian(rng, 200, 0.7)
    once = leaked_bits(surprisal, labels, 200)
    often = leaked_bits(np.tile(surprisal, [10, 1]), np.tile(labels, 10), 200)
    assert often.value == pytest.approx(once.value)
    assert often.high - often.low == pytest.approx(once.high - once.low, rel=0.01)


def test_one_image_tells_no_interval():
    bits = leaked_bits(np.ones([1, len(TEMPERATURES)]), np.array([0]), 1)
    assert (bits.value, bits.low) == (-1.0, -math.inf)


def test_guessing_leaks_nothing_in_one_try_and_knowing_leaks_all():
    assert min_entropy_leakage(0.1, 0.1) == 0
    assert min_entropy_leakage(1.0, 1 / 8) == 3


@given(st.lists(st.integers(-1000, 1000), min_size=2, max_size=50))
def test_a_mean_and_its_interval_come_from_two_sums(values):
    told = mean_bits(sum(values), sum(value**2 for value in values), len(values))
    low, high = student_t.interval(0.95, len(values) - 1, np.mean(values), np.std(values, ddof=1) / len(values) ** 0.5)
    if len(set(values)) > 1:
        assert [told.value, told.low, told.high] == pytest.approx([np.mean(values), low, high], rel=1e-4, abs=1e-2)


@given(st.lists(st.integers(0, 50), min_size=1, max_size=12).filter(any))
def test_entropy_is_that_of_scipy(counts):
    assert entropy_bits(np.array(counts)) == pytest.approx(entropy(counts, base=2), abs=1e-12)
