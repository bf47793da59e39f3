"""AWGN, by Sionna."""

import keras
import tensorflow as tf
from sionna.phy.channel import AWGN


@keras.saving.register_keras_serializable("diffsem")
class AwgnChannel(keras.layers.Layer):
    """y = x + n, n ~ CN(0, no).

    Input
    -----
    [symbols, no]
        symbols : [B, n], complex64; unit mean energy.
        no : [B], float; noise variance a complex symbol, 1 / (Es/N0).

    Output
    ------
    received : [B, n], complex64
    gain : [B], complex64
        1.
    """

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self._awgn = AWGN()

    def call(self, inputs):
        symbols, no = inputs
        return self._awgn(symbols, no), tf.ones_like(no, dtype=tf.complex64)

    def compute_output_spec(self, inputs):
        return channel_output_spec(inputs)


def channel_output_spec(inputs):
    """Specifications of what every channel layer returns: received [B, n] and gain [B], both complex64."""
    symbols, no = inputs
    return keras.KerasTensor(symbols.shape, dtype="complex64"), keras.KerasTensor(no.shape, dtype="complex64")
