"""A point of a sweep, and what came out of it."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Point:
    """One point of a sweep.

    Parameters
    ----------
    timestep : int
        t.
    snr_db : float
        Es/N0 at the legitimate receiver, dB.
    eavesdropper_snr_db : tuple of float
        Es/N0 at the eavesdropper, dB; one adversary row each. As many at every point of a sweep.
    """

    timestep: int
    snr_db: float
    eavesdropper_snr_db: tuple[float, ...]


@dataclass(frozen=True)
class PointResult:
    """Rows of the result table, and some reconstructions [n, height, width, channels] float in [0, 1].

    Parameters
    ----------
    point : Point
    rows : list of dict
        One a node.
    by_step : [rows, 2, STEP_BINS], int64
        Correct and all images of each row, by the step at which they stood.
    examples : list of dict
    images : int
        How many the point took.
    """

    point: Point
    rows: list[dict]
    by_step: np.ndarray
    examples: list[dict]
    images: int
