import numpy as np
import pytest

from diffsem.scenarios.augmentation import augmented


def test_every_image_is_one_that_was_shifted_and_perhaps_mirrored(rng):
    """Pixels that say where they are: the offset between neighbours tells mirroring, the centre tells the shift."""
    rows, columns = np.meshgrid(np.arange(32.0), np.arange(32.0), indexing="ij")
    images = np.repeat(np.stack([rows, columns, rows * 32 + columns], axis=-1)[None], 4000, axis=0)
    varied = augmented(images, rng)
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
    first = augmented(images, np.random.default_rng(1))
    np.testing.assert_array_equal(first, augmented(images, np.random.default_rng(1)))
    np.testing.assert_array_equal(images, before)
    assert first.dtype == np.float32
