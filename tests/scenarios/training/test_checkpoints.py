import shutil
import time

import h5py
import keras
import numpy as np
import pytest

import diffsem.models as models
from diffsem.link import InputError
from diffsem.scenarios.attacks import shipped_attacks
from diffsem.scenarios.contracts.attack import Target
from diffsem.scenarios.contracts.network import AS_FLOAT16, COARSE, FINE, Dimensions, NetworkSpec, Storage
from diffsem.scenarios.judges import shipped_judges
from diffsem.scenarios.systems import shipped_systems
from diffsem.scenarios.training.checkpoints import (
    PRETRAINED,
    existing_weights_file,
    has_shipped_weights,
    load_network,
    pack_network,
    pretrained_folder,
    save_network,
    weights_file,
)
from diffsem.scenarios.training.compact_hdf5 import write_deflated

SIZES = Dimensions((28, 28, 1), (8, 8, 1), 10, 0.329)
SHIPPED = PRETRAINED / "mnist"

STRONG = NetworkSpec(
    "strong", lambda sizes: models.build_strong_classifier(sizes.image_shape, sizes.classes), storage=COARSE
)
CLASSIFIER = NetworkSpec(
    "classifier", lambda sizes: models.build_classifier(sizes.image_shape, sizes.feature_shape, sizes.classes)
)
ENCODER = NetworkSpec("encoder", lambda sizes: models.build_encoder(sizes.image_shape, sizes.feature_shape), AS_FLOAT16)
DENOISER = NetworkSpec(
    "denoiser", lambda sizes: models.UNet(sizes.feature_shape, sizes.denoiser_channels), FINE, precision="execution"
)


def saved_and_packed(network, folder, spec):
    save_network(network, folder, spec.name)
    pack_network(spec.name, spec.storage, folder, folder)


def assert_same_weights(network, weights):
    for stored, exact in zip(network.get_weights(), weights, strict=True):
        np.testing.assert_array_equal(stored, exact)


def in_float16(network):
    return [exact.astype(np.float16).astype(np.float32) for exact in network.get_weights()]


def test_saved_weights_are_those_of_the_network_bit_for_bit(tmp_path):
    network = STRONG.build(SIZES)
    save_network(network, tmp_path, STRONG.name)
    assert_same_weights(load_network(STRONG, SIZES, tmp_path), network.get_weights())


def test_packing_twice_changes_nothing_more(tmp_path):
    saved_and_packed(STRONG.build(SIZES), tmp_path, STRONG)
    once = weights_file(tmp_path, STRONG.name).read_bytes()
    pack_network(STRONG.name, STRONG.storage, tmp_path, tmp_path)
    assert weights_file(tmp_path, STRONG.name).read_bytes() == once


def test_packed_weights_are_float16_and_load_to_their_rounded_values(tmp_path):
    network = CLASSIFIER.build(SIZES)
    network.compile("adam", "mse")
    network.optimizer.build(network.trainable_variables)
    saved_and_packed(network, tmp_path, CLASSIFIER)
    with h5py.File(weights_file(tmp_path, CLASSIFIER.name)) as file:
        assert "optimizer" not in file
        kinds = set()
        file.visititems(lambda name, node: kinds.add(node.dtype.name) if isinstance(node, h5py.Dataset) else None)
    assert kinds == {"float16"}
    assert_same_weights(load_network(CLASSIFIER, SIZES, tmp_path), in_float16(network))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["classifier.weights.h5"]


@pytest.mark.parametrize(("spec", "share"), [(DENOISER, 1 / 4), (STRONG, 1 / 2)], ids=["fine", "coarse"])
def test_large_kernels_are_stored_on_an_even_grid_of_their_own(spec, share, tmp_path):
    network = spec.build(SIZES)
    saved_and_packed(network, tmp_path, spec)
    loaded = load_network(spec, SIZES, tmp_path)
    weights = sum(kernel.size for kernel in network.get_weights())
    assert 8 * weights_file(tmp_path, spec.name).stat().st_size / weights < 6
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


