import shutil

import h5py
import numpy as np
import pytest

from diffsem.link import InputError
from diffsem.scenarios import load_scenario
from diffsem.scenarios.assembly import networks_for
from diffsem.scenarios.networks import (
    NETWORKS,
    PRETRAINED,
    WEIGHTLESS,
    build_network,
    load_network,
    save_network,
    weights_file,
)
from diffsem.scenarios.record import read_record
from diffsem.scenarios.schema import shipped_scenarios

SCENARIO = load_scenario("mnist-awgn")
SHIPPED = PRETRAINED / "mnist"


def test_saved_weights_are_float16_and_load_to_their_rounded_values(tmp_path):
    network = build_network(SCENARIO, "classifier")
    network.compile("adam", "mse")
    network.optimizer.build(network.trainable_variables)
    save_network(network, tmp_path, "classifier")
    with h5py.File(weights_file(tmp_path, "classifier")) as file:
        assert "optimizer" not in file
        kinds = set()
        file.visititems(lambda name, node: kinds.add(node.dtype.name) if isinstance(node, h5py.Dataset) else None)
    assert kinds == {"float16"}
    loaded = load_network(SCENARIO, tmp_path, "classifier")
    for stored, exact in zip(loaded.get_weights(), network.get_weights(), strict=True):
        np.testing.assert_array_equal(stored, exact.astype(np.float16).astype(np.float32))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["classifier.weights.h5"]


@pytest.mark.parametrize("name", ["encoder", "denoiser", "denoiser-label"])
def test_weights_of_another_network_end_in_one_line(name, tmp_path):
    shutil.copy(weights_file(SHIPPED, "strong-classifier"), weights_file(tmp_path, name))
    with pytest.raises(InputError, match="do not fit") as error:
        load_network(SCENARIO, tmp_path, name)
    assert "\n" not in str(error.value)


def test_weights_of_another_width_end_in_one_line():
    narrow = load_scenario("mnist-awgn", ["denoising.channels=64"])
    with pytest.raises(InputError, match="do not fit"):
        load_network(narrow, SHIPPED, "denoiser")


@pytest.mark.parametrize("damage", ["missing", "truncated", "text"])
def test_broken_weights_end_in_one_line(damage, tmp_path):
    path = weights_file(tmp_path, "encoder")
    if damage == "truncated":
        path.write_bytes(weights_file(SHIPPED, "encoder").read_bytes()[:3000])
    elif damage == "text":
        path.write_text("not weights")
    with pytest.raises(InputError) as error:
        load_network(SCENARIO, tmp_path, "encoder")
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_shipped_weights_are_those_of_the_training_record():
    import hashlib

    record = read_record(SHIPPED)
    digests = {name: digest for entry in record.values() for name, digest in entry["sha256"].items()}
    pretrained = [load_scenario(name) for name in shipped_scenarios() if load_scenario(name).weights == "pretrained"]
    needed = {name for scenario in pretrained for name in networks_for(scenario)}
    assert needed | set(NETWORKS) - set(WEIGHTLESS) == set(digests)
    assert {path.name for path in SHIPPED.glob("*.h5")} == {weights_file(SHIPPED, name).name for name in digests}
    for name, digest in digests.items():
        assert hashlib.sha256(weights_file(SHIPPED, name).read_bytes()).hexdigest() == digest
    commands = tuple(f"diffsem train {name}" for name in shipped_scenarios())
    assert all(entry["command"].startswith(commands) for entry in record.values())


def test_shipped_attacks_were_trained_to_a_plateau():
    """At the lowest learning rate, and the last epochs brought nothing more."""
    for stage, entry in read_record(SHIPPED).items():
        if "." in stage:
            variants = {"+digits": 1685, "+0.1": 1125, "+0.01": 113}
            (images,) = [count for end, count in variants.items() if stage.endswith(end)] or [11250]
            assert entry["scores"]["surrogate_images"] == images
            assert entry["history"][-1]["learning_rate"] == pytest.approx(1e-5, rel=1e-3), stage


def test_shipped_weights_reach_the_recorded_anchors():
    record = read_record(SHIPPED)
    assert record["pair"]["scores"]["test_accuracy_t0"] >= 0.98
    assert record["strong-classifier"]["scores"]["test_accuracy_clean"] >= 0.975
    for stage in ("denoiser", "denoiser-label"):
        scores = record[stage]["scores"]
        assert all(error < 0.6 for step, error in scores["noise_mse_by_step"].items() if int(step) >= 60)
        assert abs(scores["validation_mse_float32"] - scores["validation_mse_as_stored"]) < 1e-4
