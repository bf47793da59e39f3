"""Accuracy with its interval, the gap between two of them, and the ceiling that no receiver passes."""

import math
from collections.abc import Sequence
from functools import cache

import numpy as np
from scipy.interpolate import PchipInterpolator
from scipy.special import log_ndtr
from scipy.stats import binomtest, norm
from scipy.stats import t as student_t

# Under so few, Student's t says nothing any more.
FEWEST_DEGREES = 1.5


def wilson_interval(correct: int, total: int) -> tuple[float, float]:
    """95% Wilson interval of a share.

    Parameters
    ----------
    correct, total : int
        0 <= correct <= total, total >= 1.

    Returns
    -------
    low, high : float

    Raises
    ------
    ValueError
        If the counts are not in that order.

    Examples
    --------
    >>> from diffsem.link import wilson_interval
    >>> [round(end, 4) for end in wilson_interval(812, 1000)]
    [0.7866, 0.835]
    """
    interval = binomtest(int(correct), int(total)).proportion_ci(0.95, method="wilson")
    return float(interval.low), float(interval.high)


def clustered_interval(errors: int, squared_errors: int, blocks: int, size: int) -> tuple[float, float]:
    """95% Wilson interval of a bit error rate whose errors come in blocks.

    Bits of a block fade, or are decoded, together: the interval is that of as many independent bits as would have the
    variance over blocks that was seen (the design effect of cluster sampling), at most all of them. Without any error
    a block counts as one bit.

    Parameters
    ----------
    errors : int
        Wrong bits in all.
    squared_errors : int
        Sum over blocks of the square of a block's wrong bits.
    blocks, size : int
        Blocks, and bits of each.

    Returns
    -------
    low, high : float

    Examples
    --------
    Ten wrong bits in 100 blocks of ten: each in a block of its own, or all of them in one.

    >>> from diffsem.link import clustered_interval
    >>> [round(float(end), 4) for end in clustered_interval(10, 10, 100, 10)]
    [0.0054, 0.0183]
    >>> [round(float(end), 4) for end in clustered_interval(10, 100, 100, 10)]
    [0.0018, 0.0545]
    """
    if errors == 0:
        return wilson_interval(0, blocks)
    bits = blocks * size
    rate = errors / bits
    binomial = size * rate * (1 - rate)
    variance = squared_errors / blocks - (errors / blocks) ** 2
    return share_interval(rate, bits / max(variance / binomial, 1.0) if binomial > 0 else blocks)


def share_interval(share: float, count: float) -> tuple[float, float]:
    """95% Wilson interval of a share of a count that need not be whole.

    Parameters
    ----------
    share : float
        In [0, 1].
    count : float
        Independent samples that the share is worth; positive.

    Returns
    -------
    low, high : float

    Examples
    --------
    The same share, worth 1000 images and worth 250.5.

    >>> from diffsem.link import share_interval
    >>> [[round(float(end), 4) for end in share_interval(0.812, count)] for count in (1000, 250.5)]
    [[0.7866, 0.835], [0.759, 0.8555]]
    """
    square = norm.ppf(0.975) ** 2 / count
    centre = (share + square / 2) / (1 + square)
    half_width = math.sqrt(square * (share * (1 - share) + square / 4)) / (1 + square)
    return max(0.0, centre - half_width), min(1.0, centre + half_width)


def effective_images(correct: np.ndarray, total: np.ndarray) -> float:
    """How many independent images a share over several noise draws an image is worth.

    Draws of one image are right or wrong together: an image is one sample of all that there are. The variance of the
    share is that of a ratio over clusters; the count is what independent images would need for it, corrected for how
    little a variance over few clusters is known by Student's t (Korn and Graubard, Survey Methodology 24(2), 1998). Its
    degrees of freedom are those of a sample variance with the kurtosis that was seen (Satterthwaite), since images that
    are nearly always read and a few that never are make a crooked distribution.

    Parameters
    ----------
    correct, total : [N], int
        Right draws and all draws of each image; images without any are left out.

    Returns
    -------
    float
        At most the number of draws, which it is with one draw an image.

    Examples
    --------
    Four images, sent once each, and sent five times each where noise never changes how they are read.

    >>> import numpy as np
    >>> from diffsem.link import effective_images
    >>> once = effective_images(np.array([1, 1, 0, 0]), np.ones(4, int))
    >>> often = effective_images(np.array([5, 5, 0, 0]), np.full(4, 5))
    >>> once, round(often, 2)
    (4.0, 1.14)
    """
    share = correct.sum() / max(total.sum(), 1)
    return independent_clusters(correct, total, share * (1 - share))


