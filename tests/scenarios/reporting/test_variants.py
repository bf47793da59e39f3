"""Statistics and parts of a table whose sweep went over more than t and SNR."""

import numpy as np
import pytest

from diffsem.link import gap_interval
from diffsem.scenarios.reporting.axes import varying_axes
from diffsem.scenarios.reporting.figures import all_figures
from diffsem.scenarios.reporting.statistics import (
    attacks,
    eavesdropper_axis,
    leakage,
    outage,
    private_share,
    strongest_adversary,
)
from diffsem.scenarios.reporting.variants import by_variant
from diffsem.scenarios.schema.scenario import parse_scenario
from diffsem.scenarios.schema.strict_yaml import read_yaml


@pytest.fixture
def swept(variants_table):
    return variants_table()


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


def test_figures_are_drawn_variant_by_variant_and_say_of_which(swept, tmp_path, monkeypatch):
    drawn = {}

    def record(figure, start, look):
        drawn[start.name] = figure.get_label()
        return iter(())

    monkeypatch.setattr(all_figures, "_files", record)
    all_figures.save_figures([swept], tmp_path, "r", only=["accuracy-t-15", "schedule", "attacks"])
    suffixes = {f"seed{seed}-looks{looks}": (seed, looks) for seed in (1, 2) for looks in (1, 10)}
    kinds = ("accuracy-t-15dB", "attacks-clean-pair")
    # The schedule is that of all variants.
    assert set(drawn) == {"r-schedule", *(f"r-{kind}-{suffix}" for kind in kinds for suffix in suffixes)}
    for suffix, (seed, looks) in suffixes.items():
        for kind in kinds:
            assert f"seed {seed}, eavesdropper's looks {looks};" in drawn[f"r-{kind}-{suffix}"]


def test_each_variant_counts_as_a_table_among_several(table, swept, tmp_path, monkeypatch):
    labels = []

    def record(figure, start, look):
        labels.extend(text.get_text() for text in figure.legends[0].get_texts())
        return iter(())

    monkeypatch.setattr(all_figures, "_files", record)
    several = [table(), swept]
    all_figures.save_figures(several, tmp_path, "r", ["plain", "mine"])
    names = ["plain", *(f"mine-seed{seed}-looks{looks}" for seed in (1, 2) for looks in (1, 10))]
    assert {label.replace("\n", " ").partition(":")[0] for label in labels} == set(names)
    labels.clear()
    all_figures.save_figures(several, tmp_path, "r")
    named = {label.replace("\n", " ").partition(":")[0] for label in labels}
    assert named == {"mnist-awgn", *(f"mnist-awgn (2)-seed{seed}-looks{looks}" for seed in (1, 2) for looks in (1, 10))}
