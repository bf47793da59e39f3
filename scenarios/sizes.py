"""Which data set a scenario names, and what follows from it: sizes of images, features and labels, augmentation."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from diffsem.link.errors import InputError
from diffsem.scenarios.augmentation import Variation

# An encoder halves a picture's height and width twice; the U-Net halves what comes out twice again.
REDUCTION = 4
COLOURS = 3
# Of the training images; CIFAR-10's is taken for that of all photographs.
MNIST_RMS, CIFAR10_RMS = 0.329, 0.522
# What Linux allows, less what is put behind a folder; four bytes a character at most.
LONGEST_PATH, LONGEST_NAME = 900, 255
NO_NUMBER = PydanticCustomError("boolean", "is a boolean, as yes, no, on and off are; allowed: a number")


class Keys(BaseModel):
    """A group of keys of a scenario file: no others, and none may change later."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _no_boolean_for_a_number(cls, values: Any) -> Any:
        """Pydantic takes true for 1, and YAML yes, no, on and off for booleans."""
        for key, value in values.items() if isinstance(values, dict) else ():
            if key in cls.model_fields and _is_for_numbers(cls.model_fields[key].annotation):
                entries = enumerate(value) if isinstance(value, list | tuple) else [(None, value)]
                wrong = [
                    InitErrorDetails(type=NO_NUMBER, loc=(key,) if place is None else (key, place), input=entry)
                    for place, entry in entries
                    if isinstance(entry, bool)
                ]
                if wrong:
                    raise ValidationError.from_exception_data(cls.__name__, wrong)
        return values


def _is_for_numbers(annotation: Any) -> bool:
    """Whether values, or entries of lists, may be numbers and not booleans."""
    kinds = _parts(annotation)
    return bool not in kinds and (int in kinds or float in kinds)


def _parts(annotation: Any) -> list[Any]:
    return [annotation, *(kind for part in get_args(annotation) for kind in _parts(part))]


def _whole_channels(compression: float) -> float:
    channels = REDUCTION**2 * COLOURS * compression
    if not math.isclose(channels, round(channels), abs_tol=1e-6) or round(channels) < 1:
        raise ValueError(f"must be a multiple of 1/{REDUCTION**2 * COLOURS}: a feature has whole channels")
    return compression


def _usable_path(path: str) -> str:
    if "\0" in path:
        raise ValueError("holds a NUL character; allowed: a path")
    if any(len(part.encode()) > LONGEST_NAME for part in path.split("/")):
        raise ValueError(f"a name in it is longer than {LONGEST_NAME} bytes")
    return path


FolderPath = Annotated[str, Field(min_length=1, max_length=LONGEST_PATH), AfterValidator(_usable_path)]


class Folder(Keys):
    """Images of one's own: a sub-folder a class, PNG or JPEG, resized to squares of RGB."""

    folder: FolderPath = Field(description="folder with one sub-folder a class; PNG or JPEG, grey or RGB")
    image_size: Annotated[int, Field(ge=16, le=256, multiple_of=4 * REDUCTION)] = Field(
        default=32, description="height and width that images are brought to, pixels"
    )
    compression: Annotated[float, Field(gt=0, le=1), AfterValidator(_whole_channels)] = Field(
        default=1 / 16, description="real symbols of a feature a value of an image; a multiple of 1/48"
    )


DatasetName = Literal["mnist", "cifar10"]


@dataclass(frozen=True)
class Sizes:
    """What networks are built for, and trained with.

    Parameters
    ----------
    image_shape, feature_shape : tuple of three int
    classes : int
    pixel_rms : float
        Root mean square of the pixels of a training image, on average over the images.
    augmentation : tuple of str
        How training images are varied unless the scenario says; what it does must leave their labels alone.
    """

    image_shape: tuple[int, int, int]
    feature_shape: tuple[int, int, int]
    classes: int
    pixel_rms: float
    augmentation: tuple[Variation, ...]


def feature_shape_of(dataset: DatasetName | Folder) -> tuple[int, int, int]:
    """Height, width and channels of a feature, one real symbol a value."""
    if dataset == "mnist":
        return 8, 8, 1
    if dataset == "cifar10":
        return 8, 8, 3
    side = dataset.image_size // REDUCTION
    return side, side, round(REDUCTION**2 * COLOURS * dataset.compression)


def image_shape_of(dataset: DatasetName | Folder) -> tuple[int, int, int]:
    """Height, width and colours of an image."""
    if dataset == "mnist":
        return 28, 28, 1
    side = 32 if dataset == "cifar10" else dataset.image_size
    return side, side, COLOURS


def sizes_of(dataset: DatasetName | Folder) -> Sizes:
    """The sizes of a data set. Raises InputError if a folder of images is not there."""
    image_shape, feature_shape = image_shape_of(dataset), feature_shape_of(dataset)
    if dataset == "mnist":
        return Sizes(image_shape, feature_shape, 10, MNIST_RMS, ())
    if dataset == "cifar10":
        return Sizes(image_shape, feature_shape, 10, CIFAR10_RMS, ("mirror", "shift"))
    classes = len(class_folders(Path(dataset.folder)))
    # Not mirrored: nobody knows whether the images show text.
    return Sizes(image_shape, feature_shape, classes, CIFAR10_RMS, ("shift",))


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
