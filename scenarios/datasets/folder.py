"""Images of one's own: a folder with a sub-folder a class."""

import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import numpy as np
from PIL import ExifTags, Image
from pydantic import AfterValidator, Field

from diffsem.link import InputError
from diffsem.scenarios.datasets.source import FEWEST, PHOTOGRAPH_RMS, DatasetKind, DataSource, LabelledImages, Sizes
from diffsem.scenarios.schema.keys import FolderPath, Keys

# An encoder halves a picture's height and width twice; the U-Net halves what comes out twice again.
REDUCTION = 4
COLOURS = 3

SUFFIXES = (".png", ".jpg", ".jpeg")
MODES = ("1", "L", "P", "RGB")
SMALLEST = 8
# By EXIF orientation: what brings a photograph upright.
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
TEST_SHARE = 1 / 6
# Fixed, and apart from any scenario's seed, as the other data sets' splits are.
SPLIT_SEED = 0
SHOWN = 3


def _whole_channels(compression: float) -> float:
    channels = REDUCTION**2 * COLOURS * compression
    if not math.isclose(channels, round(channels), abs_tol=1e-6) or round(channels) < 1:
        raise ValueError(f"must be a multiple of 1/{REDUCTION**2 * COLOURS}: a feature has whole channels")
    return compression


class FolderKeys(Keys):
    """Images of one's own: a sub-folder a class, PNG or JPEG, resized to squares of RGB."""

    folder: FolderPath = Field(description="folder with one sub-folder a class; PNG or JPEG, grey or RGB")
    image_size: Annotated[int, Field(ge=16, le=256, multiple_of=4 * REDUCTION)] = Field(
        default=32, description="height and width that images are brought to, pixels"
    )
    compression: Annotated[float, Field(gt=0, le=1), AfterValidator(_whole_channels)] = Field(
        default=1 / 16, description="real symbols of a feature a value of an image; a multiple of 1/48"
    )


def load_folder(folder: Path, size: int) -> tuple[LabelledImages, LabelledImages]:
    """Training and test set, images [N, size, size, 3].

    Labels follow the names of the sub-folders. Images are turned upright as their EXIF orientation says, cropped to
    their central square and resized. A sixth of every class is for test, the same one whenever the same files are
    there, in an order that goes round the classes. Hidden files are no images; any other file that cannot be used is
    an error.

    Parameters
    ----------
    folder : Path
    size : int
        Pixels.

    Raises
    ------
    InputError
        If the folder is not there, a class is empty, or there are files that are no PNG or JPEG in grey or RGB of at
        least 8 x 8 pixels: how many, and which come first. If fewer than 20 are left for training.
    """
    images: list[np.ndarray] = []
    labels: list[int] = []
    in_test: list[bool] = []
    wrong: list[str] = []
    classes = class_folders(folder)
    for label, place in enumerate(classes):
        files = _files(place)
        order = np.random.default_rng([SPLIT_SEED, label]).permutation(len(files))
        for_test = set(order[: _share(files)])
        for number, path in enumerate(files):
            try:
                images.append(_read(path, size))
            except ValueError as error:
                wrong.append(f"{path.relative_to(folder)} ({error})")
                continue
            labels.append(label)
            in_test.append(number in for_test)
    if wrong:
        total = len(wrong) + len(images)
        more = ", ..." if len(wrong) > SHOWN else ""
        raise InputError(
            f"dataset folder {folder}: {len(wrong)} of {total} images cannot be used: {', '.join(wrong[:SHOWN])}{more};"
            f" allowed: PNG or JPEG, grey or RGB, at least {SMALLEST} x {SMALLEST} pixels"
        )
    chosen = np.array(in_test)
    if np.count_nonzero(~chosen) < FEWEST:
        raise InputError(
            f"dataset folder {folder}: {np.count_nonzero(~chosen)} of {len(chosen)} images are for training; allowed: "
            f"{FEWEST} or more"
        )
    both = LabelledImages(np.stack(images), np.array(labels, np.int32))
    test = both[chosen]
    # Whoever takes the first few, as examples or by `max_images`, gets every class.
    place_in_class = np.concatenate([np.arange(count) for count in np.bincount(test.labels)])
    return both[~chosen], test[np.lexsort((test.labels, place_in_class))]


