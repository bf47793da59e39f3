import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from diffsem.channels import BlockFadingChannel
from diffsem.link import (
    BypassReceiver,
    DiffSemReceiver,
    EDiffSemReceiver,
    Reception,
    Seeds,
    Transmitter,
    WiretapLink,
    end_to_end,
)
from diffsem.models import Denoise, NoiseSchedule, UNet, mnist

SCHEDULE = NoiseSchedule()
SEEDS = Seeds(legitimate=2, self_noise=[1], eavesdropper=[3])
BATCH = 64
AWGN, RAYLEIGH = BlockFadingChannel(math.inf), BlockFadingChannel()


def build(legitimate=AWGN, eavesdropper=AWGN):
    keras.utils.set_random_seed(1)
    return WiretapLink(
        Transmitter(mnist.Encoder(), SCHEDULE), Reception(legitimate, SCHEDULE), Reception(eavesdropper, SCHEDULE)
    )


@pytest.fixture
def images(rng):
    return rng.random((BATCH, 28, 28, 1), np.float32)


def transmit(link, images, snr_db=10.0, own=(10.0,), seeds=SEEDS, step=60):
    whole = np.ones(len(images))
    receiver, eavesdroppers, _ = link.transmit(
        images, whole * step, whole * snr_db, [whole * value for value in own], seeds
    )
    return receiver, eavesdroppers


def test_both_nodes_hear_the_same_signal_with_noise_of_their_own(images):
    receiver, (eavesdropper,) = transmit(build(), images, snr_db=0.0, own=(0.0,), step=0)
    feature = build().transmitter.encoder(images).numpy()
    scale = np.sqrt(SCHEDULE.alpha_bar_at(receiver.step).numpy()).reshape(-1, 1, 1, 1)
    noises = [(node.received.numpy() - scale * feature).ravel() for node in (receiver, eavesdropper)]
    assert abs(np.corrcoef(noises)[0, 1]) < 4 / np.sqrt(noises[0].size)


def test_self_noise_is_common_to_both_nodes(images):
    receiver, (eavesdropper,) = transmit(build(), images, snr_db=40.0, own=(40.0,), step=300)
    correlation = np.corrcoef(receiver.received.numpy().ravel(), eavesdropper.received.numpy().ravel())[0, 1]
    assert correlation > 0.99


def test_an_eavesdropper_never_shifts_the_receivers_noise(images):
    link = build()
    alone, _ = transmit(link, images, own=())
    watched, _ = transmit(link, images, own=(5.0, 10.0))
    np.testing.assert_array_equal(alone.received, watched.received)
    fading, _ = transmit(build(eavesdropper=RAYLEIGH), images)
    np.testing.assert_array_equal(alone.received, fading.received)


@pytest.mark.parametrize("coefficient", [0.0, 0.6, 1.0])
def test_fading_that_resembles_the_receivers_changes_the_eavesdropper_only(coefficient, rng):
    """At t = 0 the step that a node works out tells its gain: both have the same one where the coefficient is 1."""
    images = np.repeat(rng.random((1, 28, 28, 1), np.float32), 2000, axis=0)
    nodes = {}
    for value in (0.0, coefficient):
        link = build(RAYLEIGH, RAYLEIGH)
        link.fading_correlation = value
        nodes[value] = transmit(link, images, snr_db=10.0, own=(10.0,), step=0)
    np.testing.assert_array_equal(nodes[0.0][0].received, nodes[coefficient][0].received)
    receiver, (eavesdropper,) = nodes[coefficient]
    # Gains of two complex Gaussians of correlation r have squared magnitudes of correlation r^2.
    energies = []
    for node in (receiver, eavesdropper):
        alpha_bar = SCHEDULE.alpha_bar_at(node.step).numpy()
        energies.append(alpha_bar / (1 - alpha_bar))
    inside = (receiver.step.numpy() > 1) & (receiver.step.numpy() < 499)
    inside &= (eavesdropper.step.numpy() > 1) & (eavesdropper.step.numpy() < 499)
    measured = np.corrcoef(energies[0][inside], energies[1][inside])[0, 1]
    assert measured == pytest.approx(coefficient**2, abs=0.06)


def test_an_snr_estimate_that_errs_at_random_errs_by_its_deviation_image_by_image(images):
    """The self-noise that is left out makes room for the channel's: s tells what the transmitter took the SNR for."""

    def steps(error, deviation):
        link = WiretapLink(Transmitter(mnist.Encoder(), SCHEDULE, error, deviation), *[Reception(AWGN, SCHEDULE)] * 2)
        whole = np.ones(len(many))
        return link.transmit(many, 240 * whole, 10.0 * whole, [], SEEDS)[2].numpy()

    many = np.repeat(images[:1], 3000, axis=0)
    fixed = {error: steps(error, 0.0)[0] for error in (-3.0, 0.0, 3.0)}
    assert fixed[-3.0] < fixed[0.0] < fixed[3.0]
    drawn = steps(0.0, 3.0)
    # A normal error lies below minus one deviation for 15.87% of all images, and above none for a half.
    for error, share in ((-3.0, 0.1587), (0.0, 0.5), (3.0, 0.8413)):
        below = np.mean(drawn < fixed[error]) + np.mean(drawn == fixed[error]) / 2
        assert below == pytest.approx(share, abs=0.05)
    assert np.abs(steps(0.0, 0.01) - fixed[0.0]).max() <= 1


