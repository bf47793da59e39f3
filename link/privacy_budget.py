"""Budgets of local differential privacy: what self-noise promises of any two images, whoever listens."""

import math

from scipy.optimize import brentq
from scipy.stats import norm

# Beyond, an epsilon says nothing: odds of e**1000.
LARGEST = 1e3


def gaussian_budget(signal_share: float, symbols: int, delta: float = 1e-5) -> float:
    """Epsilon of the Gaussian mechanism: sqrt(abar) z + sqrt(1 - abar) eps of a feature of unit power.

    (epsilon, delta)-differential privacy between any two images, by the exact condition of Balle and Wang (ICML 2018):
    Phi(m / 2 - epsilon / m) - e^epsilon Phi(-m / 2 - epsilon / m) <= delta, m the distance of two features over the
    deviation of the noise. Two features of k symbols at unit power are 2 sqrt(k) apart at most. The channel's noise,
    which the transmitter does not control, is left out.

    Parameters
    ----------
    signal_share : float
        abar of the self-noise, 0..1: the share of power that carries the feature.
    symbols : int
        Real symbols of a feature, k.
    delta : float
        0 < delta < 1.

    Returns
    -------
    float
        inf where there is no noise, or epsilon would be over 1000; 0 where nothing is sent.

    Examples
    --------
    The more noise, the smaller the budget; 1 to 10 is what is called private.

    >>> from diffsem.link import gaussian_budget
    >>> [round(gaussian_budget(share, symbols=64)) for share in (0.5, 0.1, 0.001)]
    [195, 36, 2]
    """
    if signal_share <= 0:
        return 0.0
    if signal_share >= 1:
        return math.inf
    distance = _distance(signal_share, symbols)

    def excess(epsilon: float) -> float:
        lost = norm.logcdf(-distance / 2 - epsilon / distance)
        return float(norm.cdf(distance / 2 - epsilon / distance) - math.exp(min(epsilon + lost, 0.0)) - delta)

    if excess(0.0) <= 0:
        return 0.0
    return math.inf if excess(LARGEST) > 0 else float(brentq(excess, 0.0, LARGEST))


def laplace_budget(signal_share: float, symbols: int) -> float:
    """Epsilon of the Laplace mechanism (Dwork et al., TCC 2006) on the same: L1 distance over the scale of the noise.

    Two features are 2 sqrt(k) apart in L2, so 2 k in L1 at most; noise of variance 1 - abar has the scale
    sqrt((1 - abar) / 2).

    Parameters
    ----------
    signal_share : float
    symbols : int

    Returns
    -------
    float
        inf without noise.

    Examples
    --------
    >>> from diffsem.link import laplace_budget
    >>> round(laplace_budget(0.5, symbols=64)), laplace_budget(0.0, symbols=64)
    (181, 0.0)
    """
    if signal_share <= 0:
        return 0.0
    return math.sqrt(2 * symbols) * _distance(signal_share, symbols) if signal_share < 1 else math.inf


def _distance(signal_share: float, symbols: int) -> float:
    """The largest L2 distance of two features over the deviation of the noise."""
    return 2 * math.sqrt(symbols * signal_share / (1 - signal_share))
