"""What a digital link may be made of, and its error rate. No TensorFlow here: a scenario is checked by this."""

import math

import numpy as np

# Bits a symbol.
MODULATIONS = {"bpsk": 1, "qpsk": 2, "16qam": 4, "64qam": 6, "256qam": 8}


def coded_bits(information_bits: int, code_rate: float | None, modulation: str) -> int:
    """Bits that are sent for a block: whole symbols, at most `code_rate` of them information.

    Parameters
    ----------
    information_bits : int
        k.
    code_rate : float or None
        Of the 5G LDPC code (3GPP TS 38.212); None: uncoded.
    modulation : str
        One of `MODULATIONS`.

    Returns
    -------
    int
        n. Uncoded, k and what fills the last symbol.

    Raises
    ------
    ValueError
        If Sionna has no LDPC code of that length and rate.

    Examples
    --------
    A hundred information bits fill 25 symbols of 16-QAM, or 34 of 64-QAM with a code of rate 1/2.

    >>> from diffsem.link import coded_bits
    >>> coded_bits(100, None, "16qam"), coded_bits(100, 0.5, "64qam")
    (100, 204)
    """
    per_symbol = MODULATIONS[modulation]
    bits = math.ceil(round((information_bits / (code_rate or 1)) / per_symbol, 9)) * per_symbol
    if code_rate is None:
        return bits
    if not 12 <= information_bits <= 8448:
        raise ValueError(f"no LDPC code for blocks of {information_bits} information bits; allowed: 12 to 8448")
    rate = information_bits / bits
    if not 0.2 <= rate <= 948 / 1024:
        raise ValueError(f"no LDPC code of {information_bits} in {bits} bits; allowed rates: 0.2 to 0.925")
    if information_bits > 3840 and rate <= 0.25:
        raise ValueError(
            f"no LDPC code of {information_bits} in {bits} bits; with rates up to 0.25 allowed: 12 to 3840 bits"
        )
    return bits


def bit_error_rate(modulation: str, snr_db, branches: int | None = None):
    """Closed form of the uncoded bit error rate of Gray-mapped symbols, known gains, maximum-ratio combining.

    Exact for every SNR: K. Cho and D. Yoon, IEEE Trans. Commun. 50(7), 2002, a sum of erfc(sqrt(c SNR)) / 2; each of
    them averaged over independent Rayleigh branches as in Proakis, Digital Communications, eq. 14.4-15.

    Parameters
    ----------
    modulation : str
        One of `MODULATIONS`.
    snr_db : array_like, float
        Es/N0 of a branch, dB; the mean where it fades.
    branches : int, optional
        Rayleigh-fading receive antennas. Default: none, one antenna over AWGN.

    Returns
    -------
    array, float
        In [0, 0.5], one a SNR.

    Examples
    --------
    BPSK at 0 dB, without fading and over Rayleigh fading with one and two antennas.

    >>> from diffsem.link import bit_error_rate
    >>> [round(float(bit_error_rate("bpsk", 0.0, branches)), 4) for branches in (None, 1, 2)]
    [0.0786, 0.1464, 0.0581]
    """
    # Whoever only counts bits, as every command that reads a scenario does, starts sooner without it.
    from scipy.special import comb, erfc

    snr = 10 ** (np.asarray(snr_db, float) / 10)
    rate = np.zeros_like(snr)
    for weight, factor in _error_terms(MODULATIONS[modulation]):
        if branches is None:
            rate += weight * erfc(np.sqrt(factor * snr)) / 2
        else:
            mean = np.sqrt(factor * snr / (1 + factor * snr))
            sums = sum(comb(branches - 1 + k, k) * ((1 + mean) / 2) ** k for k in range(branches))
            rate += weight * ((1 - mean) / 2) ** branches * sums
    return rate


def _error_terms(per_symbol: int) -> list[tuple[float, float]]:
    """Weight and factor c of every term of the sum."""
    if per_symbol == 1:
        return [(1.0, 1.0)]
    axis_bits = per_symbol // 2
    levels = 2**axis_bits
    terms = []
    for k in range(1, axis_bits + 1):
        for i in range(levels - levels // 2**k):
            place = i * 2 ** (k - 1) / levels
            weight = (-1) ** math.floor(place) * (2 ** (k - 1) - math.floor(place + 0.5))
            terms.append((2 * weight / (levels * axis_bits), (2 * i + 1) ** 2 * 3 / (2 * (levels**2 - 1))))
    return terms
