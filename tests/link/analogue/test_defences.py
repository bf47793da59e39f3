"""Keyed self-noise, keyed scrambles and self-noise in the null space, through the whole link."""

import math

import keras
import numpy as np
import pytest

from diffsem.channels import BlockFadingChannel
from diffsem.link import Keying, Keystream, NoisyFeature, Reception, Seeds, Transmitter, WiretapLink
from diffsem.models import NoiseSchedule, mnist

SCHEDULE = NoiseSchedule()
STREAM = Keystream(bytes(range(32)))
COUNT = 600
AWGN = BlockFadingChannel(math.inf)


def build(channel=AWGN, own=None, **options):
    keras.utils.set_random_seed(1)
    legitimate, eavesdropper = Reception(channel, SCHEDULE), Reception(own or channel, SCHEDULE, equalizer="mmse")
    return WiretapLink(Transmitter(mnist.Encoder(), SCHEDULE), legitimate, eavesdropper, **options)


@pytest.fixture
def images(rng):
    return rng.random((COUNT, 28, 28, 1), np.float32)


def transmit(link, images, step=400, snr_db=15.0, looks=1):
    whole = np.ones(len(images))
    seeds = Seeds.unpack(list(range(1, 2 + 2 * looks)))
    return link.transmit(images, whole * step, whole * snr_db, [whole * snr_db], seeds)


@pytest.mark.parametrize("words", [1, 8, 1024])
def test_a_codeword_is_taken_away_as_gaussian_noise_is(words, images):
    """Of the jamming, of the same power, the receiver has nothing left; who has no codebook hears all of it."""
    link = build(keying=Keying(STREAM, True, False, words))
    receiver, (eavesdropper,), noise_step = transmit(link, images, 400)
    feature = link.transmitter.encoder(images).numpy()
    alpha_bar = SCHEDULE.alpha_bar
    expected = (alpha_bar[400] + 1 - alpha_bar[noise_step.numpy()[0]]) / 10**1.5 / alpha_bar[400]
    assert db(measured(receiver, feature)) == pytest.approx(db(expected), abs=0.3)
    assert np.abs(eavesdropper.step - 400).max() < 1.5
    # What is left of it without the feature and the channel's noise is a sequence of signs.
    heard = eavesdropper.received.numpy()
    jammed = np.abs(heard).mean() / np.sqrt((heard**2).mean())
    # 1 of signs alone, 0.8 of Gaussian noise.
    assert jammed > 0.95


def noise_to_signal(step):
    return np.exp(np.interp(step, np.arange(501), SCHEDULE.log_noise_to_signal))


def measured(node, feature):
    """Noise over signal power in what a node has, from y alone."""
    y = node.received.numpy()
    signal = np.mean(y * feature) ** 2
    return (np.mean(y**2) - signal) / signal


def db(ratio):
    return 10 * np.log10(ratio)


@pytest.mark.parametrize("scramble", [False, True])
@pytest.mark.parametrize("step", [60, 240, 400, 480])
def test_with_the_key_only_the_channel_is_left(step, scramble, images):
    link = build(keying=Keying(STREAM, True, scramble))
    receiver, (eavesdropper,), noise_step = transmit(link, images, step)
    feature = link.transmitter.encoder(images).numpy()
    alpha_bar = SCHEDULE.alpha_bar
    power = alpha_bar[step] + 1 - alpha_bar[noise_step.numpy()[0]]
    expected = power / 10**1.5 / alpha_bar[step]
    # Four standard deviations over 38,400 symbols: of twice the noise's share along the feature, and of its power.
    tolerance = 4 * 10 / np.log(10) * np.sqrt((4 * expected + 2) / feature.size)
    assert db(measured(receiver, feature)) == pytest.approx(db(expected), abs=tolerance)
    np.testing.assert_allclose(db(noise_to_signal(receiver.step)), db(expected), atol=0.05)
    np.testing.assert_allclose(receiver.esnr, 1 / expected, rtol=1e-2)
    # Without it a listener stands where one of unkeyed self-noise does.
    assert np.abs(eavesdropper.step - step).max() < 1.5
    if not scramble:
        # A correlation of 0.1 with 38,400 symbols is known to 5%.
        assert db(measured(eavesdropper, feature)) == pytest.approx(db(noise_to_signal(step)), abs=1.0)


