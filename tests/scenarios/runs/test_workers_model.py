"""The model of a sweep on workers gives what can be worked out by hand, and is of the hand-out that sweeps do."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from diffsem.link import InputError
from diffsem.scenarios import load_scenario
from diffsem.scenarios.runs.cost.machine import Machine, usable_cores
from diffsem.scenarios.runs.cost.sweep import cost_of
from diffsem.scenarios.runs.parallel import auto, groups, hiring, model, processes, shares
from diffsem.scenarios.runs.parallel import dask as on_dask
from diffsem.scenarios.runs.parallel.machines import Machines
from diffsem.scenarios.runs.parallel.model import Load, serial_share, sweep_seconds
from diffsem.scenarios.runs.resolving import plan

GIB = 2**30
CLUSTER = Path(__file__).parents[2] / "benchmarks" / "cluster.json"


@pytest.mark.parametrize("workers", [1, 2, 4, 8, 16])
def test_equal_points_without_anything_else_take_points_over_workers(workers):
    assert sweep_seconds([Load(4800, 3.0)], workers) == pytest.approx(4800 * 3.0 / workers)


def test_what_every_worker_does_for_itself_is_added():
    assert sweep_seconds([Load(4800, 3.0, compile_seconds=20.0)], 8, start_seconds=5.0) == pytest.approx(1825, rel=0.01)


def test_who_takes_the_results_is_a_bound():
    seconds = {workers: sweep_seconds([Load(800, 1.0)], workers, result_seconds=0.5) for workers in (1, 8, 64)}
    assert seconds[1] == pytest.approx(800.5, abs=4)
    assert seconds[8] == pytest.approx(400, abs=9)
    assert seconds[64] == pytest.approx(400, abs=9)


def test_a_line_of_amdahl_gives_its_share_back():
    assert serial_share({n: 0.07 + 0.93 / n for n in (1, 2, 4, 8, 16)}) == pytest.approx(0.07)


def test_model_processes_and_dask_have_one_hand_out(monkeypatch):
    assert model.Handout is processes.Handout is on_dask.Handout is groups.Handout
    asked = []

    def all_of_it(waiting, workers, point_seconds):
        asked.append((waiting, workers, point_seconds))
        return waiting

    monkeypatch.setattr(groups, "group_size", all_of_it)
    assert sweep_seconds([Load(10, 1.0)], 2) == 10
    assert asked == [(10, 2, None)]


def test_the_table_of_the_benchmark_is_what_the_model_says_of_what_was_measured():
    told = json.loads(CLUSTER.read_text())
    assert told["inputs"] == json.loads(auto.MEASURED.read_text())
    known = told["inputs"]["measured"]
    load = Load(told["points"], known["point_seconds_one_thread"], known["compile_seconds"])
    for workers, seconds in told["seconds"].items():
        again = sweep_seconds([load], int(workers), known["start_seconds"], known["result_seconds"])
        assert again == pytest.approx(seconds, abs=0.1)


@pytest.fixture
def machine(monkeypatch):
    """A machine of eight cores, as fast as the one of the estimates, on which one process uses nine tenths of them."""
    monkeypatch.setattr(auto, "this_machine", lambda: Machine(8, 64 * GIB))
    monkeypatch.setattr(auto, "relative_speed", lambda machine: 1.0)
    monkeypatch.setattr(auto, "gpus", list)
    known = {"start_seconds": 6.0, "parallel_share": 0.9, "result_seconds": 0.03}
    monkeypatch.setattr(auto, "measured", lambda: known)
    return known


def cost_with(core_seconds, memory=GIB, points=80):
    cost = cost_of(plan(load_scenario("mnist-quick")))
    ((_, need),) = cost.variants
    need = replace(need, core_seconds=need.start_seconds + core_seconds, memory=memory)
    return replace(cost, points=points, need=need, variants=((points, need),))


def test_a_small_sweep_stays_in_one_process_and_a_large_one_does_not(machine):
    small, large = auto.chosen_workers(cost_with(10.0)), auto.chosen_workers(cost_with(80_000.0))
    assert small.workers == 1
    assert str(small).startswith("--workers auto: 1, about ")
    assert large.workers == 8
    assert str(large).startswith("--workers auto: 8, about ")
    # Of a table that lacks little, little is left.
    assert auto.chosen_workers(cost_with(80_000.0), waiting=1).workers == 1


def test_more_workers_than_memory_holds_are_not_chosen(machine):
    assert auto.chosen_workers(cost_with(80_000.0, memory=20 * GIB)).workers == 2
    assert auto.chosen_workers(cost_with(80_000.0, memory=60 * GIB)) == auto.Choice(1, "memory holds no two")


def test_a_process_that_uses_all_cores_needs_no_other(machine):
    machine["parallel_share"] = 1.0
    assert auto.chosen_workers(cost_with(80_000.0)).workers == 1


def test_nothing_is_promised_of_a_gpu(machine, monkeypatch):
    monkeypatch.setattr(auto, "gpus", lambda: ["GPU:0"])
    assert auto.chosen_workers(cost_with(80_000.0)).workers == 1


@pytest.mark.parametrize("workers", [0, -1, 1.5, "many", None])
def test_other_numbers_of_workers_are_refused_in_python(workers):
    planned = plan(load_scenario("mnist-quick"))
    with (
        pytest.raises(InputError, match="allowed: a number of processes from 1, or 'auto'"),
        hiring.hired(planned, Machines(workers), None, False, print),
    ):
        pass


def test_the_threads_of_all_workers_are_the_cores(monkeypatch):
    monkeypatch.setattr(shares, "gpus", list)
    for cores, workers in ((7, 3), (16, 5), (2, 2), (8, 1)):
        monkeypatch.setattr(shares, "usable_cores", lambda cores=cores: cores)
        threads = [int(shares.share_of(place, workers)[shares.THREADS[0]]) for place in range(workers)]
        assert sum(threads) == cores
        assert max(threads) - min(threads) <= 1


def test_cores_that_this_process_may_not_use_do_not_count(monkeypatch):
    monkeypatch.setattr("os.sched_getaffinity", lambda process: {3, 5, 7})
    assert usable_cores() == 3
