import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from diffsem.channels import BlockFadingChannel, Equalizer


def heard(rng, count=2000, uses=4, antennas=3, streams=2, no=0.3):
    """Symbols and what three antennas hear of them, from NumPy."""

    def gaussian(*shape):
        return (rng.standard_normal(shape) + 1j * rng.standard_normal(shape)) / np.sqrt(2)

    gain = gaussian(count, uses, antennas, streams)
    sent = np.sign(rng.standard_normal((count, uses, streams))) + 0j
    received = np.einsum("bnmk,bnk->bnm", gain, sent) + np.sqrt(no) * gaussian(count, uses, antennas)
    return sent, [
        tf.constant(received, tf.complex64),
        tf.constant(gain, tf.complex64),
        tf.fill([count, uses], tf.constant(no, tf.float32)),
    ]


@pytest.mark.parametrize("kind", ["zf", "mmse"])
def test_streams_come_out_as_the_textbook_formula_gives_them(kind, rng):
    _, inputs = heard(rng, count=50)
    received, gain, noise = (value.numpy().astype(complex) for value in inputs)
    adjoint = gain.conj().swapaxes(-1, -2)
    loading = 0 if kind == "zf" else noise[..., None, None] * np.eye(2)
    filters = np.linalg.solve(adjoint @ gain + loading, adjoint)
    bias = np.einsum("bnkm,bnmk->bnk", filters, gain)
    expected = np.einsum("bnkm,bnm->bnk", filters, received) / bias
    # What is left of the other streams, and the noise.
    through = filters @ gain / bias[..., None] * (1 - np.eye(2))
    variance = (np.abs(through) ** 2).sum(-1) + noise[..., None] * (np.abs(filters / bias[..., None]) ** 2).sum(-1)
    symbols, effective_no = Equalizer(kind)(inputs)
    np.testing.assert_allclose(symbols.numpy().reshape(expected.shape), expected, rtol=2e-3, atol=2e-3)
    np.testing.assert_allclose(effective_no.numpy().reshape(variance.shape), variance.real, rtol=5e-3)


@pytest.mark.parametrize(("kind", "antennas", "streams"), [("zf", 3, 2), ("mmse", 3, 2), ("mmse", 1, 2), ("mrc", 4, 1)])
def test_symbols_are_unbiased_and_as_noisy_as_is_said(kind, antennas, streams, rng):
    sent, inputs = heard(rng, antennas=antennas, streams=streams)
    symbols, effective_no = (value.numpy().reshape(sent.shape) for value in Equalizer(kind)(inputs))
    error = symbols - sent
    assert (np.abs(error) ** 2 / effective_no).mean() == pytest.approx(1, abs=0.05)
    weight = 1 / effective_no  # the worst symbols would drown the bias
    assert (weight * error * sent.conj()).sum() / weight.sum() == pytest.approx(0, abs=0.02)


def test_one_stream_is_combined_by_maximum_ratio_whatever_the_name(rng):
    _, inputs = heard(rng, count=20, streams=1)
    received, gain, noise = (value.numpy() for value in inputs)
    energy = (np.abs(gain) ** 2).sum(axis=2)
    for kind in ("zf", "mmse", "mrc"):
        symbols, effective_no = Equalizer(kind)(inputs)
        np.testing.assert_allclose(symbols, ((gain[..., 0].conj() * received).sum(-1) / energy[..., 0]), rtol=1e-4)
        np.testing.assert_allclose(effective_no, noise / energy[..., 0], rtol=1e-4)


def test_a_dead_channel_gives_finite_symbols():
    dead = [tf.ones([1, 3, 1], tf.complex64), tf.zeros([1, 3, 1, 1], tf.complex64), tf.ones([1, 3])]
    for value in Equalizer()(dead):
        assert np.isfinite(value.numpy()).all()


def test_what_cannot_be_separated_is_refused(rng):
    with pytest.raises(ValueError, match="allowed: zf, mmse, mrc"):
        Equalizer("magic")
    _, inputs = heard(rng, count=2, antennas=1, streams=2)
    for kind in ("zf", "mrc"):
        with pytest.raises(ValueError, match="2 streams with 1 antennas"):
            Equalizer(kind)(inputs)


def test_it_is_one_layer_of_a_keras_model_and_restored_from_its_configuration():
    symbols, no = keras.Input((6,), dtype="complex64"), keras.Input(())
    layer = Equalizer("mmse", 6)
    model = keras.Model([symbols, no], layer(BlockFadingChannel(math.inf, receive_antennas=2)([symbols, no])))
    sent = tf.ones([3, 6], tf.complex64)
    decided, effective_no = model([sent, tf.fill([3], 1e-9)])
    np.testing.assert_allclose(decided, sent, atol=1e-3)
    np.testing.assert_allclose(effective_no, 0.5e-9, rtol=1e-5)  # two antennas
    restored = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    assert (restored.kind, restored.count) == ("mmse", 6)