def test_keyed_and_unkeyed_self_noise_sound_the_same_to_who_has_no_key(images):
    feature = build().transmitter.encoder(images).numpy()
    left = []
    for keying in (None, Keying(STREAM, True, False)):
        _, (heard,), _ = transmit(build(keying=keying), images, 400)
        left.append(heard.received.numpy() - np.sqrt(SCHEDULE.alpha_bar_at(heard.step)).reshape(-1, 1, 1, 1) * feature)
    # Four standard deviations of a difference of moments of 38,400 normal numbers each.
    for moment, deviation in ((1, 1), (2, 2), (3, 15), (4, 96)):
        values = [np.mean(noise**moment) for noise in left]
        assert values[0] == pytest.approx(values[1], abs=4 * np.sqrt(2 * deviation / left[0].size))
    assert abs(np.corrcoef(left[0].ravel(), left[1].ravel())[0, 1]) < 0.03


def test_what_a_key_is_used_for_is_shown_without_the_key():
    key = bytes(range(100, 132))
    shown = repr(Keying(Keystream(key, context="here"), True, False))
    assert "'here'" in shown
    assert repr(key)[2:-1] not in shown
    assert key.hex() not in shown


def test_a_wrong_key_is_worse_than_none(images):
    """Instead of taking the noise away it adds as much again."""
    heard = NoisyFeature(
        np.zeros((50, 8, 8, 1), np.float32), np.ones(50, np.float32), np.ones((50, 8, 8, 1), np.float32)
    )
    right, wrong = (Keying(stream, True, False).pads(3, 50, (8, 8, 1)) for stream in (STREAM, Keystream(bytes(32))))
    power = np.full(50, 0.9, np.float32)
    on_air = heard.values + np.sqrt(0.9) * right.noise
    left = {
        name: pads.undo(NoisyFeature(on_air, heard.signal, heard.noise), power).values.numpy()
        for name, pads in (("right", right), ("wrong", wrong))
    }
    assert np.abs(left["right"]).max() < 1e-6
    assert left["wrong"].var() == pytest.approx(2 * 0.9, rel=0.05)


def test_a_scramble_leaves_the_magnitudes_and_nothing_else(images):
    link = build(keying=Keying(STREAM, False, True))
    receiver, (eavesdropper,), _ = transmit(link, images, step=0, snr_db=60.0)
    feature = link.transmitter.encoder(images).numpy()
    np.testing.assert_allclose(receiver.received, feature, atol=0.02)
    heard = eavesdropper.received.numpy()
    assert abs(np.mean(heard * feature)) < 0.02
    ordered = [np.sort(np.abs(values.reshape(COUNT, -1)), axis=1) for values in (heard, feature)]
    np.testing.assert_allclose(*ordered, atol=0.02)


def test_a_scramble_puts_the_noise_of_each_symbol_in_its_place_too(rng):
    pads = Keying(STREAM, True, True).pads(3, 40, (8, 8, 1))
    clean = rng.standard_normal((40, 8, 8, 1)).astype(np.float32)
    # Of the symbols in the places of a channel of four blocks, one is much noisier.
    noise = np.where(np.arange(64).reshape(8, 8, 1) < 16, 4.0, 0.01) * np.ones_like(clean)
    power = np.full(40, 0.5, np.float32)
    on_air = pads.scramble(clean + np.sqrt(0.5) * pads.noise).numpy()
    on_air += np.sqrt(noise) * rng.standard_normal(clean.shape)
    undone = pads.undo(
        NoisyFeature(on_air.astype(np.float32), np.ones(40, np.float32), (0.5 + noise).astype(np.float32)), power
    )
    error = (undone.values.numpy() - clean) ** 2
    loud = undone.noise.numpy() > 1
    assert loud.mean() == pytest.approx(0.25)
    assert error[loud].mean() == pytest.approx(4.0, rel=0.15)
    assert error[~loud].mean() == pytest.approx(0.01, rel=0.1)


