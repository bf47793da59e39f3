"""Paths between antennas that a ray tracer found, place by place."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np


@dataclass(frozen=True)
class TracedPaths:
    """Rays from K transmit antennas to M receive antennas at each of P places.

    A place's narrowband gain between two antennas is the sum of its paths' gains; at a frequency f off the carrier each
    turns by exp(-j 2 pi f delay). Places with fewer than L paths have gains of zero behind them.

    Parameters
    ----------
    gains : [P, M, K, L], complex64
        Amplitude of every path, its phase at the carrier included.
    delays : [P, L], float32
        Seconds from transmitter to receiver.

    Raises
    ------
    ValueError
        If the shapes do not go together, or something is not finite.

    Examples
    --------
    Two rays of equal power, half a period of 1 MHz apart: they add up at the carrier, and cancel 1 MHz beside it.

    >>> import numpy as np
    >>> from diffsem.channels import TracedPaths
    >>> paths = TracedPaths(np.full([1, 1, 1, 2], 0.5, "complex64"), np.array([[1e-6, 1.5e-6]], "float32"))
    >>> abs(paths.responses(np.array([0.0, 1e6]))[0, 0, 0]).round(3).tolist(), paths.power_gains.tolist()
    ([1.0, 0.0], [0.5])
    """

    gains: np.ndarray
    delays: np.ndarray

    def __post_init__(self) -> None:
        if self.gains.ndim != 4 or self.delays.shape != (len(self.gains), self.gains.shape[-1]):
            raise ValueError(f"gains of shape {self.gains.shape} and delays of shape {self.delays.shape}")
        if not (np.isfinite(self.gains).all() and np.isfinite(self.delays).all()):
            raise ValueError("a gain or a delay is not finite")

    @cached_property
    def power_gains(self) -> np.ndarray:
        """[P], float64: received over radiated power, the mean over pairs of antennas of the sum over paths."""
        power = np.abs(self.gains.astype(np.complex128)) ** 2
        return power.sum(axis=-1).mean(axis=(1, 2))

    def responses(self, frequencies: np.ndarray) -> np.ndarray:
        """The channel as it was traced, no phase drawn anew.

        Parameters
        ----------
        frequencies : [F]
            Off the carrier, Hz.

        Returns
        -------
        [P, M, K, F], complex64
        """
        turned = np.exp(-2j * np.pi * self.delays[:, :, None].astype(np.float64) * frequencies)
        return np.einsum("pmkl,plf->pmkf", self.gains, turned).astype(np.complex64)

    def at(self, places: np.ndarray) -> "TracedPaths":
        """Those of some places, without paths that none of them has."""
        gains, delays = self.gains[places], self.delays[places]
        there = max(1, int((np.abs(gains).max(axis=(0, 1, 2)) > 0).sum()))
        return TracedPaths(gains[..., :there], delays[:, :there])


def subcarrier_offsets(subcarriers: int, spacing_hz: float) -> np.ndarray:
    """[subcarriers], Hz off the carrier, which stands in the middle (of an even number, above it).

    Examples
    --------
    >>> from diffsem.channels import subcarrier_offsets
    >>> subcarrier_offsets(4, 15e3).tolist()
    [-30000.0, -15000.0, 0.0, 15000.0]
    """
    return spacing_hz * (np.arange(subcarriers) - subcarriers // 2)
