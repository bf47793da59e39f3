"""Variations of a photograph that leave its label alone."""

from collections.abc import Collection

import numpy as np

from diffsem.scenarios.schema.values import Variation

# Of an image's height and width, in either direction.
LARGEST_SHIFT = 1 / 8


def augmented(images: np.ndarray, variations: Collection[Variation], rng: np.random.Generator) -> np.ndarray:
    """Images varied each at random.

    Parameters
    ----------
    images : [N, height, width, channels]
    variations : collection of str
        mirror: left to right, or not. shift: by up to an eighth of the size, in either direction.
    rng : numpy.random.Generator

    Returns
    -------
    [N, height, width, channels]
        A copy; without variations the images themselves.
    """
    if "mirror" in variations:
        images = np.where(rng.random((len(images), 1, 1, 1)) < 0.5, images[:, :, ::-1], images)
    if "shift" in variations:
        images = shifted(images, int(LARGEST_SHIFT * min(images.shape[1:3])), rng)
    return images


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
