"""The digital link against closed forms, against Sionna's own simulation, and against a NumPy model of its parts."""

import math

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import gamma, norm
from sionna.phy.channel import AWGN
from sionna.phy.fec.ldpc import LDPC5GDecoder, LDPC5GEncoder
from sionna.phy.mapping import BinarySource, Constellation, Demapper, Mapper
from sionna.phy.utils import ebnodb2no, sim_ber

from diffsem.channels import BlockFadingChannel, reseed
from diffsem.link import (
    MODULATIONS,
    BypassReceiver,
    DigitalLink,
    DigitalSystem,
    FeatureBits,
    RandomBits,
    UniformQuantizer,
    bit_error_rate,
    clustered_interval,
    coded_bits,
)
from diffsem.link.digital.ldpc_decoder import ITERATIONS
from diffsem.models import mnist

CHANNELS = {
    "awgn": BlockFadingChannel(math.inf),
    "rayleigh": BlockFadingChannel(coherence=1),
    "mrc": BlockFadingChannel(coherence=1, receive_antennas=2),
}


def wrong_bits(link, snr_db, blocks, seed=1):
    """[blocks] wrong bits of each."""
    sent = RandomBits(link.information_bits).bits(tf.zeros([blocks, 1]), tf.constant(seed, tf.int64))
    reseed(seed + 1000)
    decided = link.transmit(sent, tf.fill([blocks], tf.constant(10 ** (-snr_db / 10), tf.float32)))
    return (decided.numpy() != sent.numpy()).sum(axis=1)


def textbook(modulation, snr):
    """Q-function forms over AWGN at Es/N0 `snr`, linear (Proakis, Digital Communications, 4.3)."""
    if modulation == "bpsk":
        return norm.sf(np.sqrt(2 * snr))
    if modulation == "qpsk":
        return norm.sf(np.sqrt(snr))
    terms = (3, 2, -1)  # Gray-mapped 4-PAM on either axis
    return sum(weight * norm.sf((2 * i + 1) * np.sqrt(snr / 5)) for i, weight in enumerate(terms)) / 4


def averaged(modulation, snr, branches):
    """The same over the sum of exponential branch SNRs."""
    grid = np.geomspace(1e-9, 60, 200_001) * snr
    return np.trapezoid(textbook(modulation, grid) * gamma.pdf(grid, branches, scale=snr), grid)


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("modulation", ["bpsk", "qpsk", "16qam"])
def test_uncoded_bit_error_rates_are_those_of_the_closed_forms(modulation, channel):
    link = DigitalLink(CHANNELS[channel], "mrc", modulation, None, 480)
    lowest = {"bpsk": -4, "qpsk": -1, "16qam": 4}[modulation]
    for place, snr_db in enumerate(range(lowest, lowest + 10, 2)):
        snr = 10 ** (snr_db / 10)
        expected = textbook(modulation, snr)
        if channel != "awgn":
            expected = averaged(modulation, snr, 2 if channel == "mrc" else 1)
        share = wrong_bits(link, snr_db, 1000, seed=place) / 480
        half_width = norm.ppf(0.995) * share.std() / math.sqrt(len(share))
        assert abs(share.mean() - expected) <= half_width, (snr_db, share.mean(), expected)
        assert half_width < 0.05 * expected


def gray_pam(bits):
    """Level of every label of a Gray-mapped PAM of unit energy, by NumPy."""
    index = np.arange(2**bits)
    levels = 2.0 * index - (2**bits - 1)
    return index ^ (index >> 1), levels / np.sqrt((levels**2).mean())


@pytest.mark.parametrize("modulation", ["qpsk", "16qam", "64qam", "256qam"])
@pytest.mark.parametrize("snr_db", [-10.0, 0.0, 12.0, 22.0])
def test_the_closed_form_is_the_sum_over_all_decisions(modulation, snr_db):
    """Nearest levels on either axis: every axis has half of the energy and half of the noise."""
    bits = MODULATIONS[modulation] // 2
    labels, levels = gray_pam(bits)
    deviation = math.sqrt(10 ** (-snr_db / 10))
    edges = np.concatenate([[-np.inf], (levels[1:] + levels[:-1]) / 2, [np.inf]])
    decided = np.diff(norm.cdf((edges[None] - levels[:, None]) / deviation), axis=1)
    wrong = np.array([[bin(left ^ right).count("1") for right in labels] for left in labels])
    assert bit_error_rate(modulation, snr_db) == pytest.approx((decided * wrong).sum() / (len(levels) * bits), rel=1e-9)


