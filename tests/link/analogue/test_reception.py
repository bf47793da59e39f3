"""What reaches a node, against a NumPy model of the same link."""

import math

import numpy as np
import pytest
import tensorflow as tf

from diffsem.channels import BlockFadingChannel, Csi, Multipath, OfdmChannel, reseed
from diffsem.link import Reception
from diffsem.models import NoiseSchedule, SelfNoise

SCHEDULE = NoiseSchedule()
SAMPLES = 6000
AWGN = BlockFadingChannel(math.inf)


def through(channel, feature, step, snr_db, rule="matched", estimate_db=None, reception_snr_db=None):
    """Self-noise for `estimate_db`, then the channel at `reception_snr_db`; both default to `snr_db`."""
    count = len(feature)
    estimate = 10 ** ((snr_db if estimate_db is None else estimate_db) / 10)
    own = 10 ** ((snr_db if reception_snr_db is None else reception_snr_db) / 10)
    steps = np.full(count, step, np.int32)
    radiated, noise_step, power = SelfNoise(SCHEDULE)([feature, steps, np.full(count, estimate, np.float32)])
    reception = Reception(channel, SCHEDULE, rule)
    received, received_step = reception([radiated, steps, noise_step, power, np.full(count, own, np.float32)])
    return np.asarray(received), np.asarray(received_step), int(noise_step[0])


def assert_moments(received, feature, signal, variance):
    noise = received - np.sqrt(signal) * feature
    count = noise.size
    assert noise.mean() == pytest.approx(0, abs=4.5 * np.sqrt(variance / count))
    assert noise.var() == pytest.approx(variance, rel=4.5 * np.sqrt(2 / count))
    assert np.abs(np.mean(noise * feature)) < 4.5 * np.sqrt(variance / count)


def numpy_variance(step, noise_step, snr_db):
    """(1 - abar_s) + P / gamma, worked out from the schedule's definition alone."""
    beta = np.linspace(1e-4, 0.02, 500)
    alpha_bar = np.concatenate([[1], np.cumprod(1 - beta)])
    power = alpha_bar[step] + 1 - alpha_bar[noise_step]
    return 1 - alpha_bar[noise_step] + power / 10 ** (snr_db / 10), alpha_bar


@pytest.mark.parametrize(
    ("step", "snr_db"), [(60, 15), (180, 5), (180, 15), (240, 0), (240, 5), (240, 15), (300, 5), (450, 0), (450, 20)]
)
def test_the_paper_receiver_sees_z_t_over_awgn(step, snr_db, unit_features):
    feature = unit_features(SAMPLES)
    received, received_step, noise_step = through(AWGN, feature, step, snr_db, rule="transmitter")
    assert noise_step > 0
    variance, alpha_bar = numpy_variance(step, noise_step, snr_db)
    assert_moments(received, feature, alpha_bar[step], variance)
    # Rounding s to a whole step leaves at most that step's own noise on top of 1 - abar_t.
    surplus = variance - (1 - alpha_bar[step])
    assert 0 <= surplus <= (alpha_bar[noise_step - 1] - alpha_bar[noise_step]) + 1e-9
    np.testing.assert_array_equal(received_step, step)


@pytest.mark.parametrize(("step", "snr_db"), [(60, 15), (240, 15), (300, 5), (120, 20), (450, 0)])
def test_the_matched_step_is_t_where_the_transmitter_knows_the_channel(step, snr_db, unit_features):
    _, received_step, noise_step = through(AWGN, unit_features(2), step, snr_db)
    assert noise_step > 0
    assert np.abs(received_step - step).max() <= 1


