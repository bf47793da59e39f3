"""The 5G LDPC code as a product with its generator matrix."""

from functools import cached_property

import numpy as np
import tensorflow as tf
from sionna.phy.fec.ldpc import LDPC5GEncoder

# Entries of a generator matrix: beyond, the sparse sums of Sionna's encoder are cheaper.
LARGEST = 2**21


class LdpcEncoder:
    """What Sionna's LDPC5GEncoder sends, at a fraction of its time for blocks that are not long.

    Sums of products of bits are whole numbers far below 2**24: float32 keeps them exactly.

    Parameters
    ----------
    encoder : LDPC5GEncoder
    """

    def __init__(self, encoder: LDPC5GEncoder):
        self._encoder = encoder

    @cached_property
    def _generator(self) -> np.ndarray | None:
        """[k, n] of 0 and 1, or None if it is too large."""
        if self._encoder.k * self._encoder.n > LARGEST:
            return None
        with tf.init_scope():
            return self._encoder(tf.eye(self._encoder.k)).numpy()

    def __call__(self, bits):
        """[B, k] float32 of 0 and 1 -> [B, n]."""
        if self._generator is None:
            return self._encoder(bits)
        return tf.cast(tf.cast(tf.matmul(bits, self._generator), tf.int32) & 1, tf.float32)
