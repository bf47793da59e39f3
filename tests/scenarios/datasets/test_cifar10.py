"""CIFAR-10 as it is distributed, and as somebody else may have made it."""

import os
import pickle
import tarfile

import numpy as np
import pytest

from diffsem.link import InputError
from diffsem.scenarios.datasets import resolve_dataset
from diffsem.scenarios.datasets.cifar10 import load_cifar10
from diffsem.scenarios.datasets.splitting import load_dataset

NAMES = [*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"]


def batch(number):
    """As CIFAR-10's own are: one colour plane after another; label and place are written into the pixels."""
    data = np.zeros((10_000, 3072), np.uint8)
    labels = [(place + number) % 10 for place in range(10_000)]
    data[:, 0], data[:, 1024], data[:, 2048 + 33] = labels, number, 7
    return {b"data": data, b"labels": labels, b"batch_label": b"x", b"filenames": [b"y"] * 10_000}


def write(folder, name, content, protocol=2):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(pickle.dumps(content, protocol=protocol))


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cifar") / "cifar-10-batches-py"
    for number, name in enumerate(NAMES):
        # Python 2 wrote protocol 2; newer copies have newer ones.
        write(folder, name, batch(number), protocol=2 if number % 2 else 4)
    return folder


@pytest.fixture(autouse=True)
def nowhere_else(monkeypatch, tmp_path):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.delenv("DIFFSEM_DATA", raising=False)


@pytest.fixture
def damaged(whole, tmp_path):
    """A folder whose second batch is to be replaced."""
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    for name in NAMES:
        (folder / name).symlink_to(whole / name)
    (folder / NAMES[1]).unlink()
    return folder


def assert_whole(parts):
    (images, labels), (test_images, test_labels) = ((part.images, part.labels) for part in parts)
    assert (images.shape, images.dtype, labels.dtype) == ((50_000, 32, 32, 3), np.uint8, np.int32)
    assert test_images.shape == (10_000, 32, 32, 3)
    np.testing.assert_array_equal(images[:, 0, 0, 0], labels)
    np.testing.assert_array_equal(images[:, 0, 0, 1], np.repeat(np.arange(5), 10_000))
    assert (images[:, 1, 1, 2] == 7).all()
    np.testing.assert_array_equal(test_labels, (np.arange(10_000) + 5) % 10)


def test_it_is_read_from_its_folder_and_from_the_folder_above(whole):
    assert_whole(load_cifar10(whole))
    assert_whole(load_cifar10(whole.parent))


def test_it_is_read_from_its_archive_without_unpacking_it(whole, tmp_path):
    with tarfile.open(tmp_path / "cifar-10-python.tar.gz", "w:gz", compresslevel=1) as archive:
        archive.add(whole, "cifar-10-batches-py")
    before = sorted(tmp_path.rglob("*"))
    assert_whole(load_cifar10(tmp_path))
    assert_whole(load_cifar10(tmp_path / "cifar-10-python.tar.gz"))
    assert sorted(tmp_path.rglob("*")) == before


def test_it_is_found_by_option_then_variable_then_keras(whole, tmp_path, monkeypatch):
    with pytest.raises(InputError, match=r"--data-dir or DIFFSEM_DATA") as error:
        load_cifar10(tmp_path)
    assert "\n" not in str(error.value)
    assert str(tmp_path) in str(error.value)

    unpacked_by_keras = tmp_path / "keras" / "datasets" / "cifar-10-batches-py-target"
    unpacked_by_keras.mkdir(parents=True)
    (unpacked_by_keras / "cifar-10-batches-py").symlink_to(whole)
    assert_whole(load_cifar10(None))

    other = tmp_path / "other" / "cifar-10-batches-py"
    for name in NAMES:
        write(other, name, batch(9))
    monkeypatch.setenv("DIFFSEM_DATA", str(other.parent))
    assert load_cifar10(None)[0].images[0, 0, 0, 1] == 9
    assert load_cifar10(whole)[0].images[0, 0, 0, 1] == 0


def test_pair_and_surrogate_share_no_image(whole):
    source = resolve_dataset("cifar10")[0]
    dataset = load_dataset(source, whole)
    assert [len(part) for part in (dataset.pair, dataset.surrogate, dataset.test)] == [40_000, 10_000, 10_000]
    assert (source.training_images(), source.test_images()) == (50_000, 10_000)


class Malicious:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.system, (f"touch {self.path}",)


def hidden_in_an_array(path):
    content = batch(1)
    content[b"data"] = np.array([Malicious(path)], dtype=object)
    return content


@pytest.mark.parametrize("make", [Malicious, lambda path: {b"data": Malicious(path)}, hidden_in_an_array])
def test_a_pickle_that_would_run_a_command_is_refused_and_nothing_of_it_runs(make, damaged, tmp_path):
    write(damaged, NAMES[1], make(tmp_path / "ran"))
    with pytest.raises(
        InputError, match=r"data_batch_2: not read: it asks for posix\.system; allowed: arrays"
    ) as error:
        load_cifar10(damaged)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "ran").exists()
    # The same file does run its command when it is trusted: the test would notice.
    pickle.loads((damaged / NAMES[1]).read_bytes())
    assert (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "path", ["builtins.eval", "numpy.load", "subprocess.Popen", "numpy.core.multiarray.fromstring"]
)
def test_no_other_name_is_looked_up(path, damaged):
    module, _, name = path.rpartition(".")
    (damaged / NAMES[1]).write_bytes(f"c{module}\n{name}\n.".encode())
    with pytest.raises(InputError, match=f"it asks for {path}"):
        load_cifar10(damaged)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (
            batch(1) | {b"data": np.zeros((9_999, 3072), np.uint8)},
            ["uint8 [9999, 3072]", "allowed: uint8 [10000, 3072]"],
        ),
        (batch(1) | {b"data": np.zeros((10_000, 3072), np.float32)}, ["float32", "allowed: uint8"]),
        (batch(1) | {b"labels": [0] * 9_999}, ["9999 labels", "allowed: a list of 10000"]),
        (batch(1) | {b"labels": [10] + [0] * 9_999}, ["1 labels such as 10", "allowed: 0 to 9"]),
        (batch(1) | {b"labels": [-1] * 10_000}, ["10000 labels such as -1", "allowed: 0 to 9"]),
        ([1, 2], ["data is NoneType", "allowed: uint8"]),
    ],
)
def test_a_batch_that_is_not_cifar10s_ends_in_one_line(content, words, damaged):
    write(damaged, NAMES[1], content)
    with pytest.raises(InputError) as error:
        load_cifar10(damaged)
    for word in ("data_batch_2", *words):
        assert word in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("kept", [0, 10, 5_000_000])
def test_a_batch_that_is_cut_off_ends_in_one_line(kept, damaged, whole):
    (damaged / NAMES[1]).write_bytes((whole / NAMES[1]).read_bytes()[:kept])
    with pytest.raises(InputError, match=r"data_batch_2: cut off or broken .* download https://") as error:
        load_cifar10(damaged)
    assert "\n" not in str(error.value)


def test_a_missing_batch_and_a_broken_archive_end_in_one_line(damaged, tmp_path):
    with pytest.raises(InputError, match=r"data_batch_2: cut off or broken \(FileNotFoundError"):
        load_cifar10(damaged)
    archive = tmp_path / "cifar-10-python.tar.gz"
    archive.write_bytes(b"\x1f\x8b not one")
    with pytest.raises(InputError, match="cut off or broken"):
        load_cifar10(archive)
