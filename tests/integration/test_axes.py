"""Sweeps over more than t and SNR: one table, each variant's rows those of a run of it alone."""

from dataclasses import replace

import h5py
import numpy as np
import pandas as pd
import pytest

from diffsem.link import AXES, read_results, read_table, sealed, write_table
from diffsem.scenarios import load_scenario, run_scenario
from diffsem.scenarios.runs.cost.sweep import cost_of
from diffsem.scenarios.runs.resolving import plan
from diffsem.scenarios.schema.scenario import settings, variants

TINY = [
    "timesteps=[240]",
    "legitimate={snr_db: [0, 15], receivers: [one-step]}",
    "eavesdropper.attacks=[inversion-mlp]",
    "monte_carlo={max_images: 32, batch_size: 32}",
]
LISTS = ["seed=[1, 2]", "eavesdropper.looks=[1, 3]"]


def swept(*more):
    return load_scenario("mnist-quick", [*TINY, *LISTS, *more])


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    path = tmp_path_factory.mktemp("axes") / "r.h5"
    run_scenario(swept(), path)
    return path


def test_a_variants_rows_are_those_of_a_run_of_it_alone(whole):
    rows = read_results(whole)
    assert len(rows) == 4 * 2 * 2
    for variant in (variants(swept())[0], variants(swept())[3]):
        told = settings(variant)["receiver"]
        own = rows[(rows[list(AXES)] == [told[name] for name in AXES]).all(axis=1)].reset_index(drop=True)
        alone = run_scenario(variant)
        assert len(own) == 4
        pd.testing.assert_frame_equal(own, alone, check_exact=True)
    heard = rows[rows["node"] == "adversary"].groupby("eavesdropper_looks")["looks"].unique()
    assert [list(each) for each in heard] == [[1], [3]]
    assert rows.duplicated(["timestep", "receiver_snr_db", "node", *AXES]).sum() == 0
    examples = read_table(whole).examples
    assert len(examples.index.drop_duplicates(["receiver_snr_db", *AXES])) == len(examples.index) == 8


class _StopError(Exception):
    pass


@pytest.mark.parametrize("cut", [1, 5])
def test_a_sweep_that_is_cut_off_within_a_variant_goes_on(cut, whole, tmp_path, assert_same_table):
    def stop(done, total):
        assert total == 8
        if done == cut:
            raise _StopError

    path, again = tmp_path / "r.h5", []
    with pytest.raises(_StopError):
        run_scenario(swept(), path, on_points=stop)
    assert len(read_results(path)) == 2 * cut
    rows = run_scenario(swept(), path, on_points=lambda done, total: again.append(done))
    assert again == list(range(cut, 9))
    assert_same_table(path, whole)
    assert rows.attrs == read_results(path).attrs


@pytest.mark.slow
def test_workers_give_the_same_table(whole, tmp_path, assert_same_table):
    run_scenario(swept(), tmp_path / "r.h5", workers=2)
    assert_same_table(tmp_path / "r.h5", whole)


def test_a_table_from_before_the_axes_had_columns_is_resumed_and_filled_in(tmp_path):
    words = load_scenario("mnist-quick", [*TINY, "seed=7", "legitimate.receive_antennas=2"])
    path, half, stored = tmp_path / "r.h5", tmp_path / "half.h5", []
    rows = run_scenario(words, path, on_points=lambda done, total: stored.append(path.read_bytes()))
    half.write_bytes(stored[1])
    with h5py.File(half, "a") as file:
        for name in (*AXES, "receive_antennas", "csi", "equalizer"):
            del file["results"][name]
        for name in AXES:
            del file["examples"][name]
        for name in ("created", "command", "wall_seconds"):
            del file.attrs[name]
    half.write_bytes(sealed(half.read_bytes()))
    older = read_results(half)
    assert set(older["seed"]) == {7}
    assert set(older["receive_antennas"]) == {0}
    pd.testing.assert_frame_equal(run_scenario(words, half), rows, check_exact=True)
    assert list(rows["receive_antennas"]) == [2, 1] * 2
    index = read_table(half).examples.index
    assert index.notna().all(axis=None)
    assert set(index["receiver_antennas"]) == {2}


def test_a_table_tells_when_it_began_what_was_typed_and_how_long_it_took(whole, tmp_path):
    table = read_table(whole)
    created = pd.Timestamp(str(table.attributes["created"]))
    assert created.utcoffset() == pd.Timedelta(0)
    assert table.attributes["command"] == ""
    seconds = float(table.attributes["wall_seconds"])
    assert 0 < seconds < 3600
    # One point fewer: what was spent is added to what is spent now.
    kept = table.rows["seed"] == 1
    shorter = replace(table, rows=table.rows[kept].reset_index(drop=True), by_step=table.by_step[kept], complete=False)
    chosen = (table.examples.index["seed"] == 1).to_numpy()
    examples = replace(
        table.examples,
        index=table.examples.index[chosen].reset_index(drop=True),
        reconstructions=table.examples.reconstructions[chosen],
    )
    write_table(tmp_path / "r.h5", replace(shorter, examples=examples))
    rows = run_scenario(swept(), tmp_path / "r.h5")
    assert rows.attrs["created"] == table.attributes["created"]
    assert rows.attrs["wall_seconds"] > seconds
    assert "seed" not in rows.attrs
    np.testing.assert_array_equal(rows["correct"], table.rows["correct"])


def test_the_cost_of_variants_adds_up():
    cost = cost_of(plan(swept()))
    each = [cost_of(plan(variant)) for variant in variants(swept())]
    assert (cost.points, cost.images) == (8, sum(one.images for one in each))
    assert cost.attack_evaluations == sum(one.attack_evaluations for one in each)
    assert cost.need.core_seconds == pytest.approx(sum(one.need.core_seconds for one in each))
    assert cost.need.memory == max(one.need.memory for one in each)
