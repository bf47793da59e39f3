"""Block fading against closed forms and against a NumPy model that shares no code with it."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kstest

from diffsem.channels import BlockFadingChannel, Csi, Equalizer, reseed

SNRS_DB = (-5, 0, 5, 10, 15, 20)
# Standard errors that a moment may lie off.
SIGMAS = 4.5


def qpsk(rng, shape):
    """Unit-energy QPSK symbols."""
    levels = (1 - 2 * rng.integers(0, 2, (*shape, 2))) / np.sqrt(2)
    return tf.constant(levels[..., 0] + 1j * levels[..., 1], tf.complex64)


def noise_variance(snr_db, count):
    return tf.fill([count], tf.constant(10 ** (-snr_db / 10), tf.float32))


def gains(channel, count, symbols=4):
    """What the channel multiplies with, without noise: [count, N, M, K]."""
    _, gain, _ = channel([tf.ones([count, symbols], tf.complex64), tf.fill([count], 1e-12)])
    return gain.numpy()


@pytest.mark.parametrize("snr_db", SNRS_DB)
def test_measured_snr_over_awgn_is_within_a_twentieth_of_a_decibel(snr_db, rng):
    symbols = qpsk(rng, (2000, 128))
    received, gain, _ = BlockFadingChannel(math.inf)([symbols, noise_variance(snr_db, 2000)])
    noise = received.numpy()[..., 0] - symbols.numpy()
    complex_snr_db = 10 * np.log10((np.abs(symbols) ** 2).mean() / (np.abs(noise) ** 2).mean())
    assert complex_snr_db == pytest.approx(snr_db, abs=0.05)
    for part in (np.real, np.imag):
        real_snr_db = 10 * np.log10((part(symbols) ** 2).mean() / (part(noise) ** 2).mean())
        assert real_snr_db == pytest.approx(snr_db, abs=0.05)
    np.testing.assert_array_equal(gain, 1)


def numpy_received(rng, symbols, no, factor, antennas, streams):
    """y = H x + n with Rician H, one block a row, from NumPy's generator."""
    count = len(symbols)

    def gaussian(*shape):
        return (rng.standard_normal(shape) + 1j * rng.standard_normal(shape)) / np.sqrt(2)

    gain = np.sqrt(factor / (1 + factor)) + np.sqrt(1 / (1 + factor)) * gaussian(count, antennas, streams)
    streamed = symbols.reshape(count, -1, streams) / np.sqrt(streams)
    return np.einsum("bmk,bnk->bnm", gain, streamed) + np.sqrt(no) * gaussian(count, streamed.shape[1], antennas)


def moments(received):
    """Mean, and covariance over all uses and antennas of a transmission, each with its standard error."""
    flat = received.reshape(len(received), -1)
    products = flat[:, :, None] * flat.conj()[:, None, :]
    return [
        (values.mean(axis=0), values.std(axis=0) / np.sqrt(len(values)))
        for values in (flat, products.reshape(len(flat), -1))
    ]


@pytest.mark.parametrize(
    ("factor", "antennas", "streams"), [(0.0, 1, 1), (4.0, 1, 1), (1e9, 1, 1), (0.0, 2, 1), (0.0, 2, 2), (3.0, 3, 2)]
)
def test_first_two_moments_of_what_is_received_are_those_of_a_numpy_model(factor, antennas, streams, rng):
    count, no = 60_000, 0.3
    symbols = np.tile(qpsk(rng, (1, 4)).numpy(), (count, 1))  # the same ones: their products are known
    channel = BlockFadingChannel(factor, streams, antennas)
    reseed(5)
    ours, _, _ = channel([symbols, tf.fill([count], no)])
    theirs = numpy_received(rng, symbols, no, factor, antennas, streams)
    for (own, error), (other, other_error) in zip(moments(ours.numpy()), moments(theirs), strict=True):
        assert np.abs(own - other).max() < SIGMAS * np.hypot(error, other_error).max()


def test_rayleigh_gain_is_complex_normal_of_unit_energy_and_held_over_the_image(rng):
    gain = gains(BlockFadingChannel(), 20_000)[..., 0, 0]
    assert np.abs(gain - gain[:, :1]).max() == 0
    gain = gain[:, 0]
    assert kstest(np.abs(gain) ** 2, "expon").pvalue > 1e-3
    assert kstest(np.angle(gain), "uniform", args=(-np.pi, 2 * np.pi)).pvalue > 1e-3
    assert np.abs(np.mean(gain[1:] * gain[:-1].conj())) < 4 / np.sqrt(20_000)


