"""Rayleigh block fading, by Sionna."""

import keras
import tensorflow as tf
from sionna.phy.channel import AWGN, GenerateFlatFadingChannel

from diffsem.channels.awgn import channel_output_spec


@keras.saving.register_keras_serializable("diffsem")
class RayleighBlockFadingChannel(keras.layers.Layer):
    """y = h x + n, h ~ CN(0, 1) held over a block, one block a sample; n ~ CN(0, no).

    Input
    -----
    [symbols, no]
        symbols : [B, n], complex64; unit mean energy.
        no : [B], float; noise variance a complex symbol, 1 / (mean Es/N0).

    Output
    ------
    received : [B, n], complex64
    gain : [B], complex64
        h.
    """

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self._fading = GenerateFlatFadingChannel(num_tx_ant=1, num_rx_ant=1)
        self._awgn = AWGN()

    def call(self, inputs):
        symbols, no = inputs
        gain = tf.reshape(self._fading(tf.shape(symbols)[0]), [-1])
        return self._awgn(gain[:, None] * symbols, no), gain

    def compute_output_spec(self, inputs):
        return channel_output_spec(inputs)
