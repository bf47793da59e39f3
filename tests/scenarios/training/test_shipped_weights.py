"""The weights that ship: those of their record, behind each other, small, and as good as is recorded."""

import hashlib

import pytest

from diffsem.scenarios import load_scenario
from diffsem.scenarios.datasets.splitting import load_dataset
from diffsem.scenarios.runs.provenance import differences, fingerprint, sha256_of
from diffsem.scenarios.runs.resolving import plan
from diffsem.scenarios.schema.file import shipped_scenarios
from diffsem.scenarios.training.checkpoints import PRETRAINED, load_network, pack_network, save_network, weights_file
from diffsem.scenarios.training.record import read_record

SHIPPED = PRETRAINED / "mnist"
SHIPPED_DATASETS = sorted(path.name for path in PRETRAINED.iterdir() if path.is_dir())


@pytest.fixture(scope="module")
def plans():
    return {name: plan(load_scenario(name)) for name in shipped_scenarios()}


@pytest.mark.parametrize("dataset", SHIPPED_DATASETS)
def test_shipped_weights_are_those_of_the_training_record(dataset, plans):
    folder = PRETRAINED / dataset
    record = read_record(folder)
    digests = {name: digest for entry in record.values() for name, digest in entry["sha256"].items()}
    of_data = [planned for planned in plans.values() if planned.source.name == dataset]
    needed = {
        network.name for planned in of_data if planned.scenario.weights == "pretrained" for network in planned.networks
    }
    assert needed <= set(digests)
    # The students of the denoisers, and what the training of another scenario can start from.
    spare = {name for name in digests if name.endswith("-distilled")}
    spare |= {network.name for planned in of_data for network in planned.networks}
    assert set(digests) <= spare
    assert {path.name for path in folder.glob("*.h5")} == {weights_file(folder, name).name for name in digests}
    for name, digest in digests.items():
        assert hashlib.sha256(weights_file(folder, name).read_bytes()).hexdigest() == digest
    commands = tuple(f"diffsem train {name}" for name in shipped_scenarios())
    assert all(entry["command"].startswith(commands) for entry in record.values())


@pytest.mark.parametrize("name", ["mnist-quick", "fig4-mnist", "mnist-solvers", "mnist-surrogates"])
def test_shipped_networks_hang_on_what_their_scenarios_say(name, plans):
    """Trained now, they would be trained on the same keys, images and networks."""
    planned, record = plans[name], read_record(SHIPPED)
    dataset = load_dataset(planned.source)
    for stage in planned.stages:
        now = fingerprint(stage, planned.scenario, dataset, SHIPPED)
        assert not differences(record[stage.name]["hangs_on"], now, versions=False), stage.name


@pytest.mark.parametrize("dataset", SHIPPED_DATASETS)
def test_shipped_networks_were_trained_behind_those_that_ship(dataset):
    for stage, entry in read_record(PRETRAINED / dataset).items():
        for name, digest in entry["hangs_on"]["networks"].items():
            assert sha256_of(weights_file(PRETRAINED / dataset, name)) == digest, stage


@pytest.mark.parametrize(
    ("scenario", "name"), [("mnist-reference", "encoder-reference"), ("fig4-mnist", "clean-pair.linear-probe")]
)
def test_packed_again_from_full_precision_a_shipped_network_is_the_same_file(scenario, name, plans, tmp_path):
    """The storage that its specification says is that which it ships in."""
    planned = plans[scenario]
    (network,) = [each for each in planned.networks if each.name == name]
    save_network(load_network(network, planned.setup.dimensions, SHIPPED), tmp_path / "exact", name)
    pack_network(name, network.storage, tmp_path / "exact", tmp_path / "packed")
    assert weights_file(tmp_path / "packed", name).read_bytes() == weights_file(SHIPPED, name).read_bytes()


def test_all_shipped_weights_together_are_under_66_mebibytes():
    """60 until the wide classifier came, a network for each of 13 transmitters; 64 until other papers' defences did."""
    assert sum(path.stat().st_size for path in PRETRAINED.rglob("*.h5")) < 66 * 2**20


@pytest.mark.parametrize("dataset", SHIPPED_DATASETS)
def test_shipped_attacks_were_trained_to_a_plateau(dataset):
    """At the lowest learning rate, and the last epochs brought nothing more."""
    for stage, entry in read_record(PRETRAINED / dataset).items():
        if "." in stage:
            variants = {"+all": 56250, "+digits": 1685, "+0.1": 1125, "+0.01": 113}
            whole = {"mnist": 11250, "cifar10": 9375}[dataset]
            (images,) = [count for end, count in variants.items() if stage.endswith(end)] or [whole]
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


def test_shipped_networks_for_cifar10_reach_their_anchors():
    scores = {stage: entry["scores"] for stage, entry in read_record(PRETRAINED / "cifar10").items()}
    assert scores["pair"]["test_accuracy_t0"] >= 0.70
    assert scores["reference"]["test_accuracy_t0"] >= 0.80
    assert scores["strong-classifier-clean"]["test_accuracy_clean"] >= 0.80
    assert scores["strong-classifier"]["test_accuracy_clean"] >= 0.80