def test_gains_change_from_one_coherence_block_to_the_next_and_not_before():
    gain = gains(BlockFadingChannel(coherence=3), 20_000, symbols=8)[..., 0, 0]
    steps = np.abs(np.diff(gain, axis=1)).max(axis=0)
    assert (steps[[0, 1, 3, 4, 6]] == 0).all()
    covariance = gain.T @ gain.conj() / len(gain)
    expected = np.kron(np.eye(3), np.ones((3, 3)))[:8, :8]
    assert np.abs(covariance - expected).max() < SIGMAS / np.sqrt(len(gain))


@pytest.mark.parametrize("k_factor_db", [-3, 3, 9])
def test_the_measured_rician_factor_is_the_requested_one_within_two_percent(k_factor_db):
    factor = 10 ** (k_factor_db / 10)
    gain = gains(BlockFadingChannel(factor), 400_000, symbols=1).ravel()
    measured = np.abs(gain.mean()) ** 2 / gain.var()
    assert measured == pytest.approx(factor, rel=0.02)
    assert (np.abs(gain) ** 2).mean() == pytest.approx(1, rel=0.01)


def errors(channel, snr_db, rng, count=40_000):
    symbols = qpsk(rng, (count, 1))
    reseed(3)
    decided, _ = Equalizer()(channel([symbols, noise_variance(snr_db, count)]))
    return int((np.sign(decided.numpy().real) != np.sign(symbols.numpy().real)).sum()), count


@pytest.mark.parametrize(("factor", "limit"), [(1e-6, 0.0), (1e6, math.inf)])
def test_rician_fading_becomes_rayleigh_without_specular_part_and_awgn_without_scattering(factor, limit, rng):
    (wrong, count), (other, _) = (errors(BlockFadingChannel(value), 5, rng) for value in (factor, limit))
    rate, other_rate = wrong / count, other / count
    deviation = math.sqrt((rate * (1 - rate) + other_rate * (1 - other_rate)) / count)
    assert abs(rate - other_rate) < 2.6 * deviation
    # Not an accident of few errors: the two limits are far apart.
    rayleigh, awgn = (errors(BlockFadingChannel(value), 5, rng)[0] for value in (0.0, math.inf))
    assert rayleigh > 1.5 * awgn


def test_streams_share_the_energy_of_a_channel_use(rng):
    symbols = qpsk(rng, (4000, 64))
    received, _, _ = BlockFadingChannel(0.0, 4, 4)([symbols, tf.fill([4000], 1e-9)])
    assert received.shape == (4000, 16, 4)
    assert (np.abs(received) ** 2).mean() == pytest.approx(1, rel=0.03)


@given(st.integers(1, 40), st.integers(1, 4), st.integers(1, 3), st.one_of(st.none(), st.integers(13, 40)))
@settings(max_examples=40, deadline=None)
def test_channel_uses_are_counted_with_their_pilots_and_no_symbol_is_lost(count, streams, pilots, coherence):
    channel = BlockFadingChannel(0.0, streams, streams, coherence, Csi(pilots))
    uses = math.ceil(count / streams)
    blocks = 1 if coherence is None else math.ceil(uses / (coherence - pilots * streams))
    assert channel.channel_uses(count) == uses + blocks * pilots * streams
    if coherence is not None:
        assert channel.channel_uses(count) <= blocks * coherence
    symbols = tf.complex(tf.range(count, dtype=tf.float32)[None], 1.0)
    # Without noise, estimates are exact and equalisers give back what was sent.
    decided, _ = Equalizer("zf", count)(channel([symbols, tf.constant([1e-12])]))
    np.testing.assert_allclose(decided, symbols, atol=0.05 * count)


@pytest.mark.parametrize("estimator", ["ls", "lmmse"])
@pytest.mark.parametrize("factor", [0.0, 2.0])
@pytest.mark.parametrize(("pilots", "boost_db", "correlation"), [(4, 0.0, 1.0), (2, 3.0, 1.0), (3, 0.0, 0.9)])
def test_the_error_of_the_estimated_gain_is_what_the_noise_variance_accounts_for(
    estimator, factor, pilots, boost_db, correlation
):
    count, no = 30_000, 0.2
    channel = BlockFadingChannel(factor, 2, 2, csi=Csi(pilots, estimator, boost_db, correlation))
    symbols = tf.zeros([count, 4], tf.complex64)
    reseed(8)
    fading = channel.fading(count, 4)
    _, known, noise = channel([symbols, tf.fill([count], no)], fading)
    _, true, _ = BlockFadingChannel(factor, 2, 2)([symbols, tf.fill([count], no)], fading)
    error = (np.abs(known.numpy() - true.numpy()) ** 2)[:, 0]
    assert error.sum(axis=-1).mean() == pytest.approx(float(noise[0, 0]) - no, rel=0.03)
    if estimator == "lmmse":  # the error of an MMSE estimate tells nothing of the estimate
        product = (known.numpy() - true.numpy())[:, 0] * known.numpy()[:, 0].conj()
        assert np.abs(product.mean(axis=0)).max() < SIGMAS * np.abs(product).std() / np.sqrt(count)


