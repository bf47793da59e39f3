"""Variations of a photograph that leave its label alone."""

import itertools

import numpy as np

# Of an image's height and width, in either direction.
LARGEST_SHIFT = 1 / 8


def augmented(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Images mirrored left to right or not, and shifted by up to an eighth of their size, each at random.

    What is shifted in is what lies behind the edge, mirrored.

    Parameters
    ----------
    images : [N, height, width, channels]
    rng : numpy.random.Generator

    Returns
    -------
    [N, height, width, channels]
        A copy.
    """
    count, height, width, _ = images.shape
    largest = int(LARGEST_SHIFT * min(height, width))
    mirrored = np.where(rng.random((count, 1, 1, 1)) < 0.5, images[:, :, ::-1], images)
    padded = np.pad(mirrored, ((0, 0), (largest, largest), (largest, largest), (0, 0)), mode="symmetric")
    down, right = rng.integers(0, 2 * largest + 1, (2, count))
    shifted = np.empty_like(images)
    for top, left in itertools.product(range(2 * largest + 1), repeat=2):
        chosen = (down == top) & (right == left)
        shifted[chosen] = padded[chosen, top : top + height, left : left + width]
    return shifted
