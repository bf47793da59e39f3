"""Sionna draws from one global stream; this sets where it stands."""

from sionna.phy import config


def reseed(seed: int) -> None:
    """Start Sionna's TensorFlow stream anew from `seed`, for graphs that are already traced too.

    Parameters
    ----------
    seed : int
        0 <= seed < 2**63.
    """
    config.tf_rng.reset_from_seed(seed)
