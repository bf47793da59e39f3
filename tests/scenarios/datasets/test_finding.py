"""Data sets by their words: shipped ones, and those from outside of the package."""

import re
import sys
from pathlib import Path

import numpy as np
import pytest

from diffsem.link import InputError
from diffsem.scenarios.datasets import names_outside, resolve_dataset
from diffsem.scenarios.datasets.source import surrogate_images
from diffsem.scenarios.datasets.splitting import load_dataset
from diffsem.scenarios.schema.nodes import Surrogate

# Stripes: the label is the row that is bright.
STRIPES = """
from typing import Annotated

import numpy as np
from pydantic import Field

from diffsem.scenarios.datasets.source import DatasetKind, DataSource, LabelledImages, Sizes
from diffsem.scenarios.schema.keys import Keys


class StripeKeys(Keys):
    side: Annotated[int, Field(ge=8, le=64)] = 16
    bright: int = 200


def draw(count, keys):
    labels = np.arange(count) % 4
    images = np.zeros((count, keys.side, keys.side, 1), np.uint8)
    images[np.arange(count), labels] = keys.bright
    return LabelledImages(images, labels)


def stripes(keys, **changed):
    sizes = {"image_shape": (keys.side, keys.side, 1), "feature_shape": (4, 4, 1), "count_classes": lambda: 4}
    known = {
        "name": "stripes",
        "sizes": Sizes(**{**sizes, "pixel_rms": 0.2, **changed.pop("sizes", {})}),
        "load": lambda data_dir: (draw(100, keys), draw(40, keys)),
        "test_images": lambda: 40,
        "training_images": lambda: 100,
        "surrogates": {"dim": lambda: draw(10, StripeKeys(side=keys.side, bright=9))},
    }
    return DataSource(**{**known, **changed})


MINE = DatasetKind("stripes", stripes, StripeKeys)
"""
PLACE = len(STRIPES.splitlines()) + 2


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Write a module of one's own, with more behind what makes stripes: gives its name."""
    name = f"stripes_{tmp_path.name.replace('-', '_')}"
    monkeypatch.syspath_prepend(str(tmp_path))

    def write(more=""):
        (tmp_path / f"{name}.py").write_text(f"{STRIPES}\n{more}\n")
        return name

    yield write
    sys.modules.pop(name, None)


def told(act):
    with pytest.raises(InputError) as error:
        act()
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("imagenet", "dataset: imagenet: unknown; allowed: cifar10, folder, mnist"),
        ("nmist", "dataset: nmist: unknown; did you mean mnist?"),
        ("folder", "dataset.folder: missing"),
        ({"foldr": "images"}, "dataset.foldr: unknown key; did you mean folder?"),
        ({"zzz": "images"}, "dataset.zzz: unknown key; allowed: folder, kind"),
        ({}, "dataset: has no keys; allowed: folder, kind"),
        ({"kind": "mnist"}, "dataset.kind: 'mnist': allowed: module:NAME"),
        ({"kind": 3}, "dataset.kind: 3: allowed: module:NAME"),
        ({"folder": "images", "image_size": 33}, "dataset.image_size: 33: should be a multiple of 16"),
        ({"folder": "images", "compression": 0.07}, "dataset.compression: 0.07: must be a multiple of 1/48"),
        ({"folder": "images", "compression": True}, "dataset.compression: true: is a boolean"),
        ({"folder": "a\0b"}, "dataset.folder: 'a\\x00b': holds a NUL"),
        ({"folder": "images", "imagesize": 32}, "dataset.imagesize: unknown key; did you mean image_size?"),
        ("no_such_module_here:DATA", "dataset: no_such_module_here:DATA: "),
        ("os:system", "dataset: os:system: is builtin_function_or_method; allowed: diffsem.scenarios.DatasetKind"),
    ],
)
def test_words_that_mean_no_data_set_end_in_one_line(words, message):
    assert told(lambda: resolve_dataset(words)).startswith(message)


def test_words_are_filled_in_with_every_default():
    assert resolve_dataset("mnist")[1:] == ("mnist", None)
    filled = {"folder": "images", "image_size": 32, "compression": 1 / 16}
    assert resolve_dataset({"folder": "images"})[1:] == (filled, None)
    assert resolve_dataset(filled)[1] == filled


def test_a_data_set_of_ones_own_is_found_loaded_and_split(module):
    name = f"{module()}:MINE"
    source, words, origin = resolve_dataset({"kind": name, "side": 8})
    assert words == {"kind": name, "side": 8, "bright": 200}
    assert resolve_dataset(name)[1] == {"kind": name, "side": 16, "bright": 200}
    assert (origin.reference, origin.file) == (name, Path(sys.modules[name.partition(":")[0]].__file__))
    assert (source.name, source.sizes.classes, source.test_images(), source.training_images()) == (
        "stripes",
        4,
        40,
        100,
    )
    dataset = load_dataset(source)
    assert [len(part) for part in (dataset.pair, dataset.surrogate, dataset.test)] == [80, 20, 40]
    assert dataset.test.labels.dtype == np.int32
    np.testing.assert_array_equal(dataset.pair.images.max(axis=(2, 3)).argmax(axis=1), dataset.pair.labels)
    assert surrogate_images(dataset, source, Surrogate(images="dim")).images.max() == 9


