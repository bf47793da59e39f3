"""Statistics of a result table: the strongest attack, leakage, private share, and accuracy in the bad blocks."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from diffsem.link import AXES, InputError, ResultTable, even_draws, share_interval
from diffsem.scenarios.contracts.appearance import AttackAppearance
from diffsem.scenarios.reporting.axes import varying_axes
from diffsem.scenarios.reporting.differences import Difference, difference_by_both
from diffsem.scenarios.reporting.table_attributes import attacks_in, scenario_of

POINT = ["timestep", "receiver_snr_db"]
# What tells a point from all others: a sweep may go over more than t and SNR.
WHOLE_POINT = [*POINT, *AXES]
# The 5th percentile of blocks is measured between these, or there would be too few images in it.
OUTAGE = (0.025, 0.075)
# What of an adversary's row is of the two halves of the images, each under the attack that the other chose.
MIXED = ["correct", "both_correct", "accuracy", "ci_low", "ci_high", "effective_images", "even_attack", "odd_attack"]
# What is said of every attack, by the names of the result table.
ATTACK_COLUMNS = (
    *POINT,
    "snr_db",
    "transmitter",
    "attack",
    "accuracy",
    "ci_low",
    "ci_high",
    "leaked_bits",
    "leaked_bits_low",
    "leaked_bits_high",
    "ceiling",
    "clean_judge_accuracy",
    "psnr_db",
    "ssim",
    "threat",
    "surrogate",
    "training_images",
    "training_epochs",
    "warning",
)


def strongest_adversary(rows: pd.DataFrame, attacks: Sequence[str] | None = None) -> pd.DataFrame:
    """Of each system, point and eavesdropper SNR the adversary row with the highest accuracy, over attacks.

    The best of several on some images is a little better on them than on others. So it is chosen on every other image
    and reported on the rest, and the other way round: where both halves choose the same attack, that is its row;
    where they do not, correct, both_correct, accuracy and its interval are those of each half under the attack that the
    other chose, and all else is of the one that is best on all. Of rows from before halves were counted it is chosen
    and reported on the same images, in the eavesdropper's favour.

    Parameters
    ----------
    rows : pandas.DataFrame
        A result table.
    attacks : sequence of str, optional
        Of these only; default: of all.

    Returns
    -------
    pandas.DataFrame
        Indexed by system, timestep, receiver_snr_db, snr_db, and the axes that vary. Columns more: chosen_apart,
        whether it was chosen on other images than those it is reported on; even_attack and odd_attack, the names of
        those under which every other image, from the first, and the rest are reported.
    """
    adversary = rows[rows["node"] == "adversary"]
    if attacks is not None:
        adversary = adversary[adversary["attack"].isin(attacks)]
    adversary = adversary.sort_values("accuracy", ascending=False, kind="stable", ignore_index=True)
    heard = ["system", *POINT, "snr_db"]
    strongest = adversary.drop_duplicates([*heard, *AXES])
    return _chosen_by_halves(strongest, adversary, [*heard, *AXES]).set_index([*heard, *varying_axes(rows)])


def _chosen_by_halves(strongest: pd.DataFrame, adversary: pd.DataFrame, where: list[str]) -> pd.DataFrame:
    """Each half of the images under the attack that the other half chose, in place of the best on all."""
    strongest = strongest.assign(chosen_apart=False, even_attack=strongest["attack"], odd_attack=strongest["attack"])
    even = adversary["correct_even"]
    if (even < 0).all():
        return strongest
    total, first = adversary["total"], even_draws(adversary["total"], adversary["images"])
    shares = adversary[where].assign(even=even / first, odd=(adversary["correct"] - even) / (total - first))
    alike = adversary.assign(unknown=(even < 0) | (total < 2)).groupby(where)
    known = (~alike["unknown"].any()) & (alike["total"].nunique() == 1)
    strongest["chosen_apart"] = known.loc[pd.MultiIndex.from_frame(strongest[where])].to_numpy()
    best = shares.groupby(where)[["even", "odd"]].idxmax().loc[known]
    places: dict[Any, Any] = dict(
        zip(strongest[where].itertuples(index=False, name=None), strongest.index, strict=True)
    )
    unlike = best[best["even"] != best["odd"]]
    if not unlike.empty:
        mixed = _mixed(adversary.loc[unlike["odd"]].reset_index(), adversary.loc[unlike["even"]].reset_index())
        strongest.loc[[places[key] for key in unlike.index], MIXED] = mixed.to_numpy()
    return strongest


def _mixed(even: pd.DataFrame, odd: pd.DataFrame) -> pd.DataFrame:
    """Row by row the columns `MIXED` of every other image under one attack and of the rest under another."""
    correct, both = (even[f"{name}_even"] + odd[name] - odd[f"{name}_even"] for name in ("correct", "both_correct"))
    effective = np.minimum(even["effective_images"], odd["effective_images"])
    accuracy = correct / even["total"]
    low, high = zip(*map(share_interval, accuracy, effective), strict=True)
    columns = [correct, both, accuracy, low, high, effective, even["attack"], odd["attack"]]
    return pd.DataFrame(dict(zip(MIXED, columns, strict=True)))


def eavesdropper_axis(rows: pd.DataFrame) -> list[float]:
    """The eavesdropper's SNRs in dB, ascending, where they are a sweep axis.

    Empty where a point has one at most: the receiver's, one that hangs on it, or one that is given.
    """
    adversary = rows[rows["node"] == "adversary"]
    if not (adversary.groupby(WHOLE_POINT)["snr_db"].nunique() > 1).any():
        return []
    return sorted(adversary["snr_db"].unique().tolist())


def paper_attack(
    rows: pd.DataFrame, known: Mapping[str, AttackAppearance] | None = None, knows_step: bool = False
) -> list[str]:
    """The paper's attacker, as a list of one; empty if the table does not have it.

    Parameters
    ----------
    rows : pandas.DataFrame
        A result table.
    known : mapping of str to AttackAppearance, optional
        How its attacks appear; default: as `rows.attrs` say, or else as shipped ones do.
    knows_step : bool
        Told the noise level, it is another attacker: with True, that one.
    """
    appearances = attacks_in(rows.attrs) if known is None else known
    there = set(rows["attack"])
    papers = [
        name
        for name, attack in appearances.items()
        if name in there and attack.papers and attack.knows_step == knows_step
    ]
    papers.sort(key=lambda name: appearances[name].papers_rank, reverse=True)
    return papers[:1]


def leakage(rows: pd.DataFrame) -> pd.DataFrame:
    """The receiver, the strongest attack, the gap to it, and that to the paper's attacker: a row a system and point.

    Where the eavesdropper's SNR is a sweep axis, a row for each of its values.

    Of systems that read labels; links that only count bit errors are left out.

    The strongest attack is chosen on one half of the images and reported on the other (`strongest_adversary`). Receiver
    and attack read the same images: gaps are paired.

    Parameters
    ----------
    rows : pandas.DataFrame
        A result table. Of `diffsem.concat` each run by itself, or receivers would meet other runs' adversaries:
        `{name: diffsem.leakage(run) for name, run in rows.groupby("scenario")}`.

    Returns
    -------
    pandas.DataFrame
        timestep, receiver_snr_db, the axes that vary, eavesdropper_snr_db, system, images, denoiser_calls; receiver,
        adversary, gap and paper_gap, each with _low and _high (95%: Wilson, Newcombe); attack and paper_attack, the
        names; receiver_worst and adversary_worst, accuracy in the worst class; receiver_ceiling and adversary_ceiling,
        the most that the noise lets through to either (`diffsem.link.simplex_ceiling`); gap_paired, whether the gap's
        interval is paired (where it is not told which draws both read right it is that of independent shares, which is
        on the safe side), and chosen_apart. NaN where no attack was run, or not the paper's.

    Raises
    ------
    InputError
        If several runs have rows of one system at one point.

    Examples
    --------
    >>> import diffsem
    >>> told = diffsem.leakage(diffsem.read_results("notebooks/mnist-awgn.h5"))
    >>> there = told.query("timestep == 240 and receiver_snr_db == 15")
    >>> print(there[["system", "receiver", "attack", "adversary", "gap"]].round(3).to_string(index=False))
              system  receiver          attack  adversary    gap
          classifier     0.615 task-classifier      0.834 -0.219
         noise-aware     0.818 task-classifier      0.834 -0.016
    noise-aware-pair     0.879 task-classifier      0.882 -0.003
            one-step     0.844 task-classifier      0.834  0.010
             diffsem     0.837 task-classifier      0.834  0.003
           e-diffsem     0.830 task-classifier      0.834 -0.004
    """
    rows = rows[rows["scored"] == "label"]
    _check_one_run(rows)
    varying = varying_axes(rows)
    point = ["system", *POINT, *varying]
    strongest: dict[tuple, list[dict]] = {}
    for heard in strongest_adversary(rows).reset_index().sort_values("snr_db").to_dict("records"):
        strongest.setdefault(tuple(heard[name] for name in point), []).append(heard)
    found = strongest_adversary(rows, paper_attack(rows)).reset_index().to_dict("records")
    papers = {tuple(heard[name] for name in [*point, "snr_db"]): heard for heard in found}
    lines = []
    for row in rows[rows["node"] == "receiver"].to_dict("records"):
        line = {name: row[name] for name in (*point, "denoiser_calls")}
        line |= {
            "images": row["images"],
            "draws": row["total"],
            "receiver_worst": row["worst_class_accuracy"],
        } | interval("receiver", row)
        line |= {"receiver_ceiling": row["ceiling"]}
        key = tuple(row[name] for name in point)
        for heard in strongest.get(key, []):
            own = {"eavesdropper_snr_db": heard["snr_db"], "adversary_ceiling": heard["ceiling"]}
            own |= {"attack": heard["attack"], "adversary_worst": heard["worst_class_accuracy"]}
            gap = difference_by_both(row, heard)
            own |= interval("adversary", heard) | _told("gap", gap)
            own |= {"gap_paired": gap.paired, "chosen_apart": heard["chosen_apart"]}
            if paper := papers.get((*key, heard["snr_db"])):
                own |= {"paper_attack": paper["attack"]} | _told("paper_gap", difference_by_both(row, paper))
            lines.append(line | own)
        if key not in strongest:
            lines.append(line)
    measures = [
        f"{name}{end}" for name in ("receiver", "adversary", "gap", "paper_gap") for end in ("", "_low", "_high")
    ]
    columns = [*POINT, *varying, "eavesdropper_snr_db", "system", *measures, "attack", "paper_attack"]
    columns += ["receiver_worst", "adversary_worst", "receiver_ceiling", "adversary_ceiling"]
    columns += ["gap_paired", "chosen_apart"]
    columns += ["images", "draws", "denoiser_calls"]
    return pd.DataFrame(lines, columns=columns)


def _check_one_run(rows: pd.DataFrame) -> None:
    """Of rows that `diffsem.concat` put together. Raises InputError."""
    point = ["system", *WHOLE_POINT]
    if "scenario" in rows and rows.drop_duplicates([*point, "scenario"]).duplicated(point).any():
        raise InputError(
            "leakage: rows of several runs at the same points; allowed: those of one run each, e.g. one after the "
            "other of rows.groupby('scenario')"
        )


def interval(name: str, row: Mapping) -> dict[str, float]:
    """The accuracy of a row and its 95% interval, as NAME, NAME_low and NAME_high."""
    return {name: row["accuracy"], f"{name}_low": row["ci_low"], f"{name}_high": row["ci_high"]}


def _told(name: str, difference: Difference) -> dict[str, float]:
    return {name: difference.value, f"{name}_low": difference.low, f"{name}_high": difference.high}


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
        The columns `ATTACK_COLUMNS` of the table's adversary rows, and the axes that vary; of each point and
        transmitter the most accurate attack first.
    """
    varying = varying_axes(rows)
    heard = [*POINT, *varying, "transmitter", "snr_db"]
    ascending = [True] * len(heard) + [False]
    found = rows[rows["node"] == "adversary"].drop_duplicates([*heard, "attack"])
    return found.sort_values([*heard, "accuracy"], ascending=ascending, kind="stable")[
        [*POINT, *varying, *ATTACK_COLUMNS[len(POINT) :]]
    ]


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
        system, attack, timestep, receiver_snr_db, the axes that vary, snr_db (the eavesdropper's), private,
        private_low, private_high (95%: Wilson); one row for every adversary row of which it is known.

    Examples
    --------
    >>> import diffsem
    >>> told = diffsem.private_share(diffsem.read_results("notebooks/channels/rayleigh.h5"))
    >>> there = told.query("system == 'one-step' and timestep == 120 and receiver_snr_db == 10")
    >>> print(there[["attack", "private", "private_low", "private_high"]].round(3).to_string(index=False))
             attack  private  private_low  private_high
      inversion-mlp    0.068        0.059         0.079
    task-classifier    0.048        0.041         0.057
    """
    point = ["system", *WHOLE_POINT]
    receivers = rows[rows["node"] == "receiver"].set_index(point)["correct"]
    lines = rows[(rows["node"] == "adversary") & (rows["both_correct"] >= 0)].join(
        receivers, on=point, rsuffix="_first"
    )
    private = lines["correct_first"] - lines["both_correct"]
    shares, effective = private / lines["total"], lines["effective_images"]
    intervals = [share_interval(share, count) for share, count in zip(shares, effective, strict=True)]
    low, high = np.array(intervals, float).reshape(-1, 2).T
    columns = ["system", "attack", *POINT, *varying_axes(rows), "snr_db"]
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
        system, node, attack, timestep, receiver_snr_db, the axes that vary, snr_db; mean and outage, each with _low
        and _high (95%: Wilson); outage_total, the images behind it. Of rows whose node knew its steps.

    Examples
    --------
    >>> import diffsem
    >>> told = diffsem.outage(diffsem.read_table("notebooks/channels/rayleigh.h5"))
    >>> there = told.query("node == 'receiver' and timestep == 120 and receiver_snr_db == 10")
    >>> print(there[["system", "mean", "outage"]].round(3).to_string(index=False))
              system  mean  outage
          classifier 0.852   0.514
         noise-aware 0.903   0.732
    noise-aware-pair 0.917   0.852
            one-step 0.917   0.761
             diffsem 0.914   0.739
           e-diffsem 0.907   0.746
    """
    known = table.by_step[:, 1].sum(axis=1) > 0
    if scenario_of(table).denoising.step == "transmitter":
        known &= (table.rows["node"] == "adversary").to_numpy()  # such a receiver takes all its images for alike
    columns = ["system", "node", "attack", *POINT, *varying_axes(table.rows), "snr_db"]
    lines = []
    for row, (correct, total) in zip(table.rows[known].to_dict("records"), table.by_step[known], strict=True):
        worse = total.sum() - np.cumsum(total)  # images beyond a bin
        low, high = np.array(OUTAGE) * total.sum()
        chosen = (worse + total > low) & (worse < high)
        hits, images = int(correct[chosen].sum()), int(total[chosen].sum())
        # Where images were sent several times, as few of these are independent as of all.
        low, high = share_interval(hits / images, images * row["effective_images"] / row["total"])
        line = {name: row[name] for name in columns}
        line |= interval("mean", row)
        line |= {"outage": hits / images, "outage_low": low, "outage_high": high}
        lines.append(line | {"outage_total": images})
    measures = [f"{name}{end}" for name in ("mean", "outage") for end in ("", "_low", "_high")]
    return pd.DataFrame(lines, columns=[*columns, *measures, "outage_total"])
