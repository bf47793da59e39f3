"""MNIST, which ships with the package, and digits by other writers."""

import os
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from diffsem.link import InputError
from diffsem.scenarios.datasets.attributes import stroke_thickness
from diffsem.scenarios.datasets.source import DatasetKind, DataSource, LabelledImages, Sizes
from diffsem.scenarios.schema.keys import Keys

DATA = Path(__file__).parents[1] / "data"


def load_mnist(data_dir: Path | None = None) -> tuple[LabelledImages, LabelledImages]:
    """Training and test set, images [N, 28, 28, 1]; the package holds all 70,000, wherever other data lie.

    Raises InputError if the file is missing or broken.
    """
    path = find_mnist()
    try:
        with np.load(path, allow_pickle=False) as file:
            training, test = (
                LabelledImages(file[f"x_{part}"][..., None], file[f"y_{part}"].astype(np.int32))
                for part in ("train", "test")
            )
            return training, test
    except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
        raise InputError(
            f"dataset {path}: cannot be read ({error}); it ships with the package: reinstall it"
        ) from error


def find_mnist(data_dir: Path | None = None) -> Path:
    """The file that ships with the package, wherever other data lie. Raises InputError if it is missing."""
    path = DATA / "mnist.npz"
    if not os.path.isfile(path):
        raise InputError(f"dataset {path}: no such file; it ships with the package: reinstall it")
    return path


def small_digits() -> LabelledImages:
    """scikit-learn's 1,797 digits by other writers on other paper: 8 x 8 pixels, brought to the size of MNIST's."""
    from scipy.ndimage import zoom
    from sklearn.datasets import load_digits

    digits = load_digits()
    enlarged = zoom(digits.images / 16 * 255, (1, 20 / 8, 20 / 8), order=1)
    framed = np.pad(enlarged, ((0, 0), (4, 4), (4, 4)))
    return LabelledImages(np.rint(framed).astype(np.uint8)[..., None], digits.target.astype(np.int32))


def _source(keys: Keys) -> DataSource:
    return DataSource(
        "mnist",
        Sizes((28, 28, 1), (8, 8, 1), lambda: 10, pixel_rms=0.329, reference_shift=2),
        load_mnist,
        test_images=lambda: 10_000,
        training_images=lambda: 60_000,
        surrogates={"digits": small_digits},
        find=find_mnist,
        attributes={"stroke-thickness": stroke_thickness},
    )


DATASETS = (DatasetKind("mnist", _source),)
