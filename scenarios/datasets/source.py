"""Images and labels, and who may see which."""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from diffsem.link.errors import InputError
from diffsem.scenarios.cifar10 import load_cifar10
from diffsem.scenarios.folders import count_test_images, load_folder
from diffsem.scenarios.schema import Surrogate
from diffsem.scenarios.sizes import DatasetName, Folder

DATA = Path(__file__).parent / "data"
VALIDATION_SHARE = 1 / 16
PAIR_SHARE = 0.8
# Fixed, and apart from any scenario's seed: shipped weights must never meet test or surrogate images anew.
SPLIT_SEED = 0
# MNIST's, and CIFAR-10's.
SHIPPED_TEST_IMAGES = 10_000


@dataclass(frozen=True)
class LabelledImages:
    """Images [N, height, width, channels] uint8 and labels [N] int32."""

    images: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index) -> "LabelledImages":
        return LabelledImages(self.images[index], self.labels[index])

    def as_float(self) -> np.ndarray:
        """[N, height, width, channels] float32 in [0, 1]."""
        return self.images.astype(np.float32) / 255

    def split_off_validation(self) -> tuple["LabelledImages", "LabelledImages"]:
        """The last sixteenth is for validation: (training, validation)."""
        held_out = max(1, int(len(self) * VALIDATION_SHARE))
        return self[:-held_out], self[-held_out:]


@dataclass(frozen=True)
class Dataset:
    """A data set, split: `pair` for transmitter and receiver, `surrogate` for the eavesdropper, `test` for the sweep.

    The pair never sees the surrogate images, the eavesdropper never sees the pair's, and nobody trains on test.
    """

    pair: LabelledImages
    surrogate: LabelledImages
    test: LabelledImages

    def test_sha256(self) -> str:
        """SHA-256 over the test images and labels."""
        return _sha256(self.test)

    @cached_property
    def training_sha256(self) -> str:
        """SHA-256 over the images and labels of the pair and of the eavesdropper."""
        return _sha256(self.pair, self.surrogate)


def _sha256(*parts: LabelledImages) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.images.tobytes())
        digest.update(part.labels.tobytes())
    return digest.hexdigest()


def load_dataset(dataset: DatasetName | Folder, data_dir: Path | None = None, images: int | None = None) -> Dataset:
    """Load a data set.

    Parameters
    ----------
    dataset : str or Folder
        mnist (shipped with the package: all 70,000 images), cifar10, or a folder of images.
    data_dir : Path, optional
        Where cifar10 is looked for first.
    images : int, optional
        Use only this many training images.

    Raises
    ------
    InputError
        If its files are missing or broken.
    """
    if isinstance(dataset, Folder):
        parts = load_folder(Path(dataset.folder), dataset.image_size)
    else:
        parts = _load_mnist() if dataset == "mnist" else load_cifar10(data_dir)
    train, test = (LabelledImages(*part) for part in parts)
    order = np.random.default_rng(SPLIT_SEED).permutation(len(train))[:images]
    boundary = int(PAIR_SHARE * len(order))
    return Dataset(train[order[:boundary]], train[order[boundary:]], test)


def size_of_test_set(dataset: DatasetName | Folder) -> int:
    """Images of a data set's test set. Raises InputError if a folder of images cannot be used."""
    return count_test_images(Path(dataset.folder)) if isinstance(dataset, Folder) else SHIPPED_TEST_IMAGES


def _load_mnist() -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    path = DATA / "mnist.npz"
    try:
        with np.load(path, allow_pickle=False) as file:
            train, test = (
                (file[f"x_{part}"][..., None], file[f"y_{part}"].astype(np.int32)) for part in ("train", "test")
            )
            return train, test
    except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
        raise InputError(
            f"dataset {path}: cannot be read ({error}); it ships with the package: reinstall it"
        ) from error


def surrogate_images(dataset: Dataset, surrogate: Surrogate) -> LabelledImages:
    """The images that an eavesdropper learns from.

    Parameters
    ----------
    dataset : Dataset
    surrogate : Surrogate
        same: those of the data set that the pair never sees. digits: scikit-learn's 1,797 digits of 8 x 8 pixels, by
        other writers on other paper, brought to the size that MNIST's have inside of their frame. A share of them is
        taken from the start of the set.
    """
    images = _digits() if surrogate.images == "digits" else dataset.surrogate
    return images[: max(2, round(surrogate.share * len(images)))]


def _digits() -> LabelledImages:
    from scipy.ndimage import zoom
    from sklearn.datasets import load_digits

    digits = load_digits()
    enlarged = zoom(digits.images / 16 * 255, (1, 20 / 8, 20 / 8), order=1)
    framed = np.pad(enlarged, ((0, 0), (4, 4), (4, 4)))
    return LabelledImages(np.rint(framed).astype(np.uint8)[..., None], digits.target.astype(np.int32))