@pytest.mark.parametrize("modulation", ["bpsk", "qpsk", "16qam"])
@pytest.mark.parametrize("branches", [1, 2, 4])
def test_the_closed_form_over_fading_is_its_average(modulation, branches):
    for snr_db in (-5.0, 5.0, 15.0):
        expected = averaged(modulation, 10 ** (snr_db / 10), branches)
        assert bit_error_rate(modulation, snr_db, branches) == pytest.approx(expected, rel=1e-5)


def snr_at(rate, snrs_db, rates):
    """Where a falling error rate crosses `rate`, dB."""
    return np.interp(-math.log(rate), -np.log(np.maximum(rates, 1e-4)), snrs_db)


@pytest.mark.parametrize("modulation", ["bpsk", "qpsk"])
def test_bits_of_a_sign_are_those_of_sionnas_demapper(modulation, rng):
    link = DigitalLink(BlockFadingChannel(math.inf), "zf", modulation, None, 512)
    symbols = tf.constant(rng.normal(size=[64, 256]) + 1j * rng.normal(size=[64, 256]), tf.complex64)
    constellation = Constellation("pam" if modulation == "bpsk" else "qam", MODULATIONS[modulation])
    demap = Demapper("maxlog", constellation=constellation, hard_out=True)
    no = tf.fill([64, 1], 0.1)
    np.testing.assert_array_equal(link._demap(symbols, no), demap(symbols, no))


@pytest.mark.slow
def test_the_coded_link_is_within_a_fifth_of_a_decibel_of_sionnas_own_simulation():
    """Rate 1/2 and QPSK: Eb/N0 is Es/N0."""
    size, snrs_db, blocks = 512, np.array([0.75, 1.0, 1.25, 1.5]), 600
    link = DigitalLink(CHANNELS["awgn"], "zf", "qpsk", 0.5, size)
    ours = [np.count_nonzero(wrong_bits(link, snr_db, blocks)) / blocks for snr_db in snrs_db]

    encode = LDPC5GEncoder(size, 2 * size, num_bits_per_symbol=2)
    decode = LDPC5GDecoder(encode, hard_out=True, num_iter=ITERATIONS)
    constellation = Constellation("qam", 2)
    source, mapper, channel = BinarySource(), Mapper(constellation=constellation), AWGN()
    demapper = Demapper("app", constellation=constellation)

    def simulate(batch_size, ebno_db):
        no = ebnodb2no(ebno_db, 2, 0.5)
        bits = source([batch_size, size])
        return bits, decode(demapper(channel(mapper(encode(bits)), no), no))

    _, theirs = sim_ber(simulate, snrs_db, blocks, max_mc_iter=1, early_stop=False, verbose=False, soft_estimates=False)
    assert ours[0] > 0.3 > 0.2 > ours[-1]
    for rate in (0.5, 0.2):
        assert snr_at(rate, snrs_db, ours) == pytest.approx(snr_at(rate, snrs_db, theirs.numpy()), abs=0.2)


@pytest.mark.parametrize(
    ("size", "rate"),
    [(11, 0.5), (12, 0.5), (64, 0.19), (64, 0.2), (100, 0.9), (100, 0.97), (8448, 0.5), (8449, 0.5), (4000, 0.22)],
)
def test_a_code_is_refused_exactly_where_sionna_has_none(size, rate):
    bits = math.ceil(round(size / rate / 2, 9)) * 2
    try:
        LDPC5GEncoder(size, bits, num_bits_per_symbol=2)
    except ValueError:
        with pytest.raises(ValueError, match="no LDPC code"):
            coded_bits(size, rate, "qpsk")
    else:
        assert coded_bits(size, rate, "qpsk") == bits


