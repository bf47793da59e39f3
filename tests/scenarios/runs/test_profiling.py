"""Where the time of a sweep went."""

import json
import time

import pytest

from diffsem.link import InputError, read_table
from diffsem.scenarios import load_scenario, run_scenario
from diffsem.scenarios.runs.profile.profiling import profile_lines

TINY = [
    "legitimate.receivers=[classifier]",
    "eavesdropper.attacks=[inversion-mlp, task-classifier]",
    "legitimate.snr_db=[5]",
    "monte_carlo.max_images=64",
    "monte_carlo.batch_size=32",
]


@pytest.fixture(scope="module")
def scenario():
    return load_scenario("mnist-quick", TINY)


def test_the_stages_of_a_sweep_add_up_to_its_time(scenario, tmp_path):
    begun = time.perf_counter()
    rows = run_scenario(scenario, tmp_path / "a.h5", profile=True)
    seconds = time.perf_counter() - begun
    told = json.loads(rows.attrs["profile"])
    assert told["seconds"] == pytest.approx(seconds, rel=0.05)
    assert sum(told["stages"].values()) == pytest.approx(told["seconds"], abs=0.05)
    # Nothing of weight is in no stage.
    assert told["stages"]["rest"] < 0.05 * told["seconds"] + 0.1
    named = {
        "load: imports", "load: data", "load: weights", "checks", "trace", "judge", "counting", "writing",
        "transmitter and channel: clean-pair", "receiver: classifier", "attack: inversion-mlp on clean-pair",
        "attack: task-classifier on clean-pair", "profiling itself", "rest",
    }  # fmt: skip
    assert set(told["stages"]) == named
    stored = read_table(tmp_path / "a.h5")
    assert stored.complete
    assert json.loads(stored.attributes["profile"])["stages"].keys() == named


@pytest.mark.slow
def test_a_profile_changes_no_row_and_stands_only_where_it_was_asked_for(scenario):
    plain = run_scenario(scenario)
    assert "profile" not in plain.attrs
    assert plain.equals(run_scenario(scenario, profile=True))


@pytest.mark.parametrize("others", [{"workers": 2}, {"scheduler": "tcp://127.0.0.1:1"}])
def test_other_processes_are_not_measured(scenario, others):
    with pytest.raises(InputError, match=r"^--profile: measures this process alone; allowed: --workers 1"):
        run_scenario(scenario, profile=True, **others)


def test_people_are_told_seconds_and_shares():
    assert profile_lines({"trace": 3.0, "counting": 1.0}) == [
        "trace         3.00 s  75.0%",
        "counting      1.00 s  25.0%",
        "all           4.00 s 100.0%",
    ]
