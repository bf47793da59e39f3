"""Several trainings of a scenario: who is trained and swept with which seed, in which folder, into which table."""

import json
from pathlib import Path

import pytest

from diffsem.link import InputError, read_results
from diffsem.scenarios import load_scenario, run_scenario, train_scenario
from diffsem.scenarios.runs.resolving import plan
from diffsem.scenarios.runs.trainings import sweeps_of, trainings, trainings_of

LEAST = [
    "legitimate.receivers=[classifier, noise-aware]",
    "eavesdropper.attacks=[]",
    "timesteps=[0]",
    "legitimate.snr_db=[15]",
]
SMALL = [
    "training.images=512",
    "training.epochs={pair: 1, classifiers: 1}",
    "monte_carlo={batch_size: 64, max_images: 64}",
]


def scenario(*overrides):
    return load_scenario("mnist-quick", [*LEAST, *SMALL, *overrides])


def test_one_training_is_the_scenario_itself():
    words = scenario("weights=mine")
    (only,) = trainings(words)
    assert (only.trained, only.swept, only.seed) == (words, words, 1)
    planned = plan(words)
    assert trainings_of(planned, Path("mine")) == [(planned, Path("mine"), True)]
    assert sweeps_of(planned, Path("table.h5")) == [(planned, Path("table.h5"))]


def test_each_training_has_its_seed_and_all_sweeps_have_one():
    planned = plan(scenario("weights=mine", "training.seeds=3", "seed=7"))
    trained = trainings_of(planned, Path("new"))
    assert [(each.scenario.seed, str(folder), first) for each, folder, first in trained] == [
        (7, "new/seed-7", True),
        (8, "new/seed-8", False),
        (9, "new/seed-9", False),
    ]
    swept = sweeps_of(planned, Path("results/table.h5"))
    assert [(each.scenario.seed, each.scenario.weights, str(path)) for each, path in swept] == [
        (7, f"mine/seed-{seed}", f"results/table.seed-{seed}.h5") for seed in (7, 8, 9)
    ]
    assert {each.scenario.training.seeds for each, *_ in (*trained, *swept)} == {1}


def test_shipped_weights_are_of_one_training():
    with pytest.raises(InputError, match=r"training\.seeds 3: the shipped weights are of one training; allowed: "):
        trainings(scenario("training.seeds=3"))


def test_one_call_trains_and_sweeps_one(tmp_path):
    words = scenario("training.seeds=2", f"weights={tmp_path}")
    for call in (lambda: run_scenario(words), lambda: train_scenario(words, tmp_path)):
        with pytest.raises(InputError, match=r"training\.seeds 2: is several trainings; allowed here: 1"):
            call()


@pytest.mark.slow
def test_two_trainings_are_swept_on_the_same_draws(diffsem, tmp_path):
    words = [*LEAST, *SMALL, "training.seeds=2", f"weights={tmp_path / 'weights'}"]
    set_ = [part for word in words for part in ("--set", word)]
    status, _, told = diffsem("train", "mnist-quick", "--out", tmp_path / "weights", *set_)
    assert status == 0, told
    records = [json.loads((tmp_path / "weights" / f"seed-{seed}" / "training.json").read_text()) for seed in (1, 2)]
    assert [record["pair"]["seed"] for record in records] == [1, 2]
    assert records[0]["pair"]["sha256"] != records[1]["pair"]["sha256"]
    status, printed, told = diffsem("run", "mnist-quick", "--out", tmp_path / "table.h5", *set_)
    assert status == 0, told
    tables = [tmp_path / f"table.seed-{seed}.h5" for seed in (1, 2)]
    assert [read_results(path).attrs["seed"] for path in tables] == [1, 1]
    assert "over 2 trainings and the test images" in printed
    status, again, _ = diffsem("spread", *tables)
    assert (status, again) == (0, printed[-len(again) :])
