"""`diffsem check`: what a scenario costs and lacks, and then the scenario."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from diffsem.scenarios import load_scenario
from diffsem.scenarios.runs.cost import rate
from diffsem.scenarios.runs.cost.machine import Machine, this_machine
from diffsem.scenarios.runs.cost.need import Need, estimate


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "diffsem" / "rates.json"


def parted(out):
    """The lines of cost, without their #, by what stands before their colon, and the scenario."""
    lines = out.splitlines()
    first = next(place for place, line in enumerate(lines) if not line.startswith("#"))
    assert not any(line.startswith("#") for line in lines[first:])
    told = dict(line.removeprefix("# ").split(": ", 1) for line in lines[:first])
    return told, "\n".join(lines[first:])


def test_cost_comes_first_and_the_rest_is_the_scenario(diffsem):
    status, out, _ = diffsem("check", "mnist-quick")
    told, text = parted(out)
    assert status == 0
    assert yaml.safe_load(out) == yaml.safe_load(text)
    assert text.strip() == load_scenario("mnist-quick").to_yaml().strip()
    assert list(told)[:2] == ["test set", "cost"]
    assert re.fullmatch(
        r"5 points, at most 5,120 images for each of 6 systems, at most 66,560 U-Net calls, at most .* attacks",
        told["cost"],
    )
    time_told = next(text for name, text in told.items() if name.startswith("estimate on this machine"))
    assert re.fullmatch(r"about [\d.]+ GiB of memory, about [\d,]+ (s|min|h)", time_told)
    assert not any(name.startswith("missing") for name in told)


def test_what_check_prints_is_a_scenario(diffsem, tmp_path):
    path = tmp_path / "again.yaml"
    path.write_text(diffsem("check", "mnist-tdl")[1])
    assert load_scenario(path) == load_scenario("mnist-tdl")


def test_missing_weights_are_named_with_the_command_that_trains_them(diffsem, tmp_path):
    folder = tmp_path / "own weights"
    scenario = ["mnist-quick", "--set", f"weights={folder}", "--set", "legitimate.receivers=classifier"]
    status, out, _ = diffsem("check", *scenario, "--set", "eavesdropper.attacks=[]")
    told, _ = parted(out)
    assert status == 0
    assert told["missing weights"].startswith("encoder, classifier; `diffsem train mnist-quick --set 'weights=")
    assert told["missing weights"].endswith(f" --out '{folder}'` trains them")


def test_a_folder_with_some_weights_lacks_only_what_does_not_ship(diffsem, tmp_path):
    (tmp_path / "any.weights.h5").touch()
    own = ["mnist-quick", "--set", f"weights={tmp_path}"]
    assert "missing weights" not in parted(diffsem("check", *own)[1])[0]
    assert "encoder" in parted(diffsem("check", *own, "--set", "weights_only=true")[1])[0]["missing weights"]


def test_missing_images_are_told_with_where_they_were_looked_for(diffsem, tmp_path, monkeypatch):
    monkeypatch.setenv("DIFFSEM_DATA", str(tmp_path / "here"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "there"))
    status, out, _ = diffsem("check", "cifar10-quick")
    assert status == 0
    data = parted(out)[0]["missing data"]
    assert f"in {tmp_path / 'here'}, {tmp_path / 'there' / 'datasets'}; download" in data
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "cifar-10-python.tar.gz").touch()
    assert "missing data" not in parted(diffsem("check", "cifar10-quick")[1])[0]


def test_the_speed_of_this_machine_is_measured_once(own_cache, monkeypatch):
    machine = this_machine()
    speed = rate.relative_speed(machine)
    assert 0.01 < speed < 100
    assert len(json.loads(own_cache.read_text())) == 1
    monkeypatch.setattr(rate, "measured_rate", pytest.fail)
    assert rate.relative_speed(machine) == speed
    monkeypatch.setattr(rate, "measured_rate", lambda: 2 * rate.REFERENCE)
    assert rate.relative_speed(Machine(machine.cores + 1, machine.memory)) == 2
    assert rate.relative_speed(machine) == speed


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "[" * 100_000,
        '{"a": "b"}',
        "null",
        "\xff",
        "{key}: 0.0",
        "{key}: NaN",
        "{key}: 1e300",
        "{key}: []",
    ],
)
def test_a_broken_cache_is_measured_anew(content, own_cache, monkeypatch):
    machine = this_machine()
    monkeypatch.setattr(rate, "measured_rate", lambda: rate.REFERENCE)
    rate.relative_speed(machine)
    key = next(iter(json.loads(own_cache.read_text())))
    if content.startswith("{key}"):
        content = content.replace("{key}", "{" + json.dumps(key)) + "}"
    own_cache.write_text(content, encoding="latin-1")
    monkeypatch.setattr(rate, "measured_rate", lambda: 3 * rate.REFERENCE)
    assert rate.relative_speed(machine) == 3
    assert json.loads(own_cache.read_text())[key] == 3 * rate.REFERENCE


def test_a_cache_that_cannot_be_written_is_no_error(diffsem, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setattr(rate, "measured_rate", lambda: rate.REFERENCE)
    for place in (str(tmp_path / "file"), "/proc/none", "relative"):
        monkeypatch.setenv("XDG_CACHE_HOME", place)
        monkeypatch.setenv("HOME", str(tmp_path / "file"))
        assert diffsem("check", "mnist-quick")[0] == 0
    assert not Path("relative").exists()


def test_faster_cores_take_less_time_but_for_the_start():
    machine = Machine(cores=4, memory=2**33)
    need = Need(2**30, core_seconds=90.0, start_seconds=10.0)
    assert need.seconds(machine) == 10 + 80 / 4
    assert need.seconds(machine, speed=2.0) == 10 + 80 / 8
    assert estimate(need, machine, 2.0) == "about 1.0 GiB of memory, about 20 s"


def test_check_takes_a_second_and_a_half_at_most_once_the_speed_is_known(own_cache):
    """One of five does, in processor time: what the machine does besides is not the command's."""
    command = [sys.executable, "-m", "diffsem.scenarios.command_line", "check", "mnist-awgn"]
    subprocess.run(command, capture_output=True, check=True)
    assert own_cache.exists()

    def seconds():
        before = os.times()
        subprocess.run(command, capture_output=True, check=True)
        after = os.times()
        return after.children_user + after.children_system - before.children_user - before.children_system

    assert any(seconds() < 1.5 for _ in range(5))
