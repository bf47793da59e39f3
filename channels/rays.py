"""Small-scale fading of traced rays: each arrives in a phase of its own."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import tensorflow as tf
from sionna.phy import config

from diffsem.channels.traced_paths import TracedPaths, subcarrier_offsets


@dataclass(frozen=True)
class Rays:
    """Traced rays at P places, and the OFDM grid that samples them.

    H = sum over paths of a exp(j phi) exp(-j 2 pi f delay), phi uniform, drawn for every path and transmission, and
    the same for all antennas: uncorrelated scattering, as where a node stands anywhere within some wavelengths of a
    place. Delays, angles and powers are those of the place. A single ray does not fade. Nothing moves while an image is
    sent. Gains have unit mean energy at every place: path gain is told apart, as SNR.

    Parameters
    ----------
    gains : [P, M, K, L], complex64
        As `TracedPaths` has them.
    delays : [P, L], float32
        Seconds.
    subcarriers : int
    subcarrier_spacing_khz : float

    Raises
    ------
    ValueError
        As `TracedPaths`, or if no path reaches a place.

    Examples
    --------
    Two rays of equal power: their sum fades, with unit mean energy. One alone only turns.

    >>> import numpy as np
    >>> from diffsem.channels import Rays, reseed
    >>> gains = np.array([[[[0.01, 0.01]]], [[[0.01, 0.0]]]], "complex64")
    >>> rays = Rays(gains, np.array([[0.0, 1e-6], [0.0, 0.0]], "float32"))
    >>> reseed(1)
    >>> for place in (0, 1):
    ...     energy = abs(rays.draw(1, 10000, place)[:, 0, 0, 0, 0].numpy()) ** 2
    ...     print(f"{energy.mean():.1f} {energy.std():.1f}")
    1.0 0.7
    1.0 0.0
    """

    gains: np.ndarray
    delays: np.ndarray
    subcarriers: int = 16
    subcarrier_spacing_khz: float = 60.0
    _normalised: tf.Tensor = field(init=False, repr=False, compare=False)
    _turned: tf.Tensor = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        paths = TracedPaths(np.asarray(self.gains, np.complex64), np.asarray(self.delays, np.float32))
        if not paths.power_gains.all():
            raise ValueError(f"no path reaches place {int(np.argmin(paths.power_gains))}")
        frequencies = subcarrier_offsets(self.subcarriers, self.subcarrier_spacing_khz * 1e3)
        turned = np.exp(-2j * np.pi * paths.delays[:, :, None].astype(np.float64) * frequencies)
        normalised = paths.gains / np.sqrt(paths.power_gains)[:, None, None, None]
        with tf.init_scope():  # outlives the graph that is being traced
            object.__setattr__(self, "_normalised", tf.constant(normalised, tf.complex64))
            object.__setattr__(self, "_turned", tf.constant(turned, tf.complex64))

    def stored(self) -> dict[str, Any]:
        """Its fields as JSON holds them."""
        return {
            "gains": [np.real(self.gains).tolist(), np.imag(self.gains).tolist()],
            "delays": self.delays.tolist(),
            "subcarriers": self.subcarriers,
            "subcarrier_spacing_khz": self.subcarrier_spacing_khz,
        }

    @classmethod
    def restored(cls, stored: Mapping[str, Any]) -> "Rays":
        """From what `stored` gave."""
        real, imaginary = (np.array(part, np.float32) for part in stored["gains"])
        return cls(**{**stored, "gains": real + 1j * imaginary, "delays": np.array(stored["delays"], np.float32)})

    def draw(self, ofdm_symbols: int, batch, place=None) -> tf.Tensor:
        """H for `batch` transmissions, from Sionna's stream.

        Parameters
        ----------
        ofdm_symbols : int
            S, all of which have the same.
        batch : int or scalar tensor
        place : scalar int, optional
            Of all of them. Default: one of the places for each, at random.

        Returns
        -------
        [batch, S, subcarriers, M, K], complex64
        """
        count = len(self.gains)
        if place is None:
            place = config.tf_rng.uniform([batch], maxval=count, dtype=tf.int32)
        else:
            place = tf.fill([batch], place)
        phase = config.tf_rng.uniform([batch, self.gains.shape[-1]], maxval=2 * math.pi)
        ray = tf.gather(self._turned, place) * tf.exp(tf.complex(0.0, phase))[:, :, None]
        response = tf.einsum("bmkl,blf->bfmk", tf.gather(self._normalised, place), ray)
        return tf.tile(response[:, None], [1, ofdm_symbols, 1, 1, 1])