@given(st.integers(1, 400), st.sampled_from(sorted(MODULATIONS)))
def test_uncoded_blocks_fill_their_last_symbol(size, modulation):
    bits = coded_bits(size, None, modulation)
    assert bits % MODULATIONS[modulation] == 0
    assert 0 <= bits - size < MODULATIONS[modulation]


def test_a_block_that_does_not_fill_its_last_symbol_arrives_whole():
    link = DigitalLink(CHANNELS["awgn"], "zf", "256qam", None, 61)
    assert link.channel_uses == 8
    assert not wrong_bits(link, 60.0, 50).any()


@pytest.mark.parametrize(("modulation", "size"), [("64qam", 8), ("256qam", 3)])
def test_blocks_that_do_not_fill_their_last_symbol_have_the_bit_error_rate_of_the_closed_form(modulation, size):
    """Neither by what fills it, nor by the bits of a symbol that it leaves to the block: they are not all as safe."""
    link = DigitalLink(CHANNELS["awgn"], "zf", modulation, None, size)
    share = wrong_bits(link, 0.0, 15_000) / size
    z = (share.mean() - bit_error_rate(modulation, 0.0)) / (share.std() / math.sqrt(len(share)))
    assert abs(z) < 4, z


def test_what_fills_the_last_symbol_repeats_with_its_seed_and_leaves_the_payload_alone():
    """Decided wrong bits at low SNR hang on it, over the same noise."""
    link, no = DigitalLink(CHANNELS["awgn"], "zf", "64qam", None, 8), tf.ones([50])
    sent = RandomBits(8).bits(tf.zeros([50, 1]), tf.constant(3, tf.int64))

    def decided(seed):
        reseed(1)
        return link.transmit(sent, no, tf.constant(seed, tf.int64)).numpy()

    np.testing.assert_array_equal(decided(3), decided(3))
    np.testing.assert_array_equal(decided(3)[:, :6], decided(2**40)[:, :6])
    assert (decided(3)[:, 6:] != decided(2**40)[:, 6:]).any()


@pytest.mark.parametrize("broken", ["encoder", "classifier"])
def test_features_and_logits_that_are_not_finite_are_told(broken, rng):
    networks = {"encoder": mnist.Encoder(), "classifier": mnist.Classifier()}
    payload = FeatureBits(networks["encoder"], UniformQuantizer(2), BypassReceiver(networks["classifier"]))
    system = DigitalSystem("digital", DigitalLink(CHANNELS["awgn"], "zf", "16qam", 0.5, 128), payload)
    images, seed = tf.constant(rng.random((20, 28, 28, 1), np.float32)), tf.constant(3, tf.int64)

    def finite():
        return system.run(images, tf.zeros([20], tf.int64), tf.fill([20], 40.0), seed, seed)[2].numpy()

    assert finite().all()
    networks[broken].set_weights([np.full_like(weights, np.nan) for weights in networks[broken].get_weights()])
    assert not finite().any()


# J. Max, Quantizing for minimum distortion, 1960, table II: the equally spaced quantiser of a unit Gaussian.
@pytest.mark.parametrize(
    ("bits", "spacing", "error"), [(1, 1.596, 0.3634), (2, 0.9957, 0.1188), (3, 0.5860, 0.03744), (4, 0.3352, 0.01154)]
)
def test_the_quantiser_is_that_of_max(bits, spacing, error, rng):
    quantizer = UniformQuantizer(bits)
    assert quantizer.spacing == pytest.approx(spacing, rel=2e-3)
    values = rng.standard_normal((1000, 500)).astype(np.float32)
    back = quantizer.to_values(quantizer.to_bits(values)).numpy()
    assert ((values - back) ** 2).mean() == pytest.approx(error, rel=0.01)


