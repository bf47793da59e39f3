"""A judge from outside of the package: what it cannot be, and how it labels a sweep."""

import sys
import types
from dataclasses import replace

import keras
import numpy as np
import pytest

from diffsem.link import InputError
from diffsem.scenarios import Dimensions, Judge, NetworkSpec, Stage, load_scenario
from diffsem.scenarios.datasets.splitting import load_dataset
from diffsem.scenarios.judges import find_judge
from diffsem.scenarios.runs.resolving import plan
from diffsem.scenarios.runs.sweep import run_plan
from diffsem.scenarios.runs.train import train_plan
from diffsem.scenarios.testing.small import IMAGES, small_plan

DIMENSIONS = Dimensions((28, 28, 1), (8, 8, 1), 10, 0.329)
STUBBORN = """
import keras
import numpy as np

import diffsem.scenarios.training as training
from diffsem.scenarios import Judge, NetworkSpec, Stage


def network(name, label):
    def build(dimensions):
        image = keras.Input(dimensions.image_shape)
        logits = keras.layers.Dense(dimensions.classes)(keras.layers.Flatten()(image))
        return keras.Model(image, keras.ops.tanh(logits) + 10 * np.eye(dimensions.classes, dtype="float32")[label])

    return NetworkSpec(name, build)


THREE, SEVEN = network("three", 3), network("seven", 7)


def stages(scenario, attacks):
    seen = tuple(network for planned in attacks for network in (planned.learns_on.encoder, planned.network))
    return (
        Stage("seven", (SEVEN,), (), lambda session: training.train_clean_judge(session, SEVEN)),
        Stage("three", (THREE,), seen, lambda session: training.train_judge(session, THREE, SEVEN, attacks)),
    )


JUDGE = Judge("stubborn", THREE, SEVEN, stages)
"""


def network(name, build=None):
    def dense(dimensions):
        return keras.Sequential([keras.Input(dimensions.image_shape), keras.layers.Flatten(), keras.layers.Dense(10)])

    return NetworkSpec(name, build or dense)


def judge(**fields):
    parts = {"name": "mine", "network": network("one"), "clean": network("two"), "stages": lambda scenario, attacks: ()}
    return Judge(**parts | fields)


@pytest.fixture
def outside(monkeypatch):
    """Put a judge into a module from outside of the package: gives its module:NAME."""

    def put(part):
        module = types.ModuleType("judge_of_mine")
        module.JUDGE = part
        monkeypatch.setitem(sys.modules, "judge_of_mine", module)
        return "judge_of_mine:JUDGE"

    return put


def refusal(act):
    with pytest.raises(InputError) as error:
        act()
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"clean": network("one")}, "two networks are named one; names must differ"),
        ({"network": "one"}, "a network is str; allowed: diffsem.scenarios.NetworkSpec"),
        ({"network": []}, "TypeError: unhashable type: 'list'"),
    ],
)
def test_what_a_judge_from_outside_cannot_be_is_told(fields, words, outside):
    name = outside(judge(**fields))
    message = refusal(lambda: find_judge(name))
    assert message.startswith(f"eavesdropper.judge: {name}: ")
    assert words in message


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda dimensions: 1 / 0, "ZeroDivisionError: division by zero"),
        (lambda dimensions: "no network", "one: its build gives str, no keras.Model"),
        (
            lambda dimensions: keras.Sequential([keras.Input(dimensions.image_shape), keras.layers.Flatten()]),
            "one: makes [2, 784] of 2 images; allowed: [2, 10]",
        ),
    ],
)
def test_a_network_that_is_no_judge_s_is_told_when_it_is_built(build, words, outside):
    name = outside(judge(network=network("one", build)))
    message = refusal(lambda: find_judge(name).part.network.build(DIMENSIONS))
    assert message.startswith(f"eavesdropper.judge: {name}: ")
    assert words in message


def test_a_recipe_s_errors_are_told_as_the_judge_s(outside):
    def fail(session):
        raise KeyError("lost")

    broken = judge()
    stage = Stage("one", (broken.network,), (), fail)
    name = outside(replace(broken, stages=lambda scenario, attacks: (stage,)))
    (made,) = find_judge(name).part.stages(None, ())
    assert "KeyError: 'lost'" in refusal(lambda: made.run(None))
    none = outside(replace(broken, name="other", stages=lambda scenario, attacks: ("one",)))
    assert "AttributeError" in refusal(lambda: find_judge(none).part.stages(None, ()))


def test_a_judge_s_network_cannot_share_its_name_with_a_system_s(outside):
    name = outside(judge(network=network("classifier")))
    scenario = load_scenario("mnist-quick", [f"eavesdropper.judge='{name}'"])
    assert "another network is named classifier, too" in refusal(lambda: plan(scenario))


@pytest.mark.slow
def test_a_judge_from_outside_is_trained_and_labels_the_images_of_a_sweep(tmp_path, monkeypatch):
    """It says three of whatever image, and its clean one seven: they are right where that is the label."""
    (tmp_path / "stubborn.py").write_text(STUBBORN)
    monkeypatch.syspath_prepend(str(tmp_path))
    overrides = [
        "legitimate.receivers=[classifier]",
        "eavesdropper.attacks=[inversion-mlp]",
        "eavesdropper.judge='stubborn:JUDGE'",
    ]
    built = small_plan("mnist-quick", tmp_path / "weights", overrides)
    record = train_plan(built, tmp_path / "weights")
    assert set(record) == {"pair", "clean-pair.inversion-mlp", "three", "seven"}
    assert [record[stage]["epochs"] for stage in ("three", "seven")] == [1, 1]
    # Its recipe may change from one run to the next.
    assert record["three"]["hangs_on"]["source"] is not None
    rows = run_plan(built, tmp_path / "results.h5")
    attacked = rows[rows["node"] == "adversary"]
    labels = load_dataset(built.source).test.labels[:IMAGES]
    assert (attacked["total"] == IMAGES).all()
    assert set(attacked["correct"]) == {np.sum(labels == 3)}
    assert set(attacked["clean_judge_correct"]) == {np.sum(labels == 7)}
