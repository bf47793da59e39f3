"""What every data set has to pass."""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from diffsem.scenarios.datasets import resolve_dataset
from diffsem.scenarios.datasets.source import DataSource, LabelledImages
from diffsem.scenarios.datasets.splitting import load_dataset
from diffsem.scenarios.testing.digest import digest_of
from diffsem.scenarios.testing.small import small_plan
from diffsem.scenarios.testing.sweeping import train_all

# Of an image's root mean square, from what is declared.
RMS_MARGIN = 0.05
# Photographs of one thing may be the same; whole sets that overlap are more than that.
REPEATED = 0.01


def run_dataset_test(
    words: str | Mapping[str, Any],
    folder: Path,
    overrides: Sequence[str] = (),
    data_dir: Path | None = None,
) -> None:
    """Load a data set twice, share it out, and train a small system and an attack on it.

    Parameters
    ----------
    words : str or mapping
        As a scenario gives them: a shipped name, keys, or {"kind": module:NAME, ...}.
    folder : Path
        Empty; receives weights.
    overrides : sequence of str
        What else the scenario needs for it.
    data_dir : Path, optional
        Where data are looked for first.

    Raises
    ------
    AssertionError
        If there are other images than are declared, other ones in another process, the same ones for the pair, the
        eavesdropper and the test, or their root mean square is not the declared one.
    InputError
        If it cannot be read, or no network trains on it.
    """
    source, _, _ = resolve_dataset(words)
    training, test = source.load(data_dir)
    _check_images(source, training, source.training_images(), "training")
    _check_images(source, test, source.test_images(), "test")
    for name, images in source.surrogates.items():
        surrogate = images()
        _check_images(source, surrogate, len(surrogate), f"surrogate {name}")
    digest, again = digest_of(words, data_dir), _digest_elsewhere(words, data_dir)
    assert digest == again, "another process loads other images: draw from a fixed seed, and sort what is listed"
    _check_split(source, data_dir)
    rms = np.mean([float(np.sqrt((image.astype(np.float64) ** 2).mean())) for image in training.images]) / 255
    declared = source.sizes.pixel_rms
    assert abs(rms / declared - 1) < RMS_MARGIN, f"root mean square of pixels is {rms:.3f}; declared: {declared}"
    chosen = ["legitimate.receivers=[classifier]", "eavesdropper.attacks=[linear-probe]"]
    plan = small_plan("mnist-quick", folder / "weights", [f"dataset={json.dumps(words)}", *chosen, *overrides])
    train_all(plan, folder)


def _digest_elsewhere(words: str | Mapping[str, Any], data_dir: Path | None) -> str:
    """The same by a process of its own, whose caches are empty and whose sets have another order."""
    code = (
        "import json, pathlib, sys; from diffsem.scenarios.testing.digest import digest_of; "
        "words, place = json.loads(sys.argv[1]); print(digest_of(words, place and pathlib.Path(place)))"
    )
    told = json.dumps([words, None if data_dir is None else str(data_dir)])
    path = os.pathsep.join(part for part in sys.path if part)
    ended = subprocess.run(
        [sys.executable, "-c", code, told],
        env=os.environ | {"PYTHONPATH": path, "PYTHONHASHSEED": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, f"another process cannot load it: {ended.stderr.strip().splitlines()[-1:]}"
    return ended.stdout.strip().splitlines()[-1]


def _check_images(source: DataSource, part: LabelledImages, count: int, what: str) -> None:
    images, labels, classes = part.images, part.labels, source.sizes.classes
    assert len(images) == count, f"{what}: {len(images)} images; declared: {count}"
    assert images.dtype == np.uint8, f"{what}: images are {images.dtype}; allowed: uint8"
    assert images.shape[1:] == source.sizes.image_shape, f"{what}: images are {images.shape[1:]}"
    assert labels.shape == (count,), f"{what}: labels have shape {labels.shape}; allowed: ({count},)"
    assert labels.dtype == np.int32, f"{what}: labels are {labels.dtype}; allowed: int32"
    there = sorted({int(label) for label in labels})
    assert there == list(range(classes)), f"{what}: labels are {there}; expected: each of 0 to {classes - 1}"


def _check_split(source: DataSource, data_dir: Path | None) -> None:
    """Nobody's images are somebody else's."""
    dataset = load_dataset(source, data_dir)
    parts = {name: _hashes(getattr(dataset, name)) for name in ("pair", "surrogate", "test")}
    for name, other in (("pair", "surrogate"), ("pair", "test"), ("surrogate", "test")):
        shared = len(parts[name] & parts[other]) / min(len(parts[name]), len(parts[other]))
        assert shared < REPEATED, f"{shared:.1%} of the {name} images are {other} images, too"


def _hashes(part: LabelledImages) -> set[bytes]:
    return {hashlib.blake2b(image.tobytes(), digest_size=16).digest() for image in part.images}
