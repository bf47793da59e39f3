import math

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diffsem.channels import BlockFadingChannel
from diffsem.link import NoisyFeature, Reception, Seeds, Transmitter, WiretapLink, at_step, combine_looks
from diffsem.models import NoiseSchedule, mnist

SCHEDULE = NoiseSchedule()
STEPS = st.lists(st.floats(1, 490), min_size=2, max_size=6)


def signal_to_noise(step):
    """NumPy's own interpolation of the schedule, in log((1 - abar) / abar) as the receiver's."""
    return np.exp(-np.interp(step, np.arange(501), SCHEDULE.log_noise_to_signal))


def looks_of(feature, steps, rng):
    """Looks at steps of the schedule, each of unit power."""
    looks = []
    for ratio in signal_to_noise(np.array(steps)).astype(np.float32):
        noise = rng.standard_normal(feature.shape).astype(np.float32)
        values = np.sqrt(ratio / (1 + ratio)) * feature + np.sqrt(1 / (1 + ratio)) * noise
        signal = np.full(len(feature), ratio / (1 + ratio), np.float32)
        looks.append(NoisyFeature(values, signal, np.full(feature.shape, 1 / (1 + ratio), np.float32)))
    return looks


@given(STEPS)
def test_signal_to_noise_ratios_of_looks_add_up(steps):
    feature = np.zeros((1, 4, 4, 1), np.float32)
    combined = combine_looks(looks_of(feature, steps, np.random.default_rng(0)))
    total = signal_to_noise(np.array(steps)).sum()
    np.testing.assert_allclose(np.asarray(combined.signal)[0] / np.asarray(combined.noise), total, rtol=1e-3)


@pytest.mark.parametrize("steps", [(240,) * 4, (60, 240, 400)])
def test_combined_looks_have_the_noise_that_they_say(steps, rng, unit_features):
    feature = unit_features(4000)
    combined = combine_looks(looks_of(feature, steps, rng))
    noise = np.asarray(combined.values) - feature
    assert noise.var() == pytest.approx(float(np.asarray(combined.noise).mean()), rel=0.01)
    assert abs((noise * feature).mean()) < 0.01


def test_each_symbol_is_combined_by_its_own_noise(rng, unit_features):
    """Two looks, each clear where the other one drowns: together they are clear everywhere."""
    feature = unit_features(500)
    clear = np.arange(64).reshape(8, 8, 1) < 32
    looks = []
    for place in (clear, ~clear):
        noise = np.broadcast_to(np.where(place, 0.01, 100.0), feature.shape).astype(np.float32)
        values = feature + np.sqrt(noise) * rng.standard_normal(feature.shape).astype(np.float32)
        looks.append(NoisyFeature(values, np.ones(500, np.float32), noise))
    combined = combine_looks(looks)
    np.testing.assert_allclose(combined.noise, 0.01, rtol=1e-3)
    assert (np.asarray(combined.values) - feature).var() == pytest.approx(0.01, rel=0.05)


@pytest.mark.parametrize("without_noise", [(0,), (1, 2), (0, 1, 2)])
@pytest.mark.parametrize("rounded", [0.0, -6e-8])
def test_looks_whose_noise_is_rounded_away_give_the_feature(without_noise, rounded, rng, unit_features):
    feature = unit_features(20)
    looks = looks_of(feature, (60, 120, 240), rng)
    for place in without_noise:
        signal = looks[place].signal
        values = np.sqrt(signal)[:, None, None, None] * feature
        looks[place] = NoisyFeature(values, signal, np.full(feature.shape, rounded, np.float32))
    combined = combine_looks(looks)
    np.testing.assert_allclose(combined.values, feature, atol=1e-5)
    assert (np.asarray(combined.noise) > 0).all()
    assert np.isfinite(combined.esnr()).all()
    received, step = at_step(combined, np.zeros(20, int), SCHEDULE, "matched")
    np.testing.assert_allclose(received, feature, atol=1e-4)
    np.testing.assert_allclose(step, 0, atol=0.1)


def test_a_single_look_is_left_as_it_is(rng, unit_features):
    (look,) = looks_of(unit_features(3), [100], rng)
    assert combine_looks([look]) is look


def link():
    keras.utils.set_random_seed(1)
    awgn = Reception(BlockFadingChannel(math.inf), SCHEDULE)
    return WiretapLink(Transmitter(mnist.Encoder(), SCHEDULE), awgn, awgn)


def transmit(looks, images, step=184):
    seeds = Seeds.unpack(range(len(Seeds.roles(looks))))
    whole = np.ones(len(images))
    return link().transmit(images, step * whole, 15 * whole, [15 * whole], seeds)


def test_ten_looks_are_worth_ten_decibels_and_the_receiver_has_one(rng):
    images = rng.random((64, 28, 28, 1), np.float32)
    receiver, (once,), _ = transmit(1, images)
    same, (often,), _ = transmit(10, images)
    np.testing.assert_array_equal(receiver.received, same.received)
    gained = 10 * np.log10(signal_to_noise(often.step.numpy()) / signal_to_noise(once.step.numpy()))
    np.testing.assert_allclose(gained, 10, atol=0.01)
    assert float(often.step[0]) == pytest.approx(66, abs=1.5)


def test_what_ten_looks_leave_of_the_noise_is_what_their_step_says(rng):
    images = rng.random((512, 28, 28, 1), np.float32)
    _, (heard,), _ = transmit(10, images)
    feature = np.asarray(link().transmitter.encoder(images))
    alpha_bar = np.asarray(SCHEDULE.alpha_bar_at(heard.step)).reshape(-1, 1, 1, 1)
    noise = heard.received.numpy() - np.sqrt(alpha_bar) * feature
    assert noise.var() == pytest.approx(1 - alpha_bar.mean(), rel=0.03)
    assert abs((noise * feature).mean()) < 0.01
