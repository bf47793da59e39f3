"""A result table as people read it: receiver against adversary, point by point."""

import pandas as pd
from rich.table import Table

from diffsem.link.accuracy import gap_interval

POINT = ["timestep", "receiver_snr_db"]


def strongest_adversary(rows: pd.DataFrame) -> pd.DataFrame:
    """Of each system and point the adversary row with the highest accuracy, over attacks and eavesdropper SNRs.

    Parameters
    ----------
    rows : pandas.DataFrame
        A result table.

    Returns
    -------
    pandas.DataFrame
        Indexed by system, timestep, receiver_snr_db.
    """
    adversary = rows[rows["node"] == "adversary"].sort_values("accuracy", ascending=False, kind="stable")
    return adversary.drop_duplicates(["system", *POINT]).set_index(["system", *POINT])


def receiver_against_adversary(rows: pd.DataFrame) -> pd.DataFrame:
    """One row a system and point: both accuracies, the gap and its 95% interval.

    Parameters
    ----------
    rows : pandas.DataFrame
        A result table.

    Returns
    -------
    pandas.DataFrame
        timestep, receiver_snr_db, system, receiver, receiver_low, receiver_high, adversary, adversary_low,
        adversary_high, attack, gap, gap_low, gap_high, images, denoiser_calls. NaN where no attack was run.
    """
    strongest = strongest_adversary(rows).to_dict("index")
    receivers = rows[rows["node"] == "receiver"]
    lines = []
    for row in receivers.to_dict("records"):
        line = {
            "timestep": row["timestep"],
            "receiver_snr_db": row["receiver_snr_db"],
            "system": row["system"],
            "receiver": row["accuracy"],
            "receiver_low": row["ci_low"],
            "receiver_high": row["ci_high"],
            "images": row["total"],
            "denoiser_calls": row["denoiser_calls"],
        }
        key = (row["system"], row["timestep"], row["receiver_snr_db"])
        if key in strongest:
            heard = strongest[key]
            low, high = gap_interval(row["correct"], row["total"], heard["correct"], heard["total"])
            line |= {
                "adversary": heard["accuracy"],
                "adversary_low": heard["ci_low"],
                "adversary_high": heard["ci_high"],
                "attack": heard["attack"],
                "gap": row["accuracy"] - heard["accuracy"],
                "gap_low": low,
                "gap_high": high,
            }
        lines.append(line)
    columns = ["timestep", "receiver_snr_db", "system", "receiver", "receiver_low", "receiver_high"]
    columns += ["adversary", "adversary_low", "adversary_high", "attack", "gap", "gap_low", "gap_high"]
    columns += ["images", "denoiser_calls"]
    return pd.DataFrame(lines, columns=columns)


def terminal_table(rows: pd.DataFrame, title: str) -> Table:
    """The comparison as a table for the terminal; accuracies in percent with their 95% intervals."""
    table = Table(title=title, title_justify="left", caption="percent, with 95% intervals", caption_justify="left")
    words = ("system", "strongest attack")
    for name in ("t", "SNR dB", "system", "receiver", "adversary", "gap", "strongest attack", "images", "U-Net calls"):
        table.add_column(name, justify="left" if name in words else "right", no_wrap=True)
    comparison = receiver_against_adversary(rows)
    for _, group in comparison.groupby(POINT, sort=True):
        for line in group.to_dict("records"):
            table.add_row(
                str(line["timestep"]),
                f"{line['receiver_snr_db']:g}",
                line["system"],
                _percent(line, "receiver"),
                _percent(line, "adversary"),
                _percent(line, "gap", "+"),
                line["attack"] if isinstance(line["attack"], str) else "-",
                str(line["images"]),
                f"{line['denoiser_calls']:.1f}",
            )
        table.add_section()
    return table


def _percent(line: dict, name: str, sign: str = "") -> str:
    if pd.isna(line[name]):
        return "-"
    value, low, high = (100 * line[key] for key in (name, f"{name}_low", f"{name}_high"))
    return f"{value:{sign}.2f} [{low:{sign}.2f}, {high:{sign}.2f}]"