@given(st.integers(1, 8), st.lists(st.floats(-6, 6, width=32), min_size=1, max_size=20))
def test_quantised_values_come_back_as_the_nearest_level(bits, values):
    quantizer = UniformQuantizer(bits)
    row = np.array([values], np.float32)
    levels = (np.arange(2**bits) - 2 ** (bits - 1) + 0.5) * quantizer.spacing
    nearest = np.abs(row[..., None] - levels).min(axis=-1)
    back = quantizer.to_values(quantizer.to_bits(row)).numpy()
    np.testing.assert_allclose(np.abs(row - back), nearest, atol=1e-5)


@pytest.mark.parametrize("bits", [1, 2, 5])
def test_neighbouring_levels_differ_in_one_bit(bits):
    quantizer = UniformQuantizer(bits)
    levels = ((np.arange(2**bits) - 2 ** (bits - 1) + 0.5) * quantizer.spacing)[None].astype(np.float32)
    codes = quantizer.to_bits(levels).numpy().reshape(2**bits, bits)
    assert (np.abs(np.diff(codes, axis=0)).sum(axis=1) == 1).all()
    assert len(np.unique(codes, axis=0)) == 2**bits


def test_without_noise_the_digital_system_reads_what_the_classifier_reads_from_quantised_features(rng):
    encoder, classifier = mnist.Encoder(), mnist.Classifier()
    images, labels = rng.random((40, 28, 28, 1), np.float32), rng.integers(0, 10, 40)

    def receiver(inputs):
        received, step = inputs
        return classifier([received, received, step[:, None]]), step

    payload = FeatureBits(encoder, UniformQuantizer(2), receiver)
    system = DigitalSystem("digital", DigitalLink(CHANNELS["awgn"], "zf", "256qam", 0.5, 128), payload)
    assert system.link.channel_uses == math.prod(mnist.FEATURE_SHAPE) // 2
    snr_db, seed = tf.fill([40], 40.0), tf.constant(3, tf.int64)
    hits, errors, finite = system.run(tf.constant(images), tf.constant(labels), snr_db, seed, seed)
    assert finite.numpy().all()
    assert not errors.numpy().any()
    spacing = UniformQuantizer(2).spacing
    feature = np.clip(np.floor(encoder(images).numpy() / spacing), -2, 1) * spacing + spacing / 2
    expected = classifier([feature, feature, np.zeros((40, 1), np.float32)]).numpy().argmax(axis=1)
    np.testing.assert_array_equal(hits, expected == labels)


def test_random_bits_are_fair_and_a_block_counts_only_whole():
    system = DigitalSystem("bits", DigitalLink(CHANNELS["awgn"], "zf", "qpsk", None, 100), RandomBits(100))
    images, labels = tf.zeros([500, 1]), tf.zeros([500], tf.int64)
    seed = tf.constant(5, tf.int64)
    hits, errors, _ = system.run(images, labels, tf.fill([500], 9.0), seed, seed)
    np.testing.assert_array_equal(hits, errors.numpy() == 0)
    assert 0 < np.count_nonzero(hits) < 500
    assert system.payload.bits(images, seed).numpy().mean() == pytest.approx(0.5, abs=4 * 0.5 / math.sqrt(50_000))


def test_errors_that_come_in_blocks_widen_the_interval_of_a_rate():
    """Of as many wrong bits: spread evenly at random, or all of a block at once."""
    blocks, size = 2000, 100
    rng = np.random.default_rng(1)
    spread = rng.binomial(size, 0.05, blocks)
    bursts = size * rng.binomial(1, 0.05, blocks)
    widths = {}
    for name, errors in (("spread", spread), ("bursts", bursts)):
        low, high = clustered_interval(int(errors.sum()), int((errors**2).sum()), blocks, size)
        widths[name] = high - low
        exact = 2 * norm.ppf(0.975) * errors.std() / math.sqrt(blocks) / size
        assert high - low == pytest.approx(exact, rel=0.05)
        assert low < 0.05 < high
    assert widths["bursts"] == pytest.approx(math.sqrt(size) * widths["spread"], rel=0.1)
    assert clustered_interval(0, 0, blocks, size)[1] == pytest.approx(norm.ppf(0.975) ** 2 / blocks, rel=0.01)
