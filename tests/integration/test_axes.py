"""Sweeps over more than t and SNR: one table, each variant's rows those of a run of it alone."""

import h5py
import numpy as np
import pandas as pd
import pytest

from diffsem.link import ADDED, AXES, COLUMNS, STEP_BINS, PointResult, read_results, read_table, sealed
from diffsem.scenarios import load_scenario, run_scenario
from diffsem.scenarios.runs import sweep
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


def rows_of(words, point):
    """What a simulation might count at a point of a variant; no two are alike."""
    base = {name: "" if kind is str else kind(0) for name, kind in COLUMNS.items()} | ADDED
    for role, told in settings(words).items():
        correct = words.seed + words.eavesdropper.looks + int(point.snr_db)
        counts = {"correct": correct, "total": 32, "accuracy": correct / 32, "ci_high": 1.0, "images": 32}
        place = {"node": role, "timestep": point.timestep, "receiver_snr_db": point.snr_db, "effective_images": 32.0}
        yield base | told | counts | place


@pytest.fixture
def counted(monkeypatch):
    """The points that a sweep asks for, by seed and looks; nothing is simulated."""
    asked = []

    def simulate(planned, points, on_images, dataset, stopwatch):
        words = planned.scenario
        for point in points:
            asked.append((words.seed, words.eavesdropper.looks, point.snr_db))
            rows = list(rows_of(words, point))
            example = rows[1] | {"images": np.full((10, 28, 28, 1), words.eavesdropper.looks / 255)}
            yield PointResult(point, rows, np.zeros([2, 2, STEP_BINS], np.int64), [example], 32)

    monkeypatch.setattr(sweep, "simulate_here", simulate)
    return asked


class _StopError(Exception):
    pass


@pytest.mark.parametrize("cut", [1, 5])
def test_a_sweep_that_is_cut_off_anywhere_goes_on_to_the_same_file(cut, counted, tmp_path, assert_same_table):
    def stop(done, total):
        assert total == 8
        if done == cut:
            raise _StopError

    path, again = tmp_path / "r.h5", []
    run_scenario(swept(), tmp_path / "whole.h5")
    whole = list(counted)
    assert len(set(whole)) == len(whole) == 8
    counted.clear()
    with pytest.raises(_StopError):
        run_scenario(swept(), path, on_points=stop)
    assert len(read_results(path)) == 2 * cut
    rows = run_scenario(swept(), path, on_points=lambda done, total: again.append(done))
    assert again == list(range(cut, 9))
    assert counted == whole
    assert_same_table(path, tmp_path / "whole.h5")
    assert rows.attrs == read_results(path).attrs
    assert "seed" not in rows.attrs
    assert rows.duplicated(["timestep", "receiver_snr_db", "node", *AXES]).sum() == 0
    examples = read_table(path).examples
    assert len(examples.index.drop_duplicates(["receiver_snr_db", *AXES])) == len(examples.index) == 8
    np.testing.assert_array_equal(examples.reconstructions[:, 0, 0, 0, 0], examples.index["eavesdropper_looks"])
    assert list(tmp_path.glob(".*")) == []


def test_rows_of_variants_stand_side_by_side_at_each_t_and_snr(counted):
    rows = run_scenario(swept())
    order = rows[["timestep", "receiver_snr_db", *AXES]]
    pd.testing.assert_frame_equal(order, order.sort_values(list(order.columns), kind="stable"))
    assert rows.attrs["complete"]


def test_a_table_from_before_the_axes_had_columns_is_resumed_and_filled_in(counted, tmp_path):
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
    resumed = run_scenario(words, half)
    pd.testing.assert_frame_equal(resumed, rows, check_exact=True)
    assert len(counted) == 2 + 1
    assert list(resumed["receive_antennas"]) == [2, 1] * 2
    pd.testing.assert_frame_equal(read_table(half).examples.index, read_table(path).examples.index)


def test_a_table_tells_when_it_began_what_was_typed_and_how_long_it_took(counted, tmp_path, monkeypatch):
    now = [0.0]

    def stop(done, total):
        now[0] += 3
        if done == 1:
            raise _StopError

    monkeypatch.setattr(sweep.time, "monotonic", lambda: now[0])
    planned = plan(load_scenario("mnist-quick", TINY))
    with pytest.raises(_StopError):
        sweep.run_plan(planned, tmp_path / "r.h5", listeners=sweep.Listeners(stop), command="diffsem run 'a b'")
    first = read_results(tmp_path / "r.h5").attrs
    assert pd.Timestamp(first["created"]).utcoffset() == pd.Timedelta(0)
    assert (first["command"], first["wall_seconds"], first["seed"]) == ("diffsem run 'a b'", 3.0, 1)
    # The second run begins at 7 and has its point at 50.
    now[0] = 7.0
    last = run_scenario(
        planned.scenario, tmp_path / "r.h5", on_points=lambda done, total: now.__setitem__(0, 50.0)
    ).attrs
    assert last["wall_seconds"] == 3.0 + 43.0
    assert (last["created"], last["command"]) == (first["created"], first["command"])


def test_the_cost_of_variants_adds_up():
    cost = cost_of(plan(swept()))
    each = [cost_of(plan(variant)) for variant in variants(swept())]
    assert (cost.points, cost.images) == (8, sum(one.images for one in each))
    assert cost.attack_evaluations == sum(one.attack_evaluations for one in each)
    assert cost.need.core_seconds == pytest.approx(sum(one.need.core_seconds for one in each))
    assert cost.need.memory == max(one.need.memory for one in each)


@pytest.mark.slow
def test_a_variants_rows_are_those_of_a_run_of_it_alone_and_of_workers(tmp_path, assert_same_table):
    lists = ["eavesdropper.looks=[1, 3]", "denoising.steps=[1, 2]"]
    words = load_scenario("mnist-quick", [*TINY, *lists, "legitimate.receivers=[diffsem]"])
    rows = run_scenario(words, tmp_path / "r.h5")
    assert len(rows) == 4 * 2 * 2
    for variant in (variants(words)[0], variants(words)[-1]):
        told = settings(variant)["receiver"]
        # A place is not a variant's but a point's.
        varied = [name for name in AXES if name != "place"]
        own = rows[(rows[varied] == [told[name] for name in varied]).all(axis=1)].reset_index(drop=True)
        pd.testing.assert_frame_equal(own, run_scenario(variant), check_exact=True)
        assert len(own) == 4
    heard = rows[rows["node"] == "adversary"].groupby("eavesdropper_looks")["looks"].unique()
    assert [list(each) for each in heard] == [[1], [3]]
    receivers = rows[(rows["node"] == "receiver") & (rows["eavesdropper_looks"] == 1)]
    calls = receivers.groupby("denoising_steps")["denoiser_calls"].mean()
    assert calls[2] > 1.5 * calls[1]
    run_scenario(words, tmp_path / "two.h5", workers=2)
    assert_same_table(tmp_path / "two.h5", tmp_path / "r.h5")
