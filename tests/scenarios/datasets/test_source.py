import numpy as np
import pytest

from diffsem.link import InputError
from diffsem.scenarios import datasets
from diffsem.scenarios.datasets import load_dataset


@pytest.fixture(scope="module")
def mnist():
    return load_dataset("mnist")


def test_mnist_is_whole(mnist):
    # Class counts as published with the data set.
    test = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    train = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert list(np.bincount(mnist.test.labels)) == test
    assert list(np.bincount(np.concatenate([mnist.pair.labels, mnist.surrogate.labels]))) == train
    assert mnist.test.images.shape == (10_000, 28, 28, 1)
    # Mean and deviation of the training pixels, as widely used for normalisation.
    pixels = np.concatenate([mnist.pair.images, mnist.surrogate.images]) / 255
    assert pixels.mean() == pytest.approx(0.1307, abs=5e-5)
    assert pixels.std() == pytest.approx(0.3081, abs=5e-5)


def test_pair_and_surrogate_share_no_image(mnist):
    assert (len(mnist.pair), len(mnist.surrogate)) == (48_000, 12_000)
    pair = {image.tobytes() for image in mnist.pair.images}
    surrogate = {image.tobytes() for image in mnist.surrogate.images}
    assert not pair & surrogate


def test_validation_is_split_off_without_overlap(mnist):
    training, validation = mnist.pair.split_off_validation()
    assert len(training) + len(validation) == len(mnist.pair)
    np.testing.assert_array_equal(np.concatenate([training.labels, validation.labels]), mnist.pair.labels)
    assert len(validation) == 3000


def test_images_are_scaled_to_the_unit_interval(mnist):
    images = mnist.test[:100].as_float()
    assert images.dtype == np.float32
    assert (images.min(), images.max()) == (0, 1)


def test_fewer_training_images_keep_the_whole_test_set():
    small = load_dataset("mnist", images=500)
    assert (len(small.pair), len(small.surrogate), len(small.test)) == (400, 100, 10_000)


@pytest.mark.parametrize("damage", ["missing", "truncated", "empty"])
def test_a_broken_file_ends_in_one_line(damage, tmp_path, monkeypatch):
    if damage != "missing":
        whole = (datasets.DATA / "mnist.npz").read_bytes()
        (tmp_path / "mnist.npz").write_bytes(whole[:100_000] if damage == "truncated" else b"")
    monkeypatch.setattr(datasets, "DATA", tmp_path)
    with pytest.raises(InputError, match="reinstall") as error:
        load_dataset("mnist")
    assert "\n" not in str(error.value)
