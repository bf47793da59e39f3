"""Images of one's own: a folder with a sub-folder a class."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image

from diffsem.link.errors import InputError
from diffsem.scenarios.sizes import class_folders

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
# Fewer cannot be shared out to pair and eavesdropper, for training and for validation.
FEWEST = 20


def load_folder(folder: Path, size: int) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """Training and test set, each images [N, size, size, 3] uint8 and labels [N] int32.

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
        test = set(order[: _share(files)])
        for number, path in enumerate(files):
            try:
                images.append(_read(path, size))
            except ValueError as error:
                wrong.append(f"{path.relative_to(folder)} ({error})")
                continue
            labels.append(label)
            in_test.append(number in test)
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
    stacked, numbers = np.stack(images), np.array(labels, np.int32)
    test_labels = numbers[chosen]
    # Whoever takes the first few, as examples or by `max_images`, gets every class.
    place_in_class = np.concatenate([np.arange(count) for count in np.bincount(test_labels)])
    round_robin = np.lexsort((test_labels, place_in_class))
    return (stacked[~chosen], numbers[~chosen]), (stacked[chosen][round_robin], test_labels[round_robin])


def count_test_images(folder: Path) -> int:
    """Images that `load_folder` sets apart for test. Raises InputError if the folder or a class has too few."""
    return sum(_share(_files(place)) for place in class_folders(folder))


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
