import hashlib
import shutil
import time

import h5py
import numpy as np
import pytest

from diffsem.link import InputError
from diffsem.scenarios import load_scenario
from diffsem.scenarios.assembly import networks_for
from diffsem.scenarios.datasets import load_dataset
from diffsem.scenarios.networks import (
    PRETRAINED,
    _write_deflated,
    build_network,
    load_network,
    pack_weights,
    save_network,
    weights_file,
)
from diffsem.scenarios.provenance import differences, fingerprint, sha256_of
from diffsem.scenarios.record import read_record
from diffsem.scenarios.schema import shipped_scenarios
from diffsem.scenarios.stages import required_stages

SCENARIO = load_scenario("mnist-awgn")
SHIPPED = PRETRAINED / "mnist"
SHIPPED_DATASETS = sorted(path.name for path in PRETRAINED.iterdir() if path.is_dir())


def saved_and_packed(network, folder, name):
    save_network(network, folder, name)
    pack_weights(folder, folder, name)


def test_saved_weights_are_those_of_the_network_bit_for_bit(tmp_path):
    network = build_network(SCENARIO, "strong-classifier")
    save_network(network, tmp_path, "strong-classifier")
    loaded = load_network(SCENARIO, tmp_path, "strong-classifier")
    for stored, exact in zip(loaded.get_weights(), network.get_weights(), strict=True):
        np.testing.assert_array_equal(stored, exact)


def test_packing_twice_changes_nothing_more(tmp_path):
    saved_and_packed(build_network(SCENARIO, "strong-classifier"), tmp_path, "strong-classifier")
    once = weights_file(tmp_path, "strong-classifier").read_bytes()
    pack_weights(tmp_path, tmp_path, "strong-classifier")
    assert weights_file(tmp_path, "strong-classifier").read_bytes() == once


def test_packed_weights_are_float16_and_load_to_their_rounded_values(tmp_path):
    network = build_network(SCENARIO, "classifier")
    network.compile("adam", "mse")
    network.optimizer.build(network.trainable_variables)
    saved_and_packed(network, tmp_path, "classifier")
    with h5py.File(weights_file(tmp_path, "classifier")) as file:
        assert "optimizer" not in file
        kinds = set()
        file.visititems(lambda name, node: kinds.add(node.dtype.name) if isinstance(node, h5py.Dataset) else None)
    assert kinds == {"float16"}
    loaded = load_network(SCENARIO, tmp_path, "classifier")
    for stored, exact in zip(loaded.get_weights(), network.get_weights(), strict=True):
        np.testing.assert_array_equal(stored, exact.astype(np.float16).astype(np.float32))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["classifier.weights.h5"]


@pytest.mark.parametrize(
    ("name", "share"), [("denoiser", 1 / 4), ("encoder-reference", 1 / 4), ("strong-classifier", 1 / 2)]
)
def test_large_kernels_are_stored_on_an_even_grid_of_their_own(name, share, tmp_path):
    network = build_network(SCENARIO, name)
    saved_and_packed(network, tmp_path, name)
    loaded = load_network(SCENARIO, tmp_path, name)
    weights = sum(kernel.size for kernel in network.get_weights())
    assert 8 * weights_file(tmp_path, name).stat().st_size / weights < 6
    large = 0
    for stored, exact in zip(loaded.get_weights(), network.get_weights(), strict=True):
        if exact.size < 20_000:
            continue
        large += 1
        values = np.unique(stored)
        step = np.diff(values).min()
        assert share / np.sqrt(2) * 0.99 <= step / exact.std() <= share * np.sqrt(2) * 1.01
        np.testing.assert_array_equal(values / step, np.round(values / step))
        # Rounding to the next point leaves an even error of variance step^2 / 12.
        assert np.abs(stored - exact).max() <= step / 2 * (1 + 1e-3)
        assert np.mean((stored - exact) ** 2) == pytest.approx(step**2 / 12, rel=0.15)
    assert large >= 2


