"""How much a number hangs on the training: the same sweep of several trainings, side by side."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from diffsem.link import InputError, ResultTable, escaped
from diffsem.scenarios.reporting.statistics import POINT, strongest_adversary, varying_axes

# Of a bootstrap: its 2.5th and 97.5th percentile move by less than a twentieth of a point.
DRAWS = 4000
ENDS = (2.5, 97.5)


def spread(tables: Sequence[ResultTable]) -> pd.DataFrame:
    """What several trainings of one scenario make of it: mean, standard deviation, lowest and highest.

    Parameters
    ----------
    tables : sequence of ResultTable
        Two or more, of the same points.

    Returns
    -------
    pandas.DataFrame
        One line a point, system and node: timestep, receiver_snr_db, the axes that vary, system, node, trainings, mean,
        deviation (between trainings, unbiased), lowest, highest, and half_width, half of the mean 95% interval over the
        test images of one training. An adversary is the strongest attack of each training.

    Raises
    ------
    InputError
        If there are fewer than two tables, or their points differ.

    Examples
    --------
    >>> import diffsem
    >>> table = diffsem.read_table("notebooks/fig4-mnist.h5")
    >>> lines = diffsem.spread([table, table])
    >>> lines[["trainings", "deviation"]].drop_duplicates().values.tolist()
    [[2.0, 0.0]]
    """
    frames = [_accuracies(table) for table in _several(tables)]
    axes = [name for name in frames[0] if name not in ("accuracy", "half_width")]
    joined = pd.concat(frames)
    grouped = joined.groupby(axes, sort=False, dropna=False)
    lines = grouped["accuracy"].agg(trainings="size", mean="mean", deviation="std", lowest="min", highest="max")
    if (lines["trainings"] != len(tables)).any():
        raise InputError("spread: the tables have other points; allowed: those of one scenario, a training each")
    return lines.assign(half_width=grouped["half_width"].mean()).reset_index()


def _several(tables: Sequence[ResultTable]) -> Sequence[ResultTable]:
    if len(tables) < 2:
        raise InputError(f"spread: {len(tables)} table; allowed: one of each of two or more trainings")
    return tables


def _accuracies(table: ResultTable) -> pd.DataFrame:
    """Receivers, and the strongest adversary of each."""
    rows = table.rows[table.rows["scored"] == "label"]
    keys = [*POINT, *varying_axes(rows), "system", "node"]
    receivers = rows[rows["node"] == "receiver"]
    adversaries = strongest_adversary(rows).reset_index()
    both = pd.concat([receivers, adversaries])[[*keys, "accuracy", "ci_low", "ci_high"]]
    both = both.sort_values(keys, kind="stable")
    return both.assign(half_width=(both["ci_high"] - both["ci_low"]) / 2).drop(columns=["ci_low", "ci_high"])


def spread_of_differences(tables: Sequence[ResultTable], systems: Sequence[str] = ()) -> pd.DataFrame:
    """Whether one receiver is better than another whatever the training: the difference over trainings and images.

    Trainings and test images are drawn anew, both with replacement and each image with all of its draws, 4,000 times
    (a bootstrap of two crossed factors: Owen, Annals of Applied Statistics 1(2), 2007): the interval holds for another
    training on other images. Of three trainings it knows little of the tails; lowest and highest are what was seen.

    Parameters
    ----------
    tables : sequence of ResultTable
        Two or more, of the same images, which tell their hits.
    systems : sequence of str, optional
        Two names or more, the earlier minus the later; default: every two.

    Returns
    -------
    pandas.DataFrame
        One line a point and two systems: timestep, receiver_snr_db, the axes that vary, first, second, mean, low, high
        (95%, percentiles of the bootstrap), lowest, highest (of the trainings), same_sign (of how many trainings the
        difference has the sign of the mean).

    Raises
    ------
    InputError
        If a table lacks a system or the hits of one, or there are fewer than two tables.

    Examples
    --------
    >>> import diffsem
    >>> table = diffsem.read_table("notebooks/fig4-mnist.h5")
    >>> lines = diffsem.spread_of_differences([table, table], ["diffsem", "noise-aware"])
    >>> line = lines.query("timestep == 240").iloc[0]
    >>> bool(line["low"] < line["lowest"] == line["mean"] == line["highest"] < line["high"]), int(line["same_sign"])
    (True, 2)
    """
    hits = [_hits(table) for table in _several(tables)]
    axes = [*POINT, *varying_axes(tables[0].rows)]
    lines = []
    for point in dict.fromkeys(point for point, _ in hits[0]):
        there = [system for place, system in hits[0] if place == point]
        if unknown := [name for name in systems if name not in there]:
            raise InputError(
                f"spread: no {', '.join(map(escaped, unknown))}; allowed: {', '.join(map(escaped, there))}"
            )
        for first, second in combinations(systems or there, 2):
            matrix = np.stack([_difference(own, point, first, second) for own in hits])
            lines.append(dict(zip(axes, point, strict=True)) | {"first": first, "second": second} | _crossed(matrix))
    return pd.DataFrame(lines)


def _hits(table: ResultTable) -> dict[tuple, np.ndarray]:
    """(point, system) -> share of an image's draws that a receiver reads right, [images]."""
    rows = table.rows.reset_index(drop=True)
    axes = [*POINT, *varying_axes(rows)]
    found = {}
    for place, row in zip(rows.index, rows.to_dict("records"), strict=True):
        if row["node"] != "receiver" or row["scored"] != "label":
            continue
        own = table.hits_of(place)
        if own is None:
            raise InputError(f"spread: {escaped(row['system'])}: an older table, which does not tell its hits")
        image = np.arange(len(own)) % row["images"]
        share = np.bincount(image, own, row["images"]) / np.bincount(image, minlength=row["images"])
        found[tuple(row[axis] for axis in axes), row["system"]] = share
    return found


def _difference(hits: dict[tuple, np.ndarray], point: tuple, first: str, second: str) -> np.ndarray:
    try:
        return hits[point, first] - hits[point, second]
    except KeyError as error:
        raise InputError("spread: the tables have other points or systems; allowed: those of one scenario") from error


def _crossed(matrix: np.ndarray) -> dict:
    """Of differences [trainings, images]: their mean, its interval, and what the trainings say one by one."""
    count, images = matrix.shape
    rng = np.random.default_rng(0)
    # Images of equal differences are drawn together: of three trainings there are 27 kinds of them.
    kinds, alike = np.unique(matrix, axis=1, return_counts=True)
    means = np.empty(DRAWS)
    for draw in range(DRAWS):
        weights = rng.multinomial(images, alike / images)
        chosen = rng.integers(count, size=count)
        means[draw] = (kinds @ weights)[chosen].mean() / images
    low, high = np.percentile(means, ENDS)
    each, mean = matrix.mean(axis=1), float(matrix.mean())
    same = int((np.sign(each) == np.sign(mean)).sum())
    ends = {"low": float(low), "high": float(high), "lowest": float(each.min()), "highest": float(each.max())}
    return {"mean": mean, **ends, "same_sign": same}
