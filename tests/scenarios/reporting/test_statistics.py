from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from diffsem.link import (
    STEPS_A_BIN,
    InputError,
    concat,
    even_draws,
    gap_interval,
    paired_interval,
    pairs_of,
    wilson_interval,
)
from diffsem.scenarios.reporting.statistics import (
    eavesdropper_axis,
    leakage,
    outage,
    private_share,
    strongest_adversary,
)

SWEPT = (0.0, 5.0, 10.0)
STRONGEST = [0.55, 0.55, 0.7]


def test_the_gap_is_against_the_strongest_adversary(table):
    comparison = leakage(table().rows)
    assert len(comparison) == 8
    line = comparison[(comparison["system"] == "diffsem")].iloc[0]
    assert (line["receiver"], line["adversary"]) == (0.8, 0.6)
    assert line["gap"] == pytest.approx(0.2)
    assert (line["gap_low"], line["gap_high"]) == gap_interval(800, 1000, 600, 1000)


def test_without_an_attack_there_is_no_gap(table):
    comparison = leakage(table(attacked=False).rows)
    assert comparison["gap"].isna().all()
    assert (comparison["receiver"] > 0).all()


def test_runs_that_are_put_together_are_told_apart_by_their_scenario_or_refused(table):
    low, high = table().rows, table().rows.assign(ceiling=0.9)
    high.loc[high["node"] == "adversary", ["correct", "accuracy"]] += [100, 0.1]
    runs = {"low": replace(table(), rows=low), "high": replace(table(), rows=high)}
    rows = concat(runs)
    with pytest.raises(InputError, match=r"leakage: rows of several runs at the same points; .*groupby"):
        leakage(rows)
    told = {name: leakage(run) for name, run in rows.groupby("scenario")}
    for name, own in runs.items():
        pd.testing.assert_frame_equal(told[name], leakage(own.rows))
    assert set(told["low"]["adversary"]) == {0.6}
    assert set(told["high"]["adversary"]) == {0.7}
    # Of other points, or another variant, nothing is mixed up.
    apart = concat({"low": runs["low"], "high": replace(table(), rows=high.assign(seed=2))})
    assert dict(leakage(apart).groupby("seed")["adversary"].max()) == {-1: 0.6, 2: 0.7}


def test_leakage_sets_the_strongest_attack_beside_the_papers_alone(attacked_table):
    lines = leakage(attacked_table().rows).set_index(["system", "timestep"])
    line = lines.loc[("classifier", 120)]
    assert (line["attack"], line["paper_attack"]) == ("task-classifier", "inversion-mlp+blind")
    assert line["gap"] == pytest.approx(0.8 - 0.78)
    assert (line["gap_low"], line["gap_high"]) == gap_interval(800, 1000, 780, 1000)
    assert line["paper_gap"] == pytest.approx(0.8 - 0.2)
    assert (line["paper_gap_low"], line["paper_gap_high"]) == gap_interval(800, 1000, 200, 1000)
    assert (line["receiver_worst"], line["adversary_worst"]) == (0.4, 0.39)


def test_the_strongest_attack_is_at_least_as_accurate_as_each_single_one(attacked_table):
    rows = attacked_table().rows
    strongest = strongest_adversary(rows)
    for line in rows[rows["node"] == "adversary"].to_dict("records"):
        key = (line["system"], line["timestep"], line["receiver_snr_db"], line["snr_db"])
        assert strongest.loc[key, "accuracy"] >= line["accuracy"]


def test_every_eavesdropper_snr_of_an_axis_has_a_row_of_its_own(swept_table):
    rows = swept_table().rows
    assert eavesdropper_axis(rows) == list(SWEPT)
    assert len(strongest_adversary(rows)) == 3 * 4
    lines = leakage(rows)
    assert len(lines) == (3 + 1) * 4
    line = lines[(lines["timestep"] == 240) & (lines["receiver_snr_db"] == 15.0)]
    here = line[line["system"] == "diffsem"]
    assert list(here["eavesdropper_snr_db"]) == list(SWEPT)
    assert list(here["adversary"]) == STRONGEST
    assert list(here["attack"]) == ["task-classifier", "task-classifier", "inversion-mlp+blind"]
    np.testing.assert_allclose(here["paper_gap"], [0.95 - 0.3, 0.95 - 0.5, 0.95 - 0.7])
    np.testing.assert_allclose(here["adversary_ceiling"], [0.7, 0.8, 0.9])
    (alone,) = line[line["system"] == "noise-aware-pair"].to_dict("records")
    assert alone["receiver"] == 0.93
    assert np.isnan([alone["eavesdropper_snr_db"], alone["adversary"], alone["gap"]]).all()
    assert list(private_share(rows).groupby("snr_db").size()) == [8, 8, 8]


