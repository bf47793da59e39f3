"""What leaks in bits, beside what the channels alone would keep."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from diffsem.link import min_entropy_leakage
from diffsem.scenarios.reporting.axes import varying_axes
from diffsem.scenarios.reporting.statistics import POINT, strongest_adversary

BITS = ("leaked_bits", "leaked_bits_low", "leaked_bits_high")
CHANNELS = ("capacity", "secrecy_capacity", "secrecy_capacity_low", "secrecy_capacity_high")


def information(rows: pd.DataFrame) -> pd.DataFrame:
    """What leaks of the label, in bits: a row a system, point and eavesdropper SNR.

    Parameters
    ----------
    rows : pandas.DataFrame
        A result table.

    Returns
    -------
    pandas.DataFrame
        Columns timestep, receiver_snr_db, the axes that vary, eavesdropper_snr_db, system, then

        - attack, min_entropy_leakage, _low, _high: of the strongest attack, log2 of its accuracy over the share of the
          commonest label, bits an image, at the ends of the interval of its accuracy;
        - informed, leaked_bits, _low, _high, equivocation: of the attack on labels that knows most bits of them, and
          what it leaves open at most, H(Y) less these bits;
        - capacity, secrecy_capacity, _low, _high: of the channels alone, as the table has them.

        NaN where no attack was run, none gave probabilities, or the table is from before they were recorded.
    """
    adversaries = rows[rows["node"] == "adversary"]
    where = ["system", *POINT, "snr_db", *varying_axes(rows)]
    ranked = adversaries.sort_values("leaked_bits", ascending=False).drop_duplicates(where)
    most = {tuple(known[name] for name in where): known for known in ranked.to_dict("records")}
    lines = []
    for strongest in strongest_adversary(rows).reset_index().to_dict("records"):
        key = {name: strongest[name] for name in where}
        known = most[tuple(key.values())]
        ends = zip(("", "_low", "_high"), ("accuracy", "ci_low", "ci_high"), strict=True)
        lines.append(
            key
            | {"attack": strongest["attack"]}
            | {f"min_entropy_leakage{end}": _easier(strongest, share) for end, share in ends}
            | {"informed": known["attack"] if pd.notna(known["leaked_bits"]) else np.nan}
            | {name: known[name] for name in BITS}
            | {"equivocation": known["label_entropy"] - known["leaked_bits"]}
            | {name: strongest[name] for name in CHANNELS}
        )
    places = {name: place for place, name in enumerate(dict.fromkeys(rows["system"]))}
    lines.sort(key=lambda line: (places[line["system"]], line["snr_db"]))
    columns = [*POINT, *where[4:], "snr_db", "system", "attack", "min_entropy_leakage", "min_entropy_leakage_low"]
    columns += ["min_entropy_leakage_high", "informed", *BITS, "equivocation", *CHANNELS]
    return pd.DataFrame(lines, columns=columns).rename(columns={"snr_db": "eavesdropper_snr_db"})


def _easier(row: Mapping, share: str) -> float:
    """NaN where nothing was read right, or nobody wrote down how common labels are."""
    return min_entropy_leakage(row[share], row["largest_class"]) if row[share] > 0 else float("nan")
