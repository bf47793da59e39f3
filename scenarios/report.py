"""A result table as people read it: receiver against adversary, point by point; error rates; the bad blocks."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
from pydantic import BaseModel
from rich.table import Table
from rich.text import Text

from diffsem.link.accuracy import gap_interval, share_interval
from diffsem.link.errors import InputError
from diffsem.link.escaping import escaped
from diffsem.link.results import ResultTable
from diffsem.scenarios.schema import Distance, Scenario, parse_scenario
from diffsem.scenarios.strict_yaml import read_yaml

POINT = ["timestep", "receiver_snr_db"]


# The paper's attacker, of CIFAR-10 and of MNIST: it is not told the noise level.
PAPER_ATTACKS = ("inversion-residual+blind", "inversion-mlp+blind")
# The 5th percentile of blocks is measured between these, or there would be too few images in it.
OUTAGE = (0.025, 0.075)
# What is said of every attack, by the names of the result table.
ATTACK_COLUMNS = (
    *POINT,
    "snr_db",
    "transmitter",
    "attack",
    "accuracy",
    "ci_low",
    "ci_high",
    "ceiling",
    "clean_judge_accuracy",
    "psnr_db",
    "ssim",
    "surrogate",
    "training_images",
    "training_epochs",
    "warning",
)


class _Offset(BaseModel):
    offset: float


class _Node(BaseModel):
    """Of a node in a table's scenario what titles tell; what an older one lacks is as the defaults are."""

    channel: dict[str, str | int | float | bool | None] | None = None
    receive_antennas: int = 1
    looks: int = 1
    snr_db: str | list[float] | Distance | _Offset = "same"


class _Nodes(BaseModel):
    legitimate: _Node | None = None
    eavesdropper: _Node | None = None


def scenario_of(table: ResultTable) -> Scenario:
    """The scenario of a table. Raises InputError if what it says is none."""
    try:
        return parse_scenario(read_yaml(str(table.attributes["scenario"])), "stored")
    except InputError:
        raise
    except ValueError as error:
        raise InputError(f"scenario stored: {error}") from error


def strongest_adversary(rows: pd.DataFrame, attacks: Sequence[str] | None = None) -> pd.DataFrame:
    """Of each system, point and eavesdropper SNR the adversary row with the highest accuracy, over attacks.

    Parameters
    ----------
    rows : pandas.DataFrame
        A result table.
    attacks : sequence of str, optional
        Of these only; default: of all.

    Returns
    -------
    pandas.DataFrame
        Indexed by system, timestep, receiver_snr_db, snr_db.
    """
    adversary = rows[rows["node"] == "adversary"]
    if attacks is not None:
        adversary = adversary[adversary["attack"].isin(attacks)]
    adversary = adversary.sort_values("accuracy", ascending=False, kind="stable")
    heard = ["system", *POINT, "snr_db"]
    return adversary.drop_duplicates(heard).set_index(heard)


def eavesdropper_axis(rows: pd.DataFrame) -> list[float]:
    """The eavesdropper's SNRs in dB, ascending, where they are a sweep axis.

    Empty where a point has one at most: the receiver's, one that hangs on it, or one that is given.
    """
    adversary = rows[rows["node"] == "adversary"]
    if not (adversary.groupby(POINT)["snr_db"].nunique() > 1).any():
        return []
    return sorted(adversary["snr_db"].unique().tolist())


