"""Sampled channels against closed forms: noise power, fading statistics, bit error rates."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.stats import binomtest, kstest, norm

from diffsem.channels import AwgnChannel, RayleighBlockFadingChannel, ZeroForcingEqualizer, reseed

SNRS_DB = (-5, 0, 5, 10, 15, 20)


def qpsk(rng, shape):
    """Unit-energy QPSK symbols and their bits [..., 2]."""
    bits = rng.integers(0, 2, (*shape, 2))
    levels = (1 - 2 * bits) / np.sqrt(2)
    return tf.constant(levels[..., 0] + 1j * levels[..., 1], tf.complex64), bits


def noise_variance(snr_db, count):
    return tf.fill([count], tf.constant(10 ** (-snr_db / 10), tf.float32))


@pytest.mark.parametrize("snr_db", SNRS_DB)
def test_measured_snr_over_awgn_is_within_a_twentieth_of_a_decibel(snr_db, rng):
    symbols, _ = qpsk(rng, (2000, 128))
    received, gain = AwgnChannel()([symbols, noise_variance(snr_db, 2000)])
    noise = (received - symbols).numpy()
    complex_snr_db = 10 * np.log10((np.abs(symbols) ** 2).mean() / (np.abs(noise) ** 2).mean())
    assert complex_snr_db == pytest.approx(snr_db, abs=0.05)
    for part in (np.real, np.imag):
        real_snr_db = 10 * np.log10((part(symbols) ** 2).mean() / (part(noise) ** 2).mean())
        assert real_snr_db == pytest.approx(snr_db, abs=0.05)
    np.testing.assert_array_equal(gain, 1)


@pytest.mark.parametrize("snr_db", [0, 4, 8])
def test_qpsk_bit_errors_over_awgn_are_inside_the_interval_of_the_closed_form(snr_db, rng):
    symbols, bits = qpsk(rng, (4000, 64))
    received, _ = AwgnChannel()([symbols, noise_variance(snr_db, 4000)])
    expected = norm.sf(np.sqrt(10 ** (snr_db / 10)))
    assert_error_rate(received.numpy(), bits, expected)


@pytest.mark.parametrize("snr_db", [0, 10, 20])
def test_qpsk_bit_errors_over_rayleigh_are_inside_the_interval_of_the_closed_form(snr_db, rng):
    # One symbol a block, so that errors are independent and the binomial interval holds.
    symbols, bits = qpsk(rng, (200_000, 1))
    no = noise_variance(snr_db, 200_000)
    received, gain = RayleighBlockFadingChannel()([symbols, no])
    equalized, _ = ZeroForcingEqualizer()([received, gain, no])
    per_bit = 10 ** (snr_db / 10) / 2
    expected = 0.5 * (1 - np.sqrt(per_bit / (1 + per_bit)))
    # Both bits of a symbol fade together: one of them keeps the errors independent.
    assert_error_rate(equalized.numpy(), bits, expected, parts=(0,))


def assert_error_rate(received, bits, expected, parts=(0, 1)):
    decided = np.stack([received.real < 0, received.imag < 0], axis=-1)
    wrong = (decided != bits)[..., list(parts)]
    interval = binomtest(int(wrong.sum()), wrong.size).proportion_ci(0.99, method="wilson")
    assert interval.low <= expected <= interval.high


def test_rayleigh_gain_is_complex_normal_of_unit_energy_and_held_over_the_block(rng):
    symbols, _ = qpsk(rng, (20_000, 4))
    received, gain = RayleighBlockFadingChannel()([symbols, tf.fill([20_000], 1e-9)])
    gain = gain.numpy()
    assert kstest(np.abs(gain) ** 2, "expon").pvalue > 1e-3
    assert kstest(np.angle(gain), "uniform", args=(-np.pi, 2 * np.pi)).pvalue > 1e-3
    assert np.abs(np.mean(gain[1:] * gain[:-1].conj())) < 4 / np.sqrt(20_000)
    np.testing.assert_allclose(received.numpy(), gain[:, None] * symbols.numpy(), atol=1e-3)


def test_noise_after_the_equaliser_follows_no_over_gain_energy_block_by_block(rng):
    blocks, length, snr_db = 400, 4096, 10
    symbols, _ = qpsk(rng, (blocks, length))
    no = noise_variance(snr_db, blocks)
    received, gain = RayleighBlockFadingChannel()([symbols, no])
    equalized, effective_no = ZeroForcingEqualizer()([received, gain, no])
    expected = 10 ** (-snr_db / 10) / np.abs(gain.numpy()) ** 2
    np.testing.assert_allclose(effective_no, expected, rtol=1e-4)
    measured = (np.abs(equalized.numpy() - symbols.numpy()) ** 2).mean(axis=1)
    # |noise|^2 of a block is a mean of `length` exponentials: its relative deviation is 1 / sqrt(length).
    assert np.abs(measured / expected - 1).max() < 5 / np.sqrt(length)
    assert np.mean(measured / expected) == pytest.approx(1, abs=4 / np.sqrt(length * blocks))


def test_a_dead_channel_gives_finite_symbols():
    zero = tf.zeros([1], tf.complex64)
    equalized, effective_no = ZeroForcingEqualizer()([tf.ones([1, 3], tf.complex64), zero, tf.ones([1])])
    assert np.isfinite(equalized.numpy()).all()
    assert np.isfinite(effective_no.numpy()).all()


@pytest.mark.parametrize("layer", [AwgnChannel, RayleighBlockFadingChannel])
def test_reseeding_repeats_the_draws_of_a_graph_already_traced(layer, rng):
    symbols, _ = qpsk(rng, (4, 8))
    channel = layer()
    run = tf.function(lambda no: channel([symbols, no]))
    draws = []
    for seed in (5, 5, 6):
        reseed(seed)
        draws.append(run(noise_variance(0, 4))[0].numpy())
    np.testing.assert_array_equal(draws[0], draws[1])
    assert np.abs(draws[0] - draws[2]).max() > 0.01


@pytest.mark.parametrize("layer", [AwgnChannel, RayleighBlockFadingChannel, ZeroForcingEqualizer])
def test_layers_are_restored_from_their_configuration(layer):
    built = layer(name="here")
    restored = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(built))
    assert isinstance(restored, layer)
    assert restored.name == "here"
