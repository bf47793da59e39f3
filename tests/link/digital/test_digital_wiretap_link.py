"""Bits over two channels: what each node decides, and that neither hangs on the other."""

import math
from dataclasses import dataclass

import numpy as np
import pytest
import tensorflow as tf
from scipy.stats import spearmanr

from diffsem.channels import BlockFadingChannel, Csi
from diffsem.link import (
    Attack,
    DigitalLink,
    DigitalWiretapLink,
    Experiment,
    Point,
    Programs,
    QuantizedFeature,
    Seeds,
    StoppingRule,
    System,
    UniformQuantizer,
    bit_error_rate,
    empty_table,
    read_results,
    simulate_points,
    write_table,
)
from diffsem.models import NoiseSchedule, mnist

SCHEDULE = NoiseSchedule()
AWGN, RAYLEIGH = BlockFadingChannel(math.inf), BlockFadingChannel(coherence=1)
SEEDS = Seeds(2, [1], [3])


@dataclass(frozen=True)
class Coins:
    """A payload of 200 random bits, whose feature are the bits themselves, as -1 and 1."""

    feature_shape: tuple[int, ...] = (10, 20, 1)
    bits_count: int = 200

    def bits(self, images, seed):
        drawn = tf.random.stateless_uniform([tf.shape(images)[0], 200], [int(seed), 0], maxval=2, dtype=tf.int32)
        return tf.cast(drawn, tf.float32)

    def feature(self, bits):
        return tf.reshape(2 * bits - 1, [-1, *self.feature_shape])


def link(payload=None, modulation="qpsk", code_rate=None, eavesdropper=AWGN, receiver=AWGN, fading_correlation=0.0):
    payload = payload or Coins()
    channels = (receiver, eavesdropper)
    nodes = [DigitalLink(channel, "zf", modulation, code_rate, payload.bits_count) for channel in channels]
    return DigitalWiretapLink(payload, *nodes, SCHEDULE, fading_correlation)


def transmit(built, images, snr_db, own_snr_db, seeds=SEEDS):
    whole = np.ones(len(images))
    receiver, eavesdroppers, noise_step = built.transmit(
        images, 0 * whole, snr_db * whole, [value * whole for value in own_snr_db], seeds
    )
    assert not noise_step.numpy().any()
    return receiver, eavesdroppers


def wrong_bits(observation, images, seed=1):
    """Share of the bits of `Coins` that were decided wrong."""
    sent = 2 * Coins().bits(images, seed).numpy() - 1
    return (observation.received.numpy().reshape(sent.shape) != sent).mean()


@pytest.fixture
def images(rng):
    return rng.random((400, 28, 28, 1), np.float32)


FORMATS = [("qpsk", None, 2), ("64qam", None, 1), ("16qam", 0.5, 2)]