def grid_by_name(name):
    """The rule by which the weights that ship were packed."""
    if name.startswith("denoiser") or name == "encoder-reference":
        return 20_000, 1 / 4
    if name.startswith("encoder") or name.endswith((".sorted-magnitudes", ".sorted-looks")):
        return np.inf, 0
    return (20_000 if name.startswith("classifier") else 4_000), 1 / 2


def test_every_shipped_network_is_packed_as_those_that_ship_were():
    written = [network for system in shipped_systems().values() for stage in system.stages for network in stage.writes]
    written += [network for judge in shipped_judges().values() for network in (judge.network, judge.clean)]
    grids = {network.name: network.storage for network in written}
    grids |= {f"reference.{name}": method.storage for name, method in shipped_attacks().items()}
    assert grids == {name: Storage(*grid_by_name(name)) for name in grids}
    shipped = {path.name.removesuffix(".weights.h5") for path in PRETRAINED.rglob("*.h5")}
    assert {name for name in shipped if "." not in name} <= set(grids)


@pytest.mark.parametrize("shape", [(), (1,), (7,), (300, 200), (3, 3, 5, 4)])
@pytest.mark.parametrize("dtype", [np.float16, np.int64])
def test_what_is_deflated_here_is_read_back_by_hdf5(shape, dtype, tmp_path):
    values = np.random.default_rng(1).integers(-9, 9, shape).astype(dtype)
    with h5py.File(tmp_path / "file.h5", "w") as file:
        write_deflated(file, "values", values)
    with h5py.File(tmp_path / "file.h5") as file:
        assert file["values"].dtype == dtype
        np.testing.assert_array_equal(file["values"][()], values)


def test_a_network_takes_less_room_than_with_hdf5s_own_gzip(tmp_path):
    saved_and_packed(STRONG.build(SIZES), tmp_path, STRONG)
    path, usual = weights_file(tmp_path, STRONG.name), tmp_path / "usual.h5"
    with h5py.File(path) as file, h5py.File(usual, "w", libver="latest") as plain:

        def copy(name, node):
            if isinstance(node, h5py.Dataset):
                options = {"compression": "gzip", "compression_opts": 9, "shuffle": True} if node.shape else {}
                plain.create_dataset(name, data=node[()], **options)

        file.visititems(copy)
    assert path.stat().st_size < 0.95 * usual.stat().st_size


@pytest.mark.slow
def test_equal_weights_make_equal_files_whenever_they_are_written(tmp_path):
    network = CLASSIFIER.build(SIZES)
    for folder in ("a", "b"):
        saved_and_packed(network, tmp_path / folder, CLASSIFIER)
        time.sleep(1.1)  # HDF5 counts in seconds
    assert len({weights_file(tmp_path / folder, CLASSIFIER.name).read_bytes() for folder in ("a", "b")}) == 1


def test_encoders_are_stored_as_finely_as_float16_has_it(tmp_path):
    spec = NetworkSpec("sender", lambda sizes: models.mnist.LinearEncoder(), AS_FLOAT16)
    network = spec.build(SIZES)
    assert max(kernel.size for kernel in network.get_weights()) > 20_000
    saved_and_packed(network, tmp_path, spec)
    assert_same_weights(load_network(spec, SIZES, tmp_path), in_float16(network))


def test_an_optimiser_inside_of_a_network_is_not_stored(tmp_path):
    """The U-Net of denoise-invert is trained as a model of its own; what its optimiser remembers is no weight."""
    target = Target((8, 8, 1), (28, 28, 1), 10, 0.329)
    spec = NetworkSpec("mine.denoise-invert", lambda sizes: shipped_attacks()["denoise-invert"].build(target))
    network = spec.build(SIZES)
    network.estimate.compile("adam", "mse")
    network.estimate.optimizer.build(network.estimate.trainable_variables)
    save_network(network, tmp_path, spec.name)
    with h5py.File(weights_file(tmp_path, spec.name)) as file:
        paths: list[str] = []
        file.visit(paths.append)
    assert paths
    assert not [path for path in paths if "optimizer" in path]
    load_network(spec, SIZES, tmp_path)


