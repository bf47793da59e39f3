"""`diffsem pack`: smaller weights, and what they lose on the same images and noise."""

import json
import shutil

import numpy as np
import pytest

from diffsem.link import InputError
from diffsem.scenarios import load_scenario, run_scenario, train_scenario
from diffsem.scenarios.runs.packing import pack_folder
from diffsem.scenarios.runs.resolving import plan
from diffsem.scenarios.training.checkpoints import PRETRAINED, load_network, weights_file
from diffsem.scenarios.training.record import read_record

SMALL = ["legitimate.receivers=[classifier]", "eavesdropper.attacks=[linear-probe]", "timesteps=[120]"]
SMALL += ["legitimate.snr_db=[15]", "monte_carlo.max_images=2000", "training.images=2000"]
SMALL += ["training.epochs.pair=3", "training.epochs.adversary=3"]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained")
    train_scenario(load_scenario("mnist-quick", SMALL), folder)
    return folder


@pytest.mark.slow
def test_packing_measures_what_it_loses(trained, tmp_path):
    scenario = load_scenario("mnist-quick", SMALL)
    loss = pack_folder(scenario, trained, tmp_path)
    measured = json.loads((tmp_path / "packing.json").read_text())["rows"]
    for folder, column in ((trained, "accuracy"), (tmp_path, "packed")):
        rows = run_scenario(scenario.model_copy(update={"weights": str(folder)}))
        np.testing.assert_array_equal(loss[column], rows["accuracy"])
    np.testing.assert_array_equal(loss["loss"], loss["accuracy"] - loss["packed"])
    np.testing.assert_allclose([row["loss"] for row in measured], loss["loss"])
    assert loss["loss"].abs().max() < 0.03
    exact, packed = (
        sum(weights_file(folder, name).stat().st_size for name in ("encoder", "classifier", "clean-pair.linear-probe"))
        for folder in (trained, tmp_path)
    )
    assert packed < 0.65 * exact
    planned = plan(scenario)
    load_network(planned.networks[0], planned.setup.dimensions, tmp_path)  # fits its record


@pytest.mark.slow
def test_packed_weights_are_finished_stages_of_the_same_training(trained, tmp_path):
    scenario, lines = load_scenario("mnist-quick", [*SMALL, "monte_carlo.max_images=64"]), []
    pack_folder(scenario, trained, tmp_path)
    train_scenario(scenario, tmp_path, log=lines.append)
    assert lines == ["pair: finished before", "clean-pair.linear-probe: finished before"]


def test_what_cannot_be_packed_ends_in_one_line(trained, tmp_path):
    scenario = load_scenario("mnist-quick", SMALL)
    with pytest.raises(InputError, match="is the folder of the weights themselves"):
        pack_folder(scenario, trained, trained)
    with pytest.raises(InputError, match="has no record"):
        pack_folder(scenario, tmp_path / "nothing", tmp_path / "out")
    (tmp_path / "training.json").write_text((trained / "training.json").read_text())
    for name in ("encoder", "classifier"):
        weights_file(tmp_path, name).write_bytes(weights_file(trained, name).read_bytes())
    with pytest.raises(InputError, match=r"clean-pair.linear-probe.weights.h5: no such file"):
        pack_folder(scenario, tmp_path, tmp_path / "out")


def test_what_rounding_costs_is_measured_on_the_folders_own_networks(tmp_path):
    """Not on shipped ones, which a sweep takes for those that a folder lacks: they are rounded already."""
    shipped, own = PRETRAINED / "mnist", tmp_path / "own"
    own.mkdir()
    for name in ("encoder", "classifier"):
        shutil.copy(weights_file(shipped, name), own)
    (own / "training.json").write_text(json.dumps({"pair": read_record(shipped)["pair"]}))
    scenario = load_scenario("mnist-quick", [*SMALL, "monte_carlo.max_images=32", "monte_carlo.batch_size=32"])
    with pytest.raises(InputError, match=r"own/clean-pair.linear-probe.weights.h5: no such file"):
        pack_folder(scenario, own, tmp_path / "out")
