"""One-tap equalisation."""

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable("diffsem")
class ZeroForcingEqualizer(keras.layers.Layer):
    """x^ = y / h with effective noise variance no / |h|^2 (paper, footnote 1).

    Input
    -----
    [received, gain, no]
        received : [B, n], complex64
        gain : [B], complex64; what the node knows of its channel.
        no : [B], float; noise variance a complex symbol.

    Output
    ------
    symbols : [B, n], complex64
    effective_no : [B], float32
        Noise variance a complex symbol after equalisation. A gain of exactly zero counts as |h|^2 = 1e-12.
    """

    def call(self, inputs):
        received, gain, no = inputs
        energy = tf.maximum(tf.abs(gain) ** 2, 1e-12)
        matched = received * tf.math.conj(gain)[:, None]
        return matched / tf.cast(energy, matched.dtype)[:, None], no / energy

    def compute_output_spec(self, inputs):
        received, _, no = inputs
        return keras.KerasTensor(received.shape, dtype="complex64"), keras.KerasTensor(no.shape, dtype="float32")
