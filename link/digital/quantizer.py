"""Features to bits and back."""

from functools import cached_property

import numpy as np
import tensorflow as tf
from scipy.optimize import minimize_scalar
from scipy.stats import norm


class UniformQuantizer:
    """Uniform mid-rise quantiser of unit-variance Gaussian values, Gray-coded.

    The spacing of its levels is the one of least mean squared error (Max, 1960).

    Parameters
    ----------
    bits : int
        Bits a value, 1..8.

    Examples
    --------
    Neighbours differ in one bit; with one bit the levels are the means of half a Gaussian, sqrt(2 / pi).

    >>> import tensorflow as tf
    >>> from diffsem.link import UniformQuantizer
    >>> UniformQuantizer(2).to_bits(tf.constant([[-2.0, -0.5, 0.5, 2.0]])).numpy().astype(int).tolist()
    [[0, 0, 0, 1, 1, 1, 1, 0]]
    >>> [round(float(level), 3) for level in UniformQuantizer(1).to_values(tf.constant([[0.0, 1.0]]))[0]]
    [-0.798, 0.798]
    """

    def __init__(self, bits: int):
        self.bits = bits

    @cached_property
    def spacing(self) -> float:
        """Distance of two levels."""
        grid = np.linspace(-8, 8, 20_001)
        weight = norm.pdf(grid) / norm.pdf(grid).sum()

        def error(spacing: float) -> float:
            return float(weight @ (grid - _levels(_index(grid, spacing, self.bits), spacing, self.bits)) ** 2)

        return float(minimize_scalar(error, bounds=(0.01, 2.5), method="bounded", options={"xatol": 1e-6}).x)

    def to_bits(self, values):
        """[B, n] float -> [B, n bits] float32 of 0 and 1; NaN where a value is not finite."""
        index = tf.cast(_index(values, self.spacing, self.bits, tf), tf.int32)
        gray = tf.bitwise.bitwise_xor(index, index // 2)
        shifts = tf.range(self.bits - 1, -1, -1)
        bits = tf.cast((gray[..., None] // 2**shifts) % 2, tf.float32)
        bits = tf.where(tf.math.is_finite(values)[..., None], bits, np.nan)
        return tf.reshape(bits, [-1, values.shape[1] * self.bits])

    def to_values(self, bits):
        """[B, n bits] of 0 and 1 -> [B, n] float32."""
        digits = tf.cast(tf.reshape(bits, [-1, bits.shape[1] // self.bits, self.bits]), tf.int32)
        binary = tf.math.cumsum(digits, axis=-1) % 2  # Gray to binary: every digit is the parity of those before it
        index = tf.reduce_sum(binary * 2 ** tf.range(self.bits - 1, -1, -1), axis=-1)
        return tf.cast(_levels(tf.cast(index, tf.float32), self.spacing, self.bits), tf.float32)


def _index(values, spacing, bits, library=np):
    clip = np.clip if library is np else tf.clip_by_value
    return clip(library.floor(values / spacing) + 2 ** (bits - 1), 0, 2**bits - 1)


def _levels(index, spacing, bits):
    return (index - 2 ** (bits - 1) + 0.5) * spacing