@pytest.mark.parametrize(
    ("step", "estimate_db", "own_db"), [(120, 0, 0), (240, 15, 5), (60, 20, -3), (180, 5, 15), (0, 10, 10)]
)
def test_the_matched_step_gives_z_t_prime_under_mismatch_and_without_self_noise(
    step, estimate_db, own_db, unit_features
):
    feature = unit_features(SAMPLES)
    received, received_step, _ = through(AWGN, feature, step, 0, estimate_db=estimate_db, reception_snr_db=own_db)
    alpha_bar = float(SCHEDULE.alpha_bar_at(received_step[:1])[0])
    assert_moments(received, feature, alpha_bar, 1 - alpha_bar)


def test_without_self_noise_the_matched_step_has_the_snr_of_the_channel(unit_features):
    _, received_step, noise_step = through(AWGN, unit_features(2), 120, 0)
    assert noise_step == 0
    assert SCHEDULE.esnr_db(round(float(received_step[0]))) == pytest.approx(0, abs=0.1)


def test_under_fading_every_block_stands_at_the_step_of_its_own_noise(unit_features):
    feature = unit_features(SAMPLES)
    reseed(11)
    received, received_step, _ = through(BlockFadingChannel(), feature, 120, 10)
    assert received_step.std() > 5
    alpha_bar = np.interp(received_step, np.arange(501), SCHEDULE.alpha_bar).reshape(-1, 1, 1, 1)
    inside = (received_step > 1) & (received_step < 499)
    noise = (received - np.sqrt(alpha_bar) * feature) / np.sqrt(1 - alpha_bar)
    per_block = (noise[inside] ** 2).mean(axis=(1, 2, 3))
    # A mean of 64 squared Gaussians deviates by sqrt(2 / 64).
    assert per_block.mean() == pytest.approx(1, abs=4.5 * np.sqrt(2 / 64 / len(per_block)))
    assert per_block.std() == pytest.approx(np.sqrt(2 / 64), rel=0.08)
    for low, high in ((0, 0.25), (0.75, 1)):
        bounds = np.quantile(received_step[inside], [low, high])
        chosen = (received_step[inside] >= bounds[0]) & (received_step[inside] <= bounds[1])
        assert per_block[chosen].mean() == pytest.approx(1, abs=4.5 * np.sqrt(2 / 64 / chosen.sum()))


def test_beyond_the_last_step_the_power_stays_one(unit_features):
    feature = unit_features(SAMPLES)
    received, received_step, _ = through(AWGN, feature, 0, -40)
    np.testing.assert_allclose(received_step, 500)
    assert (received**2).mean() == pytest.approx(1, rel=0.02)


def test_the_link_keeps_three_decibels_that_real_noise_for_complex_symbols_loses(unit_features):
    """Without self-noise the feature itself is received at the SNR of the channel, not at half of it."""
    feature = unit_features(SAMPLES)
    received, _, _ = through(AWGN, feature, 0, 7, rule="transmitter")
    measured = 10 * np.log10((feature**2).mean() / ((received - feature) ** 2).mean())
    assert measured == pytest.approx(7, abs=0.05)


CHANNELS = {
    "blocks": BlockFadingChannel(coherence=8),
    "two antennas": BlockFadingChannel(2.0, receive_antennas=2),
    "two streams": BlockFadingChannel(0.0, 2, 2),
    "estimated": BlockFadingChannel(coherence=12, csi=Csi(4, "lmmse")),
    "grid": OfdmChannel(Multipath(subcarriers=16), csi=Csi(2, "lmmse")),
}


