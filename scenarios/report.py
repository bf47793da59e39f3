"""A result table as people read it: receiver against adversary, point by point; error rates; the bad blocks."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
import yaml
from rich.table import Table

from diffsem.link.accuracy import gap_interval, wilson_interval
from diffsem.link.results import ResultTable

POINT = ["timestep", "receiver_snr_db"]


# The paper's attacker, first as it is there: it is not told the noise level.
PAPER_ATTACKS = ("inversion-residual+blind", "inversion-residual", "inversion-mlp+blind", "inversion-mlp")
# The 5th percentile of blocks is measured between these, or there would be too few images in it.
OUTAGE = (0.025, 0.075)


def strongest_adversary(rows: pd.DataFrame, attacks: Sequence[str] | None = None) -> pd.DataFrame:
    """Of each system and point the adversary row with the highest accuracy, over attacks and eavesdropper SNRs.

    Parameters
    ----------
    rows : pandas.DataFrame
        A result table.
    attacks : sequence of str, optional
        Of these only; default: of all.

    Returns
    -------
    pandas.DataFrame
        Indexed by system, timestep, receiver_snr_db.
    """
    adversary = rows[rows["node"] == "adversary"]
    if attacks is not None:
        adversary = adversary[adversary["attack"].isin(attacks)]
    adversary = adversary.sort_values("accuracy", ascending=False, kind="stable")
    return adversary.drop_duplicates(["system", *POINT]).set_index(["system", *POINT])


def paper_attack(rows: pd.DataFrame) -> list[str]:
    """The paper's attacker, as a list of one; empty if the table does not have it."""
    there = set(rows["attack"])
    return [attack for attack in PAPER_ATTACKS if attack in there][:1]


def leakage(rows: pd.DataFrame) -> pd.DataFrame:
    """One row a system and point: the receiver, the strongest attack, the gap to it, and that to the paper's attacker.

    Of systems that read labels; links that only count bit errors are left out.

    The strongest attack is the best of several on the same images: its interval, and with it the gap's, leaves out
    that choice, in the eavesdropper's favour.

    Parameters
    ----------
    rows : pandas.DataFrame
        A result table.

    Returns
    -------
    pandas.DataFrame
        timestep, receiver_snr_db, system, images, denoiser_calls; receiver, adversary, gap and paper_gap, each with
        _low and _high (95%: Wilson, Newcombe); attack and paper_attack, the names; receiver_worst and adversary_worst,
        accuracy in the worst class; receiver_ceiling and adversary_ceiling, the most that the noise lets through to
        either (`diffsem.link.simplex_ceiling`). NaN where no attack was run.
    """
    rows = rows[rows["scored"] == "label"]
    strongest = strongest_adversary(rows).to_dict("index")
    papers = strongest_adversary(rows, paper_attack(rows)).to_dict("index")
    lines = []
    for row in rows[rows["node"] == "receiver"].to_dict("records"):
        line = {name: row[name] for name in ("timestep", "receiver_snr_db", "system", "denoiser_calls")}
        line |= {"images": row["total"], "receiver_worst": row["worst_class_accuracy"]} | _interval("receiver", row)
        line |= {"receiver_ceiling": row["ceiling"]}
        key = (row["system"], row["timestep"], row["receiver_snr_db"])
        if key in strongest:
            heard = strongest[key]
            line |= {"attack": heard["attack"], "adversary_worst": heard["worst_class_accuracy"]}
            line |= _interval("adversary", heard) | _gap("gap", row, heard) | {"adversary_ceiling": heard["ceiling"]}
        if key in papers:
            line |= {"paper_attack": papers[key]["attack"]} | _gap("paper_gap", row, papers[key])
        lines.append(line)
    measures = [
        f"{name}{end}" for name in ("receiver", "adversary", "gap", "paper_gap") for end in ("", "_low", "_high")
    ]
    columns = ["timestep", "receiver_snr_db", "system", *measures, "attack", "paper_attack"]
    columns += ["receiver_worst", "adversary_worst", "receiver_ceiling", "adversary_ceiling"]
    columns += ["images", "denoiser_calls"]
    return pd.DataFrame(lines, columns=columns)


def _interval(name: str, row: dict) -> dict:
    return {name: row["accuracy"], f"{name}_low": row["ci_low"], f"{name}_high": row["ci_high"]}


def _gap(name: str, row: dict, heard: dict) -> dict:
    low, high = gap_interval(row["correct"], row["total"], heard["correct"], heard["total"])
    return {name: row["accuracy"] - heard["accuracy"], f"{name}_low": low, f"{name}_high": high}


def terminal_table(rows: pd.DataFrame, title: str) -> Table:
    """Receiver against its strongest adversary, for the terminal; accuracies in percent with their 95% intervals."""
    return _table(
        leakage(rows),
        title,
        {
            "receiver": lambda line: _percent(line, "receiver"),
            "adversary": lambda line: _percent(line, "adversary"),
            "gap": lambda line: _percent(line, "gap", "+"),
            "strongest attack": lambda line: _name(line["attack"]),
            "images": lambda line: str(line["images"]),
            "U-Net calls": lambda line: f"{line['denoiser_calls']:.1f}",
        },
    )


def leakage_table(rows: pd.DataFrame, title: str) -> Table:
    """What the strongest attack leaves of the gap that the paper's attacker alone would have shown, in percent."""
    return _table(
        leakage(rows),
        title,
        {
            "receiver": lambda line: _percent(line, "receiver"),
            "strongest attack": lambda line: _name(line["attack"]),
            "its accuracy": lambda line: _percent(line, "adversary"),
            "its ceiling": lambda line: _share(line["adversary_ceiling"]),
            "gap": lambda line: _percent(line, "gap", "+"),
            "paper's attacker": lambda line: _name(line["paper_attack"]),
            "gap to it alone": lambda line: _percent(line, "paper_gap", "+"),
            "worst class": lambda line: _worst(line),
        },
    )


