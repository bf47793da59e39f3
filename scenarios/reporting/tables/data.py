"""The numbers behind a table that is shown: the statistics at every setting of the sweep, in the order asked for."""

from collections.abc import Callable

import pandas as pd

from diffsem.link import InputError, escaped
from diffsem.scenarios.reporting.axes import NAMES
from diffsem.scenarios.reporting.selection import settings
from diffsem.scenarios.reporting.statistics import POINT, attacks, leakage
from diffsem.scenarios.reporting.tables.information import information

RATES = (
    *("channel_uses", "bits", "bit_errors", "ber", "ber_low", "ber_high"),
    *("blocks", "block_errors", "bler", "bler_low", "bler_high"),
)
COUNTS = ("images", "channel_uses", "bits", "bit_errors", "blocks", "block_errors")


def leakage_lines(rows: pd.DataFrame) -> pd.DataFrame:
    """`statistics.leakage` at every value of the swept columns, which are columns of it behind the point."""
    return _at_every_setting(rows[rows["scored"] == "label"], leakage)


def attack_lines(rows: pd.DataFrame) -> pd.DataFrame:
    """`statistics.attacks` at every value of the swept columns, which are columns of it behind the point."""
    return _at_every_setting(rows[rows["node"] == "adversary"], attacks)


def bits_lines(rows: pd.DataFrame) -> pd.DataFrame:
    """`information` at every value of the swept columns, which are columns of it behind the point."""
    return _at_every_setting(rows[rows["scored"] == "label"], information)


def error_rate_lines(rows: pd.DataFrame) -> pd.DataFrame:
    """The bit and block errors of the digital links, with the swept columns behind the point."""
    return _at_every_setting(rows[rows["bits"] > 0], lambda part: part[[*POINT, "system", *RATES]])


def shown_lines(rows: pd.DataFrame) -> pd.DataFrame:
    """What `diffsem show` tells of each system and point: `leakage_lines` and, of digital links, `error_rate_lines`.

    A table without digital links has no columns for them, and one without labels none of the others.
    """
    rates = error_rate_lines(rows)
    if rates.empty:
        return leakage_lines(rows)
    if not (rows["scored"] == "label").any():
        return rates
    lines = leakage_lines(rows)
    both = lines.merge(rates, how="outer", on=[name for name in rates if name in lines])
    # The merger has sorted the systems by name.
    places = {name: place for place, name in enumerate(dict.fromkeys(rows["system"]))}
    both = both.sort_values("system", key=lambda names: names.map(places), kind="stable", ignore_index=True)
    # Counts stay whole numbers where a system has none.
    return ordered(both.astype({name: "Int64" for name in COUNTS}))


def ordered(lines: pd.DataFrame, sort: str = "") -> pd.DataFrame:
    """The lines in the order of the sweep or, with a column's name, by that column; "-NAME": the largest first.

    Raises
    ------
    InputError
        If there is no such column; the line lists them.
    """
    if not sort:
        return lines.sort_values([*POINT, *(axis for axis in NAMES if axis in lines)], kind="stable", ignore_index=True)
    descending = sort[0] == "-"
    name = sort[1:] if descending else sort
    if name not in lines:
        raise InputError(f"--sort: '{escaped(name)}' is not a column; allowed: {', '.join(map(str, lines))}")
    return lines.sort_values(name, ascending=not descending, kind="stable", ignore_index=True)


def _at_every_setting(rows: pd.DataFrame, make: Callable[[pd.DataFrame], pd.DataFrame]) -> pd.DataFrame:
    parts = []
    for values, part in settings(rows):
        lines = make(part)
        for place, (axis, value) in enumerate(values.items(), len(POINT)):
            lines.insert(place, axis, [value] * len(lines))
        parts.append(lines)
    return parts[0] if len(parts) == 1 else pd.concat(parts, ignore_index=True)