@pytest.mark.parametrize("name", CHANNELS)
def test_every_symbol_carries_the_noise_that_is_said_of_it(name, unit_features):
    feature, step, snr = unit_features(SAMPLES), np.full(SAMPLES, 120, np.int32), np.full(SAMPLES, 10, np.float32)
    reseed(12)
    radiated, noise_step, power = SelfNoise(SCHEDULE)([feature, step, snr])
    reception = Reception(CHANNELS[name], SCHEDULE, equalizer="mmse")
    heard = reception.hear([radiated, step, noise_step, power, snr])
    error = np.asarray(heard.values) - np.sqrt(SCHEDULE.alpha_bar[120]) * feature
    ratio = error**2 / np.asarray(heard.noise)
    # Symbols of one block are wrong together: the spread over images tells how sure the mean is.
    per_image = ratio.mean(axis=(1, 2, 3))
    assert per_image.mean() == pytest.approx(1, abs=0.01 + 4.5 * per_image.std() / np.sqrt(SAMPLES))
    received, at = reception.at_step(heard, step)
    received, alpha_bar = np.asarray(received), np.asarray(SCHEDULE.alpha_bar_at(at))
    inside = np.asarray(at) < 499
    assert (received[inside] ** 2).mean() == pytest.approx(1, rel=0.03)
    correlation = (received * feature).mean(axis=(1, 2, 3)) / np.sqrt(alpha_bar)
    assert correlation[inside].mean() == pytest.approx(1, abs=0.02)


def test_the_noise_of_an_antenna_more_is_three_decibels_less_on_average(unit_features):
    feature = unit_features(SAMPLES)
    steps = []
    for antennas in (1, 2):
        reseed(3)
        channel = BlockFadingChannel(math.inf, receive_antennas=antennas)
        _, step, _ = through(channel, feature, 0, 5)
        steps.append(SCHEDULE.esnr_db(np.rint(step).astype(int)).mean())
    assert steps[1] - steps[0] == pytest.approx(10 * np.log10(2), abs=0.1)


@pytest.mark.parametrize(
    ("estimator", "step", "snr_db", "expected"),
    [
        ("ls", 0, 0, 1.0),
        ("ls", 240, 15, 1.05),
        ("ls", 240, 0, 1.37),
        ("ls", 499, 0, 1.81),
        ("lmmse", 0, 0, 1.0),
        ("lmmse", 240, 15, 1.0),
        ("lmmse", 499, 0, 1.0),
    ],
)
def test_a_least_squares_node_takes_the_noise_on_average_for_no_less_than_it_is(
    estimator, step, snr_db, expected, unit_features
):
    """Told over true noise around the feature, Rayleigh fading, one pilot: what `Csi` states."""
    feature, whole = unit_features(20_000), tf.ones(20_000)
    snr = 10 ** (snr_db / 10) * whole
    steps = tf.cast(step * whole, tf.int32)
    radiated, noise_step, power = SelfNoise(SCHEDULE)([feature, steps, snr])
    reception = Reception(BlockFadingChannel(csi=Csi(pilots=1, estimator=estimator)), SCHEDULE)
    heard = reception.hear([radiated, steps, noise_step, power, snr])
    error = heard.values - np.sqrt(SCHEDULE.alpha_bar[step]).astype(np.float32) * feature
    assert 1 / np.mean(error**2 / heard.noise) == pytest.approx(expected, rel=0.02)


@pytest.mark.parametrize(("estimator", "strongest", "weakest"), [("ls", 0.64, 1.31), ("lmmse", 1.0, 1.0)])
def test_what_a_least_squares_node_tells_hangs_on_how_strong_its_estimate_is(
    estimator, strongest, weakest, unit_features
):
    """Told over true noise in the strongest and the weakest tenth of the estimates, 0 dB, one pilot, no self-noise."""
    feature, whole = unit_features(20_000), tf.ones(20_000)
    steps = tf.cast(0 * whole, tf.int32)
    radiated, noise_step, power = SelfNoise(SCHEDULE)([feature, steps, whole])
    reception = Reception(BlockFadingChannel(csi=Csi(pilots=1, estimator=estimator)), SCHEDULE)
    heard = reception.hear([radiated, steps, noise_step, power, whole])
    told = np.asarray(heard.noise).mean(axis=(1, 2, 3))
    true = np.mean((heard.values - feature) ** 2, axis=(1, 2, 3))
    order = np.argsort(told)
    for tenth, expected in ((order[:2000], strongest), (order[-2000:], weakest)):
        assert 1 / np.mean((true / told)[tenth]) == pytest.approx(expected, rel=0.06)
