"""Sweeps over CIFAR-10, which has to be there."""

import pickle
from itertools import product

import numpy as np
import pytest

from diffsem.link import InputError
from diffsem.scenarios import load_scenario, run_scenario

NAMES = [*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A folder as CIFAR-10 unpacks into; its images are black but for their label."""
    folder = tmp_path_factory.mktemp("cifar") / "cifar-10-batches-py"
    folder.mkdir()
    data, labels = np.zeros((10_000, 3072), np.uint8), [place % 10 for place in range(10_000)]
    data[:, 0] = labels
    for name in NAMES:
        (folder / name).write_bytes(pickle.dumps({b"data": data, b"labels": labels}, protocol=2))
    return folder


@pytest.fixture(autouse=True)
def nowhere_else(monkeypatch, tmp_path):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.delenv("DIFFSEM_DATA", raising=False)


def test_a_sweep_says_first_where_data_would_be_and_then_which_weights_are_missing(whole, tmp_path):
    scenario = load_scenario("cifar10-awgn", [f"weights={tmp_path}"])
    with pytest.raises(InputError, match="download https://"):
        run_scenario(scenario, data_dir=tmp_path)
    with pytest.raises(InputError, match=r"encoder.weights.h5: no such file; `diffsem train"):
        run_scenario(scenario, data_dir=whole)


LABEL_ATTACKS = ["residual-classifier", "task-classifier-wide"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "attacks"),
    [
        ("cifar10-awgn", {*product(["clean-pair", "noise-aware-pair"], LABEL_ATTACKS)}),
        ("cifar10-reference", {*product(["reference"], ["task-classifier", "task-classifier-wide"])}),
        ("fig9-cifar10", {*product(["clean-pair", "ibal", "ibal-d"], ["inversion-residual", *LABEL_ATTACKS])}),
        (
            "fig10-cifar10",
            {
                *product(["clean-pair", "ibal", "ibal-d"], ["inversion-residual"]),
                *product(["direct", "permutation"], ["as-heard"]),
            },
        ),
    ],
)
def test_the_shipped_weights_run_every_system_and_attack_over_whatever_lies_there(name, attacks, whole):
    """The images are made up: what is seen here is that all weights are there, fit, and leave no point out."""
    scenario = load_scenario(name, ["timesteps=[120]", "monte_carlo.max_images=16", "monte_carlo.batch_size=16"])
    rows = run_scenario(scenario, data_dir=whole)
    assert list(rows.loc[rows["node"] == "receiver", "system"]) == list(scenario.legitimate.receivers)
    adversaries = rows[rows["node"] == "adversary"]
    heard = set(zip(adversaries["transmitter"], adversaries["attack"], strict=True))
    assert heard == attacks
    assert (rows["total"] == 16).all()
