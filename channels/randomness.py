"""Sionna draws from one global stream; this sets where it stands."""

from collections.abc import Iterator
from contextlib import contextmanager

import tensorflow as tf
from sionna.phy import config


def reseed(seed) -> None:
    """Start Sionna's TensorFlow stream anew from `seed`, outside of a graph or inside of one.

    Parameters
    ----------
    seed : int or scalar int64 tensor
        0 <= seed < 2**63.

    Examples
    --------
    >>> from diffsem.channels import rayleigh_gains, reseed
    >>> def first(seed):
    ...     reseed(seed)
    ...     return complex(rayleigh_gains(1, 1, 1)[0, 0, 0])
    >>> first(1) == first(1), first(1) == first(2)
    (True, False)
    """
    # As a tensor the seed becomes the generator's key. A Python number would become its counter: streams of nearby
    # seeds would be one stream, shifted.
    config.tf_rng.reset_from_seed(tf.reshape(tf.convert_to_tensor(seed, tf.int64), [1]))


@contextmanager
def undisturbed(seed: int) -> Iterator[None]:
    """Draw from a stream of one's own, and leave Sionna's where it stood. Outside of a graph only."""
    state = config.tf_rng.state.numpy()
    reseed(seed)
    try:
        yield
    finally:
        config.tf_rng.state.assign(state)
