"""Equalisers: one tap, maximum-ratio combining, zero forcing and LMMSE."""

from typing import Literal, get_args

import keras
import tensorflow as tf
from sionna.phy.mimo import lmmse_equalizer, zf_equalizer

from diffsem.channels.streams import streams_to_symbols

EqualizerKind = Literal["zf", "mmse", "mrc"]


@keras.saving.register_keras_serializable("diffsem")
class Equalizer(keras.layers.Layer):
    """x^ = x + e, with the effective noise variance of every symbol (paper, footnote 1; for one antenna, no / |h|^2).

    With one stream all kinds are the same: h^H y / |h|^2, the one-tap equaliser with one receive antenna and
    maximum-ratio combining with several; taking the bias out of the MMSE estimate gives no other. With more streams
    "zf" separates them exactly and "mmse" is Sionna's LMMSE equaliser, bias removed. Where one stream meets
    interference of known directions, "mmse" rejects it as far as antennas allow, the others only know how strong it is.

    Parameters
    ----------
    kind : str
        zf | mmse | mrc.
    count : int, optional
        Symbols n of a sample, where the last channel use is not full. Default: all N K of them.

    Input
    -----
    [received, gain, noise]
        received : [B, N, M], complex64; M receive antennas.
        gain : [B, N, M, K], complex64; what the node knows of its channel to K streams of unit energy.
        noise : [B, N], float; noise variance a receive antenna.
    interference : [B, N, M, J], complex64, optional
        Gains of J interfering streams of unit energy; one stream of symbols only.

    Output
    ------
    symbols : [B, n], complex64
    effective_no : [B, n], float32
        Noise variance a complex symbol. A gain of exactly zero counts as |h|^2 = 1e-12.

    Raises
    ------
    ValueError
        If the kind is unknown, "mrc" or interference goes with more than one stream, or "zf" has more streams than
        receive antennas.

    Examples
    --------
    >>> import numpy as np
    >>> from diffsem.channels import Equalizer
    >>> gain = np.full((1, 32, 1, 1), 2j, "complex64")
    >>> received, noise = gain[..., 0], np.full((1, 32), 0.5, "float32")
    >>> symbols, effective_no = Equalizer("zf")([received, gain, noise])
    >>> complex(symbols[0, 0]), float(effective_no[0, 0])
    ((1+0j), 0.125)
    """

    def __init__(self, kind: EqualizerKind = "zf", count=None, **kwargs):
        super().__init__(**kwargs)
        if kind not in get_args(EqualizerKind):
            raise ValueError(f"equaliser {kind!r}: allowed: {', '.join(get_args(EqualizerKind))}")
        self.kind = kind
        self.count = count

    def call(self, inputs, interference=None):
        received, gain, noise = inputs
        antennas, streams = gain.shape[-2:]
        if interference is not None:
            if streams > 1:
                raise ValueError(f"equaliser: {streams} streams beside interference; one is what it can take")
            symbols, effective_no = self._among_interference(received, gain, noise, interference)
        elif streams == 1:
            symbols, effective_no = _combine(received, gain[..., 0], noise)
        elif self.kind == "mrc" or (self.kind == "zf" and streams > antennas):
            raise ValueError(f"equaliser {self.kind}: cannot separate {streams} streams with {antennas} antennas")
        else:
            covariance = tf.cast(noise[..., None, None], gain.dtype) * tf.eye(antennas, dtype=gain.dtype)
            equalize = zf_equalizer if self.kind == "zf" else lmmse_equalizer
            symbols, effective_no = equalize(received, gain, covariance)
        count = self.count or symbols.shape[1] * streams
        return streams_to_symbols(symbols, count), streams_to_symbols(effective_no, count)

    def _among_interference(self, received, gain, noise, interference):
        """One stream: the filter f gives x^ = f^H y / f^H h, with noise f^H R f / |f^H h|^2, R = no I + G G^H."""
        antennas = gain.shape[-2]
        covariance = tf.cast(noise[..., None, None], gain.dtype) * tf.eye(antennas, dtype=gain.dtype)
        covariance += tf.matmul(interference, interference, adjoint_b=True)
        taps = tf.linalg.solve(covariance, gain) if self.kind == "mmse" else gain
        response = tf.matmul(taps, gain, adjoint_a=True)[..., 0]
        left = tf.math.real(tf.matmul(taps, tf.matmul(covariance, taps), adjoint_a=True))[..., 0]
        energy = tf.maximum(tf.abs(response) ** 2, 1e-24)
        filtered = tf.matmul(taps, received[..., None], adjoint_a=True)[..., 0]
        return filtered * tf.math.conj(response) / tf.cast(energy, filtered.dtype), left / energy

    def compute_output_spec(self, inputs, interference=None):
        _, gain, _ = inputs
        shape = (gain.shape[0], self.count or gain.shape[1] * gain.shape[3])
        return keras.KerasTensor(shape, dtype="complex64"), keras.KerasTensor(shape, dtype="float32")


def _combine(received, gain, noise):
    """One stream: [B, N, M] received and gain, [B, N] noise -> [B, N, 1] symbols and noise variance."""
    energy = tf.maximum(tf.reduce_sum(tf.abs(gain) ** 2, axis=-1, keepdims=True), 1e-12)
    matched = tf.reduce_sum(received * tf.math.conj(gain), axis=-1, keepdims=True)
    return matched / tf.cast(energy, matched.dtype), noise[..., None] / energy
