"""What a digital link may be made of. No TensorFlow here: a scenario is checked by this."""

import math

# Bits a symbol.
MODULATIONS = {"bpsk": 1, "qpsk": 2, "16qam": 4, "64qam": 6, "256qam": 8}


def coded_bits(information_bits: int, code_rate: float | None, modulation: str) -> int:
    """Bits on the air for a block: whole symbols, at most `code_rate` of them information.

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
