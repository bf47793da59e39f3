"""A block fading of one's own: Nakagami-m, against its closed forms."""

from dataclasses import asdict, dataclass

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.integrate import quad
from scipy.stats import gamma, kstest, norm, uniform
from sionna.phy import config

from diffsem.channels import BlockFadingChannel, Csi, Equalizer, correlate, form_beams, reseed

# Standard errors that a mean may lie off.
SIGMAS = 4.5


@keras.saving.register_keras_serializable("tests")
@dataclass(frozen=True)
class Nakagami:
    """Gains whose magnitude has the Nakagami distribution of parameter m, of any phase; m = 1 is Rayleigh fading."""

    m: float

    def __call__(self, count, receive_antennas, transmit_antennas):
        shape = [count, receive_antennas, transmit_antennas]
        energy = tf.random.stateless_gamma(shape, config.tf_rng.make_seeds()[:, 0], self.m) / self.m
        phase = config.tf_rng.uniform(shape, maxval=2 * np.pi)
        return tf.complex(tf.sqrt(energy) * tf.cos(phase), tf.sqrt(energy) * tf.sin(phase))

    def get_config(self):
        return asdict(self)

    @classmethod
    def from_config(cls, config):
        return cls(**config)


@keras.saving.register_keras_serializable("tests")
def constant_gains(count, receive_antennas, transmit_antennas):
    return tf.ones([count, receive_antennas, transmit_antennas], tf.complex64)


@pytest.mark.parametrize("m", [0.5, 3.0])
def test_gains_have_the_distribution_that_they_are_drawn_from(m):
    reseed(4)
    fading = BlockFadingChannel(draw_gains=Nakagami(m), coherence=4).fading(5000, 16).numpy()
    assert fading.shape == (5000, 4, 1, 1)
    assert kstest(np.abs(fading.ravel()) ** 2, gamma(m, scale=1 / m).cdf).pvalue > 1e-3
    assert kstest(np.angle(fading.ravel()), uniform(-np.pi, 2 * np.pi).cdf).pvalue > 1e-3
    blocks = fading[:, :, 0, 0]
    covariance = blocks.T @ blocks.conj() / len(blocks)
    np.testing.assert_allclose(covariance, np.eye(4), atol=SIGMAS * np.sqrt(1 + 1 / m) / np.sqrt(len(blocks)))


@pytest.mark.parametrize(("m", "antennas"), [(0.5, 1), (3.0, 1), (3.0, 2)])
def test_the_bit_error_rate_is_the_integral_over_the_fading(m, antennas, rng):
    """QPSK after maximum-ratio combining: the energies of independent antennas add up to a gamma variable."""
    snr, count = 10**0.3, 100_000
    signs = 1 - 2 * rng.integers(0, 2, (count, 2))
    symbols = tf.constant(((signs[:, :1] + 1j * signs[:, 1:]) / np.sqrt(2)).astype(np.complex64))
    reseed(2)
    channel = BlockFadingChannel(receive_antennas=antennas, draw_gains=Nakagami(m))
    decided, _ = Equalizer()(channel([symbols, tf.fill([count], np.float32(1 / snr))]))
    wrong = (np.sign(decided.numpy().real[:, 0]) != signs[:, 0]).mean()
    energy = gamma(m * antennas, scale=1 / m)
    expected, _ = quad(lambda level: norm.sf(np.sqrt(snr * energy.ppf(level))), 0, 1)
    assert wrong == pytest.approx(expected, abs=SIGMAS * np.sqrt(expected / count))


@pytest.mark.parametrize("estimator", ["ls", "lmmse"])
@pytest.mark.parametrize("correlation", [1.0, 0.9])
def test_pilots_estimate_gains_of_ones_own_as_well_as_they_say(estimator, correlation):
    count, no = 40_000, 0.2
    sounded = {"draw_gains": Nakagami(2.0), "transmit_antennas": 2, "receive_antennas": 2, "coherence": 8}
    symbols, noise_variance = tf.zeros([count, 4], tf.complex64), tf.fill([count], no)
    reseed(8)
    channel = BlockFadingChannel(csi=Csi(2, estimator, correlation=correlation), **sounded)
    fading = channel.fading(count, 4)
    _, known, noise = channel([symbols, noise_variance], fading)
    error = (np.abs(known.numpy() - fading.numpy() / np.sqrt(2)) ** 2)[:, 0]
    assert error.sum(axis=-1).mean() == pytest.approx(float(noise[0, 0]) - no, rel=0.03)
    assert channel.channel_uses(4) == 6


def test_nodes_with_gains_of_their_own_are_correlated_and_beams_find_them():
    channel = BlockFadingChannel(transmit_antennas=4, streams=1, draw_gains=Nakagami(2.0))
    count = 50_000
    own, other = channel.fading(count, 2), channel.fading(count, 2)
    measured = (correlate(own, other, 0.6).numpy() * other.numpy().conj()).mean(axis=0)
    np.testing.assert_allclose(measured, 0.6, atol=SIGMAS * 1.3 / np.sqrt(count))
    state = channel.observe(own, tf.fill([count], 0.1), 2)
    symbols = tf.ones([count, 2], tf.complex64)
    beams = form_beams(symbols, state.known, tf.ones([count]), tf.zeros([count, 2, 0], tf.complex64))
    heard = tf.matmul(state.gain, beams.signal)[..., 0, 0]
    np.testing.assert_allclose(
        np.abs(heard), np.linalg.norm(own.numpy()[:, :, 0], axis=-1) * np.ones((1, 2)), rtol=1e-4
    )


@pytest.mark.parametrize("draw_gains", [Nakagami(2.0), constant_gains])
def test_it_is_stored_with_its_gains_and_draws_them_again(draw_gains):
    built = BlockFadingChannel(receive_antennas=2, draw_gains=draw_gains)
    restored = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(built))
    assert restored.draw_gains == draw_gains
    assert restored.get_config() == built.get_config()
    draws = []
    for channel in (built, restored):
        reseed(6)
        draws.append(channel.fading(3, 4).numpy())
    np.testing.assert_array_equal(*draws)


def test_gains_are_drawn_anew_in_every_call_of_a_graph():
    channel = BlockFadingChannel(draw_gains=Nakagami(2.0))
    draw = tf.function(lambda batch: channel.fading(batch, 4))
    reseed(1)
    first, second = draw(tf.constant(3)).numpy(), draw(tf.constant(3)).numpy()
    assert np.abs(first - second).min() > 0
    reseed(1)
    np.testing.assert_array_equal(draw(tf.constant(3)).numpy(), first)


@pytest.mark.parametrize(
    "draw_gains",
    [
        lambda count, receive, transmit: tf.ones([count, transmit, receive], tf.complex64),
        lambda count, receive, transmit: tf.ones([count, receive, transmit]),
    ],
)
def test_gains_of_another_shape_or_type_are_refused(draw_gains):
    channel = BlockFadingChannel(transmit_antennas=1, receive_antennas=2, draw_gains=draw_gains)
    with pytest.raises(ValueError, match=r"draw_gains: gave .*needed: complex64 of shape \(count, 2, 1\)"):
        channel.fading(3, 4)
