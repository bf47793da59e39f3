"""Features whose symbols are not all as noisy, and the step at which they stand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diffsem.link import NoisyFeature, at_step
from diffsem.models import NoiseSchedule

SCHEDULE = NoiseSchedule()


def noisy(feature, signal, noise, rng):
    noise = np.broadcast_to(noise, feature.shape).astype(np.float32)
    values = np.sqrt(signal) * feature + np.sqrt(noise) * rng.standard_normal(feature.shape)
    return NoisyFeature(values.astype(np.float32), np.full(len(feature), signal, np.float32), noise)


def alpha_bar(step):
    return np.asarray(SCHEDULE.alpha_bar_at(step))


@given(st.floats(0.05, 1.0), st.floats(1e-3, 20.0))
def test_with_the_same_noise_on_every_symbol_both_rules_agree_and_nothing_is_weighted(signal, noise):
    heard = noisy(np.ones((2, 4, 4, 1), np.float32), signal, noise, np.random.default_rng(0))
    results = [at_step(heard, np.array([100, 100]), SCHEDULE, rule) for rule in ("matched", "mean")]
    (received, step), (other, other_step) = results
    np.testing.assert_allclose(received, other, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(step, other_step, atol=0.05)
    np.testing.assert_allclose(received, heard.values / np.sqrt(signal + noise), rtol=1e-4)


@pytest.mark.parametrize("spread", [0.0, 1.0, 3.0])
def test_a_matched_feature_has_power_and_correlation_of_its_step(spread, rng, unit_features):
    feature = unit_features(4000)
    noise = np.exp(spread * rng.standard_normal((1, 8, 8, 1)))
    received, step = at_step(noisy(feature, 0.6, noise, rng), np.zeros(4000, int), SCHEDULE, "matched")
    received = np.asarray(received)
    assert np.ptp(step) == 0
    assert (received**2).mean() == pytest.approx(1, rel=0.01)
    assert (received * feature).mean() == pytest.approx(np.sqrt(alpha_bar(step)[0]), rel=0.01)


def test_weights_are_those_of_the_linear_mmse_estimate(rng, unit_features):
    feature = unit_features(3000)
    noise = np.exp(2 * rng.standard_normal((1, 8, 8, 1)))
    heard = noisy(feature, 0.6, noise, rng)
    received, step = (np.asarray(value) for value in at_step(heard, np.zeros(3000, int), SCHEDULE, "matched"))
    # Regressed symbol by symbol, on the samples themselves.
    slope = (heard.values * feature).mean(axis=0) / (heard.values**2).mean(axis=0)
    np.testing.assert_allclose(
        received.std(axis=0) / heard.values.std(axis=0) * np.sqrt(alpha_bar(step)[0]), slope, atol=0.06
    )


def test_a_symbol_that_is_lost_counts_for_nothing_and_the_rest_stand_nearly_as_without_it(rng, unit_features):
    feature = unit_features(100)
    noise = np.full((1, 8, 8, 1), 0.1)
    noise[0, 0, 0] = 1e12
    heard = noisy(feature, 1.0, noise, rng)
    received, step = (np.asarray(value) for value in at_step(heard, np.zeros(100, int), SCHEDULE, "matched"))
    assert np.abs(received[:, 0, 0]).max() < 1e-3
    _, mean_step = at_step(heard, np.zeros(100, int), SCHEDULE, "mean")
    assert step[0] < 110 < 490 < float(mean_step[0])


def test_the_papers_receiver_takes_the_transmitters_word_for_it(rng, unit_features):
    heard = noisy(unit_features(3), 0.5, 7.0, rng)
    received, step = at_step(heard, np.array([0, 240, 500]), SCHEDULE, "transmitter")
    assert received is heard.values
    np.testing.assert_array_equal(step, [0, 240, 500])
