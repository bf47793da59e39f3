"""Statistics and parts of a table whose sweep went over more than t and SNR."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt

from diffsem.link import STEP_BINS, ResultTable, gap_interval
from diffsem.scenarios.reporting.figures import all_figures
from diffsem.scenarios.reporting.statistics import (
    attacks,
    eavesdropper_axis,
    leakage,
    outage,
    private_share,
    strongest_adversary,
    varying_axes,
)
from diffsem.scenarios.reporting.variants import by_variant
from diffsem.scenarios.schema.scenario import parse_scenario
from diffsem.scenarios.schema.strict_yaml import read_yaml, write_yaml

LISTS = {"seed": [1, 2], "eavesdropper.looks": [1, 10]}


@pytest.fixture
def swept(table) -> ResultTable:
    """A table of each combination, in which receivers differ with the seed and attacks with the looks too."""
    whole = table()
    parts = []
    for seed in LISTS["seed"]:
        for looks in LISTS["eavesdropper.looks"]:
            axes = {"seed": seed, "eavesdropper_looks": looks}
            rows, heard = whole.rows.assign(**axes), whole.rows["node"] == "adversary"
            rows["correct"] += 10 * seed + looks * heard
            rows["accuracy"] = rows["correct"] / rows["total"]
            rows["both_correct"] = np.where(heard, 100 * seed + looks, rows["correct"])
            by_step = np.full([len(rows), 2, STEP_BINS], seed)
            parts.append((rows, by_step, whole.examples.index.assign(**axes), whole.examples.reconstructions + seed))
    words = read_yaml(str(whole.attributes["scenario"]))
    words["seed"], words["eavesdropper"]["looks"] = LISTS.values()
    rows, by_step, index, reconstructions = zip(*parts, strict=True)
    return replace(
        whole,
        attributes={"scenario": write_yaml(words)},
        rows=pd.concat(rows, ignore_index=True),
        by_step=np.concatenate(by_step),
        examples=replace(
            whole.examples,
            index=pd.concat(index, ignore_index=True),
            reconstructions=np.concatenate(reconstructions),
        ),
    )


def test_the_axes_that_vary_are_told(table, swept):
    assert varying_axes(table().rows) == []
    assert varying_axes(swept.rows) == ["seed", "eavesdropper_looks"]
    # The eavesdropper's SNR is the same at every point.
    assert eavesdropper_axis(swept.rows) == []


def test_each_variant_has_its_own_gap(table, swept):
    lines = leakage(swept.rows)
    assert len(lines) == 4 * len(leakage(table().rows))
    line = lines.set_index(["system", "timestep", "receiver_snr_db", "seed", "eavesdropper_looks"])
    found = line.loc[("diffsem", 240, 15.0, 2, 10)]
    assert (found["receiver"], found["adversary"]) == (0.82, 0.63)
    assert (found["gap_low"], found["gap_high"]) == gap_interval(820, 1000, 630, 1000)
    assert len(strongest_adversary(swept.rows)) == 4 * len(strongest_adversary(table().rows))


def test_without_such_an_axis_no_column_is_added(table):
    rows = table().rows
    for found in (leakage(rows), attacks(rows), private_share(rows), outage(table())):
        assert not {"seed", "eavesdropper_looks"} & set(found.columns)
    assert list(strongest_adversary(rows).index.names) == ["system", "timestep", "receiver_snr_db", "snr_db"]


def test_every_statistic_tells_the_variant_of_its_lines(swept):
    for found in (leakage(swept.rows), attacks(swept.rows), private_share(swept.rows), outage(swept)):
        assert found.groupby(["seed", "eavesdropper_looks"]).size().nunique() == 1
        assert len(found.groupby(["seed", "eavesdropper_looks"])) == 4
    shares = private_share(swept.rows).set_index(["system", "seed", "eavesdropper_looks"])
    for seed in (1, 2):
        for looks in (1, 10):
            expected = (800 + 10 * seed - (100 * seed + looks)) / 1000
            np.testing.assert_allclose(shares.loc[("diffsem", seed, looks), "private"], expected)


def test_a_table_falls_into_one_a_variant(table, swept):
    assert [suffix for suffix, _ in by_variant(table())] == [""]
    parts = dict(by_variant(swept))
    assert list(parts) == ["seed1-looks1", "seed1-looks10", "seed2-looks1", "seed2-looks10"]
    part = parts["seed2-looks10"]
    assert len(part.rows) == len(part.by_step) == len(table().rows)
    assert set(part.rows["seed"]) == {2}
    assert (part.by_step == 2).all()
    assert set(part.examples.index["eavesdropper_looks"]) == {10}
    np.testing.assert_array_equal(part.examples.reconstructions, table().examples.reconstructions + 2)
    words = parse_scenario(read_yaml(str(part.attributes["scenario"])), "stored")
    assert (words.seed, words.eavesdropper.looks, words.axes) == (2, 10, {})


def test_figures_are_drawn_variant_by_variant(swept, tmp_path, monkeypatch):
    drawn = []

    def one_figure(part):
        drawn.append(part)
        yield "schedule", lambda look: plt.figure(figsize=(1, 1))

    monkeypatch.setattr(all_figures, "_drawable", one_figure)
    paths = all_figures.save_figures([swept], tmp_path, "r")
    assert [path.name for path in paths if path.suffix == ".png"] == [
        f"r-schedule-seed{seed}-looks{looks}.png" for seed in (1, 2) for looks in (1, 10)
    ]
    assert [part.rows["seed"].iloc[0] for part in drawn] == [1, 1, 2, 2]