@pytest.mark.parametrize("shape", [(), (1,), (7,), (300, 200), (3, 3, 5, 4)])
@pytest.mark.parametrize("dtype", [np.float16, np.int64])
def test_what_is_deflated_here_is_read_back_by_hdf5(shape, dtype, tmp_path):
    values = np.random.default_rng(1).integers(-9, 9, shape).astype(dtype)
    with h5py.File(tmp_path / "file.h5", "w") as file:
        _write_deflated(file, "values", values)
    with h5py.File(tmp_path / "file.h5") as file:
        assert file["values"].dtype == dtype
        np.testing.assert_array_equal(file["values"][()], values)


def test_a_network_takes_less_room_than_with_hdf5s_own_gzip(tmp_path):
    saved_and_packed(build_network(SCENARIO, "strong-classifier"), tmp_path, "strong-classifier")
    path, usual = weights_file(tmp_path, "strong-classifier"), tmp_path / "usual.h5"
    with h5py.File(path) as file, h5py.File(usual, "w", libver="latest") as plain:

        def copy(name, node):
            if isinstance(node, h5py.Dataset):
                options = {"compression": "gzip", "compression_opts": 9, "shuffle": True} if node.shape else {}
                plain.create_dataset(name, data=node[()], **options)

        file.visititems(copy)
    assert path.stat().st_size < 0.95 * usual.stat().st_size


def test_equal_weights_make_equal_files_whenever_they_are_written(tmp_path):
    network = build_network(SCENARIO, "classifier")
    for folder in ("a", "b"):
        saved_and_packed(network, tmp_path / folder, "classifier")
        time.sleep(1.1)  # HDF5 counts in seconds
    assert len({weights_file(tmp_path / folder, "classifier").read_bytes() for folder in ("a", "b")}) == 1


def test_encoders_are_stored_as_finely_as_float16_has_it(tmp_path):
    network = build_network(SCENARIO, "encoder-ibal")
    assert max(kernel.size for kernel in network.get_weights()) > 20_000
    saved_and_packed(network, tmp_path, "encoder-ibal")
    loaded = load_network(SCENARIO, tmp_path, "encoder-ibal")
    for stored, exact in zip(loaded.get_weights(), network.get_weights(), strict=True):
        np.testing.assert_array_equal(stored, exact.astype(np.float16).astype(np.float32))


def test_an_optimiser_inside_of_a_network_is_not_stored(tmp_path):
    """The U-Net of denoise-invert is trained as a model of its own; what its optimiser remembers is no weight."""
    scenario = load_scenario("mnist-quick", ["eavesdropper.attacks=[denoise-invert]"])
    network = build_network(scenario, "clean-pair.denoise-invert")
    network.estimate.compile("adam", "mse")
    network.estimate.optimizer.build(network.estimate.trainable_variables)
    save_network(network, tmp_path, "clean-pair.denoise-invert")
    with h5py.File(weights_file(tmp_path, "clean-pair.denoise-invert")) as file:
        paths: list[str] = []
        file.visit(paths.append)
    assert paths
    assert not [path for path in paths if "optimizer" in path]
    load_network(scenario, tmp_path, "clean-pair.denoise-invert")


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


def test_weights_that_are_not_those_of_the_record_beside_them_end_in_one_line(tmp_path):
    for name in ("encoder.weights.h5", "training.json"):
        shutil.copy(SHIPPED / name, tmp_path)
    load_network(SCENARIO, tmp_path, "encoder")
    shutil.copy(weights_file(SHIPPED, "encoder-noise-aware-pair"), weights_file(tmp_path, "encoder"))
    with pytest.raises(InputError, match="not the file of the training record") as error:
        load_network(SCENARIO, tmp_path, "encoder")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("dataset", SHIPPED_DATASETS)