def private_share(rows: pd.DataFrame) -> pd.DataFrame:
    """Images that the receiver reads and an attack does not, which the two accuracies alone do not tell.

    A node's accuracy does not depend on how its channel goes with the other's; this share does.

    Parameters
    ----------
    rows : pandas.DataFrame
        A result table.

    Returns
    -------
    pandas.DataFrame
        system, attack, timestep, receiver_snr_db, snr_db, private, private_low, private_high (95%: Wilson); one row for
        every adversary row of which it is known.
    """
    point = ["system", *POINT]
    receivers = rows[rows["node"] == "receiver"].set_index(point)["correct"]
    lines = rows[(rows["node"] == "adversary") & (rows["both_correct"] >= 0)].join(
        receivers, on=point, rsuffix="_first"
    )
    private = lines["correct_first"] - lines["both_correct"]
    intervals = [wilson_interval(count, total) for count, total in zip(private, lines["total"], strict=True)]
    low, high = np.array(intervals, float).reshape(-1, 2).T
    columns = ["system", "attack", "timestep", "receiver_snr_db", "snr_db"]
    return lines[columns].assign(private=private / lines["total"], private_low=low, private_high=high)


def outage(table: ResultTable) -> pd.DataFrame:
    """Accuracy as a distribution over the blocks of a fading channel: its mean, and its 5th percentile.

    Images are ordered by t', the step that the noise of their blocks amounts to, and accuracy falls with t'. So the 5th
    percentile over blocks of the accuracy in a block is that of images at the step which 5% of all exceed. It is
    measured among those at the steps which 2.5 to 7.5% exceed, in whole bins of 10 steps.

    Parameters
    ----------
    table : ResultTable

    Returns
    -------
    pandas.DataFrame
        system, node, attack, timestep, receiver_snr_db, snr_db; mean and outage, each with _low and _high (95%:
        Wilson); outage_total, the images behind it. Of rows whose node knew its steps.
    """
    known = table.by_step[:, 1].sum(axis=1) > 0
    if yaml.safe_load(str(table.attributes["scenario"]))["denoising"]["step"] == "transmitter":
        known &= (table.rows["node"] == "adversary").to_numpy()  # such a receiver takes all its images for alike
    lines = []
    for row, (correct, total) in zip(table.rows[known].to_dict("records"), table.by_step[known], strict=True):
        worse = total.sum() - np.cumsum(total)  # images beyond a bin
        low, high = np.array(OUTAGE) * total.sum()
        chosen = (worse + total > low) & (worse < high)
        hits, images = int(correct[chosen].sum()), int(total[chosen].sum())
        low, high = wilson_interval(hits, images)
        line = {name: row[name] for name in ("system", "node", "attack", "timestep", "receiver_snr_db", "snr_db")}
        line |= _interval("mean", row)
        line |= {"outage": hits / images, "outage_low": low, "outage_high": high}
        lines.append(line | {"outage_total": images})
    columns = ["system", "node", "attack", "timestep", "receiver_snr_db", "snr_db"]
    measures = [f"{name}{end}" for name in ("mean", "outage") for end in ("", "_low", "_high")]
    return pd.DataFrame(lines, columns=[*columns, *measures, "outage_total"])


def error_rate_table(rows: pd.DataFrame, title: str) -> Table:
    """Bit and block error rates of the digital links, for the terminal, with their 95% intervals."""
    lines = rows[rows["bits"] > 0]
    return _table(
        lines,
        title,
        {
            "BER": lambda line: _rate(line, "ber"),
            "bit errors": lambda line: f"{line['bit_errors']:,} of {line['bits']:,}",
            "BLER": lambda line: _rate(line, "bler"),
            "block errors": lambda line: f"{line['block_errors']:,} of {line['blocks']:,}",
            "channel uses": lambda line: str(line["channel_uses"]),
        },
        "with 95% intervals",
    )


def _table(
    lines: pd.DataFrame,
    title: str,
    cells: Mapping[str, Callable[[dict], str]],
    caption: str = "percent, with 95% intervals",
) -> Table:
    table = Table(title=title, title_justify="left", caption=caption, caption_justify="left")
    for name in ("t", "SNR dB", "system", *cells):
        words = ("system", "strongest attack", "paper's attacker")
        table.add_column(name, justify="left" if name in words else "right", no_wrap=True)
    for _, group in lines.groupby(POINT, sort=True):
        for line in group.to_dict("records"):
            table.add_row(
                str(line["timestep"]),
                f"{line['receiver_snr_db']:g}",
                line["system"],
                *(cell(line) for cell in cells.values()),
            )
        table.add_section()
    return table


def _rate(line: dict, name: str) -> str:
    return f"{line[name]:.2e} [{line[f'{name}_low']:.2e}, {line[f'{name}_high']:.2e}]"


def _name(attack) -> str:
    return attack if isinstance(attack, str) else "-"


def _share(value: float) -> str:
    return "-" if pd.isna(value) else f"{100 * value:.1f}"


def _worst(line: dict) -> str:
    """Of receiver and strongest attack."""
    values = [line["receiver_worst"], line["adversary_worst"]]
    return " / ".join(_share(value) for value in values)


def _percent(line: dict, name: str, sign: str = "") -> str:
    if pd.isna(line[name]):
        return "-"
    value, low, high = (100 * line[key] for key in (name, f"{name}_low", f"{name}_high"))
    return f"{value:{sign}.2f} [{low:{sign}.2f}, {high:{sign}.2f}]"
