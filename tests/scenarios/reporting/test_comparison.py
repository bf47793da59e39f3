"""Receivers and attacks of a table against each other, draw by draw."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import diffsem
from diffsem.link import (
    InputError,
    clustered_mcnemar,
    effective_pairs,
    gap_interval,
    mcnemar,
    packed_hits,
    paired_interval,
    pairs_of,
)
from diffsem.scenarios import load_scenario, run_scenario

SMALL = [
    "timesteps=[240, 300]",
    "legitimate={snr_db: [5], receivers: [classifier, noise-aware, noise-aware-pair]}",
    "eavesdropper.attacks=[task-classifier, inversion-mlp]",
    "monte_carlo={max_images: 250, batch_size: 50, target_errors: null, ci_half_width: null}",
]


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    path = tmp_path_factory.mktemp("compared") / "r.h5"
    run_scenario(load_scenario("mnist-awgn", SMALL), path)
    return diffsem.read_table(path)


def test_every_two_receivers_of_a_point_are_compared_once_and_paired(table):
    lines = diffsem.compare(table)
    assert len(lines) == 2 * 3
    assert lines["paired"].all()
    assert (lines["draws"] == 250).all()
    for _, point in lines.groupby("timestep"):
        assert (point["p_holm"] >= point["p"]).all()
        assert point["p_holm"].min() == pytest.approx(min(1.0, 3 * point["p"].min()))
    rows = table.rows[(table.rows["node"] == "receiver") & (table.rows["timestep"] == 240)]
    places = dict(zip(rows["system"], rows.index, strict=True))
    line = diffsem.compare(table, ("noise-aware-pair", "classifier")).query("timestep == 240").iloc[0]
    hits, others = (table.hits_of(places[name]) for name in ("noise-aware-pair", "classifier"))
    assert line["difference"] == pytest.approx(hits.mean() - others.mean())
    assert (line["difference_low"], line["difference_high"]) == paired_interval(pairs_of(hits, others))
    assert line["p"] == line["p_holm"] == mcnemar(pairs_of(hits, others))
    low, high = gap_interval(hits.sum(), 250, others.sum(), 250)
    assert line["difference_high"] - line["difference_low"] < high - low


def test_kept_hits_say_what_the_table_counts(table):
    receivers = {}
    for place, row in enumerate(table.rows.to_dict("records")):
        hits, point = table.hits_of(place), (row["system"], row["timestep"])
        assert hits.sum() == row["correct"]
        if row["node"] == "receiver":
            receivers[point] = hits
        both = hits & receivers[point]
        assert both.sum() == row["both_correct"]
        assert (hits[::2].sum(), both[::2].sum()) == (row["correct_even"], row["both_correct_even"])


def test_attacks_are_compared_by_what_they_hear(table):
    lines = diffsem.compare(table, node="adversary")
    attacks = {
        f"{attack} on {pair}"
        for attack in ("task-classifier", "inversion-mlp")
        for pair in ("clean-pair", "noise-aware-pair")
    }
    assert set(lines["first"]) | set(lines["second"]) == attacks
    assert len(lines) == 2 * 6


def width(lines):
    return lines["difference_high"] - lines["difference_low"]


def test_rows_that_do_not_tell_their_draws_are_not_paired_and_say_so(table):
    old = replace(table, hits=np.zeros([0, 0], np.uint8))
    new, lines = diffsem.compare(table), diffsem.compare(old)
    assert not lines["paired"].any()
    assert lines["p"].isna().all()
    pd.testing.assert_series_equal(lines["difference"], new["difference"])
    assert (width(lines) > width(new)).all()


def test_draws_of_one_image_are_a_cluster(table):
    lines = diffsem.compare(replace(table, rows=table.rows.assign(images=25, effective_images=25.0)))
    assert lines["paired"].all()
    places = {row["system"]: place for place, row in table.rows.iterrows() if row["node"] == "receiver"}
    first, second = (table.hits_of(places[name]) for name in ("classifier", "noise-aware"))
    line = lines.query("timestep == 300").iloc[0]
    assert (line["first"], line["second"]) == ("classifier", "noise-aware")
    assert line["p"] == clustered_mcnemar(first, second, 25)
    ends = paired_interval(pairs_of(first, second), effective_pairs(first, second, 25))
    assert (line["difference_low"], line["difference_high"]) == ends


@pytest.fixture(scope="module")
def louder(tmp_path_factory):
    """The same images at the same points, with noise of another seed."""
    path = tmp_path_factory.mktemp("louder") / "r.h5"
    run_scenario(load_scenario("mnist-awgn", [*SMALL, "seed=2", "legitimate.receivers=[classifier]"]), path)
    return diffsem.read_table(path)


def test_tables_of_two_runs_are_paired_by_image(table, louder):
    for systems, count in (((), 1), (("classifier",), 1), (("noise-aware-pair", "classifier"), 1)):
        lines = diffsem.compare(table, systems, other=louder)
        assert len(lines) == 2 * count
        assert lines["paired"].all()
    place, row = next(
        (place, row)
        for place, row in table.rows.iterrows()
        if (row["system"], row["node"], row["timestep"]) == ("noise-aware-pair", "receiver", 240)
    )
    others = louder.hits_of(0)
    assert (louder.rows.loc[0, "node"], louder.rows.loc[0, "timestep"]) == ("receiver", 240)
    line = lines.query("timestep == 240").iloc[0]
    assert line["difference"] == pytest.approx(row["accuracy"] - others.mean())
    assert line["p"] == mcnemar(pairs_of(table.hits_of(place), others))
    attacks = diffsem.compare(table, node="adversary", other=louder)
    assert set(attacks["first"]) == {"task-classifier on clean-pair", "inversion-mlp on clean-pair"}


def test_tables_of_other_images_are_not_paired(table, louder):
    stranger = replace(louder, attributes=dict(louder.attributes) | {"data_sha256": "0" * 64})
    assert not diffsem.compare(table, other=stranger)["paired"].any()


def test_tables_that_cannot_be_compared_end_in_one_line(table, louder):
    with pytest.raises(InputError, match=r"allowed: one of classifier, noise-aware, .* of the other table, one of"):
        diffsem.compare(table, ("classifier", "noise-aware"), other=louder)
    later = replace(louder, rows=louder.rows.assign(timestep=louder.rows["timestep"] + 1))
    with pytest.raises(InputError, match="both tables have nothing in common; allowed: equal t, SNR, axes and names"):
        diffsem.compare(table, other=later)


def test_a_system_that_is_not_there_ends_in_one_line(table):
    with pytest.raises(InputError, match="compare: nobody not in the table; allowed: two or more of classifier, noise"):
        diffsem.compare(table, ("nobody", "classifier"))
    with pytest.raises(InputError, match="compare: one alone; allowed"):
        diffsem.compare(table, ["classifier"])
    receivers = table.rows[table.rows["node"] == "receiver"]
    alone = table.of_rows(receivers.index.to_numpy(), receivers.reset_index(drop=True))
    with pytest.raises(InputError, match="compare: no adversary whose accuracy is told"):
        diffsem.compare(alone, node="adversary")


def test_hits_survive_a_selection_of_rows(table):
    from diffsem.scenarios.reporting.selection import select_table

    chosen = select_table(table, ["noise-aware-pair"], "t=300")
    assert (
        packed_hits([chosen.hits_of(0)]).tolist()
        == packed_hits(
            [
                table.hits_of(
                    next(
                        place
                        for place, row in enumerate(table.rows.to_dict("records"))
                        if (row["system"], row["node"], row["timestep"]) == ("noise-aware-pair", "receiver", 300)
                    )
                )
            ]
        ).tolist()
    )