def test_outage_is_the_accuracy_where_the_worst_blocks_begin(fading_table):
    lines = outage(fading_table()).set_index(["node", "receiver_snr_db"])
    assert STEPS_A_BIN == 10
    line = lines.loc[("receiver", 0.0)]
    assert (line["mean"], line["outage"], line["outage_total"]) == (0.96, 0.5, 80)
    assert (line["outage_low"], line["outage_high"]) == wilson_interval(40, 80)
    assert lines.loc[("receiver", 10.0), "outage"] == 1
    assert len(lines) == 4


def test_a_receiver_that_takes_the_transmitters_step_knows_no_outage(fading_table):
    assert set(outage(fading_table("transmitter"))["node"]) == {"adversary"}


def test_the_private_share_is_what_the_receiver_reads_and_the_attack_does_not(table, fading_table):
    lines = private_share(fading_table().rows)
    assert list(lines["private"]) == [0.08, 0.08]
    assert (lines["private_low"].iloc[0], lines["private_high"].iloc[0]) == wilson_interval(80, 1000)
    assert private_share(table().rows).empty  # a table from before the column was there


def chance_rows(table, hits):
    """A receiver and three attacks at one point: rows of [4, images] hits."""
    rows = table.rows[(table.rows["system"] == "direct") & (table.rows["timestep"] == 0)].reset_index(drop=True)
    assert list(rows["node"]) == ["receiver", *["adversary"] * 3]
    both, images = hits & hits[0], hits.shape[1]
    ends = [wilson_interval(row.sum(), images) for row in hits]
    return rows.assign(
        correct=hits.sum(axis=1),
        total=images,
        images=images,
        effective_images=float(images),
        accuracy=hits.mean(axis=1),
        ci_low=[low for low, _ in ends],
        ci_high=[high for _, high in ends],
        both_correct=both.sum(axis=1),
        correct_even=hits[:, ::2].sum(axis=1),
        both_correct_even=both[:, ::2].sum(axis=1),
    )


def test_the_strongest_attack_is_chosen_on_one_half_of_the_images_and_reported_on_the_other(attacked_table, rng):
    table, reported, best = attacked_table(), [], []
    for _ in range(60):
        hits = rng.random((4, int(rng.integers(20, 80)))) < 0.5
        line = leakage(chance_rows(table, hits)).iloc[0]
        attacks = hits[1:][np.argsort(-hits[1:].mean(axis=1), kind="stable")]
        chosen = attacks[0].copy()
        chosen[1::2] = attacks[np.argmax(attacks[:, ::2].mean(axis=1)), 1::2]
        chosen[::2] = attacks[np.argmax(attacks[:, 1::2].mean(axis=1)), ::2]
        assert line["chosen_apart"]
        assert line["gap_paired"]
        assert line["adversary"] == pytest.approx(chosen.mean())
        assert line["gap"] == pytest.approx(hits[0].mean() - chosen.mean())
        ends = paired_interval(pairs_of(hits[0], chosen))
        assert (line["gap_low"], line["gap_high"]) == pytest.approx(ends)
        reported.append(chosen.mean())
        best.append(attacks[0].mean())
    # All three guess: what is reported is a guess, the best of three on the same images is more.
    assert np.mean(reported) == pytest.approx(0.5, abs=4 * np.std(reported) / np.sqrt(60))
    assert np.mean(best) > 0.52


def test_rows_from_before_halves_were_counted_are_chosen_and_reported_on_the_same_images(attacked_table):
    lines = leakage(attacked_table().rows)
    assert not lines["chosen_apart"].any()
    assert not lines["gap_paired"].any()


def test_halves_go_by_image_where_images_are_sent_several_times():
    total, images = pd.Series([10, 11, 12, 35]), pd.Series([10, 5, 5, 7])
    for draws, count, even in zip(total, images, even_draws(total, images), strict=True):
        assert even == sum((draw % count) % 2 == 0 for draw in range(draws))