def count_images(folder: Path) -> tuple[int, int]:
    """Images of `load_folder` for training and for test. Raises InputError if the folder or a class has too few."""
    files = [_files(place) for place in class_folders(folder)]
    test = sum(_share(entries) for entries in files)
    return sum(map(len, files)) - test, test


def class_folders(folder: Path) -> list[Path]:
    """The sub-folders of a data set, one a class, in the order of their labels: by name.

    Raises
    ------
    InputError
        If the folder is not there, cannot be read or has less than two sub-folders.
    """
    try:
        if not folder.is_dir():
            raise InputError(f"dataset folder {folder}: no such folder; it must hold one sub-folder a class")
        classes = sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    except OSError as error:
        raise InputError(f"dataset folder {folder}: cannot be read ({error.strerror})") from error
    if len(classes) < 2:
        raise InputError(f"dataset folder {folder}: {len(classes)} sub-folders; it must hold one a class, two or more")
    return classes


def _files(place: Path) -> list[Path]:
    """A class's files, in the order of their names."""
    try:
        files = sorted(path for path in place.rglob("*") if path.is_file() and not path.name.startswith("."))
    except OSError as error:
        raise InputError(f"dataset folder {place}: cannot be read ({error.strerror})") from error
    if len(files) < 2:
        raise InputError(
            f"dataset folder {place}: {len(files)} images; a class needs two or more, for training and for test"
        )
    return files


def _share(files: list[Path]) -> int:
    """How many of a class's images are for test."""
    return max(1, round(TEST_SHARE * len(files)))


def _read(path: Path, size: int) -> np.ndarray:
    """[size, size, 3] uint8. Raises ValueError with a few words on what is wrong."""
    if path.suffix.lower() not in SUFFIXES:
        raise ValueError("no PNG or JPEG")
    try:
        with _no_bombs(), Image.open(path, formats=("PNG", "JPEG")) as image:
            if image.mode not in MODES:
                raise ValueError(f"colours are {image.mode}")
            if min(image.size) < SMALLEST:
                raise ValueError(f"{image.width} x {image.height} pixels")
            colours = _upright(image).convert("RGB")
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise ValueError(f"more than {Image.MAX_IMAGE_PIXELS:,} pixels") from error
    except ValueError:
        raise
    except Exception as error:  # of a damaged file, Pillow may raise anything
        raise ValueError("broken") from error
    side = min(colours.size)
    left, top = (colours.width - side) // 2, (colours.height - side) // 2
    square = colours.crop((left, top, left + side, top + side))  # a resized box would bleed into its margins
    return np.asarray(square.resize((size, size), Image.Resampling.BICUBIC))


@contextmanager
def _no_bombs() -> Iterator[None]:
    """Pillow only warns of images of up to twice its limit; a damaged EXIF tag is not worth a warning of its own."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield


def _upright(image: Image.Image) -> Image.Image:
    # Pillow's exif_transpose also writes the other tags anew, and fails where a camera strayed from the standard.
    turn = TURNS.get(image.getexif().get(ExifTags.Base.Orientation, 1))
    return image if turn is None else image.transpose(turn)


def _source(keys: FolderKeys) -> DataSource:
    folder, side = Path(keys.folder), keys.image_size // REDUCTION
    sizes = Sizes(
        image_shape=(keys.image_size, keys.image_size, COLOURS),
        feature_shape=(side, side, round(REDUCTION**2 * COLOURS * keys.compression)),
        count_classes=lambda: len(class_folders(folder)),
        pixel_rms=PHOTOGRAPH_RMS,
        # Not mirrored: nobody knows whether the images show text.
        augmentation=("shift",),
    )
    return DataSource(
        "folder",
        sizes,
        lambda data_dir: load_folder(folder, keys.image_size),
        test_images=lambda: count_images(folder)[1],
        training_images=lambda: count_images(folder)[0],
    )


DATASETS = (DatasetKind("folder", _source, FolderKeys),)