def test_shipped_weights_are_those_of_the_training_record(dataset):
    folder = PRETRAINED / dataset
    record = read_record(folder)
    digests = {name: digest for entry in record.values() for name, digest in entry["sha256"].items()}
    scenarios = [load_scenario(name) for name in shipped_scenarios()]
    needed = {
        name
        for scenario in scenarios
        if scenario.weights == "pretrained" and scenario.dataset == dataset
        for name in networks_for(scenario)
    }
    assert needed <= set(digests)
    # The students of the denoisers, and what the training of another scenario can start from.
    spare = {name for name in digests if name.endswith("-distilled")}
    spare |= {name for scenario in scenarios if scenario.dataset == dataset for name in networks_for(scenario)}
    assert set(digests) <= spare
    assert {path.name for path in folder.glob("*.h5")} == {weights_file(folder, name).name for name in digests}
    for name, digest in digests.items():
        assert hashlib.sha256(weights_file(folder, name).read_bytes()).hexdigest() == digest
    commands = tuple(f"diffsem train {name}" for name in shipped_scenarios())
    assert all(entry["command"].startswith(commands) for entry in record.values())


@pytest.mark.parametrize("name", ["mnist-quick", "fig4-mnist", "mnist-solvers", "mnist-surrogates"])
def test_shipped_networks_hang_on_what_their_scenarios_say(name):
    """Trained now, they would be trained on the same keys, images and networks."""
    scenario, record = load_scenario(name), read_record(SHIPPED)
    dataset = load_dataset(scenario.dataset)
    for stage in required_stages(scenario):
        now = fingerprint(stage, scenario, dataset, SHIPPED)
        assert not differences(record[stage.name]["hangs_on"], now, versions=False), stage.name


@pytest.mark.parametrize("dataset", SHIPPED_DATASETS)
def test_shipped_networks_were_trained_behind_those_that_ship(dataset):
    for stage, entry in read_record(PRETRAINED / dataset).items():
        for name, digest in entry["hangs_on"]["networks"].items():
            assert sha256_of(weights_file(PRETRAINED / dataset, name)) == digest, stage


def test_all_shipped_weights_together_are_under_64_mebibytes():
    """60 until the wide classifier came, a network for each of 13 transmitters."""
    assert sum(path.stat().st_size for path in PRETRAINED.rglob("*.h5")) < 64 * 2**20


@pytest.mark.parametrize("dataset", SHIPPED_DATASETS)
def test_shipped_attacks_were_trained_to_a_plateau(dataset):
    """At the lowest learning rate, and the last epochs brought nothing more."""
    for stage, entry in read_record(PRETRAINED / dataset).items():
        if "." in stage:
            variants = {"+digits": 1685, "+0.1": 1125, "+0.01": 113}
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


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("link", "is a link to elsewhere"),
        ("soft link", "is a link to elsewhere"),
        ("external", "lies in other files"),
        ("virtual", "lies in other files"),
        ("huge", "claims "),
    ],
)
def test_weights_that_lie_elsewhere_are_not_read(kind, told, tmp_path):
    """The other file holds what fits: nothing but where it lies is wrong."""
    scenario, name = load_scenario("mnist-quick"), "encoder.weights.h5"
    shutil.copy(PRETRAINED / "mnist" / name, tmp_path)
    with h5py.File(tmp_path / name, "a") as file, h5py.File(tmp_path / "other.h5", "w") as other:
        place = "layers/conv2d/vars/0"
        values = other["data"] = file[place][()]
        del file[place]
        match kind:
            case "link":
                file[place] = h5py.ExternalLink("other.h5", "data")
            case "soft link":
                file["elsewhere"] = values
                file[place] = h5py.SoftLink("/elsewhere")
            case "external":
                values.tofile(tmp_path / "secret")
                file.create_dataset(place, values.shape, values.dtype, external=[("secret", 0, values.nbytes)])
            case "virtual":
                layout = h5py.VirtualLayout(values.shape, values.dtype)
                layout[...] = h5py.VirtualSource("other.h5", "data", values.shape)
                file.create_virtual_dataset(place, layout)
            case "huge":
                file.create_dataset(place, (2**40, 87), values.dtype)
    for read in (load_network, lambda *_: pack_weights(tmp_path, tmp_path / "packed", "encoder")):
        with pytest.raises(InputError, match=f"encoder.weights.h5: /{place} {told}"):
            read(scenario, tmp_path, "encoder")
