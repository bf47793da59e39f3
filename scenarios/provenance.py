"""What a training hangs on: scenario keys, training images, the networks it starts from, and package versions."""

import hashlib
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import keras

from diffsem.link.escaping import escaped
from diffsem.scenarios.datasets import Dataset
from diffsem.scenarios.networks import weights_file
from diffsem.scenarios.schema import Scenario, value_at
from diffsem.scenarios.workshop import Stage

# Every training's: whose images, in which order, and how the loop goes over them.
LOOP = (
    "seed",
    "dataset",
    "training.images",
    "training.augmentation",
    "training.batch_size",
    "training.learning_rate",
    "training.precision",
)


def fingerprint(stage: Stage, scenario: Scenario, dataset: Dataset, folder: Path) -> dict[str, Any]:
    """What a stage's networks hang on, as it would be trained now.

    Parameters
    ----------
    stage : Stage
    scenario : Scenario
    dataset : Dataset
    folder : Path
        Of the networks that it needs.

    Returns
    -------
    dict
        scenario: values of `LOOP` and of `Stage.depends` by dotted key; data_sha256: of the training images and
        labels; networks: SHA-256 of each file that it starts from, None if it is not there; versions: of packages;
        source: SHA-256 of the file of a recipe from outside, else None.
    """
    return {
        "scenario": {key: value_at(scenario, key) for key in (*LOOP, *stage.depends)},
        "data_sha256": dataset.training_sha256,
        "networks": {name: _digest(weights_file(folder, name)) for name in stage.needs},
        "versions": training_versions(),
        "source": sha256_of(stage.source) if stage.source else None,
    }


def training_versions() -> dict[str, str]:
    """Versions of the packages that a training's numbers hang on."""
    return {package: version(package) for package in ("diffsem", "keras", keras.backend.backend(), "sionna-no-rt")}


def _digest(path: Path) -> str | None:
    return sha256_of(path) if path.is_file() else None


def sha256_of(path: Path) -> str:
    """SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def differences(then: Mapping[str, Any], now: Mapping[str, Any], versions: bool = True) -> list[str]:
    """In what two fingerprints differ, a few words each; empty if in nothing.

    Parameters
    ----------
    then, now : mapping
        As `fingerprint` gives them; `then` may be empty, or lack what an earlier version did not keep.
    versions : bool
        Whether package versions count.
    """
    if not then:
        return ["trained by a version of diffsem that did not keep what it hung on"]
    found = _changed(then["scenario"], now["scenario"], "{}")
    if then["data_sha256"] != now["data_sha256"]:
        found.append("other training images")
    found += [
        f"another network {name}" for name, digest in now["networks"].items() if then["networks"].get(name) != digest
    ]
    if then.get("source") != now["source"]:
        found.append("another version of its recipe")
    return found + (_changed(then["versions"], now["versions"], "{} version") if versions else [])


def _changed(then: Mapping[str, Any], now: Mapping[str, Any], title: str) -> list[str]:
    missing = object()
    return [
        f"{title.format(key)} {_shown(then.get(key, 'unknown'))}, now {_shown(value)}"
        for key, value in now.items()
        if then.get(key, missing) != value
    ]


def _shown(value: Any) -> str:
    """On one line, without what a node of the scenario leaves at null."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_shown(each)}" for key, each in value.items() if each is not None) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_shown, value)) + "]"
    return "null" if value is None else escaped(value)
