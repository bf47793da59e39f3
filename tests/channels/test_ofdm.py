"""OFDM over TDL and CDL against the profile of the 3GPP report and against a NumPy model of it."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.special import j0

from diffsem.channels import Csi, Equalizer, Multipath, OfdmChannel, reseed

SIGMAS = 4.5
SPEED_OF_LIGHT = 299_792_458.0
# Delay over delay spread, and power in dB, of model A: TR 38.901, table 7.7.2-1 (TDL) and 7.7.1-1 (CDL).
MODEL_A = np.array(
    [
        (0.0000, -13.4), (0.3819, 0.0), (0.4025, -2.2), (0.5868, -4.0), (0.4610, -6.0), (0.5375, -8.2), (0.6708, -9.9),
        (0.5750, -10.5), (0.7618, -7.5), (1.5375, -15.9), (1.8978, -6.6), (2.2242, -16.7), (2.1718, -12.4),
        (2.4942, -15.2), (2.5119, -10.8), (3.0582, -11.3), (4.0810, -12.7), (4.4579, -16.2), (4.5695, -18.3),
        (4.7966, -18.9), (5.0066, -16.6), (5.3043, -19.9), (9.6586, -29.7),
    ]
)  # fmt: skip
WIDE = Multipath(delay_spread_ns=300, subcarriers=16, subcarrier_spacing_khz=60)


def numpy_covariance(multipath: Multipath):
    """Over subcarriers, from the power delay profile alone: [F, F]."""
    delay = MODEL_A[:, 0] * multipath.delay_spread_ns * 1e-9
    power = 10 ** (MODEL_A[:, 1] / 10)
    power /= power.sum()
    frequency = np.arange(multipath.subcarriers) * multipath.subcarrier_spacing_khz * 1e3
    apart = frequency[:, None] - frequency[None, :]
    return (power * np.exp(-2j * np.pi * apart[..., None] * delay)).sum(-1)


@pytest.mark.parametrize("family", ["tdl", "cdl"])
def test_first_two_moments_of_what_is_received_are_those_of_the_report(family):
    count, no = (20_000 if family == "tdl" else 4_000), 0.3
    channel = OfdmChannel(Multipath(family, delay_spread_ns=300, subcarriers=16))
    reseed(2)
    received, _, _ = channel([tf.ones([count, 16], tf.complex64), tf.fill([count], no)])
    received = received.numpy()[..., 0]
    assert np.abs(received.mean(axis=0)).max() < SIGMAS * np.sqrt((1 + no) / count)
    covariance = received.T @ received.conj() / count
    expected = numpy_covariance(WIDE) + no * np.eye(16)
    # The product of two complex Gaussians deviates by at most their common power.
    assert np.abs(covariance - expected).max() < SIGMAS * (1 + no) / np.sqrt(count)
    assert np.abs(covariance[0, 15]) < 0.75  # frequency selective


@pytest.mark.parametrize(("model", "line_of_sight"), [("D", 13.3), ("E", 22.0)])
def test_models_with_line_of_sight_scatter_less(model, line_of_sight):
    """K of the first tap is given in dB; the other taps scatter too, and hardly fade at all next to model A."""
    reseed(2)
    energy = [
        np.abs(OfdmChannel(Multipath(model=name, delay_spread_ns=10)).fading(4000, 16).numpy()[:, 0, 0, 0, 0]) ** 2
        for name in ("A", model)
    ]
    assert energy[0].std() == pytest.approx(1, rel=0.1)
    assert energy[1].std() < 0.6
    assert energy[1].mean() == pytest.approx(1, abs=0.05)


def test_doppler_decorrelates_ofdm_symbols_as_bessel_says_within_two_percent():
    multipath = Multipath(speed_mps=60, subcarriers=2, subcarrier_spacing_khz=15)
    count, symbols = 30_000, 6
    reseed(4)
    fading = OfdmChannel(multipath).fading(count, 2 * symbols).numpy()[:, :, 0, 0, 0]
    measured = (fading[:, 1:] * fading[:, :1].conj()).mean(axis=0).real / (np.abs(fading) ** 2).mean()
    shift = multipath.speed_mps / SPEED_OF_LIGHT * multipath.carrier_ghz * 1e9
    expected = j0(2 * np.pi * shift * np.arange(1, symbols) / 15e3)
    np.testing.assert_allclose(measured, expected, atol=0.02)
    assert expected[-1] < 0.9


def test_a_node_that_stands_still_has_one_response_over_time():
    fading = OfdmChannel(Multipath(speed_mps=0)).fading(5, 64).numpy()
    np.testing.assert_allclose(fading, np.broadcast_to(fading[:, :1], fading.shape), atol=1e-5)


@pytest.mark.parametrize("family", ["tdl", "cdl"])
@pytest.mark.parametrize(("antennas", "streams"), [(1, 1), (3, 1), (2, 2)])
def test_what_is_sent_arrives_on_its_own_resource_element(family, antennas, streams, rng):
    symbols = tf.complex(*(tf.constant(rng.standard_normal((6, 40)), tf.float32) for _ in range(2)))
    for csi in (Csi(), Csi(1, "ls", 60.0), Csi(2, "ls", 60.0)):
        channel = OfdmChannel(Multipath(family, delay_spread_ns=1), streams, antennas, csi)
        decided, _ = Equalizer("zf", 40)(channel([symbols, tf.fill([6], 1e-10)]))
        np.testing.assert_allclose(decided, symbols, atol=0.1)


@pytest.mark.parametrize(("csi", "streams"), [(Csi(), 1), (Csi(1), 1), (Csi(3), 1), (Csi(2, boost_db=3.0), 2)])
def test_the_grid_of_an_image_counts_its_pilots(csi, streams):
    channel = OfdmChannel(Multipath(subcarriers=16), streams, streams, csi)
    data = -(-32 // streams // 16)
    assert channel.channel_uses(32) == 16 * (data + csi.pilots)
    assert channel.fading(1, 32).shape == (1, data + csi.pilots, 16, streams, streams)


@pytest.mark.parametrize(
    ("family", "estimator", "pilots", "streams", "boost_db"),
    [
        ("tdl", "ls", 1, 1, 0.0),
        ("tdl", "ls", 2, 2, 3.0),
        ("tdl", "lmmse", 2, 1, 3.0),
        ("tdl", "lmmse", 2, 2, 0.0),
        ("cdl", "ls", 2, 1, 0.0),
        ("cdl", "lmmse", 1, 1, 0.0),
    ],
)
def test_the_error_of_the_estimated_gain_is_what_the_noise_variance_accounts_for(
    family, estimator, pilots, streams, boost_db
):
    # Nearly flat and standing still: linear interpolation has no error of its own.
    multipath = Multipath(family, delay_spread_ns=1, subcarriers=8)
    count, no, symbols = 3000, 0.2, 16 * streams
    channel = OfdmChannel(multipath, streams, streams, Csi(pilots, estimator, boost_db))
    reseed(8)
    fading = channel.fading(count, symbols)
    _, known, noise = channel([tf.zeros([count, symbols], tf.complex64), tf.fill([count], no)], fading)
    data = [row for row in range(fading.shape[1]) if row not in ([0] if pilots == 1 else [0, fading.shape[1] - 1])]
    true = fading.numpy()[:, data].reshape(known.shape) / np.sqrt(streams)
    error = (np.abs(known.numpy() - true) ** 2).sum(axis=-1).mean(axis=(0, 2))
    np.testing.assert_allclose(error, noise.numpy().mean(axis=0) - no, rtol=0.12)


@pytest.mark.parametrize(
    ("estimator", "pilots", "multipath", "streams", "expected"),
    [
        ("lmmse", 1, Multipath(speed_mps=30.0, subcarriers=16), 1, 1.0),
        ("lmmse", 1, Multipath(speed_mps=10.0, subcarriers=16), 1, 1.0),
        ("lmmse", 2, Multipath(delay_spread_ns=1000.0, subcarriers=16), 2, 1.0),
        ("ls", 1, Multipath(speed_mps=30.0, subcarriers=16), 1, 0.80),
        ("ls", 2, Multipath(delay_spread_ns=300.0, subcarriers=16), 2, 0.94),
        ("ls", 2, Multipath(delay_spread_ns=300.0, speed_mps=3.0, subcarriers=32), 1, 1.0),
    ],
)
def test_told_noise_is_true_of_lmmse_and_leaves_out_what_least_squares_cannot_know(
    estimator, pilots, multipath, streams, expected
):
    """Told over true noise at 20 dB where the channel varies over the grid: what `OfdmChannel` states."""
    count, no, symbols = 2000, 0.01, 64
    channel = OfdmChannel(multipath, streams, streams, Csi(pilots, estimator))
    reseed(5)
    fading = channel.fading(count, symbols)
    _, known, noise = channel([tf.zeros([count, symbols], tf.complex64), tf.fill([count], no)], fading)
    rows = [row for row in range(fading.shape[1]) if row not in ([0] if pilots == 1 else [0, fading.shape[1] - 1])]
    gains = fading.numpy()[:, rows].reshape(count, -1, streams, streams)[:, : known.shape[1]] / np.sqrt(streams)
    error = (np.abs(known.numpy() - gains) ** 2).sum(axis=-1).mean()
    assert noise.numpy().mean() / (no + error) == pytest.approx(expected, rel=0.03)


@pytest.mark.slow
def test_lmmse_estimation_gains_on_least_squares_and_both_get_perfect_with_the_pilots():
    """Bit errors of BPSK; the same draws for all."""
    count = 3000

    def error_rate(csi):
        channel = OfdmChannel(WIDE, csi=csi)
        reseed(6)
        heard = channel([tf.ones([count, 32], tf.complex64), tf.fill([count], 0.1)])
        return float((Equalizer()(heard)[0].numpy().real < 0).mean())

    perfect, exact = error_rate(Csi()), error_rate(Csi(2, "lmmse", boost_db=40.0))
    least_squares, lmmse = error_rate(Csi(2)), error_rate(Csi(2, "lmmse"))
    assert perfect < lmmse < least_squares
    assert exact == pytest.approx(perfect, rel=0.15)
    assert error_rate(Csi(2, boost_db=10.0)) < least_squares


@pytest.mark.slow
def test_covariances_are_sampled_without_moving_the_stream(rng):
    channel = OfdmChannel(csi=Csi(1, "lmmse"))
    symbols, no = tf.ones([4, 16], tf.complex64), tf.ones([4])
    draws = []
    for _ in range(2):  # the grid is built in the first call
        reseed(9)
        draws.append([value.numpy() for value in channel([symbols, no])])
    for first, second in zip(*draws, strict=True):
        np.testing.assert_array_equal(first, second)
    channel = OfdmChannel(csi=Csi(1, "lmmse"))
    run = tf.function(lambda symbols, no: channel([symbols, no]))
    reseed(9)
    np.testing.assert_allclose(run(symbols, no)[0], draws[0][0], atol=1e-4)


@pytest.mark.slow
def test_it_is_restored_from_its_configuration():
    built = OfdmChannel(Multipath("cdl", "C", speed_mps=3.0), 2, 2, Csi(2, "lmmse", 3.0), name="here")
    restored = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(built))
    assert restored.get_config() == built.get_config()
    shapes = [tuple(spec.shape) for spec in built.compute_output_spec([keras.KerasTensor((3, 32)), None])]
    assert shapes == [tuple(value.shape) for value in built([tf.ones([3, 32], tf.complex64), tf.ones([3])])]


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({"multipath": {"subcarriers": 15}, "transmit_antennas": 2, "receive_antennas": 2}, "multiple of the 2"),
        ({"csi": {"pilots": 1, "correlation": 0.9}}, "speed"),
    ],
)
def test_what_cannot_be_built_is_refused(arguments, word):
    with pytest.raises(ValueError, match=word):
        OfdmChannel(**arguments)
