"""The page on speed: lines from records, and what is not measured yet leaves nothing."""

import json

import pytest
from rendering import speeds

MACHINE = {"cores": 2, "cpu": "CPU", "date": "2026-01-02"}


def test_a_line_of_a_ratio_has_its_spread_and_what_is_asked_for():
    bench = {
        "machines": {"classifier": MACHINE, "workers": MACHINE | {"cores": 4}, "ldpc": MACHINE},
        "ratios": {
            "workers-auto": {"ratio": 1.0, "low": 0.953, "high": 1.2, "repeats": 2, "needed": 0.95},
            "classifier": {"ratio": 1.5, "low": 1.25, "high": 2.0, "repeats": 5, "needed": None},
            "ldpc": {"ratio": 1.25, "needed": 1.2},
        },
    }
    first, ldpc, workers = speeds.ratio_lines(bench)
    assert first[2:] == ["1.50 [1.25, 2.00]", "", "5", "2 cores, CPU", "2026-01-02"]
    assert ldpc[2:5] == ["1.25", "1.2", ""]
    assert workers[1:] == ["one process", "1.00 [0.95, 1.20]", "0.95", "2", "4 cores, CPU", "2026-01-02"]


def test_a_line_of_an_axis_has_its_exponent_and_its_ends():
    sizes = [
        {"size": 128, "work": 96, "seconds": 1.0, "most_seconds": 1.5, "start_seconds": 3.0},
        {"size": 1024, "work": 992, "seconds": 10.0, "most_seconds": 11.0, "start_seconds": 2.0},
    ]
    axis = {"unit": "points", "exponent": 1.016, "low": 0.98, "high": 1.05, "sizes": sizes, "machine": MACHINE}
    (line,) = speeds.scaling_lines({"points": axis})
    assert line[:5] == ["points", "128 to 1,024", "1.02 [0.98, 1.05]", "1.0 to 10.0 s", "2.0 to 3.0 s"]


@pytest.mark.parametrize(("power", "expected"), [(1, 1), (2, 3)])
def test_growth_is_one_where_a_quantity_is_linear(power, expected):
    samples = [{"points": points, "bytes": 7 + points**power} for points in range(101)]
    assert speeds.growth(samples, "bytes") == pytest.approx(expected)


def test_stages_of_a_run_stand_with_the_longest_first():
    profile = {"seconds": 4.0, "stages": {"load": 1.0, "run": 3.0}}
    assert speeds.stage_lines(profile) == [["run", "3.00 s", "75.0%"], ["load", "1.00 s", "25.0%"]]


def test_workers_stand_beside_how_many_times_as_fast_they_are():
    cluster = {"seconds": {"1": 1200.4, "2": 610.0}, "speedup": {"1": 1.0, "2": 1.968}}
    assert speeds.worker_lines(cluster) == [["1", "1,200 s", "1.00"], ["2", "610 s", "1.97"]]


def test_cores_stand_beside_the_smallest_sweep_that_workers_pay_for():
    cluster = {"workers_pay_from_seconds": {"2": None, "16": 1082}}
    assert speeds.paying_lines(cluster) == [["2", "(never)"], ["16", "1,082 s"]]


def test_blocks_a_second_stand_by_batch_and_ratios_by_grid():
    one = {"snr_db": [8], "batch_size": 64, "engine_blocks_per_second": 2469.0, "sim_ber_blocks_per_second": 1234.4}
    one |= {"times_as_fast_as_sim_ber": 2.0, "times_as_fast_as_sim_ber_xla": 1.25}
    grids = {"grids": {"own": {**one, "snr_db": [0.5, 1]}}}
    digital = {"batch_sizes": {"uncoded": [one], "ldpc": []}, "links": {"bpsk uncoded": one}}
    digital |= {"uncoded": grids, "ldpc": grids}
    rest = ["8 dB", "64", "2,469", "1,234", "2.00"]
    assert speeds.batch_lines(digital) == [["QPSK, uncoded", *rest]]
    assert speeds.link_lines(digital) == [["BPSK, uncoded", *rest]]
    assert speeds.grid_lines(digital)[1] == ["LDPC of rate 1/2", "0.5, 1 dB", "2.00", "1.25"]


def test_a_record_that_is_not_there_holds_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(speeds, "ROOT", tmp_path)
    assert speeds.record_of("r.json") == {}
    (tmp_path / "r.json").write_text(json.dumps({"ldpc": 1}))
    assert speeds.record_of("r.json") == {"ldpc": 1}
