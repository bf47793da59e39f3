"""Images and labels, where they come from, and who may see which."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from diffsem.link import shortened
from diffsem.scenarios.schema.keys import Keys
from diffsem.scenarios.schema.nodes import Eavesdropper, Surrogate
from diffsem.scenarios.schema.values import Variation

VALIDATION_SHARE = 1 / 16
# Fewer cannot be shared out to pair and eavesdropper, for training and for validation.
FEWEST = 20
# Root mean square of the pixels: CIFAR-10's is taken for that of all photographs.
PHOTOGRAPH_RMS = 0.522
# The surrogate images that are those of the data set itself.
SAME = "same"
ALL = "all"


@dataclass(frozen=True)
class LabelledImages:
    """Images [N, height, width, channels] uint8 and labels [N] int32.

    Examples
    --------
    >>> import numpy as np
    >>> from diffsem.scenarios import LabelledImages
    >>> images = LabelledImages(np.full((32, 28, 28, 1), 51, "uint8"), np.zeros(32, "int32"))
    >>> [len(part) for part in images.split_off_validation()], round(float(images.as_float().max()), 3)
    ([30, 2], 0.2)
    """

    images: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index) -> "LabelledImages":
        return LabelledImages(self.images[index], self.labels[index])

    def __add__(self, other: "LabelledImages") -> "LabelledImages":
        images, labels = [self.images, other.images], [self.labels, other.labels]
        return LabelledImages(np.concatenate(images), np.concatenate(labels))

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

    The pair never sees the surrogate images, the eavesdropper the pair's only where a scenario gives it all of them,
    and nobody trains on test.
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


@dataclass(frozen=True)
class Sizes:
    """What networks are built for, and how their training images may be varied.

    Parameters
    ----------
    image_shape, feature_shape : tuple of three int
        Height, width and channels of an image, and of a feature unless the scenario says: one real symbol a value.
    count_classes : callable
        () -> number of classes.
    pixel_rms : float
        Root mean square of the pixels of a training image, on average over the images.
    augmentation : tuple of str
        How training images are varied unless the scenario says; what it does must leave their labels alone.
    reference_shift : int
        Pixels by which the reference pair's training images are shifted at most, unless the scenario says; 0: they are
        varied as all are.

    Examples
    --------
    >>> from diffsem.scenarios import Sizes
    >>> Sizes((28, 28, 1), (8, 8, 1), count_classes=lambda: len({"cat", "dog"}), pixel_rms=0.3).classes
    2
    """

    image_shape: tuple[int, int, int]
    feature_shape: tuple[int, int, int]
    count_classes: Callable[[], int]
    pixel_rms: float
    augmentation: tuple[Variation, ...] = ()
    reference_shift: int = 0

    @cached_property
    def classes(self) -> int:
        """Number of classes. Raises InputError if they cannot be counted, as in a folder that is not there."""
        return self.count_classes()


def _not_known(data_dir: Path | None) -> None:
    """Of a source that only tells once it is read."""


@dataclass(frozen=True)
class DataSource:
    """Where the images of a data set come from; nothing is read until it is asked for.

    Parameters
    ----------
    name : str
        Of the folder of its shipped weights.
    sizes : Sizes
    load : callable
        (folder where data are looked for first, or None) -> (training, test) LabelledImages. Raises InputError if
        files are missing or broken.
    test_images, training_images : callable
        () -> how many images `load` gives, without loading them.
    surrogates : mapping of str to callable
        () -> LabelledImages of the same shape that an eavesdropper may learn from instead, by their name in a scenario.
    find : callable
        (folder where data are looked for first, or None) -> anything; reads nothing. Raises InputError, with the places
        where it looked, if files are missing.
    attributes : mapping of str to callable
        LabelledImages -> [N] of what else their images tell: whole numbers from 0, classes of their own, or measures,
        which are told in thirds. `diffsem.scenarios.overheard` says how much of them leaks.

    Examples
    --------
    >>> import numpy as np
    >>> from diffsem.scenarios import DataSource, LabelledImages, Sizes
    >>> grey = LabelledImages(np.full((40, 28, 28, 1), 128, "uint8"), np.arange(40, dtype="int32") % 2)
    >>> sizes = Sizes((28, 28, 1), (8, 8, 1), lambda: 2, pixel_rms=0.5)
    >>> source = DataSource("grey", sizes, lambda folder: (grey[:30], grey[30:]), lambda: 10, lambda: 30)
    >>> [len(part) for part in source.load(None)], source.test_images()
    ([30, 10], 10)
    """

    name: str
    sizes: Sizes
    load: Callable[[Path | None], tuple[LabelledImages, LabelledImages]]
    test_images: Callable[[], int]
    training_images: Callable[[], int]
    surrogates: Mapping[str, Callable[[], LabelledImages]] = field(default_factory=dict)
    find: Callable[[Path | None], object] = _not_known
    attributes: Mapping[str, Callable[[LabelledImages], np.ndarray]] = field(default_factory=dict)


@dataclass(frozen=True)
class DatasetKind:
    """A kind of data set.

    Parameters
    ----------
    name : str
        In scenarios.
    source : callable
        keys -> DataSource
    keys : type of Keys
        pydantic model of its keys in a scenario; default: it has none.

    Examples
    --------
    Its own key chooses how many classes there are.

    >>> from diffsem.scenarios import DatasetKind, DataSource, Keys, Sizes
    >>> class Grey(Keys):
    ...     classes: int = 2
    >>> def source(keys):
    ...     sizes = Sizes((28, 28, 1), (8, 8, 1), lambda: keys.classes, pixel_rms=0.5)
    ...     return DataSource("grey", sizes, load=lambda folder: None, test_images=lambda: 0, training_images=lambda: 0)
    >>> kind = DatasetKind("grey", source, Grey)
    >>> kind.source(kind.keys(classes=5)).sizes.classes
    5
    """

    name: str
    source: Callable[[Any], DataSource]
    keys: type[Keys] = Keys


def check_surrogates(eavesdropper: Eavesdropper, source: DataSource) -> None:
    """Raises ValueError if an attack is to learn from images that do not go with the data set."""
    allowed = (SAME, ALL, *source.surrogates)
    for surrogate in (eavesdropper.surrogate, *(attack.surrogate for attack in eavesdropper.attacks)):
        if surrogate is not None and surrogate.images not in allowed:
            raise ValueError(
                f"eavesdropper: surrogate.images {shortened(surrogate.images)}: do not go with dataset {source.name}; "
                f"allowed: {', '.join(allowed)}"
            )


def surrogate_images(dataset: Dataset, source: DataSource, surrogate: Surrogate) -> LabelledImages:
    """The images that an eavesdropper learns from.

    Parameters
    ----------
    dataset : Dataset
    source : DataSource
        That it comes from.
    surrogate : Surrogate
        same: those of the data set that the pair never sees; all: the pair's besides, before them; or one of the
        source's. A share of them is taken from the start of the set.
    """
    if surrogate.images == ALL:
        images = dataset.pair + dataset.surrogate
    else:
        images = dataset.surrogate if surrogate.images == SAME else source.surrogates[surrogate.images]()
    return images[: max(2, round(surrogate.share * len(images)))]
