"""The random stream of a payload."""

import tensorflow as tf


def payload_key(seed):
    """[2] int64 of a scalar seed, for stateless draws."""
    seed = tf.cast(seed, tf.int64)
    return tf.stack([seed // 2**31, seed % 2**31])