def test_whether_words_come_from_outside_is_known_without_importing_them(module):
    name = f"{module('1 / 0')}:MINE"
    assert names_outside(name) == names_outside({"kind": name, "side": 8}) == [name]
    assert names_outside("mnist") == names_outside({"folder": "images"}) == []
    assert name.partition(":")[0] not in sys.modules


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("MINE = DatasetKind('mnist', stripes, StripeKeys)", "its name 'mnist' is a shipped one's"),
        ("MINE = DatasetKind('x', stripes, dict)", "its keys are no sub-class of diffsem.scenarios.Keys"),
        (
            "MINE = DatasetKind('x', lambda keys: 1 / 0, StripeKeys)",
            f".py:{PLACE}: ZeroDivisionError: ",
        ),
        ("MINE = DatasetKind('x', lambda keys: 3, StripeKeys)", "its source is int; allowed: diffsem.scenarios.DataS"),
        (
            "MINE = DatasetKind('x', lambda keys: stripes(keys, name='cifar10'), StripeKeys)",
            "its name 'cifar10' is a shipped one's",
        ),
        (
            "MINE = DatasetKind('x', lambda keys: stripes(keys, sizes={'image_shape': (8, 8)}), StripeKeys)",
            "its image_shape is (8, 8); allowed: (height, width, channels)",
        ),
        (
            "MINE = DatasetKind('x', lambda keys: stripes(keys, sizes={'pixel_rms': 52.0}), StripeKeys)",
            "its pixel_rms is 52.0",
        ),
        (
            "MINE = DatasetKind('x', lambda keys: stripes(keys, sizes={'augmentation': ('flip',)}), StripeKeys)",
            "its augmentation has 'flip'; allowed: mirror, shift",
        ),
        (
            "MINE = DatasetKind('x', lambda keys: stripes(keys, surrogates={'all': lambda: 3}), StripeKeys)",
            "a surrogate's name is 'all', which means images of the data set itself",
        ),
    ],
)
def test_a_kind_that_says_what_cannot_be_is_told_when_it_is_found(more, message, module):
    name = f"{module(more)}:MINE"
    text = told(lambda: resolve_dataset(name))
    assert text.startswith(f"dataset: {name}: ")
    assert message in text


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ("load=lambda data_dir: 1 / 0", "ZeroDivisionError: division by zero"),
        ("load=lambda data_dir: draw(100, keys)", "load gives LabelledImages; allowed: (training, test)"),
        ("load=lambda data_dir: (draw(100, keys), 3)", "test: is int; allowed: diffsem.scenarios.LabelledImages"),
        ("load=lambda data_dir: (draw(19, keys), draw(40, keys))", "training: 19 images; allowed: 20 or more"),
        ("load=lambda data_dir: (draw(100, keys), draw(39, keys))", "test_images gives 40, load 39 test images"),
        (
            "load=lambda data_dir: (draw(100, StripeKeys(side=8)), draw(40, keys))",
            "training: images are uint8 [100, 8, 8, 1]; allowed: uint8 [N, 16, 16, 1]",
        ),
        (
            "load=lambda data_dir: (draw(100, keys), LabelledImages(draw(40, keys).as_float(), np.zeros(40, int)))",
            "test: images are float32 [40, 16, 16, 1]; allowed: uint8 [N, 16, 16, 1]",
        ),
        (
            "load=lambda data_dir: (draw(100, keys), LabelledImages(draw(40, keys).images, np.zeros(40)))",
            "test: labels are float64 [40]; allowed: int32 [40]",
        ),
        (
            "load=lambda data_dir: (draw(100, keys), LabelledImages(draw(40, keys).images, np.zeros(39, int)))",
            "test: labels are int64 [39]; allowed: int32 [40]",
        ),
        ("sizes={'count_classes': lambda: 3}", "training: 25 labels such as 3; allowed: 0 to 2"),
        ("sizes={'count_classes': lambda: 1}", "count_classes gives 1; allowed: 2 or more"),
        ("test_images=lambda: 'many'", "test_images gives 'many'; allowed: 1 or more"),
    ],
)
def test_images_that_are_not_what_was_said_are_told_before_anything_learns_from_them(changed, message, module):
    more = f"MINE = DatasetKind('stripes', lambda keys: stripes(keys, {changed}), StripeKeys)"
    name = f"{module(more)}:MINE"
    source, _, _ = resolve_dataset(name)
    text = told(lambda: load_dataset(source))
    assert text.startswith(f"dataset: {name}: ")
    assert message in text


def test_surrogates_of_ones_own_are_checked_too(module):
    more = "MINE = DatasetKind('x', lambda keys: stripes(keys, surrogates={'odd': lambda: draw(1, keys)}), StripeKeys)"
    source, _, _ = resolve_dataset(f"{module(more)}:MINE")
    assert "surrogate odd: 1 images; allowed: 2 or more" in told(source.surrogates["odd"])


@pytest.mark.parametrize(
    ("made", "message"),
    [
        ("part.labels % 2", ""),
        ("part.images", r"attribute odd gives uint8 \[10, 8, 8, 1\]; allowed: a number an image, \[10\]"),
        ("['a'] * 10", r"attribute odd gives <U1 \[10\]; allowed: a number an image"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
    ],
)
def test_attributes_of_ones_own_are_kept_and_checked(made, message, module):
    odd = f"attributes={{'odd': lambda part: {made}}}"
    name = f"{module(f'MINE = DatasetKind(chr(120), lambda keys: stripes(keys, {odd}), StripeKeys)')}:MINE"
    source, _, _ = resolve_dataset({"kind": name, "side": 8})
    part = source.surrogates["dim"]()
    if not message:
        np.testing.assert_array_equal(source.attributes["odd"](part), part.labels % 2)
        return
    assert re.search(message, told(lambda: source.attributes["odd"](part)))