def independent_clusters(sums: np.ndarray, draws: np.ndarray, variance: float) -> float:
    """How many independent draws a mean is worth whose draws come in clusters; `effective_images` says how.

    Parameters
    ----------
    sums : [N]
        Of the value, over the draws of each cluster.
    draws : [N], int
        Of each cluster; those without any are left out.
    variance : float
        Of one independent draw.

    Returns
    -------
    float
        At most the number of draws, which it is with one draw a cluster.
    """
    drawn = draws > 0
    sums, draws = sums[drawn].astype(float), draws[drawn].astype(float)
    clusters, total = len(draws), draws.sum()
    if clusters == total:
        return float(total)
    if clusters == 1 or variance == 0:
        return float(clusters)
    residual = sums - sums.sum() / total * draws
    spread = np.mean(residual**2)
    if spread == 0:
        return float(total)
    kurtosis = np.mean(residual**4) / spread**2
    freedom = max(FEWEST_DEGREES, min(clusters - 1, 2 * clusters / max(kurtosis - 1, 1e-9)))
    few = (norm.ppf(0.975) / student_t.ppf(0.975, freedom)) ** 2
    of_mean = clusters**2 / (clusters - 1) * spread / total**2
    return float(min(total, few * variance / of_mean))


def gap_interval(
    correct: int,
    total: int,
    other_correct: int,
    other_total: int,
    effective: float | None = None,
    other_effective: float | None = None,
) -> tuple[float, float]:
    """95% interval of the difference of two shares: Newcombe's hybrid of their Wilson intervals.

    The shares are taken as independent. Receiver and adversary see the same images, which makes the true interval
    narrower where their errors go together: this one is on the safe side.

    Parameters
    ----------
    correct, total : int
        Of the first share.
    other_correct, other_total : int
        Of the share that is subtracted.
    effective, other_effective : float, optional
        Independent images that each share is worth (`effective_images`); default: all.

    Returns
    -------
    low, high : float

    Examples
    --------
    >>> from diffsem.link import gap_interval
    >>> [round(end, 4) for end in gap_interval(812, 1000, 790, 1000)]
    [-0.013, 0.057]
    """
    share, other = correct / total, other_correct / other_total
    low, high = share_interval(share, effective or total)
    other_low, other_high = share_interval(other, other_effective or other_total)
    gap = share - other
    return gap - math.hypot(share - low, other_high - other), gap + math.hypot(high - share, other - other_low)


def simplex_ceiling(esnr_db: float, symbols: int, classes: int, priors: Sequence[float] | None = None) -> float:
    """Accuracy that no receiver passes when classes are sent over Gaussian noise, if the simplex is the best code.

    Maximum likelihood decisions on the simplex code reach P = integral of phi(x - sqrt(E)) Phi(x)^(M - 1) dx with
    E = M / (M - 1) * symbols * ESNR. With priors p it is what maximum a posteriori decisions reach, the sum over i of
    p_i times the integral of phi(x - sqrt(E)) times the product over j of Phi(x + ln(p_i / p_j) / sqrt(E)): not less,
    and at no signal the largest prior, since whoever always says the commonest class is right so often.

    What is proved: many images a class do no better than the best codeword of each class, since for given decisions an
    average is at most its largest term. What is conjecture: that of codes of equal energy none does better than the
    simplex where classes are equally likely (the weak simplex conjecture; every feature has the same energy here. The
    strong one, for codes of equal energy on average, is false: M. Steiner, IEEE Trans. Inf. Theory 40(3), 1994). Where
    classes are not equally likely, a code made for their priors may do a little better than the simplex does;
    `ceiling_under_priors` is a bound that follows from the weak conjecture alone.

    It holds for noise that the node cannot predict, at the ESNR that the node itself faces: one that has the key
    stands at that of the channel alone, and L repeated transmissions (looks) with noise of their own at L times that of
    one, whether their symbols come in one order or in orders that the node does not know. It does not hold at the ESNR
    of a transmission for a node that hears more of it: other looks, or a keystream that repeats itself. Where the
    symbols of an image face different noise it is, at the mean of their ratios, that of codes which spread their energy
    evenly.

    A system whose labels come from images reaches at most this times the accuracy of the best classifier on clean
    images.

    Parameters
    ----------
    esnr_db : float
        Signal over noise power a real symbol, dB.
    symbols : int
        k, real symbols an image; at least classes - 1.
    classes : int
        M.
    priors : sequence of float, optional
        Share of each class; default: all the same. One that never comes does not count among the M: a code without
        its word does better.

    Returns
    -------
    float
        In [1 / M, 1], or from the largest prior on.

    Examples
    --------
    Ten classes in 64 real symbols: far above, and far below what can be read.

    >>> from diffsem.link import simplex_ceiling
    >>> round(simplex_ceiling(0, 64, 10), 3), round(simplex_ceiling(-17.7, 64, 10), 3)
    (1.0, 0.373)
    """
    return float(_simplex_ceilings(np.array([esnr_db]), symbols, _shares(priors, classes))[0])


