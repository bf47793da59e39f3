import numpy as np
import pytest
import tensorflow as tf

from diffsem.channels import BlockFadingChannel, Csi, Equalizer, Multipath, OfdmChannel, artificial_noise, form_beams

COUNT, USES = 3000, 4


def draw(rng, *shape):
    return ((rng.standard_normal(shape) + 1j * rng.standard_normal(shape)) / np.sqrt(2)).astype(np.complex64)


def beams_towards(known, share, antennas, receive=1, rng=None):
    symbols = tf.constant(draw(rng, COUNT, USES))
    noise = artificial_noise(COUNT, USES, antennas - receive)
    return symbols, form_beams(symbols, known, tf.fill([COUNT], share), noise)


@pytest.mark.parametrize(("antennas", "receive"), [(4, 1), (4, 2), (2, 1)])
@pytest.mark.parametrize("share", [1.0, 0.1, 0.01])
def test_beams_radiate_unit_energy_and_the_receiver_hears_none_of_the_noise(antennas, receive, share, rng):
    gain = draw(rng, COUNT, USES, receive, antennas)
    symbols, beams = beams_towards(tf.constant(gain), share, antennas, receive, rng)
    assert np.mean(np.abs(beams.antennas) ** 2) * antennas == pytest.approx(1, abs=0.02)
    heard = np.einsum("bnmk,bnk->bnm", gain, beams.antennas)
    # Maximum-ratio transmission: the strongest singular value of the channel, by NumPy.
    strongest = np.linalg.svd(gain, compute_uv=False)[..., 0]
    np.testing.assert_allclose(
        np.linalg.norm(heard, axis=-1), np.sqrt(share) * strongest * np.abs(symbols), rtol=1e-3, atol=1e-3
    )
    assert np.abs(gain @ beams.noise.numpy()).max() < 1e-4


def test_the_receiver_of_four_beams_has_the_energy_of_a_gamma_variable(rng):
    channel = BlockFadingChannel(transmit_antennas=4, streams=1)
    no = tf.fill([COUNT], 0.1)
    state = channel.observe(channel.fading(COUNT, USES), no, USES)
    _, beams = beams_towards(state.known, 0.3, 4, rng=rng)
    received = channel.carry(beams.antennas, state.gain, no)
    heard = [received, state.known @ beams.signal, no[:, None] + state.error]
    symbols, effective_no = Equalizer("zf")(heard, state.known @ beams.noise)
    energies = 0.1 / effective_no.numpy()[:, 0] / 0.3
    # |h|^2 of four antennas: mean 4, variance 4.
    assert energies.mean() == pytest.approx(4, abs=0.15)
    assert energies.var() == pytest.approx(4, abs=0.5)
    assert symbols.shape == (COUNT, USES)


@pytest.mark.parametrize("antennas", [1, 2, 3])
@pytest.mark.parametrize("kind", ["mmse", "mrc"])
def test_an_eavesdropper_beside_the_beam_faces_what_numpy_says(kind, antennas, rng):
    own = draw(rng, COUNT, USES, antennas, 4)
    sent, beams = beams_towards(tf.constant(draw(rng, COUNT, USES, 1, 4)), 0.2, 4, rng=rng)
    noise = draw(rng, COUNT, USES, antennas) * np.float32(np.sqrt(0.05))
    received = np.einsum("bnmk,bnk->bnm", own, beams.antennas) + noise
    signal, interference = own @ beams.signal.numpy(), own @ beams.noise.numpy()
    heard = [tf.constant(received), tf.constant(signal), tf.fill([COUNT, USES], 0.05)]
    symbols, effective_no = Equalizer(kind)(heard, tf.constant(interference))
    covariance = 0.05 * np.eye(antennas) + interference @ interference.conj().swapaxes(-1, -2)
    taps = np.linalg.solve(covariance, signal) if kind == "mmse" else signal
    adjoint = taps.conj().swapaxes(-1, -2)
    expected = (adjoint @ covariance @ taps).real / np.abs(adjoint @ signal) ** 2
    np.testing.assert_allclose(effective_no, expected[..., 0, 0], rtol=2e-2)
    # Unbiased, and as noisy as is said.
    error = symbols.numpy() - sent.numpy()
    assert np.mean(np.abs(error) ** 2 / effective_no) == pytest.approx(1, abs=0.05)
    weight = 1 / effective_no.numpy()
    assert abs(np.sum(weight * error * sent.numpy().conj()) / np.sum(weight)) < 0.02