@pytest.mark.parametrize(("modulation", "code_rate", "bits"), FORMATS)
def test_at_a_high_snr_both_nodes_have_the_feature_that_was_sent(modulation, code_rate, bits, images):
    encoder, quantizer = mnist.Encoder(), UniformQuantizer(bits)
    built = link(QuantizedFeature(encoder, quantizer), modulation, code_rate)
    receiver, (eavesdropper,) = transmit(built, images[:50], 40.0, [40.0])
    level = np.clip(np.floor(encoder(images[:50]).numpy() / quantizer.spacing), -(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    sent = (level + 0.5) * quantizer.spacing
    for node in (receiver, eavesdropper):
        np.testing.assert_allclose(node.received, sent, rtol=1e-6)
    assert built.feature_shape == receiver.received.shape[1:]


class Recorded:
    """A channel that keeps what is sent over it."""

    def __init__(self):
        self.sent = []

    def fading(self, batch, count):
        return AWGN.fading(batch, count)

    def __call__(self, inputs, fading=None):
        self.sent.append(inputs[0].numpy())
        return AWGN(inputs, fading=fading)


def test_both_nodes_meet_the_same_symbols_whatever_fills_the_last_one(images):
    """64 bits leave two of 64-QAM's open, which are drawn anew in every transmission."""
    channels = Recorded(), Recorded()
    nodes = [DigitalLink(channel, "zf", "64qam", None, 64) for channel in channels]
    built = DigitalWiretapLink(QuantizedFeature(mnist.Encoder(), UniformQuantizer(1)), *nodes, SCHEDULE)
    transmit(built, images, 3.0, [7.0], Seeds(2, [1, 6], [3, 4]))
    (own,), (first, second) = (channel.sent for channel in channels)
    np.testing.assert_array_equal(first, own)
    first, second = (symbols.reshape(len(images), -1) for symbols in (first, second))
    np.testing.assert_array_equal(first[:, :-1], second[:, :-1])
    assert (first[:, -1] != second[:, -1]).any()


@pytest.mark.parametrize("snr_db", [-10.0, 30.0])
def test_bit_errors_at_the_eavesdropper_follow_the_closed_form_whatever_the_receiver_has(snr_db, images):
    own = [-3.0, 0.0, 4.0]
    _, eavesdroppers = transmit(link(), images, snr_db, own)
    bits = len(images) * 200
    for node, own_snr_db in zip(eavesdroppers, own, strict=True):
        expected = bit_error_rate("qpsk", own_snr_db)
        deviation = math.sqrt(expected * (1 - expected) / bits)
        assert wrong_bits(node, images) == pytest.approx(expected, abs=4 * deviation)


@pytest.mark.parametrize("snr_db", [-10.0, 30.0])
def test_both_nodes_decode_the_code_whatever_the_other_has(snr_db, images):
    """Rate 1/2 and QPSK: one bit a symbol.

    At 5 dB the code leaves none of the 3.8 % that the closed form has without it. At -6 dB the channel's capacity,
    log2(1 + SNR) = 0.32 bits a symbol, is not a third of what is sent: hardly a block can be whole.
    """
    built, sent = link(code_rate=0.5), 2 * Coins().bits(images, 1).numpy() - 1
    _, (clear, drowned) = transmit(built, images, snr_db, [5.0, -6.0])
    assert bit_error_rate("qpsk", 5.0) > 0.03
    assert wrong_bits(clear, images) == 0
    whole = (drowned.received.numpy().reshape(sent.shape) == sent).all(axis=1)
    assert whole.mean() < 0.01
    receiver, _ = transmit(built, images, 5.0, [snr_db])
    assert wrong_bits(receiver, images) == 0


@pytest.mark.parametrize("code_rate", [None, 0.5])
def test_each_node_has_the_channel_uses_of_its_own_channel(code_rate):
    """200 bits are 100 QPSK symbols, 200 with a code of rate 1/2; two pilots come with every 20, or every 8."""
    pilots = [BlockFadingChannel(coherence=coherence, csi=Csi(pilots=2)) for coherence in (22, 10)]
    built = link(code_rate=code_rate, receiver=pilots[0], eavesdropper=pilots[1])
    symbols = 100 if code_rate is None else 200
    assert built.receiver_channel_uses == symbols + 2 * symbols // 20
    assert built.eavesdropper_channel_uses == symbols + 2 * math.ceil(symbols / 8)


def test_neither_node_moves_the_other(images):
    alone, _ = transmit(link(), images, 0.0, [])
    for eavesdropper in (AWGN, RAYLEIGH):
        watched, _ = transmit(link(eavesdropper=eavesdropper), images, 0.0, [-5.0, 20.0])
        np.testing.assert_array_equal(watched.received, alone.received)
    _, (before,) = transmit(link(), images, 0.0, [2.0])
    _, (after,) = transmit(link(), images, 30.0, [2.0])
    np.testing.assert_array_equal(before.received, after.received)


def test_their_errors_are_independent(images):
    receiver, (eavesdropper,) = transmit(link(), images, 0.0, [0.0])
    sent = 2 * Coins().bits(images, 1).numpy() - 1
    wrong = [(node.received.numpy().reshape(sent.shape) != sent).ravel() for node in (receiver, eavesdropper)]
    assert abs(np.corrcoef(wrong)[0, 1]) < 4 / math.sqrt(sent.size)


@pytest.mark.parametrize("correlation", [0.0, 0.9, 1.0])
def test_blocks_fade_together_as_far_as_the_fading_is_correlated(correlation, images):
    """Behind one gain a block, wrong bits of two nodes go together, and only as far as their gains do."""
    slow = BlockFadingChannel()
    built = link(receiver=slow, eavesdropper=slow, fading_correlation=correlation)
    seeds = Seeds(2, [1, 6], [3, 4])
    receiver, (first, later) = transmit(built, images, 5.0, [5.0], seeds)
    shares = []
    for node, seed in ((receiver, 1), (first, 1), (later, 6)):
        sent = 2 * Coins().bits(images, seed).numpy() - 1
        shares.append((node.received.numpy().reshape(sent.shape) != sent).mean(axis=1))
    alike, apart = (spearmanr(shares[0], other).statistic for other in shares[1:])
    # Four standard errors of a rank correlation of independent blocks.
    chance = 4 / math.sqrt(len(images))
    assert abs(apart) < chance
    if correlation == 0:
        assert abs(alike) < chance
    elif correlation == 1:
        assert alike > 0.85
    else:
        assert chance < alike < 0.95


def test_bit_errors_over_fading_follow_the_closed_form(images):
    _, (eavesdropper,) = transmit(link(eavesdropper=RAYLEIGH), images, 0.0, [6.0])
    expected = float(bit_error_rate("qpsk", 6.0, branches=1))
    # Both bits of a symbol fade together.
    deviation = math.sqrt(2 * expected * (1 - expected) / (len(images) * 200))
    assert wrong_bits(eavesdropper, images) == pytest.approx(expected, abs=4 * deviation)


def test_nodes_are_told_their_channels_level(images):
    receiver, eavesdroppers = transmit(link(), images[:4], 12.0, [0.0, -40.0])
    # abar = SNR / (1 + SNR), by NumPy's own interpolation of the schedule; the worst channel is beyond its end.
    for node, snr_db in zip([receiver, *eavesdroppers], (12.0, 0.0, -40.0), strict=True):
        level = -snr_db / 10 * math.log(10)
        step = np.interp(level, SCHEDULE.log_noise_to_signal, np.arange(SCHEDULE.steps + 1))
        np.testing.assert_allclose(node.step, step, atol=0.01)
        np.testing.assert_allclose(node.esnr, 10 ** (snr_db / 10), rtol=1e-5)


def test_repeated_transmissions_are_observations_by_themselves(images):
    built = link()
    once = transmit(built, images, 0.0, [0.0, 3.0])
    often = transmit(built, images, 0.0, [0.0, 3.0], Seeds(2, [1, 8, 9], [3, 4, 5]))
    assert built.scrambled
    assert built.observations(3) == 3
    assert len(often[1]) == 6
    np.testing.assert_array_equal(often[0].received, once[0].received)
    np.testing.assert_array_equal(often[1][0].received, once[1][0].received)
    np.testing.assert_array_equal(often[1][3].received, once[1][1].received)
    for node, seed in zip(often[1][:3], (1, 8, 9), strict=True):
        assert wrong_bits(node, images, seed) == pytest.approx(bit_error_rate("qpsk", 0.0), rel=0.05)


def test_a_feature_that_is_not_finite_is_not_received_as_one(images):
    encoder = mnist.Encoder()
    built = link(QuantizedFeature(encoder, UniformQuantizer(1)))
    spoilt = images[:3].copy()
    spoilt[1] = np.nan
    receiver, (eavesdropper,) = transmit(built, spoilt, 10.0, [0.0])
    for node in (receiver, eavesdropper):
        whole = np.isfinite(node.received.numpy()).all(axis=(1, 2, 3))
        assert whole.tolist() == [True, False, True]


def test_links_that_do_not_go_together_are_refused():
    qpsk, denser = (DigitalLink(AWGN, "zf", modulation, None, 200) for modulation in ("qpsk", "16qam"))
    with pytest.raises(ValueError, match=r"200 bits, uncoded, 16qam; allowed: 200 bits, uncoded, qpsk"):
        DigitalWiretapLink(Coins(), qpsk, denser, SCHEDULE)
    with pytest.raises(ValueError, match=r"200 information bits; allowed: 100"):
        DigitalWiretapLink(Coins(bits_count=100), qpsk, qpsk, SCHEDULE)


def test_a_sweep_over_it_has_receivers_and_attacks_and_no_ceiling(rng, tmp_path):
    encoder, quantizer = mnist.Encoder(), UniformQuantizer(2)
    # Pilots, of which a node at 40 dB needs no more than one to know its channel.
    pilots = BlockFadingChannel(coherence=9, csi=Csi(pilots=1))
    built = link(QuantizedFeature(encoder, quantizer), "16qam", eavesdropper=pilots)
    images, labels = rng.random((64, 28, 28, 1), np.float32), rng.integers(0, 10, 64)

    def votes(received, step):
        """Logits that hang on every value that is received."""
        spread = tf.cast(tf.range(10), tf.float32)
        return tf.sin(tf.reduce_sum(received, axis=[1, 2, 3])[:, None] * (1 + spread)) + 0 * step[:, None]

    experiment = Experiment(
        links={"bits": built},
        systems=[System("coded", "bits", lambda inputs: (votes(*inputs), 0 * inputs[1]))],
        attacks=[Attack("copy", "bits", lambda inputs: votes(*inputs), reconstructs=False)],
        judge=mnist.StrongClassifier(),
        clean_judge=mnist.StrongClassifier(),
        images=images,
        labels=labels,
        schedule=SCHEDULE,
        stopping=StoppingRule(max_images=64),
        batch_size=32,
        seed=1,
        channels={"receiver": "awgn", "adversary": "rayleigh"},
        eavesdroppers=2,
        looks=2,
    )
    (result,) = simulate_points(experiment, Programs(experiment), [Point(60, 40.0, (40.0, -20.0))])
    receiver, near, far = result.rows
    feature = quantizer.to_values(quantizer.to_bits(tf.reshape(encoder(images), [64, -1])))
    expected = votes(tf.reshape(feature, [64, 8, 8, 1]), tf.zeros([64])).numpy().argmax(axis=1)
    assert receiver["correct"] == np.count_nonzero(expected == labels)
    # 64 values of 2 bits, 4 bits a symbol; and a pilot in front of every 8 symbols.
    assert receiver["channel_uses"] == 32
    assert near["channel_uses"] == far["channel_uses"] == 36
    assert (receiver["looks"], near["looks"]) == (1, 2)
    for row in result.rows:
        assert (row["noise_step"], row["scored"], row["total"]) == (0, "label", 64)
        assert np.isnan([row["ceiling"], row["signal_power"], row["ber"]]).all()
        # Of the sweep's t, as in rows of digital systems; what a node stands at is its matched step.
        assert row["esnr_db"] == pytest.approx(float(SCHEDULE.esnr_db(60)))
    assert near["matched_step"] < far["matched_step"]
    assert receiver["matched_step"] == pytest.approx(near["matched_step"])
    path = tmp_path / "bits.h5"
    write_table(path, empty_table({"scenario": "{}"}, np.zeros((10, 28, 28, 1), np.uint8)).with_point(result))
    read = read_results(path)
    assert list(read["correct"]) == [row["correct"] for row in result.rows]
    assert read[["ceiling", "signal_power"]].isna().all(axis=None)
