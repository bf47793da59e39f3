"""Links of random bits next to closed forms."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from diffsem.link import bit_error_rate
from rendering.markdown import lines
from rendering.measures import number
from rendering.tables import Table

# Bit errors from which on a curve says where it lies.
FEWEST_ERRORS = 100
# A step in SNR, dB, over which the closed form's slope is taken.
STEP_DB = 0.01


@dataclass(frozen=True)
class Calibrated:
    """One uncoded link next to its closed form.

    Parameters
    ----------
    modulation : str
    inside : int
        SNRs at which the closed form lies in the 95% interval.
    snrs : int
    silent : int
        SNRs at which no bit was wrong.
    offset_db : float
        How far apart the curves lie at most where `FEWEST_ERRORS` bits were wrong, as an SNR.
    """

    modulation: str
    inside: int
    snrs: int
    silent: int
    offset_db: float


def closed_forms(one: Table, branches: int | None = None) -> list[Calibrated]:
    """Every uncoded link of a table next to its closed form; `branches`: Rayleigh-fading antennas, None over AWGN."""
    uncoded = one.rows[~one.rows["system"].str.contains(r"\+[\d.]+$")]
    return [_calibrated(rows, branches) for _, rows in uncoded.groupby("system", sort=False)]


def _calibrated(rows: pd.DataFrame, branches: int | None) -> Calibrated:
    modulation = rows["system"].iloc[0].split("+")[1]
    closed = bit_error_rate(modulation, rows["snr_db"], branches)
    inside = (rows["ber_low"] <= closed) & (closed <= rows["ber_high"])
    # The slope of the closed form turns a distance between rates into one between SNRs.
    slope = (bit_error_rate(modulation, rows["snr_db"] + STEP_DB, branches) - closed) / STEP_DB
    offsets = np.abs((rows["ber"] - closed) / slope)[rows["bit_errors"] >= FEWEST_ERRORS]
    silent = int((rows["bit_errors"] == 0).sum())
    return Calibrated(modulation, int(inside.sum()), len(rows), silent, float(offsets.max()))


def inside_table(channels: Mapping[str, list[Calibrated]]) -> str:
    """A row a channel: how many closed forms lie in the interval."""
    rows = [
        [name, sum(one.inside for one in links), sum(one.snrs for one in links), sum(one.silent for one in links)]
        for name, links in channels.items()
    ]
    return lines(["channel", "inside the interval", "of", "without any error"], rows)


def offset_table(channels: Mapping[str, list[Calibrated]]) -> str:
    """A row a modulation, a column a channel: SNRs inside the interval, and the largest offset in dB."""
    columns = list(channels.values())
    rows = [
        [f"`{links[0].modulation}`", *(f"{one.inside} of {one.snrs}, {number(one.offset_db, 3)} dB" for one in links)]
        for links in zip(*columns, strict=True)
    ]
    return lines(["modulation", *channels], rows)


def fewest_errors() -> int:
    """Wrong bits from which on a point counts for the offset."""
    return FEWEST_ERRORS


FUNCTIONS = (fewest_errors, closed_forms, inside_table, offset_table)
