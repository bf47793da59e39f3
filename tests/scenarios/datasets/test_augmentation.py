import numpy as np
import pytest

from diffsem.scenarios.datasets import resolve_dataset
from diffsem.scenarios.datasets.augmentation import augmented


def test_every_image_is_one_that_was_shifted_and_perhaps_mirrored(rng):
    """Pixels that say where they are: the offset between neighbours tells mirroring, the centre tells the shift."""
    rows, columns = np.meshgrid(np.arange(32.0), np.arange(32.0), indexing="ij")
    images = np.repeat(np.stack([rows, columns, rows * 32 + columns], axis=-1)[None], 4000, axis=0)
    varied = augmented(images, ("mirror", "shift"), rng)
    assert varied.shape == images.shape
    step = varied[:, 16, 17, 1] - varied[:, 16, 16, 1]
    assert set(step) == {1.0, -1.0}
    assert (step == -1).mean() == pytest.approx(0.5, abs=4.5 * 0.5 / np.sqrt(4000))
    shift_down = varied[:, 16, 16, 0] - 16
    assert set(shift_down) == set(range(-4, 5))
    shift_right = np.where(step == 1, varied[:, 16, 16, 1] - 16, 31 - varied[:, 16, 16, 1] - 16)
    assert set(shift_right) == set(range(-4, 5))
    # All channels move together.
    np.testing.assert_array_equal(varied[..., 2], varied[..., 0] * 32 + varied[..., 1])


def test_the_same_generator_gives_the_same_variations_and_the_images_stay(rng):
    images = rng.random((10, 16, 16, 3), np.float32)
    before = images.copy()
    first = augmented(images, ("mirror", "shift"), np.random.default_rng(1))
    np.testing.assert_array_equal(first, augmented(images, ("mirror", "shift"), np.random.default_rng(1)))
    np.testing.assert_array_equal(images, before)
    assert first.dtype == np.float32


@pytest.mark.parametrize(
    ("words", "augmentation", "reference_shift"),
    [("mnist", (), 2), ("cifar10", ("mirror", "shift"), 0), ({"folder": "mine"}, ("shift",), 0)],
)
def test_each_data_set_says_what_leaves_its_labels_alone(words, augmentation, reference_shift):
    sizes = resolve_dataset(words)[0].sizes
    assert (sizes.augmentation, sizes.reference_shift) == (augmentation, reference_shift)


def test_cifar10_is_varied_by_the_draws_that_its_shipped_weights_were_trained_with(rng):
    """Mirrored by one uniform draw an image, then shifted by two whole numbers: rows first, then columns."""
    images = rng.random((50, 32, 32, 3), np.float32)
    varied = augmented(images, resolve_dataset("cifar10")[0].sizes.augmentation, np.random.default_rng(3))
    draws = np.random.default_rng(3)
    mirrored = draws.random(50) < 0.5
    tops, lefts = draws.integers(0, 9, (2, 50))
    for number, image in enumerate(images):
        upright = image[:, ::-1] if mirrored[number] else image
        rows = np.abs(np.arange(32) + tops[number] - 4 + 0.5) - 0.5
        columns = np.abs(np.arange(32) + lefts[number] - 4 + 0.5) - 0.5
        rows, columns = (np.where(place > 31, 63 - place, place).astype(int) for place in (rows, columns))
        np.testing.assert_array_equal(varied[number], upright[np.ix_(rows, columns)])
