"""MNIST, and who gets which of its images."""

import numpy as np
import pytest

from diffsem.link import InputError
from diffsem.scenarios.datasets import mnist as module
from diffsem.scenarios.datasets import resolve_dataset
from diffsem.scenarios.datasets.source import check_surrogates, surrogate_images
from diffsem.scenarios.datasets.splitting import load_dataset
from diffsem.scenarios.schema.nodes import ChosenAttack, Eavesdropper, Surrogate

SOURCE = resolve_dataset("mnist")[0]


@pytest.fixture(scope="module")
def mnist():
    return load_dataset(SOURCE)


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
    small = load_dataset(SOURCE, images=500)
    assert (len(small.pair), len(small.surrogate), len(small.test)) == (400, 100, 10_000)


@pytest.mark.parametrize("damage", ["missing", "truncated", "empty"])
def test_a_broken_file_ends_in_one_line(damage, tmp_path, monkeypatch):
    if damage != "missing":
        whole = (module.DATA / "mnist.npz").read_bytes()
        (tmp_path / "mnist.npz").write_bytes(whole[:100_000] if damage == "truncated" else b"")
    monkeypatch.setattr(module, "DATA", tmp_path)
    with pytest.raises(InputError, match="reinstall") as error:
        load_dataset(SOURCE)
    assert "\n" not in str(error.value)


def test_the_source_says_what_is_there_without_loading_it(mnist):
    assert SOURCE.test_images() == len(mnist.test)
    assert SOURCE.training_images() == len(mnist.pair) + len(mnist.surrogate)
    assert SOURCE.sizes.image_shape == mnist.test.images.shape[1:]
    assert SOURCE.sizes.classes == mnist.test.labels.max() + 1
    pixels = np.concatenate([mnist.pair.as_float(), mnist.surrogate.as_float()]).reshape(60_000, -1)
    assert np.sqrt((pixels**2).mean(axis=1)).mean() == pytest.approx(SOURCE.sizes.pixel_rms, abs=2e-3)


def test_surrogate_images_are_those_that_the_pair_never_sees_or_digits_by_others(mnist):
    same = surrogate_images(mnist, SOURCE, Surrogate(share=0.25))
    np.testing.assert_array_equal(same.images, mnist.surrogate.images[:3000])
    everything = surrogate_images(mnist, SOURCE, Surrogate(images="all"))
    assert len(everything) == 60_000
    np.testing.assert_array_equal(everything.labels[:48_000], mnist.pair.labels)
    # What is held out for validation, at the end, the pair never saw.
    np.testing.assert_array_equal(everything.split_off_validation()[1].images, mnist.surrogate.images[-3750:])
    digits = surrogate_images(mnist, SOURCE, Surrogate(images="digits"))
    assert digits.images.shape == (1797, 28, 28, 1)
    assert list(np.bincount(digits.labels)) == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]


def test_surrogates_that_a_data_set_lacks_are_refused():
    allowed = Eavesdropper(surrogate=Surrogate(images="digits"))
    check_surrogates(allowed, SOURCE)
    for eavesdropper in (
        allowed,
        Eavesdropper(attacks=(ChosenAttack(attack="any", surrogate=Surrogate(images="digits")),)),
    ):
        with pytest.raises(
            ValueError, match=r"surrogate\.images digits: do not go with dataset cifar10; allowed: same"
        ):
            check_surrogates(eavesdropper, resolve_dataset("cifar10")[0])