def test_the_same_seeds_give_the_same_batch_and_each_role_has_its_own(images):
    link = build()
    receiver, (eavesdropper,) = transmit(link, images)
    again, (also,) = transmit(link, images)
    np.testing.assert_array_equal(receiver.received, again.received)
    np.testing.assert_array_equal(eavesdropper.received, also.received)
    other, (unmoved,) = transmit(link, images, seeds=Seeds(9, [1], [3]))
    assert np.abs(other.received - receiver.received).max() > 0.01
    np.testing.assert_array_equal(unmoved.received, eavesdropper.received)


def test_a_worse_channel_stands_at_a_later_step(images):
    _, heard = transmit(build(), images, own=(-5.0, 5.0, 15.0))
    steps = [float(node.step[0]) for node in heard]
    assert steps[0] > steps[1] > steps[2]


def receivers():
    unet, guided = UNet(channels=8), UNet(channels=8, context=10)
    return {
        "bypass": BypassReceiver(mnist.Classifier()),
        "diffsem": DiffSemReceiver(mnist.Classifier(), Denoise(unet, SCHEDULE, 1)),
        "e-diffsem": EDiffSemReceiver(mnist.Classifier(), Denoise(guided, SCHEDULE, 1), max_rounds=2),
    }


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "channel"),
    [
        ("bypass", AWGN),
        ("bypass", RAYLEIGH),
        ("diffsem", AWGN),
        ("e-diffsem", RAYLEIGH),
    ],
)
def test_the_link_is_one_keras_model_to_call_train_through_and_save(name, channel, images, tmp_path):
    encoder = mnist.Encoder()
    model = end_to_end(
        Transmitter(encoder, SCHEDULE), Reception(channel, SCHEDULE), receivers()[name], mnist.IMAGE_SHAPE
    )
    inputs = {
        "image": images[:16],
        "step": np.full(16, 60, np.int32),
        "snr": np.full(16, 100, np.float32),
    }
    labels = np.arange(16) % 10
    before = [weight.copy() for weight in encoder.get_weights()]
    # Tracing a U-Net for one step takes longer than the step.
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss, run_eagerly=name != "bypass")
    model.fit(inputs, labels, verbose=0)
    assert max(np.abs(new - old).max() for new, old in zip(encoder.get_weights(), before, strict=True)) > 1e-5

    model.save(tmp_path / "link.keras")
    loaded = keras.saving.load_model(tmp_path / "link.keras")
    # At t = 0 and a very high SNR nothing is random: the outputs must agree.
    clean = inputs | {"step": np.zeros(16, np.int32), "snr": np.full(16, 1e9, np.float32)}
    np.testing.assert_allclose(loaded.predict(clean, verbose=0), model.predict(clean, verbose=0), atol=2e-3)


def test_bypass_gives_the_classifier_the_received_feature_twice(rng):
    classifier = mnist.Classifier()
    received = rng.standard_normal((3, 8, 8, 1)).astype(np.float32)
    step = np.array([0.0, 240.0, 500.0], np.float32)
    logits, calls = BypassReceiver(classifier)([received, step])
    expected = classifier([received, received, step[:, None] / 500])
    np.testing.assert_allclose(logits, expected, rtol=1e-5)
    assert calls.numpy().tolist() == [0, 0, 0]


def test_receivers_count_the_denoiser_calls_of_each_image(rng):
    received = tf.constant(rng.standard_normal((8, 8, 8, 1)), tf.float32)
    step = tf.fill([8], 240.0)
    built = receivers()
    assert built["diffsem"]([received, step])[1].numpy().tolist() == [1] * 8
    assert set(built["e-diffsem"]([received, step])[1].numpy()) <= {1, 2}


@pytest.mark.parametrize("name", ["bypass", "diffsem", "e-diffsem"])
def test_an_image_gets_the_same_logits_in_any_batch(name, rng):
    received = tf.constant(rng.standard_normal((32, 8, 8, 1)), tf.float32)
    step = tf.constant(rng.uniform(0, 400, 32), tf.float32)
    receiver = receivers()[name]
    whole, calls = receiver([received, step])
    receiver.batch_size = 8
    pooled, pooled_calls = receiver([received, step])
    np.testing.assert_allclose(pooled, whole, atol=1e-4)
    np.testing.assert_array_equal(pooled_calls, calls)


def test_seeds_of_any_size_give_streams_of_their_own(images):
    """Counter-based generators turn nearby small seeds into one stream, shifted, if they take them as counters."""
    link = build()
    noises = []
    for seed in (1, 2, 3, 2**40, 2**62 - 1):
        receiver, _ = transmit(link, images, snr_db=-20.0, step=0, own=(), seeds=Seeds(seed, [1], [1]))
        noises.append(receiver.received.numpy().ravel()[:4096])
    for i, left in enumerate(noises):
        for right in noises[i + 1 :]:
            lags = np.correlate(left, right, "full") / len(left)
            assert np.abs(lags).max() < 0.15
