import numpy as np
import pytest

from diffsem.scenarios import load_scenario, stages
from diffsem.scenarios.augmentation import augmented
from diffsem.scenarios.provenance import LOOP
from diffsem.scenarios.schema import parse_scenario
from diffsem.scenarios.workshop import Workshop


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


@pytest.fixture
def folder(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    return tmp_path


def varied_by(shop_of, rng):
    """Which of mirroring and shifting happens to images whose columns rise from left to right and rows downwards."""
    rows, columns = np.meshgrid(np.arange(32.0), np.arange(32.0), indexing="ij")
    images = np.repeat(np.stack([rows, columns], axis=-1)[None], 200, axis=0)
    varied = shop_of.varied(images, rng)
    mirror = (varied[:, 16, 17, 1] < varied[:, 16, 16, 1]).any()
    shift = (varied[:, 16, 16, 0] != 16).any()
    return ["mirror"] * int(mirror) + ["shift"] * int(shift)


@pytest.mark.parametrize(
    ("dataset", "default"), [("mnist", []), ("cifar10", ["mirror", "shift"]), ("folder", ["shift"])]
)
@pytest.mark.parametrize("augmentation", [None, [], ["mirror"], ["shift"], ["shift", "mirror"]])
def test_a_list_wins_over_what_the_data_set_asks_for(dataset, default, augmentation, folder, rng):
    content = {
        "name": "mine",
        "dataset": {"folder": str(folder)} if dataset == "folder" else dataset,
        "timesteps": [240],
        "legitimate": {"snr_db": [10]},
        "training": {"augmentation": augmentation},
    }
    shop = Workshop(parse_scenario(content, "here"), dataset=None, folder=folder)
    assert varied_by(shop, rng) == (default if augmentation is None else sorted(augmentation))


def test_cifar10_is_varied_by_the_draws_that_its_shipped_weights_were_trained_with(tmp_path, rng):
    """Mirrored by one uniform draw an image, then shifted by two whole numbers: rows first, then columns."""
    images = rng.random((50, 32, 32, 3), np.float32)
    shop = Workshop(load_scenario("cifar10-awgn"), dataset=None, folder=tmp_path)
    varied = shop.varied(images, np.random.default_rng(3))
    draws = np.random.default_rng(3)
    mirrored = draws.random(50) < 0.5
    tops, lefts = draws.integers(0, 9, (2, 50))
    for number, image in enumerate(images):
        upright = image[:, ::-1] if mirrored[number] else image
        rows = np.abs(np.arange(32) + tops[number] - 4 + 0.5) - 0.5
        columns = np.abs(np.arange(32) + lefts[number] - 4 + 0.5) - 0.5
        rows, columns = (np.where(place > 31, 63 - place, place).astype(int) for place in (rows, columns))
        np.testing.assert_array_equal(varied[number], upright[np.ix_(rows, columns)])


@pytest.mark.parametrize(("augmentation", "largest"), [("null", 2), ("[shift]", 3), ("[]", 0)])
def test_reference_pairs_of_digits_are_shifted_by_two_pixels_unless_the_scenario_says(
    augmentation, largest, monkeypatch, tmp_path, rng
):
    taken = []
    monkeypatch.setattr(stages, "_train_through_noise", lambda shop, name, epochs, varied: taken.append(varied))
    scenario = load_scenario("mnist-reference", [f"training.augmentation={augmentation}"])
    stages.train_reference(Workshop(scenario, dataset=None, folder=tmp_path))
    images = np.tile(np.arange(28.0)[:, None, None], (500, 1, 28, 1))
    assert set(taken[0](images, rng)[:, 14, 14, 0]) == set(range(14 - largest, 14 + largest + 1))


def test_a_stage_hangs_on_how_its_images_are_varied():
    assert "training.augmentation" in LOOP
