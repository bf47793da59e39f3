"""What several trainings say together, against counts and variances written out."""

from dataclasses import replace

import numpy as np
import pytest

from diffsem.link import InputError, ResultTable, read_table
from diffsem.scenarios.reporting.spread import _crossed, spread, spread_of_differences

FILE = "notebooks/fig4-mnist.h5"


@pytest.fixture(scope="module")
def table():
    found = read_table(FILE)
    kept = found.rows["timestep"].isin([120, 240]) & found.rows["system"].isin(["diffsem", "noise-aware"])
    return kept_of(found, kept)


def kept_of(table, kept):
    """Some rows of a table, with their hits."""
    return table.of_rows(kept.to_numpy(), table.rows[kept].reset_index(drop=True))


def worse(table: ResultTable, share: float) -> ResultTable:
    """The same, as another training might be: so many of the receivers' hits are lost."""
    rng, rows, hits = np.random.default_rng(1), table.rows.copy(), table.hits.copy()
    for place in np.flatnonzero(rows["node"] == "receiver"):
        bits = np.unpackbits(hits[place]) * (rng.random(hits.shape[1] * 8) >= share)
        hits[place] = np.packbits(bits.astype(np.uint8))
        correct = int(bits[: rows["total"].iloc[place]].sum())
        rows.iloc[place, rows.columns.get_loc("correct")] = correct
        rows.iloc[place, rows.columns.get_loc("accuracy")] = correct / rows["total"].iloc[place]
    return replace(table, rows=rows, hits=hits)


def test_spreads_are_those_of_the_accuracies(table):
    tables = [table, worse(table, 0.02), worse(table, 0.05)]
    lines = spread(tables)
    assert len(lines) == 2 * 2 * 2
    for line in lines[lines["node"] == "receiver"].to_dict("records"):
        where = f"timestep == {line['timestep']} and system == '{line['system']}' and node == 'receiver'"
        own = [each.rows.query(where)["accuracy"].item() for each in tables]
        assert line["mean"] == pytest.approx(np.mean(own))
        assert line["deviation"] == pytest.approx(np.std(own, ddof=1))
        assert (line["lowest"], line["highest"], line["trainings"]) == (min(own), max(own), 3)
        assert 0.001 < line["half_width"] < 0.02


def test_differences_are_those_of_the_hits(table):
    lines = spread_of_differences([table, worse(table, 0.02)], ["diffsem", "noise-aware"])
    assert list(lines["timestep"]) == [120, 240]
    line = lines.iloc[1]
    each = []
    for own in (table, worse(table, 0.02)):
        there = own.rows.query("timestep == 240 and node == 'receiver'").set_index("system")["accuracy"]
        each.append(there["diffsem"] - there["noise-aware"])
    assert line["mean"] == pytest.approx(np.mean(each))
    assert (line["lowest"], line["highest"]) == pytest.approx((min(each), max(each)))
    assert line["low"] < line["lowest"] <= line["highest"] < line["high"]


@pytest.mark.parametrize("between", [0.0, 0.05])
def test_the_bootstrap_has_the_variance_of_crossed_factors(between):
    """Trainings of deviation s and images of deviation v: s^2 (K - 1) / K^2 + v^2 / N of the mean, for K trainings."""
    rng = np.random.default_rng(2)
    count, images = 8, 2000
    effects = rng.standard_normal(count)
    effects = between * (effects - effects.mean()) / effects.std(ddof=1)
    of_images = rng.standard_normal(images)
    found = _crossed(effects[:, None] + (of_images - of_images.mean())[None])
    deviation = (found["high"] - found["low"]) / (2 * 1.96)
    expected = between**2 * (count - 1) / count**2 + of_images.var() / images
    assert deviation == pytest.approx(np.sqrt(expected), rel=0.1)
    assert found["mean"] == pytest.approx(0, abs=1e-12)


def test_what_cannot_be_put_side_by_side_is_told_in_one_line(table):
    with pytest.raises(InputError, match="spread: 1 table; allowed: one of each of two or more trainings"):
        spread([table])
    early = kept_of(table, table.rows["timestep"] == 120)
    with pytest.raises(InputError, match="the tables have other points"):
        spread([table, early])
    with pytest.raises(InputError, match="the tables have other points"):
        spread_of_differences([table, early])
    with pytest.raises(InputError, match="spread: no ibal; allowed: "):
        spread_of_differences([table, table], ["ibal", "diffsem"])
    older = replace(table, hits=np.zeros([0, 0], np.uint8))
    with pytest.raises(InputError, match="an older table, which does not tell its hits"):
        spread_of_differences([older, older])


def test_a_strongest_attack_may_be_another_one_of_each_training(table):
    rows = table.rows.copy()
    chosen = rows["attack"] == "linear-probe"
    rows.loc[chosen, ["correct", "correct_even", "accuracy"]] = [9990, 4995, 0.999]
    lines = spread([table, replace(table, rows=rows)])
    adversaries = lines[lines["node"] == "adversary"]
    assert (adversaries["highest"] == 0.999).all()
