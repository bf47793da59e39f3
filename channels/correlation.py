"""Two nodes whose channels resemble each other."""

import math

import tensorflow as tf


def correlate(own, other, coefficient: float):
    """Fading of a node with a given correlation to that of another one: c other + sqrt(1 - c^2) own.

    Parameters
    ----------
    own : [..., M, K], complex64
        A draw of the node's own fading, of zero mean and unit power.
    other : [..., M', K], complex64
        The other node's, of the same statistics.
    coefficient : float
        c, 0..1. Each of the first min(M, M') antennas resembles its counterpart; the rest stay as they are.

    Returns
    -------
    [..., M, K], complex64

    Examples
    --------
    >>> import numpy as np
    >>> from diffsem.channels import correlate
    >>> own, other = np.zeros((1, 2, 1), "complex64"), np.ones((1, 1, 1), "complex64")
    >>> correlate(own, other, 0.5).numpy().real.ravel().tolist()  # the second antenna has no counterpart
    [0.5, 0.0]
    """
    if coefficient == 0:
        return own
    shared = min(own.shape[-2], other.shape[-2])
    mixed = coefficient * other[..., :shared, :] + math.sqrt(1 - coefficient**2) * own[..., :shared, :]
    return tf.concat([mixed, own[..., shared:, :]], axis=-2)