def ceiling_under_priors(ceiling, priors: Sequence[float]):
    """What no receiver passes under unequal priors if `ceiling` is what none passes where classes are equally likely.

    Under equal priors the accuracies given each class add up to at most M times the ceiling, and none of them is above
    1: the best that any priors can make of it is all of the commonest classes.

    Parameters
    ----------
    ceiling : array_like, float
        In [0, 1].
    priors : sequence of float
        Share of each of the M classes.

    Returns
    -------
    array, float
        Sum of the M ceiling largest priors, the last of them in part.

    Examples
    --------
    Three classes, half of which can be read: of the commonest one all, of another one half.

    >>> from diffsem.link import ceiling_under_priors
    >>> float(ceiling_under_priors(0.5, [0.25, 0.5, 0.25]))
    0.625
    """
    falling = np.sort(np.asarray(priors, float))[::-1]
    sums = np.concatenate([[0.0], np.cumsum(falling)])
    return np.minimum(np.interp(len(falling) * np.asarray(ceiling, float), np.arange(len(sums)), sums), 1.0)


def _shares(priors: Sequence[float] | None, classes: int) -> tuple[float, ...]:
    if priors is None:
        return (1 / classes,) * classes
    values = np.asarray(priors, float)
    return tuple(values[values > 0] / values.sum())


def _simplex_ceilings(esnr_db: np.ndarray, symbols: int, priors: tuple[float, ...]) -> np.ndarray:
    classes = len(priors)
    if classes == 1:
        return np.ones(len(esnr_db))
    # A share is 1 to within double precision long before the integrand leaves the interval that is resolved.
    offset = np.sqrt(classes / (classes - 1) * symbols * 10 ** (esnr_db / 10))
    offset = np.clip(offset, 1e-9, 30.0)[:, None]
    x = np.linspace(-9, 9, 361)
    shares, counts = np.unique(priors, return_counts=True)
    reached = np.zeros(len(esnr_db))
    for share, count in zip(shares, counts, strict=True):
        log_others = 0.0
        for other, often in zip(shares, counts, strict=True):
            # A class is no other of its own.
            others = often - 1 if other == share else often
            log_others = log_others + others * log_ndtr(x + offset + (np.log(share) - np.log(other)) / offset)
        # The trapezoidal rule is exact to double precision for what falls to nothing at either end.
        reached += count * share * np.sum(norm.pdf(x) * np.exp(log_others), axis=1) * (x[1] - x[0])
    return np.clip(reached, shares.max(), 1.0)


CEILING_RANGE_DB = (-60.0, 40.0)
CEILING_SPACING_DB = 0.5


def simplex_ceilings(esnr, symbols: int, classes: int, priors: Sequence[float] | None = None) -> np.ndarray:
    """The same for many values at once, interpolated between those of a grid, to 1e-4.

    Parameters
    ----------
    esnr : [N], float
        Signal over noise power a real symbol, linear; taken for -60 dB below, for 40 dB above.
    symbols, classes : int
    priors : sequence of float, optional

    Returns
    -------
    [N], float64

    Examples
    --------
    Ten classes in 64 real symbols: without any signal, which is taken for -60 dB, at -17.7 dB, and at 0 dB.

    >>> from diffsem.link import simplex_ceilings
    >>> simplex_ceilings([0, 10**-1.77, 1], 64, 10).round(3).tolist()
    [0.101, 0.373, 1.0]
    """
    with np.errstate(divide="ignore"):
        esnr_db = 10 * np.log10(np.asarray(esnr, np.float64))
    return _ceiling_curve(symbols, _shares(priors, classes))(np.clip(esnr_db, *CEILING_RANGE_DB))


@cache
def _ceiling_curve(symbols: int, priors: tuple[float, ...]) -> PchipInterpolator:
    low, high = CEILING_RANGE_DB
    grid = np.arange(low, high + CEILING_SPACING_DB / 2, CEILING_SPACING_DB)
    return PchipInterpolator(grid, _simplex_ceilings(grid, symbols, priors))