def setting(scenario: str, rows: pd.DataFrame) -> str:
    """What the nodes of a table differ in, for titles: "receiver awgn; eavesdropper rayleigh, offset -5 dB, 10 looks".

    The eavesdropper's SNR is an offset to the receiver's or, as "SNR", its own; antennas are those that receive. What
    is the same, or one, is left out.

    Parameters
    ----------
    scenario : str
        A table's attribute, the resolved scenario in YAML. What an older one lacks is as the defaults are.
    rows : pandas.DataFrame
        Nothing is said of the eavesdropper where none of them is its own.

    Raises
    ------
    InputError
        If the scenario is not one.
    """
    try:
        nodes = _Nodes.model_validate(read_yaml(scenario))
    except ValueError as error:
        raise InputError("its scenario is not one that `diffsem run` writes") from error
    legitimate, own = nodes.legitimate or _Node(), nodes.eavesdropper or _Node()
    awgn: dict[str, str | int | float | bool | None] = {"kind": "awgn"}
    channels = [awgn | (node.channel or {}) for node in (legitimate, own)]
    antennas = [node.receive_antennas for node in (legitimate, own)]
    if not (rows["node"] == "adversary").any():
        return ", ".join([str(channels[0]["kind"]), *_antennas(antennas[0])])
    differing = [key for key in channels[0] | channels[1] if channels[0].get(key) != channels[1].get(key)]
    details = [] if "kind" in differing else differing
    kinds = [
        " ".join([str(channel["kind"]), *(f"{key} {channel.get(key)}" for key in details)]) for channel in channels
    ]
    receiver = [kinds[0], *_antennas(antennas[0])]
    snr_db = _own_snr(own.snr_db, legitimate.snr_db)
    looks = [f"{own.looks} looks"] if own.looks > 1 else []
    if not differing and antennas[0] == antennas[1]:
        head, heard = "both", [*snr_db, *looks]
    else:
        head, heard = "receiver", [kinds[1], *snr_db, *_antennas(antennas[1], antennas[0] > 1), *looks]
    parts = [f"{head} {', '.join(receiver)}"] + ([f"eavesdropper {', '.join(heard)}"] if heard else [])
    return "; ".join(parts)


def _antennas(count: int, one_too: bool = False) -> list[str]:
    return [f"{count} antenna{'s' if count > 1 else ''}"] if count > 1 or one_too else []


def _own_snr(
    snr_db: str | list[float] | Distance | _Offset, receiver_snr_db: str | list[float] | Distance | _Offset
) -> list[str]:
    if isinstance(snr_db, list):
        same = len(snr_db) == 1 and snr_db == receiver_snr_db
        return [] if same else [f"SNR {', '.join(f'{value:g}' for value in snr_db)} dB"]
    if isinstance(snr_db, str):
        return []
    offset = snr_db.after(0.0) if isinstance(snr_db, Distance) else snr_db.offset
    return [f"offset {offset:+.3g} dB"] if offset else []


def paper_attack(rows: pd.DataFrame) -> list[str]:
    """The paper's attacker, as a list of one; empty if the table does not have it.

    Told the noise level, it is another attacker.
    """
    there = set(rows["attack"])
    return [attack for attack in PAPER_ATTACKS if attack in there][:1]


def leakage(rows: pd.DataFrame) -> pd.DataFrame:
    """The receiver, the strongest attack, the gap to it, and that to the paper's attacker: a row a system and point.

    Where the eavesdropper's SNR is a sweep axis, a row for each of its values.

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
        timestep, receiver_snr_db, eavesdropper_snr_db, system, images, denoiser_calls; receiver, adversary, gap and
        paper_gap, each with _low and _high (95%: Wilson, Newcombe); attack and paper_attack, the names; receiver_worst
        and adversary_worst, accuracy in the worst class; receiver_ceiling and adversary_ceiling, the most that the
        noise lets through to either (`diffsem.link.simplex_ceiling`). NaN where no attack was run, or not the paper's.
    """
    rows = rows[rows["scored"] == "label"]
    strongest: dict[tuple, list[dict]] = {}
    for heard in strongest_adversary(rows).reset_index().sort_values("snr_db").to_dict("records"):
        strongest.setdefault((heard["system"], heard["timestep"], heard["receiver_snr_db"]), []).append(heard)
    papers = strongest_adversary(rows, paper_attack(rows)).to_dict("index")
    lines = []
    for row in rows[rows["node"] == "receiver"].to_dict("records"):
        line = {name: row[name] for name in ("timestep", "receiver_snr_db", "system", "denoiser_calls")}
        line |= {
            "images": row["images"],
            "draws": row["total"],
            "receiver_worst": row["worst_class_accuracy"],
        } | _interval("receiver", row)
        line |= {"receiver_ceiling": row["ceiling"]}
        key = (row["system"], row["timestep"], row["receiver_snr_db"])
        for heard in strongest.get(key, []):
            own = {"eavesdropper_snr_db": heard["snr_db"], "adversary_ceiling": heard["ceiling"]}
            own |= {"attack": heard["attack"], "adversary_worst": heard["worst_class_accuracy"]}
            own |= _interval("adversary", heard) | _gap("gap", row, heard)
            if paper := papers.get((*key, heard["snr_db"])):
                own |= {"paper_attack": paper["attack"]} | _gap("paper_gap", row, paper)
            lines.append(line | own)
        if key not in strongest:
            lines.append(line)
    measures = [
        f"{name}{end}" for name in ("receiver", "adversary", "gap", "paper_gap") for end in ("", "_low", "_high")
    ]
    columns = ["timestep", "receiver_snr_db", "eavesdropper_snr_db", "system", *measures, "attack", "paper_attack"]
    columns += ["receiver_worst", "adversary_worst", "receiver_ceiling", "adversary_ceiling"]
    columns += ["images", "draws", "denoiser_calls"]
    return pd.DataFrame(lines, columns=columns)