def test_only_networks_of_the_execution_compute_by_its_precision(tmp_path):
    for spec in (DENOISER, CLASSIFIER):
        save_network(spec.build(SIZES), tmp_path, spec.name)
    loaded = {spec.name: load_network(spec, SIZES, tmp_path, "mixed_bfloat16") for spec in (DENOISER, CLASSIFIER)}
    kinds = {name: {layer.compute_dtype for layer in network.layers} for name, network in loaded.items()}
    assert "bfloat16" in kinds["denoiser"]
    assert kinds["classifier"] == {"float32"}
    assert keras.config.dtype_policy().name == "float32"


def test_a_network_without_weights_is_built_without_a_file(tmp_path):
    spec = NetworkSpec("pixels", lambda sizes: models.PictureEncoder(sizes.image_shape), trained=False)
    assert load_network(spec, SIZES, tmp_path).output_shape == (None, 28, 28, 1)


@pytest.mark.parametrize("spec", [ENCODER, DENOISER], ids=lambda spec: spec.name)
def test_weights_of_another_network_end_in_one_line(spec, tmp_path):
    shutil.copy(weights_file(SHIPPED, "strong-classifier"), weights_file(tmp_path, spec.name))
    with pytest.raises(InputError, match="do not fit") as error:
        load_network(spec, SIZES, tmp_path)
    assert "\n" not in str(error.value)


def test_weights_of_another_width_end_in_one_line():
    with pytest.raises(InputError, match="do not fit"):
        load_network(DENOISER, Dimensions((28, 28, 1), (8, 8, 1), 10, 0.329, denoiser_channels=64), SHIPPED)


@pytest.mark.parametrize("damage", ["missing", "truncated", "text"])
def test_broken_weights_end_in_one_line(damage, tmp_path):
    path = weights_file(tmp_path, "encoder")
    if damage == "truncated":
        path.write_bytes(weights_file(SHIPPED, "encoder").read_bytes()[:3000])
    elif damage == "text":
        path.write_text("not weights")
    with pytest.raises(InputError) as error:
        load_network(ENCODER, SIZES, tmp_path)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_weights_that_are_not_those_of_the_record_beside_them_end_in_one_line(tmp_path):
    for name in ("encoder.weights.h5", "training.json"):
        shutil.copy(SHIPPED / name, tmp_path)
    load_network(ENCODER, SIZES, tmp_path)
    shutil.copy(weights_file(SHIPPED, "encoder-noise-aware-pair"), weights_file(tmp_path, "encoder"))
    with pytest.raises(InputError, match="not the file of the training record") as error:
        load_network(ENCODER, SIZES, tmp_path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["folder", "..", "", "mnist/../mnist"])
def test_a_data_set_without_shipped_weights_ends_in_one_line(name):
    assert not has_shipped_weights(name)
    with pytest.raises(InputError, match="only for cifar10, mnist; `diffsem train` makes some"):
        pretrained_folder(name)


def test_a_missing_file_is_told_with_what_makes_it(tmp_path):
    with pytest.raises(InputError, match="`diffsem train SCENARIO` makes it, --distill for one-call students"):
        existing_weights_file(tmp_path, "denoiser-distilled")


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
    name = "encoder.weights.h5"
    shutil.copy(SHIPPED / name, tmp_path)
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
    for read in (
        lambda: load_network(ENCODER, SIZES, tmp_path),
        lambda: pack_network("encoder", AS_FLOAT16, tmp_path, tmp_path / "packed"),
    ):
        with pytest.raises(InputError, match=f"encoder.weights.h5: /{place} {told}"):
            read()
