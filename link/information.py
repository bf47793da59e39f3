"""Bits: how much of the label is in what is heard."""

import math
from dataclasses import dataclass

import numpy as np
from scipy.stats import t as student_t

# Of the softmax: an attack is as sure of itself as it was taught to be. Several looks that were read one by one ask for
# small ones, since the mean of their log-probabilities stands for the sum; one that is wrong, for large ones.
TEMPERATURES = tuple(float(2 ** (power / 2)) for power in (*range(-8, 9), 12, 16))


@dataclass(frozen=True)
class Bits:
    """An information with its 95% interval.

    Parameters
    ----------
    value, low, high : float
        Bits an image.

    Examples
    --------
    >>> from diffsem.link import Bits
    >>> Bits(2.5, 2.4, 2.6).value
    2.5
    """

    value: float
    low: float
    high: float


def leaked_bits(surprisal: np.ndarray, labels: np.ndarray, images: int) -> Bits:
    """A lower bound of the mutual information between the label and what an attack hears, bits an image.

    I(Y; heard) >= H(Y) - E[-log2 q(Y | heard)] for whatever probabilities q the attack gives: its cross-entropy is
    above the conditional entropy H(Y | heard), the equivocation (Barber and Agakov, NIPS 2003; as a measure of what
    leaks: arXiv 2401.14283). The attack is calibrated by the temperature of its softmax, which is chosen on every other
    image and used on the rest, and the other way round. H(Y) is that of the labels that were counted.

    Parameters
    ----------
    surprisal : [N, len(TEMPERATURES)], float
        -log2 of the probability that the attack gave the right label of each draw, at each temperature.
    labels : [N], int
        The right ones.
    images : int
        Different images: draw n is of image n modulo `images`. Draws of one image are one sample.

    Returns
    -------
    Bits
        At most H(Y); below 0 of an attack that is worse than knowing how common labels are. The interval is that of a
        mean, by Student's t.

    Examples
    --------
    Four labels of which each is told from one other: one bit of two.

    >>> import numpy as np
    >>> from diffsem.link import TEMPERATURES, leaked_bits
    >>> labels = np.arange(400) % 4
    >>> surprisal = np.ones([400, len(TEMPERATURES)])
    >>> leaked_bits(surprisal, labels, images=400)
    Bits(value=1.0, low=1.0, high=1.0)
    """
    image = np.arange(len(labels)) % images
    even = image % 2 == 0
    known = np.empty(len(labels))
    for half, other in ((even, ~even), (~even, even)):
        chosen = half if not other.any() else other
        if half.any():
            known[half] = surprisal[half, np.argmin(surprisal[chosen].mean(axis=0))]
    share = np.bincount(labels) / len(labels)
    # What the label is worth, less what of it the attack leaves open.
    density = -np.log2(share[labels]) - known
    by_image = np.bincount(image, density, images) / np.bincount(image, minlength=images)
    entropy = entropy_bits(share)
    value = min(float(density.mean()), entropy)
    if images < 2:
        return Bits(value, -math.inf, entropy)
    arm = _arm(float(by_image.var(ddof=1)), images)
    return Bits(value, value - arm, min(value + arm, entropy))


def entropy_bits(counts: np.ndarray) -> float:
    """H of labels that are as common as their counts say, bits; [labels], not all 0.

    Examples
    --------
    >>> import numpy as np
    >>> from diffsem.link import entropy_bits
    >>> entropy_bits(np.array([2, 1, 1, 0]))
    1.5
    """
    share = counts[counts > 0] / counts.sum()
    return float(-np.sum(share * np.log2(share)))


def min_entropy_leakage(accuracy: float, largest_share: float) -> float:
    """By how many bits hearing makes the label easier to guess in one try: log2(accuracy / share of the largest class).

    Smith, FoSSaCS 2009; of M labels that are equally likely it is log2(M * accuracy).

    Parameters
    ----------
    accuracy : float
        Of the attack.
    largest_share : float
        Of the commonest label: what is right without hearing anything.

    Examples
    --------
    >>> from diffsem.link import min_entropy_leakage
    >>> min_entropy_leakage(0.8, largest_share=0.1)
    3.0
    """
    return math.log2(accuracy / largest_share)


def mean_bits(total: float, squared: float, count: int) -> Bits:
    """The mean of `count` independent values with its interval, by Student's t.

    Parameters
    ----------
    total, squared : float
        Sums of the values and of their squares.
    count : int

    Examples
    --------
    >>> from diffsem.link import mean_bits
    >>> mean_bits(300.0, 900.0, count=100)
    Bits(value=3.0, low=3.0, high=3.0)
    """
    value = total / count
    if count < 2:
        return Bits(value, -math.inf, math.inf)
    # Of values that are all alike it comes out at 0 but for rounding, and that can be below.
    arm = _arm(max(0.0, squared - total * value) / (count - 1), count)
    return Bits(value, value - arm, value + arm)


def _arm(variance: float, count: int) -> float:
    return float(student_t.ppf(0.975, count - 1)) * math.sqrt(variance / count)