def _interval(name: str, row: dict) -> dict:
    return {name: row["accuracy"], f"{name}_low": row["ci_low"], f"{name}_high": row["ci_high"]}


def _gap(name: str, row: dict, heard: dict) -> dict:
    counts = (row["correct"], row["total"], heard["correct"], heard["total"])
    low, high = gap_interval(*counts, row["effective_images"], heard["effective_images"])
    return {name: row["accuracy"] - heard["accuracy"], f"{name}_low": low, f"{name}_high": high}


def terminal_table(rows: pd.DataFrame, title: str) -> Table:
    """Receiver against its strongest adversary, for the terminal; accuracies in percent with their 95% intervals."""
    return _table(
        leakage(rows),
        title,
        {
            "receiver": lambda line: _percent(line, "receiver"),
            **_eavesdropper(rows),
            "adversary": lambda line: _percent(line, "adversary"),
            "gap": lambda line: _percent(line, "gap", "+"),
            "strongest attack": lambda line: _name(line["attack"]),
            "images": lambda line: _images(line),
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
            **_eavesdropper(rows),
            "strongest attack": lambda line: _name(line["attack"]),
            "its accuracy": lambda line: _percent(line, "adversary"),
            "its ceiling": lambda line: _share(line["adversary_ceiling"]),
            "gap": lambda line: _percent(line, "gap", "+"),
            "paper's attacker": lambda line: _name(line["paper_attack"]),
            "gap to it alone": lambda line: _percent(line, "paper_gap", "+"),
            "worst class": lambda line: _worst(line),
        },
    )


def attacks(rows: pd.DataFrame) -> pd.DataFrame:
    """Every attack, not the strongest alone: a row a transmitter, attack, point and eavesdropper SNR.

    Systems that share a transmitter share its attacks: each is there once.

    Parameters
    ----------
    rows : pandas.DataFrame
        A result table.

    Returns
    -------
    pandas.DataFrame
        The columns `ATTACK_COLUMNS` of the table's adversary rows, of each point and transmitter the most accurate
        attack first.
    """
    heard = [*POINT, "transmitter", "snr_db"]
    ascending = [True] * len(heard) + [False]
    found = rows[rows["node"] == "adversary"].drop_duplicates([*heard, "attack"])
    return found.sort_values([*heard, "accuracy"], ascending=ascending, kind="stable")[list(ATTACK_COLUMNS)]