@pytest.mark.parametrize("factor", [0.0, 5.0])
def test_an_lmmse_estimate_is_never_further_off_than_a_least_squares_one(factor):
    noises = {}
    for name in ("ls", "lmmse"):
        _, _, noise = BlockFadingChannel(factor, csi=Csi(1, name))([tf.ones([1, 1], tf.complex64), tf.ones([1])])
        noises[name] = float(noise[0, 0])
    assert noises["lmmse"] < noises["ls"]


def test_knowledge_gets_perfect_as_the_pilots_grow_stronger():
    off = []
    for boost_db in (0, 10, 20, 60):
        reseed(1)
        channel = BlockFadingChannel(csi=Csi(1, boost_db=boost_db))
        fading = channel.fading(4000, 1)
        _, known, _ = channel([tf.ones([4000, 1], tf.complex64), tf.fill([4000], 0.1)], fading)
        off.append(float(np.abs(known.numpy()[:, 0] - fading.numpy()[:, 0]).mean()))
    assert off[0] > 2 * off[1] > 4 * off[2]
    assert off[3] < 1e-3


def test_noise_after_the_equaliser_follows_its_variance_block_by_block(rng):
    blocks, length, snr_db = 400, 4096, 10
    symbols = qpsk(rng, (blocks, length))
    channel = BlockFadingChannel()
    fading = channel.fading(blocks, length)
    heard = channel([symbols, noise_variance(snr_db, blocks)], fading)
    equalized, effective_no = Equalizer()(heard)
    expected = 10 ** (-snr_db / 10) / np.abs(fading.numpy().ravel()) ** 2
    np.testing.assert_allclose(effective_no, np.tile(expected[:, None], (1, length)), rtol=1e-4)
    measured = (np.abs(equalized.numpy() - symbols.numpy()) ** 2).mean(axis=1)
    # |noise|^2 of a block is a mean of `length` exponentials: its relative deviation is 1 / sqrt(length).
    assert np.abs(measured / expected - 1).max() < 5 / np.sqrt(length)
    assert np.mean(measured / expected) == pytest.approx(1, abs=4 / np.sqrt(length * blocks))


@pytest.mark.parametrize("factor", [math.inf, 0.0, 2.0])
def test_reseeding_repeats_the_draws_of_a_graph_already_traced(factor, rng):
    symbols = qpsk(rng, (4, 8))
    channel = BlockFadingChannel(factor)
    run = tf.function(lambda no: channel([symbols, no]))
    draws = []
    for seed in (5, 5, 6):
        reseed(seed)
        draws.append(run(noise_variance(0, 4))[0].numpy())
    np.testing.assert_array_equal(draws[0], draws[1])
    assert np.abs(draws[0] - draws[2]).max() > 0.01


def test_it_is_restored_from_its_configuration():
    built = BlockFadingChannel(2.0, 2, 3, 16, Csi(2, "lmmse", 3.0, 0.9), name="here")
    restored = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(built))
    assert restored.get_config() == built.get_config()
    symbols, no = tf.ones([2, 8], tf.complex64), tf.ones([2])
    for layer in (built, restored):
        shapes = [tuple(spec.shape) for spec in layer.compute_output_spec([keras.KerasTensor((2, 8)), None])]
        assert shapes == [tuple(value.shape) for value in layer([symbols, no])]


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({"rician_factor": -1.0}, "rician_factor -1"),
        ({"coherence": 4, "csi": {"pilots": 4}}, "coherence 4"),
        ({"coherence": 8, "csi": {"pilots": 4}, "transmit_antennas": 2, "receive_antennas": 2}, "coherence 8"),
        ({"csi": {"pilots": -1}}, "pilots -1"),
        ({"csi": {"pilots": 1, "estimator": "magic"}}, "allowed: ls, lmmse"),
        ({"csi": {"correlation": 1.5}}, "allowed: 0 to 1"),
    ],
)
def test_what_cannot_be_built_is_refused(arguments, word):
    with pytest.raises(ValueError, match=word):
        BlockFadingChannel(**arguments)
