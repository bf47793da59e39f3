"""A data set from outside of the package: what it gives is checked before anything is trained or measured on it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import numpy as np

from diffsem.link import InputError
from diffsem.scenarios.datasets.source import ALL, FEWEST, SAME, DataSource, LabelledImages, Sizes
from diffsem.scenarios.parts.outside import guarded
from diffsem.scenarios.schema.values import Variation


def checked_source(source: Any, reference: str, where: str) -> DataSource:
    """The source, whose every answer is checked and whose errors name it.

    Parameters
    ----------
    source : object
        What a kind of data set made of its keys.
    reference : str
        module:NAME of the kind.
    where : str
        Key of the scenario, for errors.

    Raises
    ------
    InputError
        If it is no DataSource or says what cannot be: now, or later when it is asked.
    """
    told = f"{where}: {reference}"
    if not isinstance(source, DataSource):
        raise InputError(f"{told}: its source is {type(source).__name__}; allowed: diffsem.scenarios.DataSource")
    _check_sizes(source.sizes, told)
    for name in {SAME, ALL} & set(source.surrogates):
        raise InputError(f"{told}: a surrogate's name is '{name}', which means images of the data set itself")

    def safe(function: Callable) -> Callable:
        return guarded(reference, function, where)

    def counted(name: str, function: Callable[[], int], least: int) -> Callable[[], int]:
        def count() -> int:
            number = safe(function)()
            if not isinstance(number, int) or number < least:
                raise InputError(f"{told}: {name} gives {number!r}; allowed: {least} or more")
            return number

        return count

    sizes = replace(source.sizes, count_classes=counted("count_classes", source.sizes.count_classes, 2))
    test_images = counted("test_images", source.test_images, 1)

    def load(data_dir: Path | None) -> tuple[LabelledImages, LabelledImages]:
        parts = safe(source.load)(data_dir)
        if not isinstance(parts, tuple) or len(parts) != 2:
            raise InputError(f"{told}: load gives {type(parts).__name__}; allowed: (training, test) LabelledImages")
        training = _checked_images(parts[0], sizes, FEWEST, f"{told}: training")
        test = _checked_images(parts[1], sizes, 1, f"{told}: test")
        if len(test) != test_images():
            raise InputError(f"{told}: test_images gives {test_images()}, load {len(test)} test images")
        return training, test

    def surrogate(name: str) -> Callable[[], LabelledImages]:
        return lambda: _checked_images(safe(source.surrogates[name])(), sizes, 2, f"{told}: surrogate {name}")

    return DataSource(
        source.name,
        sizes,
        load,
        test_images,
        counted("training_images", source.training_images, FEWEST),
        {name: surrogate(name) for name in source.surrogates},
        safe(source.find),
        {name: _attribute(safe(values), f"{told}: attribute {name}") for name, values in source.attributes.items()},
    )


def _attribute(values: Callable, told: str) -> Callable[[LabelledImages], np.ndarray]:
    """What says an attribute, and has to say a number of every image."""

    def checked(part: LabelledImages) -> np.ndarray:
        found = np.asarray(values(part))
        if found.shape != (len(part),) or found.dtype.kind not in "iuf":
            what = f"{found.dtype} {list(found.shape)}"
            raise InputError(f"{told} gives {what}; allowed: a number an image, [{len(part)}]")
        return found

    return checked


def _check_sizes(sizes: Any, told: str) -> None:
    if not isinstance(sizes, Sizes):
        raise InputError(f"{told}: its sizes are {type(sizes).__name__}; allowed: diffsem.scenarios.Sizes")
    for name in ("image_shape", "feature_shape"):
        shape = getattr(sizes, name)
        if (
            not isinstance(shape, tuple)
            or len(shape) != 3
            or not all(isinstance(length, int) and length > 0 for length in shape)
        ):
            raise InputError(f"{told}: its {name} is {shape!r}; allowed: (height, width, channels)")
    if not isinstance(sizes.pixel_rms, float) or not 0 < sizes.pixel_rms <= 1:
        raise InputError(f"{told}: its pixel_rms is {sizes.pixel_rms!r}; allowed: a number in 0..1, not 0")
    unknown = set(sizes.augmentation) - set(get_args(Variation))
    if unknown:
        raise InputError(f"{told}: its augmentation has {min(unknown)!r}; allowed: {', '.join(get_args(Variation))}")
    if not isinstance(sizes.reference_shift, int) or not 0 <= sizes.reference_shift < min(sizes.image_shape[:2]):
        raise InputError(f"{told}: its reference_shift is {sizes.reference_shift!r}; allowed: 0 or more pixels")


def _checked_images(part: Any, sizes: Sizes, fewest: int, told: str) -> LabelledImages:
    """The part, once it holds what its sizes say; labels as int32."""
    if not isinstance(part, LabelledImages):
        raise InputError(f"{told}: is {type(part).__name__}; allowed: diffsem.scenarios.LabelledImages")
    images, labels = part.images, part.labels
    shape = ", ".join(map(str, sizes.image_shape))
    if not isinstance(images, np.ndarray) or images.dtype != np.uint8 or images.shape[1:] != sizes.image_shape:
        raise InputError(f"{told}: images are {_kind_of(images)}; allowed: uint8 [N, {shape}]")
    if (
        not isinstance(labels, np.ndarray)
        or not np.issubdtype(labels.dtype, np.integer)
        or labels.shape != images.shape[:1]
    ):
        raise InputError(f"{told}: labels are {_kind_of(labels)}; allowed: int32 [{len(images)}]")
    if len(images) < fewest:
        raise InputError(f"{told}: {len(images)} images; allowed: {fewest} or more")
    wrong = labels[(labels < 0) | (labels >= sizes.classes)]
    if len(wrong):
        raise InputError(f"{told}: {len(wrong)} labels such as {wrong[0]}; allowed: 0 to {sizes.classes - 1}")
    return LabelledImages(images, labels.astype(np.int32))


def _kind_of(value: Any) -> str:
    return f"{value.dtype} {list(value.shape)}" if isinstance(value, np.ndarray) else type(value).__name__