def test_as_many_antennas_as_the_transmitter_has_see_through_the_noise(rng):
    def ratio(antennas):
        own = draw(rng, COUNT, USES, antennas, 4)
        _, beams = beams_towards(tf.constant(draw(rng, COUNT, USES, 1, 4)), 0.01, 4, rng=rng)
        heard = [tf.zeros([COUNT, USES, antennas], tf.complex64), tf.constant(own @ beams.signal.numpy())]
        _, effective_no = Equalizer("mmse")([*heard, tf.fill([COUNT, USES], 1e-4)], tf.constant(own @ beams.noise))
        return np.median(1 / effective_no)

    assert ratio(4) > 100 * ratio(3)


def test_what_the_transmitter_does_not_know_of_the_channel_reaches_the_receiver(rng):
    """The receiver says how much: the variance of its error meets the energy of a channel use."""
    channel = BlockFadingChannel(transmit_antennas=4, streams=1, csi=Csi(pilots=2, estimator="lmmse"))
    no = tf.fill([COUNT], 0.2)
    state = channel.observe(channel.fading(COUNT, USES), no, USES)
    np.testing.assert_allclose(state.error, 1 / (1 + 2 / 0.2), rtol=1e-5)
    symbols, beams = beams_towards(state.known, 0.05, 4, rng=rng)
    received = channel.carry(beams.antennas, state.gain, no).numpy()
    left = received - (state.known @ beams.signal).numpy()[..., 0] * symbols.numpy()[..., None]
    assert np.mean(np.abs(left) ** 2) == pytest.approx(0.2 + 1 / (1 + 2 / 0.2), rel=0.03)


def test_beams_go_over_a_grid_too(rng):
    channel = OfdmChannel(Multipath(subcarriers=8), transmit_antennas=4, streams=1)
    fading = channel.fading(50, 16)
    no = tf.fill([50], 1e-6)
    state = channel.observe(fading, no, 16)
    assert state.gain.shape == (50, 16, 1, 4)
    symbols = tf.constant(draw(rng, 50, 16))
    beams = form_beams(symbols, state.known, tf.fill([50], 0.5), artificial_noise(50, 16, 3))
    heard = channel.carry(beams.antennas, state.gain, no).numpy()[..., 0]
    expected = np.sqrt(0.5) * np.linalg.norm(state.gain.numpy()[:, :, 0], axis=-1) * symbols.numpy()
    np.testing.assert_allclose(np.abs(heard), np.abs(expected), atol=0.01)


def test_streams_beside_interference_and_calls_without_beams_are_refused(rng):
    with pytest.raises(ValueError, match="form beams first"):
        BlockFadingChannel(transmit_antennas=4, streams=1)([tf.zeros([2, 4], tf.complex64), tf.ones([2])])
    with pytest.raises(ValueError, match="perfect channel knowledge"):
        OfdmChannel(transmit_antennas=2, streams=1, csi=Csi(pilots=1))
    inputs = [tf.zeros([2, 3, 2], tf.complex64), tf.zeros([2, 3, 2, 2], tf.complex64), tf.ones([2, 3])]
    with pytest.raises(ValueError, match="2 streams beside interference"):
        Equalizer("mmse")(inputs, tf.zeros([2, 3, 2, 1], tf.complex64))
