"""A point of a sweep, and what came out of it."""

from dataclasses import dataclass, field

import numpy as np

from diffsem.link.results.columns import POINT_COLUMNS


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
    places : tuple of int
        Where each of them stands, as numbers of places of a traced street: at most as many as at any point of a sweep.
        Each has noise of its own then. Empty: all stand where the channel has them.

    Examples
    --------
    Points of the same values are one: what was done already is found again.

    >>> from diffsem.link import Point
    >>> done = {Point(timestep=240, snr_db=15.0, eavesdropper_snr_db=(15.0, 5.0))}
    >>> Point(240, 15, (15, 5)) in done, Point(240, 15, (5, 15)) in done
    (True, False)
    """

    timestep: int
    snr_db: float
    eavesdropper_snr_db: tuple[float, ...]
    places: tuple[int, ...] = ()


@dataclass(frozen=True)
class PointResult:
    """Rows of the result table, and some reconstructions [n, height, width, channels]: float in [0, 1], or uint8.

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
    hits : [rows, bytes], uint8
        Whether each draw of each row was read right, in the order that they were sent (`packed_hits`). Rows of a point
        have the same draws in common; those of random bits keep none.

    Examples
    --------
    Eight images that stood at the steps 240 to 249, of which six were read right.

    >>> import numpy as np
    >>> from diffsem.link import STEP_BINS, STEPS_A_BIN, Point, PointResult
    >>> by_step = np.zeros([1, 2, STEP_BINS], int)
    >>> by_step[0, :, 240 // STEPS_A_BIN] = 6, 8
    >>> result = PointResult(Point(240, 15.0, (15.0,)), [{"correct": 6, "total": 8}], by_step, [], images=8)
    >>> result.by_step.shape, result.by_step[0].sum(axis=1).tolist() == [*result.rows[0].values()]
    ((1, 2, 51), True)
    """

    point: Point
    rows: list[dict]
    by_step: np.ndarray
    examples: list[dict]
    images: int
    hits: np.ndarray = field(default_factory=lambda: np.zeros([0, 0], np.uint8))

    @property
    def key(self) -> tuple:
        """The values of `POINT_COLUMNS`, which its rows have in common."""
        return tuple(self.rows[0][name] for name in POINT_COLUMNS)


def as_pixels(images: np.ndarray) -> np.ndarray:
    """Images, float in [0, 1] or pixels already, as pixels: uint8."""
    return images if images.dtype == np.uint8 else np.rint(images * 255).astype(np.uint8)