def attacks_table(rows: pd.DataFrame, title: str) -> Table:
    """Every attack, for the terminal; accuracies in percent."""
    return _table(
        attacks(rows),
        title,
        {
            **({"Eve dB": lambda line: _decibel(line["snr_db"])} if eavesdropper_axis(rows) else {}),
            "attack": lambda line: line["attack"],
            "accuracy": lambda line: _percent(_interval("accuracy", line), "accuracy"),
            "ceiling": lambda line: _share(line["ceiling"]),
            "clean judge": lambda line: _share(line["clean_judge_accuracy"]),
            "PSNR dB": lambda line: _number(line["psnr_db"], 1),
            "SSIM": lambda line: _number(line["ssim"], 3),
            "learnt from": lambda line: _learnt_from(line),
            "warning": lambda line: "!" if line["warning"] else "",
        },
        "percent, with 95% intervals; ! is run under other conditions than it was trained for",
        "transmitter",
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
        system, attack, timestep, receiver_snr_db, snr_db (the eavesdropper's), private, private_low, private_high (95%:
        Wilson); one row for every adversary row of which it is known.
    """
    point = ["system", *POINT]
    receivers = rows[rows["node"] == "receiver"].set_index(point)["correct"]
    lines = rows[(rows["node"] == "adversary") & (rows["both_correct"] >= 0)].join(
        receivers, on=point, rsuffix="_first"
    )
    private = lines["correct_first"] - lines["both_correct"]
    shares, effective = private / lines["total"], lines["effective_images"]
    intervals = [share_interval(share, count) for share, count in zip(shares, effective, strict=True)]
    low, high = np.array(intervals, float).reshape(-1, 2).T
    columns = ["system", "attack", "timestep", "receiver_snr_db", "snr_db"]
    return lines[columns].assign(private=shares, private_low=low, private_high=high)


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
    if scenario_of(table).denoising.step == "transmitter":
        known &= (table.rows["node"] == "adversary").to_numpy()  # such a receiver takes all its images for alike
    lines = []
    for row, (correct, total) in zip(table.rows[known].to_dict("records"), table.by_step[known], strict=True):
        worse = total.sum() - np.cumsum(total)  # images beyond a bin
        low, high = np.array(OUTAGE) * total.sum()
        chosen = (worse + total > low) & (worse < high)
        hits, images = int(correct[chosen].sum()), int(total[chosen].sum())
        # Where images were sent several times, as few of these are independent as of all.
        low, high = share_interval(hits / images, images * row["effective_images"] / row["total"])
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
    subject: str = "system",
) -> Table:
    # Text, not markup: names come from outside.
    table = Table(
        title=Text(escaped(title), "table.title"), title_justify="left", caption=caption, caption_justify="left"
    )
    for name in ("t", "SNR dB", subject, *cells):
        words = (subject, "strongest attack", "paper's attacker", "attack", "learnt from")
        # Rows that differ in a point of the sweep alone must not look alike in a narrow terminal.
        point = name in ("t", "SNR dB", "Eve dB")
        table.add_column(name, justify="left" if name in words else "right", no_wrap=point, overflow="fold")
    for _, group in lines.groupby(POINT, sort=True):
        for line in group.to_dict("records"):
            table.add_row(
                str(line["timestep"]),
                f"{line['receiver_snr_db']:g}",
                *(Text(escaped(text)) for text in (line[subject], *(cell(line) for cell in cells.values()))),
            )
        table.add_section()
    return table


def _eavesdropper(rows: pd.DataFrame) -> dict[str, Callable[[dict], str]]:
    return {"Eve dB": lambda line: _decibel(line["eavesdropper_snr_db"])} if eavesdropper_axis(rows) else {}


def _decibel(value: float) -> str:
    return "-" if pd.isna(value) else f"{value:g}"


def _rate(line: dict, name: str) -> str:
    return f"{line[name]:.2e} [{line[f'{name}_low']:.2e}, {line[f'{name}_high']:.2e}]"


def _name(attack) -> str:
    return attack if isinstance(attack, str) else "-"


def _learnt_from(line: dict) -> str:
    if not line["training_epochs"]:
        return "-"
    return f"{line['training_images']:,} images, {line['surrogate']}, {line['training_epochs']} epochs"


def _images(line: dict) -> str:
    """How many, and how often each was sent."""
    passes = line["draws"] / line["images"]
    return str(line["images"]) if passes == 1 else f"{line['images']} x {passes:.3g}"


def _share(value: float) -> str:
    return "-" if pd.isna(value) else f"{100 * value:.1f}"


def _number(value: float, digits: int) -> str:
    return "-" if pd.isna(value) else f"{value:.{digits}f}"


def _worst(line: dict) -> str:
    """Of receiver and strongest attack."""
    values = [line["receiver_worst"], line["adversary_worst"]]
    return " / ".join(_share(value) for value in values)


def _percent(line: dict, name: str, sign: str = "") -> str:
    if pd.isna(line[name]):
        return "-"
    value, low, high = (100 * line[key] for key in (name, f"{name}_low", f"{name}_high"))
    return f"{value:{sign}.2f} [{low:{sign}.2f}, {high:{sign}.2f}]"
