"""Real features to complex symbols of unit mean energy, and back."""

import math

import tensorflow as tf


def features_to_symbols(features, power):
    """Pair the real numbers of a feature and divide by sqrt(2 P), so that the mean symbol energy Es is 1.

    Parameters
    ----------
    features : [B, ...], float
        An even number of real symbols a sample; the first half become real parts, the second imaginary ones.
    power : [B], float
        P, mean power a real dimension.

    Returns
    -------
    [B, k / 2], complex64

    Raises
    ------
    ValueError
        If the number of real symbols is odd.

    Examples
    --------
    >>> import numpy as np
    >>> from diffsem.channels import features_to_symbols
    >>> symbols = features_to_symbols(np.ones((1, 8, 8, 1), "float32"), np.ones(1, "float32"))
    >>> symbols.shape.as_list(), round(float(abs(symbols[0, 0])), 6)
    ([1, 32], 1.0)
    """
    count = math.prod(features.shape[1:])
    if count % 2:
        raise ValueError(
            f"features of shape {tuple(features.shape[1:])}: an odd number of real symbols cannot be paired"
        )
    scaled = tf.reshape(features, [-1, count]) / tf.sqrt(2 * power)[:, None]
    real, imaginary = tf.split(scaled, 2, axis=-1)
    return tf.complex(real, imaginary)


def symbols_to_features(symbols, power, shape):
    """Undo `features_to_symbols`: one complex noise variance no becomes P no a real dimension.

    Parameters
    ----------
    symbols : [B, k / 2], complex
    power : [B], float
        P, mean power a real dimension.
    shape : tuple of int
        Shape of a feature, without the batch.

    Returns
    -------
    [B, ...], float32

    Examples
    --------
    >>> import numpy as np
    >>> from diffsem.channels import symbols_to_features
    >>> symbols = np.array([[1 + 3j, 2 + 4j]], "complex64")
    >>> symbols_to_features(symbols, np.array([0.5], "float32"), (2, 2)).numpy().tolist()
    [[[1.0, 2.0], [3.0, 4.0]]]
    """
    real = tf.concat([tf.math.real(symbols), tf.math.imag(symbols)], axis=-1)
    return tf.reshape(real * tf.sqrt(2 * power)[:, None], [-1, *shape])
