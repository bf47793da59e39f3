"""What the recipe of a stage has to leave, or a training ends in one line before it is recorded."""

import json
from dataclasses import replace

import numpy as np
import pytest

from diffsem.link import InputError
from diffsem.scenarios.runs.train import train_plan
from diffsem.scenarios.systems import clean_pair
from diffsem.scenarios.testing.small import small_plan

EPOCH = {"epoch": 0, "loss": 1.0, "val_loss": 1.0, "seconds": 0.5}
GOOD = {"history": [EPOCH], "scores": {"test_accuracy": 0.5}}


@pytest.fixture
def train(tmp_path):
    """Call with what the recipe gives, and the networks that it saves."""
    overrides = ["legitimate.receivers=[classifier]", "eavesdropper.attacks=[]"]
    built = small_plan("mnist-quick", tmp_path, overrides)

    def call(outcome, saved=clean_pair.PAIR):
        def run(session):
            for network in saved:
                session.save(session.build(network), network)
            return outcome

        (system,) = built.systems
        stage = replace(clean_pair.TRAIN, run=run)
        return train_plan(replace(built, systems=(replace(system, stages=(stage,)),)), tmp_path)

    return call


def test_a_history_and_scores_are_recorded(train, tmp_path):
    assert train(GOOD)["pair"]["scores"] == {"test_accuracy": 0.5}
    assert json.loads((tmp_path / "training.json").read_text())["pair"]["seconds_training"] == 0.5


@pytest.mark.parametrize(
    "outcome",
    [
        None,
        {"history": [EPOCH]},
        {"scores": {}},
        GOOD | {"history": [{"loss": 1.0}]},
        GOOD | {"history": [EPOCH | {"seconds": "long"}]},
        GOOD | {"scores": {"test_accuracy": float("nan")}},
        GOOD | {"scores": {"test_accuracy": np.zeros(2)}},
        GOOD | {"scores": 0.5},
    ],
)
def test_what_cannot_be_recorded_is_told(outcome, train, tmp_path):
    with pytest.raises(InputError, match="training stage pair: its recipe gives nothing that can be recorded") as error:
        train(outcome)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "training.json").exists()


def test_a_network_that_was_not_saved_is_told(train):
    with pytest.raises(InputError, match="training stage pair: its recipe has not saved classifier, which it writes"):
        train(GOOD, saved=(clean_pair.ENCODER,))
