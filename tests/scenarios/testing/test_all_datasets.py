"""Each shipped data set passes what every data set has to, and one that is not what it declares does not."""

import sys
import types
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from diffsem.scenarios import DatasetKind, DataSource, LabelledImages, Sizes
from diffsem.scenarios.datasets import shipped_datasets
from diffsem.scenarios.testing import run_dataset_test
from diffsem.scenarios.testing.digest import digest_of

# Those that are here wherever the package is, and the folder below.
THERE = ("mnist", "folder")


def test_every_data_set_that_needs_no_download_is_tested():
    assert set(THERE) == set(shipped_datasets()) - {"cifar10"}


@pytest.mark.slow
def test_mnist(tmp_path):
    run_dataset_test("mnist", tmp_path)


@pytest.mark.slow
def test_a_folder(tmp_path, rng):
    """Stripes, as many as the number of the class, as bright as photographs are."""
    place = tmp_path / "pictures"
    for label in range(3):
        (place / f"{label}").mkdir(parents=True)
        for number in range(150):
            waves = 0.5 + 0.2 * np.sin(np.arange(32) * (label + 1) + rng.uniform(0, 6))
            picture = np.clip(waves[:, None, None] + rng.normal(0, 0.05, (32, 32, 3)), 0, 1)
            Image.fromarray((255 * picture).astype(np.uint8)).save(place / f"{label}" / f"{number}.png")
    run_dataset_test({"folder": str(place)}, tmp_path / "trained")


def images(count, seed=0):
    rng = np.random.default_rng(seed)
    return LabelledImages(rng.integers(0, 256, (count, 28, 28, 1), np.uint8), np.arange(count, dtype=np.int32) % 10)


GOOD = DataSource(
    "noise",
    Sizes((28, 28, 1), (8, 8, 1), lambda: 10, pixel_rms=0.577),
    lambda data_dir: (images(400), images(100, seed=1)),
    test_images=lambda: 100,
    training_images=lambda: 400,
)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"training_images": lambda: 401}, "training: 400 images; declared: 401"),
        ({"load": lambda data_dir: (images(400), images(400)[:100])}, "of the pair images are test images"),
        ({"sizes": replace(GOOD.sizes, pixel_rms=0.5)}, "root mean square of pixels is 0.577; declared: 0.5"),
        ({"sizes": replace(GOOD.sizes, count_classes=lambda: 11)}, "expected: each of 0 to 10"),
    ],
)
def test_one_that_is_not_what_it_declares_is_found_out(changed, words, tmp_path, monkeypatch):
    source = replace(GOOD, **changed)
    module = types.ModuleType("data_of_mine")
    module.MINE = DatasetKind("noise", lambda keys: source)
    monkeypatch.setitem(sys.modules, "data_of_mine", module)
    # No other process has this module.
    monkeypatch.setattr("diffsem.scenarios.testing.datasets._digest_elsewhere", digest_of)
    with pytest.raises(AssertionError, match=words):
        run_dataset_test({"kind": "data_of_mine:MINE"}, tmp_path)


def test_one_that_is_drawn_from_no_fixed_seed_is_found_out(tmp_path, monkeypatch):
    place = tmp_path / "drawn_of_mine.py"
    place.write_text(
        "import os\nimport numpy as np\nfrom diffsem.scenarios import DatasetKind, DataSource, LabelledImages, Sizes\n"
        "LABELS = np.arange(200, dtype=np.int32) % 10\n"
        "def load(data_dir):\n"
        "    rng = np.random.default_rng(os.getpid())\n"
        "    drawn = LabelledImages(rng.integers(0, 256, (200, 28, 28, 1), np.uint8), LABELS)\n"
        "    return drawn[:150], drawn[150:]\n"
        "SIZES = Sizes((28, 28, 1), (8, 8, 1), lambda: 10, 0.577)\n"
        "MINE = DatasetKind('drawn', lambda keys: DataSource('drawn', SIZES, load, lambda: 50, lambda: 150))\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(AssertionError, match="another process loads other images"):
        run_dataset_test({"kind": "drawn_of_mine:MINE"}, tmp_path / "trained")
