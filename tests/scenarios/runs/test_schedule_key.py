"""Networks are trained for one noise schedule and one number of symbols: others are refused in one line."""

import itertools
import json
import shlex

import pytest

from diffsem.link import InputError
from diffsem.scenarios import load_scenario
from diffsem.scenarios.runs.provenance import LATER, differences, fingerprint
from diffsem.scenarios.runs.resolving import plan
from diffsem.scenarios.runs.sweep import run_plan
from diffsem.scenarios.runs.weights_folders import weights_folders
from diffsem.scenarios.training.checkpoints import PRETRAINED

RECORD = json.loads((PRETRAINED / "mnist" / "training.json").read_text())
SCHEDULE = {"steps": 500, "beta_start": 1e-4, "beta_end": 0.02, "kind": "linear"}


def refusal(act):
    with pytest.raises(InputError) as error:
        act()
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("schedule.kind=cosine", ["trained with schedule {", "kind: linear", "kind: cosine"]),
        ("schedule.steps=1000", ["trained with schedule {", "steps: 500", "steps: 1000"]),
        ("schedule.beta_end=0.03", ["trained with schedule {", "beta_end: 0.02", "beta_end: 0.03"]),
        ("compression=128", ["trained with compression null", "the scenario has 128"]),
    ],
)
def test_shipped_weights_are_for_the_schedule_and_symbols_that_they_were_trained_with(override, words, tmp_path):
    planned = plan(load_scenario("mnist-quick", [override]))
    for message in (refusal(lambda: weights_folders(planned)), refusal(lambda: run_plan(planned, tmp_path / "r.h5"))):
        assert message.startswith("weights ")
        assert "allowed: the same" in message
        for word in words:
            assert word in message
    assert not list(tmp_path.glob("*.h5"))


@pytest.mark.parametrize(
    "override", ["schedule={}", "schedule={steps: 500, beta_end: 0.02}", "compression=64", "compression=null"]
)
def test_what_they_were_trained_with_may_be_written_out(override):
    assert set(weights_folders(plan(load_scenario("mnist-quick", [override]))).values()) == {PRETRAINED / "mnist"}


@pytest.mark.parametrize(
    ("overrides", "key"),
    [
        (["schedule.steps=100"], "timesteps"),
        (["timesteps=[501]"], "timesteps"),
        (["timesteps=[1]", "schedule.steps=1"], "denoising.steps"),
        (["timesteps=[1]", "schedule.steps=2", "training.teacher_steps=3"], "training.teacher_steps"),
    ],
)
def test_no_step_is_beyond_the_schedule(overrides, key):
    message = refusal(lambda: load_scenario("mnist-quick", overrides))
    assert f"{key}: " in message
    assert "allowed: at most schedule.steps" in message


def test_a_longer_schedule_has_later_steps():
    assert load_scenario("mnist-quick", ["schedule.steps=1000", "timesteps=[1000]"]).timesteps == (1000,)


@pytest.mark.parametrize(
    "override", ["schedule.beta_start=0.03", "schedule={kind: cosine, beta_end: 0.03}", "schedule.kind=quadratic"]
)
def test_a_schedule_that_cannot_be_is_refused_by_its_key(override):
    assert "schedule" in refusal(lambda: load_scenario("mnist-quick", [override]))


class Images:
    """Stands for a data set of which the training images are known to be some."""

    def __init__(self, training_sha256):
        self.training_sha256 = training_sha256


def changes(record, stages, scenario, folder):
    """By stage: in what it would be trained otherwise now, versions of packages left out."""
    found = {}
    for stage in stages:
        then = record[stage.name]["hangs_on"]
        now = fingerprint(stage, scenario, Images(then["data_sha256"]), folder)
        found[stage.name] = differences(then, now, versions=False)
    return found


def planned_by(command):
    """The plan of a `diffsem train` that a record tells of."""
    _, _, name, *words = shlex.split(command)
    overrides = [value for option, value in itertools.pairwise(words) if option == "--set"]
    return plan(load_scenario(name, [*overrides, *(["denoising.solver=distilled"] if "--distill" in words else [])]))


@pytest.mark.parametrize("dataset", ["mnist", "cifar10"])
def test_records_from_before_the_keys_count_as_trained_with_the_defaults(dataset):
    folder = PRETRAINED / dataset
    record = json.loads((folder / "training.json").read_text())
    checked = set()
    for command in {entry["command"] for entry in record.values()}:
        planned = planned_by(command)
        stages = [stage for stage in planned.stages if record.get(stage.name, {}).get("command") == command]
        for name, found in changes(record, stages, planned.scenario, folder).items():
            assert found == [], f"{command}: {name}"
            if not set(LATER) & set(record[name]["hangs_on"]["scenario"]):
                checked.add(name)
    # A scenario may list fewer attacks by now.
    older = [name for name, entry in record.items() if not set(LATER) & set(entry["hangs_on"]["scenario"])]
    assert len(checked) > 0.9 * len(older) > 0


@pytest.mark.parametrize("override", ["schedule=" + json.dumps(SCHEDULE), "compression=64"])
def test_the_defaults_may_be_written_out_after_a_training(override):
    planned = plan(load_scenario("mnist-awgn", [override]))
    assert changes(RECORD, planned.stages[:1], planned.scenario, PRETRAINED / "mnist") == {"pair": []}


@pytest.mark.parametrize(
    ("override", "key"), [("schedule.kind=cosine", "schedule"), ("compression=128", "compression")]
)
def test_a_training_under_another_key_is_told_apart_from_such_a_record(override, key):
    planned = plan(load_scenario("mnist-awgn", [override]))
    for found in changes(RECORD, planned.stages, planned.scenario, PRETRAINED / "mnist").values():
        assert any(difference.startswith(f"{key} ") for difference in found)
