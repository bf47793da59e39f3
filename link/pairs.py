"""Two nodes that heard the same draws, compared draw by draw."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import binomtest, chi2

from diffsem.link.accuracy import independent_clusters, share_interval


@dataclass(frozen=True)
class Pairs:
    """How often two nodes were right on the same draws, an image and its noise each.

    Parameters
    ----------
    both, only_first, only_second, neither : int

    Examples
    --------
    Two receivers of 1,000 images, 812 and 790 of them right, err together more often than not.

    >>> from diffsem.link import Pairs
    >>> pairs = Pairs(both=760, only_first=52, only_second=30, neither=158)
    >>> pairs.total, round(pairs.difference, 3)
    (1000, 0.022)
    """

    both: int
    only_first: int
    only_second: int
    neither: int

    @property
    def total(self) -> int:
        """Draws."""
        return self.both + self.only_first + self.only_second + self.neither

    @property
    def difference(self) -> float:
        """Accuracy of the first over that of the second."""
        return (self.only_first - self.only_second) / self.total


def pairs_of(first: np.ndarray, second: np.ndarray) -> Pairs:
    """The pairs of two nodes.

    Parameters
    ----------
    first, second : [N], bool
        Whether each was right, draw by draw. N >= 1.

    Raises
    ------
    ValueError
        If they have not as many draws, or none.

    Examples
    --------
    >>> import numpy as np
    >>> from diffsem.link import pairs_of
    >>> pairs_of(np.array([True, True, False]), np.array([True, False, False]))
    Pairs(both=1, only_first=1, only_second=0, neither=1)
    """
    first, second = np.asarray(first, bool), np.asarray(second, bool)
    if first.shape != second.shape or first.ndim != 1 or not first.size:
        raise ValueError(f"draws of shapes {first.shape} and {second.shape}; allowed: as many of both, one at least")
    kinds = np.bincount(2 * first + second, minlength=4)
    return Pairs(int(kinds[3]), int(kinds[2]), int(kinds[1]), int(kinds[0]))


def paired_interval(pairs: Pairs, effective: float | None = None) -> tuple[float, float]:
    """95% interval of the difference of two shares that were counted on the same draws.

    Newcombe's method 10 (Statistics in Medicine 17, 1998, 2635): the Wilson intervals of both, put together by the
    correlation phi of their hits, of which half a draw is taken off where it is positive. Without correlation it is the
    interval of independent shares, `gap_interval`.

    Parameters
    ----------
    pairs : Pairs
    effective : float, optional
        Independent draws that they are worth (`effective_pairs`); default: all.

    Returns
    -------
    low, high : float

    Examples
    --------
    Narrower than if the receivers had seen other images each.

    >>> from diffsem.link import Pairs, gap_interval, paired_interval
    >>> [round(end, 4) for end in paired_interval(Pairs(760, 52, 30, 158))]
    [0.0042, 0.04]
    >>> [round(end, 4) for end in gap_interval(812, 1000, 790, 1000)]
    [-0.013, 0.057]
    """
    draws = pairs.total if effective is None else effective
    first = (pairs.both + pairs.only_first) / pairs.total
    second = (pairs.both + pairs.only_second) / pairs.total
    (low, high), (other_low, other_high) = share_interval(first, draws), share_interval(second, draws)
    phi = _correlation(pairs, first, second, draws)
    return (
        pairs.difference - _length(first - low, other_high - second, phi),
        pairs.difference + _length(high - first, second - other_low, phi),
    )


def _correlation(pairs: Pairs, first: float, second: float, draws: float) -> float:
    """Newcombe's phi; 0 where a node is always right, or always wrong."""
    spread = first * (1 - first) * second * (1 - second)
    if not spread:
        return 0.0
    together = (pairs.both * pairs.neither - pairs.only_first * pairs.only_second) / pairs.total**2
    return (max(together - 1 / (2 * draws), 0) if together > 0 else together) / math.sqrt(spread)


def _length(first: float, second: float, phi: float) -> float:
    return math.sqrt(max(first**2 - 2 * phi * first * second + second**2, 0))


def effective_pairs(first: np.ndarray, second: np.ndarray, images: int) -> float:
    """How many independent draws a difference is worth where images were sent several times.

    As `effective_images` of one share: the variance of the difference is that of a ratio over images.

    Parameters
    ----------
    first, second : [N], bool
        Whether each was right, draw by draw; draw n is of image n modulo `images`.
    images : int

    Returns
    -------
    float
        At most N, which it is where every image was sent once.

    Examples
    --------
    Four images, of which one alone tells the receivers apart, sent five times each.

    >>> import numpy as np
    >>> from diffsem.link import effective_pairs
    >>> first, second = np.tile([True, True, False, False], 5), np.tile([True, False, False, False], 5)
    >>> round(effective_pairs(first, second, images=4), 2)
    1.14
    """
    sums, draws = _by_image(first, second, images)
    share = sums.sum() / draws.sum()
    return independent_clusters(sums, draws, float(np.mean(np.not_equal(first, second))) - share**2)


def _by_image(first: np.ndarray, second: np.ndarray, images: int) -> tuple[np.ndarray, np.ndarray]:
    """[images] what the first has over the second, and [images] draws."""
    image = np.arange(len(first)) % images
    ahead = np.asarray(first, int) - np.asarray(second, int)
    return np.bincount(image, ahead, images), np.bincount(image, minlength=images)


def mcnemar(pairs: Pairs) -> float:
    """p of McNemar's exact test that two nodes are right equally often: of draws that one alone got, half are each's.

    Examples
    --------
    >>> from diffsem.link import Pairs, mcnemar
    >>> round(mcnemar(Pairs(760, 52, 30, 158)), 4)
    0.0198
    """
    alone = pairs.only_first + pairs.only_second
    return float(binomtest(pairs.only_first, alone).pvalue) if alone else 1.0


def clustered_mcnemar(first: np.ndarray, second: np.ndarray, images: int) -> float:
    """p of McNemar's test where images were sent several times: each image's share of draws that one alone got.

    Durkalski et al., Statistics in Medicine 22 (2003), 2417: the square of the sum of what the first has over the
    second, by image, over the sum of its squares, is chi square of one degree of freedom.

    Parameters
    ----------
    first, second : [N], bool
        Whether each was right, draw by draw; draw n is of image n modulo `images`.
    images : int

    Examples
    --------
    >>> import numpy as np
    >>> from diffsem.link import clustered_mcnemar
    >>> first, second = np.tile([True, True, False, False], 5), np.tile([True, False, False, False], 5)
    >>> round(clustered_mcnemar(first, second, images=4), 3)
    0.317
    """
    sums, draws = _by_image(first, second, images)
    ahead = sums[draws > 0] / draws[draws > 0]
    squares = float(np.sum(ahead**2))
    return float(chi2.sf(np.sum(ahead) ** 2 / squares, 1)) if squares else 1.0


def holm(p_values: Sequence[float]) -> list[float]:
    """p of several tests at once, by Holm's correction: under 0.05, wrong in any of them once in twenty at most.

    Examples
    --------
    >>> from diffsem.link import holm
    >>> [round(p, 2) for p in holm([0.01, 0.04, 0.03])]
    [0.03, 0.06, 0.06]
    """
    values = np.asarray(p_values, float)
    order = np.argsort(values, kind="stable")
    corrected = np.empty_like(values)
    steps = values[order] * np.arange(len(values), 0, -1)
    corrected[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return [float(p) for p in corrected]