def test_looks_add_up_unless_they_are_scrambled(images):
    for scramble in (False, True):
        link = build(keying=Keying(STREAM, True, scramble))
        receiver, overheard, _ = transmit(link, images, looks=10)
        assert len(overheard) == link.observations(10) == (10 if scramble else 1)
        total = np.sum([node.esnr.numpy() for node in overheard], axis=0)
        np.testing.assert_allclose(total * noise_to_signal(400), 10, rtol=0.03)
        alone, _, _ = transmit(link, images)
        np.testing.assert_array_equal(alone.received, receiver.received)
        left, right = overheard[0].received.numpy(), overheard[-1].received.numpy()
        assert scramble == (abs(np.corrcoef(left.ravel(), right.ravel())[0, 1]) < 0.03)


def test_an_eavesdropper_has_as_many_keys_as_the_scenario_says(images):
    link = build(keying=Keying(STREAM, True, False), known_keys=0.3)
    receiver, (eavesdropper,), _ = transmit(link, images)
    clear = eavesdropper.step.numpy() < 300
    assert clear.mean() == pytest.approx(0.3, abs=0.06)
    np.testing.assert_allclose(eavesdropper.step[clear], receiver.step[clear], atol=0.1)
    np.testing.assert_allclose(eavesdropper.step[~clear], 400, atol=1.5)


def test_a_weak_generator_gives_the_same_noise_every_sixteenth_time(images):
    link = build(keying=Keying(Keystream(bytes(32), "weak"), True, False))
    same = np.repeat(images[:1], 32, axis=0)
    _, (heard,), _ = transmit(link, same, step=450, snr_db=40.0)
    y = heard.received.numpy().reshape(32, -1)
    correlation = np.corrcoef(y)
    assert np.diag(correlation[:16, 16:]).min() > 0.95
    assert np.abs(correlation[0, 1:16]).max() < 0.6


FOUR = BlockFadingChannel(transmit_antennas=4, streams=1)


@pytest.mark.parametrize("step", [0, 300, 480])
def test_in_the_null_space_self_noise_reaches_the_eavesdropper_alone(step, images):
    link = build(FOUR, precoding="null-space")
    receiver, (eavesdropper,), noise_step = transmit(link, images, step)
    alpha_bar = SCHEDULE.alpha_bar
    share = alpha_bar[step] / (alpha_bar[step] + 1 - alpha_bar[noise_step.numpy()[0]])
    # Four antennas: |h|^2 has a mean of 4, and nothing but the channel's noise stands against it.
    assert np.mean(receiver.esnr) == pytest.approx(4 * share * 10**1.5, rel=0.06)
    feature = link.transmitter.encoder(images).numpy()
    for node in (receiver, eavesdropper):
        y = node.received.numpy()
        # E[y z] = sqrt(abar') and E[y^2] = 1, image by image: the step says what the noise is.
        inside = node.step.numpy() < 499
        expected = np.sqrt(SCHEDULE.alpha_bar_at(node.step).numpy())[inside]
        assert np.mean((y * feature).mean(axis=(1, 2, 3))[inside] - expected) == pytest.approx(0, abs=0.01)
    if step:
        # One antenna beside the beam: the share of the signal, over three times a third of that of the noise.
        assert np.median(eavesdropper.esnr) < 1.5 * share / (1 - share)
    else:
        assert np.median(eavesdropper.esnr) > 10


def test_a_beam_alone_leaves_self_noise_to_both(images):
    receiver, (eavesdropper,), _ = transmit(build(FOUR, precoding="beam"), images, 300)
    # The transmitter leaves a margin for 15 dB, of which the beam needs less; nobody is better off than s.
    for node in (receiver, eavesdropper):
        assert np.median(node.step) == pytest.approx(300, abs=8)


def test_a_beam_to_one_antenna_is_the_plain_channel(images):
    """One transmit antenna: maximum-ratio transmission only turns the phase, which the equaliser turns back."""
    one = BlockFadingChannel(streams=1)
    beam, _, _ = transmit(build(one, precoding="beam"), images, 120)
    plain, _, _ = transmit(build(BlockFadingChannel()), images, 120)
    np.testing.assert_allclose(beam.step, plain.step, atol=0.05)


def test_a_key_for_the_null_space_is_refused():
    with pytest.raises(ValueError, match="needs no key"):
        build(FOUR, keying=Keying(STREAM, True, False), precoding="null-space")
