"""What an image tells besides its label: attributes that nobody meant to send."""

import numpy as np

from diffsem.scenarios.datasets.source import LabelledImages

INK = 128


def stroke_thickness(part: LabelledImages) -> np.ndarray:
    """[N] float: mean thickness of the strokes of written digits, pixels.

    Twice the distance from the middle of a stroke to paper, as in Morpho-MNIST (Castro et al., JMLR 20(178), 2019): the
    middle is where no neighbour is further away from it. 0 of an image without ink.
    """
    return np.array([_thickness(image[..., 0] >= INK) for image in part.images])


def _thickness(ink: np.ndarray) -> float:
    from scipy.ndimage import distance_transform_edt, maximum_filter

    distance = distance_transform_edt(np.pad(ink, 1))
    middle = (distance > 0) & (distance == maximum_filter(distance, size=3))
    # The first pixel beside paper is one away from its middle, and half a pixel of it is ink.
    return float(2 * distance[middle].mean() - 1) if middle.any() else 0.0


def classes_of(values: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """[N] int: whole numbers as they are; of measures, in which third of the reference each falls."""
    if np.issubdtype(values.dtype, np.integer):
        return values
    return np.searchsorted(np.quantile(reference, [1 / 3, 2 / 3]), values)
