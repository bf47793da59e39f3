"""Variations of a photograph that leave its label alone."""

import numpy as np

# Of an image's height and width, in either direction.
LARGEST_SHIFT = 1 / 8


def augmented(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Images mirrored left to right or not, and shifted by up to an eighth of their size, each at random.

    Parameters
    ----------
    images : [N, height, width, channels]
    rng : numpy.random.Generator

    Returns
    -------
    [N, height, width, channels]
        A copy.
    """
    mirrored = np.where(rng.random((len(images), 1, 1, 1)) < 0.5, images[:, :, ::-1], images)
    return shifted(mirrored, int(LARGEST_SHIFT * min(images.shape[1:3])), rng)


def shifted(images: np.ndarray, largest: int, rng: np.random.Generator) -> np.ndarray:
    """Images shifted by up to `largest` pixels in either direction, each at random.

    What is shifted in is what lies behind the edge, mirrored.

    Parameters
    ----------
    images : [N, height, width, channels]
    largest : int
        Pixels.
    rng : numpy.random.Generator

    Returns
    -------
    [N, height, width, channels]
        A copy.
    """
    count, height, width, _ = images.shape
    padded = np.pad(images, ((0, 0), (largest, largest), (largest, largest), (0, 0)), mode="symmetric")
    moved = np.empty_like(images)
    for image, (top, left) in enumerate(rng.integers(0, 2 * largest + 1, (2, count)).T):
        moved[image] = padded[image, top : top + height, left : left + width]
    return moved
