"""CIFAR-10 from wherever it lies, its pickles read without trusting them."""

import os
import pickle
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from diffsem.link import InputError
from diffsem.scenarios.datasets.source import PHOTOGRAPH_RMS, DatasetKind, DataSource, LabelledImages, Sizes
from diffsem.scenarios.schema.keys import Keys

FOLDER = "cifar-10-batches-py"
ARCHIVE = "cifar-10-python.tar.gz"
TRAINING = tuple(f"data_batch_{number}" for number in range(1, 6))
TEST = "test_batch"
CLASSES = 10
BATCH_IMAGES = 10_000
IMAGE_VALUES = 3 * 32 * 32
ORIGIN = "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz"
# Bird, cat, deer, dog, frog and horse; the others are vehicles.
ANIMALS = (2, 3, 4, 5, 6, 7)


def load_cifar10(data_dir: Path | None) -> tuple[LabelledImages, LabelledImages]:
    """Training and test set, images [N, 32, 32, 3].

    Parameters
    ----------
    data_dir : Path or None
        Where it is looked for first: the standard archive, its unpacked folder, or a folder with one of them. Then
        DIFFSEM_DATA, and where Keras keeps what it downloads.

    Raises
    ------
    InputError
        If it is in none of them, or a batch is cut off, holds anything but arrays, lists, strings and numbers, or is
        not one of CIFAR-10's.
    """
    source = find_cifar10(data_dir)
    images, labels = zip(*(_read_batch(source, name) for name in TRAINING), strict=True)
    training = LabelledImages(np.concatenate(images), np.concatenate(labels))
    return training, LabelledImages(*_read_batch(source, TEST))


def find_cifar10(data_dir: Path | None) -> Path:
    """Its unpacked folder or archive, the first of all places; nothing is read. Raises InputError if it is in none."""
    places = _places(data_dir)
    for place in places:
        for source in _sources(place):
            return source
    raise InputError(
        f"dataset cifar10: neither {FOLDER} nor {ARCHIVE} in {', '.join(map(str, places))}; download {ORIGIN} into "
        "one of them, or name its folder by --data-dir or DIFFSEM_DATA"
    )


def _places(data_dir: Path | None) -> list[Path]:
    named = [data_dir, os.environ.get("DIFFSEM_DATA")]
    keras_home = Path(os.environ.get("KERAS_HOME", Path.home() / ".keras"))
    return [*(Path(place) for place in named if place), keras_home / "datasets"]


def _sources(place: Path) -> Iterator[Path]:
    """What `place` is or holds of CIFAR-10: an unpacked folder or an archive."""
    # Keras unpacks into a folder of its own.
    for folder in (place, place / FOLDER, place / f"{FOLDER}-target" / FOLDER):
        if os.path.isfile(folder / TRAINING[0]):
            yield folder
    for archive in (place, place / ARCHIVE):
        if os.path.isfile(archive):
            yield archive


def _read_batch(source: Path, name: str) -> tuple[np.ndarray, np.ndarray]:
    where = f"dataset cifar10: {source / name}"
    try:
        if source.is_dir():
            with open(source / name, "rb") as file:
                content = _Unpickler(file, encoding="bytes").load()
        else:
            with tarfile.open(source) as archive:
                member = archive.extractfile(f"{FOLDER}/{name}")
                if member is None:
                    raise KeyError(name)
                content = _Unpickler(member, encoding="bytes").load()
    except _RefusedError as error:
        raise InputError(f"{where}: not read: {error}; download {ORIGIN} again") from error
    except Exception as error:  # a broken pickle may raise anything, a broken archive too
        raise InputError(
            f"{where}: cut off or broken ({type(error).__name__}: {' '.join(str(error).split())[:80]}); download "
            f"{ORIGIN} again"
        ) from error
    return _checked(content, where)


def _checked(content: Any, where: str) -> tuple[np.ndarray, np.ndarray]:
    """Images and labels of a batch, once they are what CIFAR-10 has."""
    data = content.get(b"data") if isinstance(content, dict) else None
    labels = content.get(b"labels") if isinstance(content, dict) else None
    if not isinstance(data, np.ndarray) or data.dtype != np.uint8 or data.shape != (BATCH_IMAGES, IMAGE_VALUES):
        what = f"{data.dtype} {list(data.shape)}" if isinstance(data, np.ndarray) else type(data).__name__
        raise InputError(f"{where}: data is {what}; allowed: uint8 [{BATCH_IMAGES}, {IMAGE_VALUES}]")
    if not isinstance(labels, list) or len(labels) != BATCH_IMAGES:
        what = f"{len(labels)} labels" if isinstance(labels, list) else type(labels).__name__
        raise InputError(f"{where}: labels are {what}; allowed: a list of {BATCH_IMAGES}")
    wrong = [label for label in labels if not isinstance(label, int) or not 0 <= label < CLASSES]
    if wrong:
        raise InputError(f"{where}: {len(wrong)} labels such as {wrong[0]!r}; allowed: 0 to {CLASSES - 1}")
    return data.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1), np.array(labels, np.int32)


class _RefusedError(pickle.UnpicklingError):
    """A pickle asks for what CIFAR-10 has no need of."""


def _latin1(text: str, encoding: str) -> bytes:
    """How pickles of Python 2 spell bytes."""
    if encoding != "latin1":
        raise _RefusedError(f"it holds text in {encoding}; allowed: latin1")
    return text.encode(encoding)


# What NumPy itself names in the pickle of an array.
_reconstruct: Any = np.empty(0).__reduce__()[0]
_ALLOWED: dict[tuple[str, str], Callable | type] = {
    ("numpy.core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy._core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    ("_codecs", "encode"): _latin1,
}


class _Unpickler(pickle.Unpickler):
    """Builds arrays, lists, strings and numbers; a pickle that asks for anything else is refused before it runs."""

    def find_class(self, module: str, name: str):
        if (module, name) not in _ALLOWED:
            raise _RefusedError(f"it asks for {module}.{name}; allowed: arrays, lists, strings and numbers")
        return _ALLOWED[module, name]


def _source(keys: Keys) -> DataSource:
    return DataSource(
        "cifar10",
        Sizes((32, 32, 3), (8, 8, 3), lambda: CLASSES, PHOTOGRAPH_RMS, augmentation=("mirror", "shift")),
        load_cifar10,
        test_images=lambda: BATCH_IMAGES,
        training_images=lambda: len(TRAINING) * BATCH_IMAGES,
        find=find_cifar10,
        attributes={"animal": lambda part: np.isin(part.labels, ANIMALS).astype(np.int64)},
    )


DATASETS = (DatasetKind("cifar10", _source),)
