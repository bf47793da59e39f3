"""What a training hangs on: scenario keys, training images, the networks it starts from, and package versions."""

import hashlib
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import keras

from diffsem.link import escaped
from diffsem.scenarios.contracts.stage import Stage
from diffsem.scenarios.datasets.source import Dataset
from diffsem.scenarios.schema.scenario import Scenario, default_at, value_at
from diffsem.scenarios.training.checkpoints import weights_file

# Every training's: whose images, in which order, and how the loop goes over them.
LOOP = (
    "seed",
    "dataset",
    "compression",
    "schedule",
    "training.images",
    "training.augmentation",
    "training.batch_size",
    "training.learning_rate",
    "training.precision",
)

# Of these, those that records of earlier versions lack.
LATER = ("compression", "schedule")


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
        "networks": {network.name: _digest(weights_file(folder, network.name)) for network in stage.needs},
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
    # An earlier version that did not know a key trained with what is its default.
    defaults = {key: default_at(key) for key in LATER if key not in then["scenario"]}
    found = _changed({**defaults, **then["scenario"]}, now["scenario"], "{}")
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
        f"{title.format(key)} {shown(then.get(key, 'unknown'))}, now {shown(value)}"
        for key, value in now.items()
        if then.get(key, missing) != value
    ]


def shown(value: Any) -> str:
    """A value of a scenario on one line, without what a node of the scenario leaves at null."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {shown(each)}" for key, each in value.items() if each is not None) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(shown, value)) + "]"
    return "null" if value is None else escaped(value)
