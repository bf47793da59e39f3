"""Traced rays against sums over their paths, written again in NumPy."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from diffsem.channels import Csi, OfdmChannel, Rays, TracedPaths, reseed, subcarrier_offsets

SIGMAS = 4.5
rng = np.random.default_rng(1)
GAINS = (rng.normal(size=[3, 2, 4, 6]) + 1j * rng.normal(size=[3, 2, 4, 6])).astype(np.complex64) * 1e-4
DELAYS = rng.uniform(0, 2e-6, [3, 6]).astype(np.float32)


@pytest.fixture
def rays():
    return Rays(GAINS, DELAYS, subcarriers=8, subcarrier_spacing_khz=120)


@pytest.mark.parametrize("place", [0, 1, 2])
def test_the_covariance_over_frequency_and_antennas_is_that_of_independent_paths(rays, place):
    """E[H H^*] = sum over paths of power and array response, without a term between two paths."""
    count = 20_000
    reseed(3)
    drawn = rays.draw(1, count, place).numpy()[:, 0].reshape(count, -1)
    turned = np.exp(-2j * np.pi * DELAYS[place][:, None] * (np.arange(8) - 4) * 120e3)
    each = np.einsum("mkl,lf->lfmk", GAINS[place], turned).reshape(6, -1)
    power = (np.abs(GAINS[place]) ** 2).sum(axis=-1).mean()
    expected = each.T @ each.conj() / power
    assert np.abs(drawn.T @ drawn.conj() / count - expected).max() < SIGMAS * expected.real.max() / np.sqrt(count)
    assert np.abs(drawn.mean(axis=0)).max() < SIGMAS / np.sqrt(count) * np.sqrt(expected.real.max())


def test_power_over_subcarriers_is_the_sum_over_paths():
    """Parseval: over a whole period of delays that are multiples of a sample, no two paths interfere on average."""
    subcarriers, spacing = 64, 15e3
    delays = (np.arange(6) * 7 / (subcarriers * spacing)).astype(np.float32)[None]
    paths = TracedPaths(GAINS[:1], delays)
    response = paths.responses(subcarrier_offsets(subcarriers, spacing))
    by_antenna = (np.abs(response) ** 2).mean(axis=-1)
    np.testing.assert_allclose(by_antenna, (np.abs(GAINS[:1]) ** 2).sum(axis=-1), rtol=1e-4)
    assert paths.power_gains == pytest.approx(by_antenna.mean(axis=(1, 2)), rel=1e-4)


@given(st.integers(0, 2), st.integers(2, 33), st.floats(1, 1e3))
@settings(max_examples=20, deadline=None)
def test_a_response_is_the_sum_of_turned_gains(place, subcarriers, spacing_khz):
    frequencies = subcarrier_offsets(subcarriers, spacing_khz * 1e3)
    assert frequencies[subcarriers // 2] == 0
    assert np.allclose(np.diff(frequencies), spacing_khz * 1e3)
    found = TracedPaths(GAINS, DELAYS).responses(frequencies)[place]
    for tone in range(subcarriers):
        turn = np.exp(-2j * np.pi * frequencies[tone] * DELAYS[place].astype(float))
        np.testing.assert_allclose(found[..., tone], (GAINS[place] * turn).sum(axis=-1), atol=2e-9)


def test_places_that_are_drawn_at_random_are_all_there(rays):
    reseed(5)
    mixed = rays.draw(2, 3000)
    assert mixed.shape == (3000, 2, 8, 2, 4)
    np.testing.assert_array_equal(mixed[:, 0], mixed[:, 1])
    energy = np.abs(mixed.numpy()[:, 0]) ** 2
    expected = [np.abs(rays.draw(1, 3000, place).numpy()) ** 2 for place in range(3)]
    of_pair = np.mean([each.mean(axis=(0, 1, 2)) for each in expected], axis=0)
    np.testing.assert_allclose(energy.mean(axis=(0, 1)), of_pair, atol=0.15)
    assert energy.mean() == pytest.approx(1, abs=0.05)


def test_a_channel_of_rays_is_estimated_from_pilots(rays):
    """The error that a node is told is the one that it makes."""
    channel = OfdmChannel(Rays(GAINS[:, :, :1], DELAYS, 8, 120), receive_antennas=2, csi=Csi(pilots=1))
    count, no = 4000, np.full(4000, 0.1, np.float32)
    fading = channel.fading(count, 16, place=1)
    _, known, noise = channel([tf.ones([count, 16], tf.complex64), no], fading)
    true = fading.numpy()[:, 1:].reshape(count, 16, 2, 1)
    made = (np.abs(known.numpy() - true) ** 2).mean(axis=(0, 2, 3))
    told = noise.numpy().mean(axis=0) - 0.1
    np.testing.assert_allclose(made, told, rtol=0.1)
    np.testing.assert_allclose(made, 0.1, rtol=0.1)


def test_lmmse_estimates_of_rays_are_better(rays):
    one = Rays(GAINS[:1, :1, :1], DELAYS[:1], 8, 15)
    errors = []
    for estimator in ("ls", "lmmse"):
        channel = OfdmChannel(one, csi=Csi(pilots=1, estimator=estimator))
        reseed(4)
        fading = channel.fading(2000, 8)
        _, known, _ = channel([tf.ones([2000, 8], tf.complex64), np.ones(2000, np.float32)], fading)
        errors.append((np.abs(known.numpy()[..., 0, 0] - fading.numpy()[:, 1, :, 0, 0]) ** 2).mean())
    assert errors[1] < 0.5 * errors[0]


def test_a_channel_of_rays_is_stored_and_read_back(rays, tmp_path):
    channel = OfdmChannel(rays, transmit_antennas=4, receive_antennas=2, streams=1)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(channel))
    np.testing.assert_array_equal(again.multipath.gains, rays.gains)
    for each in (channel, again):
        reseed(7)
        each.drawn = each.fading(5, 20, place=2).numpy()
    np.testing.assert_array_equal(channel.drawn, again.drawn)


@pytest.mark.parametrize(
    ("gains", "delays", "said"),
    [
        (GAINS[0], DELAYS, "gains of shape"),
        (GAINS, DELAYS[:2], "delays of shape"),
        (GAINS * np.nan, DELAYS, "not finite"),
        (GAINS * np.array([1, 1, 0])[:, None, None, None], DELAYS, "no path reaches place 2"),
    ],
)
def test_rays_that_cannot_be(gains, delays, said):
    with pytest.raises(ValueError, match=said):
        Rays(gains, delays)


def test_antennas_are_those_that_were_traced(rays):
    with pytest.raises(ValueError, match="rays from 4 to 2 antennas; there are 1 and 2"):
        OfdmChannel(rays, receive_antennas=2)
