"""`diffsem train`: the stages that a scenario needs, one after another, resumable after every epoch."""

import datetime
import hashlib
import json
import os
import platform
import shutil
import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from importlib.metadata import version
from pathlib import Path

import keras

from diffsem.link.errors import InputError
from diffsem.link.files import replace_file
from diffsem.scenarios.datasets import load_dataset
from diffsem.scenarios.locking import only_run
from diffsem.scenarios.networks import existing_weights_file, pretrained_folder, weights_file
from diffsem.scenarios.record import RECORD, read_record
from diffsem.scenarios.schema import Scenario
from diffsem.scenarios.stages import required_stages
from diffsem.scenarios.workshop import Stage, Workshop


def train_scenario(
    scenario: Scenario,
    folder: str | Path,
    callbacks: Callable = lambda stage, epochs: (),
    log: Callable[[str], None] = lambda line: None,
    fresh: bool = False,
    start: str | Path | None = None,
    devices: Sequence[str] | None = None,
    data_dir: Path | None = None,
) -> dict:
    """Train every network that the scenario needs.

    Parameters
    ----------
    scenario : Scenario
    folder : str or Path
        Receives one `.weights.h5` a network and `training.json`, the record. Finished stages are kept; a stage
        that was cut off goes on after its last finished epoch.
    callbacks : callable
        (stage, epochs) -> Keras callbacks that show progress.
    log : callable
        Takes one line of text for each thing that happens.
    fresh : bool
        Forget first what a former training left in the folder.
    start : str or Path, optional
        Take finished stages, as far as the folder lacks them, from another folder that `diffsem train` wrote, or from
        the package's own weights: "pretrained".
    devices : sequence of str, optional
        TensorFlow devices that share every batch of a U-Net's training; default: all GPUs. Batch statistics are taken
        over each device's share, so that their number changes the weights a little.
    data_dir : Path, optional
        Where cifar10 is looked for first.

    Returns
    -------
    dict
        The record: stage -> command, seed, date, machine, seconds, epochs, scores.

    Raises
    ------
    InputError
        If the folder cannot be written, its record cannot be read or was made with another seed, the state of a
        stage that was cut off is broken, or another training holds the folder.
    """
    folder = Path(folder)
    with only_run(folder / ".lock", f"weights folder {folder}"):
        return _train(scenario, folder, callbacks, log, fresh, start, devices, data_dir)


def _train(scenario, folder, callbacks, log, fresh, start, devices, data_dir) -> dict:
    progress = folder / ".progress"
    try:
        if fresh:
            shutil.rmtree(progress, ignore_errors=True)
            (folder / RECORD).unlink(missing_ok=True)
        progress.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"weights folder {folder}: cannot be written ({error.strerror})") from error
    if start is not None:
        _start_from(pretrained_folder(scenario) if start == "pretrained" else Path(start), folder, scenario)
    record = read_record(folder)
    for name, entry in record.items():
        if entry["seed"] != scenario.seed:
            raise InputError(
                f"weights folder {folder}: stage {name} was trained with seed {entry['seed']}, the scenario says "
                f"{scenario.seed}; give another --out, or --fresh"
            )
    shop = Workshop(scenario, load_dataset(scenario.dataset, data_dir, scenario.training.images), folder, callbacks)
    for stage in required_stages(scenario):
        if stage.name in record:
            log(f"{stage.name}: finished before")
            continue
        try:
            with _spread(devices) if stage.large else nullcontext():
                outcome = stage.run(shop)
            record[stage.name] = _entry(stage, scenario, folder, outcome)
            _write_record(folder, record)
        except OSError as error:
            raise InputError(
                f"weights folder {folder}: cannot be written ({error.strerror or error}); finished epochs are "
                "safe, the same command goes on from there"
            ) from error
        shutil.rmtree(progress / stage.name, ignore_errors=True)
        log(f"{stage.name}: {outcome['scores']}")
    return record


def _start_from(source: Path, folder: Path, scenario: Scenario) -> None:
    """Copy the stages that a scenario needs, and their entries in the record, as far as the folder lacks them."""
    record, theirs = read_record(folder), read_record(source)
    if not theirs:
        raise InputError(f"weights folder {source}: has no record; --start takes a folder that `diffsem train` wrote")
    try:
        for stage in required_stages(scenario):
            if stage.name in theirs and stage.name not in record:
                for name in stage.writes:
                    replace_file(weights_file(folder, name), existing_weights_file(source, name).read_bytes())
                record[stage.name] = theirs[stage.name]
        _write_record(folder, record)
    except OSError as error:
        raise InputError(f"weights folder {folder}: cannot be written ({error.strerror or error})") from error


def _write_record(folder: Path, record: dict) -> None:
    replace_file(folder / RECORD, (json.dumps(record, indent=1) + "\n").encode())


def _spread(devices: Sequence[str] | None):
    """Context in which a model's training is spread over several devices; does nothing for one."""
    import tensorflow as tf

    names = devices or [device.name for device in tf.config.list_logical_devices("GPU")]
    return tf.distribute.MirroredStrategy(names).scope() if len(names) > 1 else nullcontext()


def _entry(stage: Stage, scenario: Scenario, folder: Path, outcome: dict) -> dict:
    history, backend = outcome["history"], keras.backend.backend()
    return {
        "command": " ".join(["diffsem", *sys.argv[1:]]),
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "seed": scenario.seed,
        "epochs": len(history),
        "seconds_training": round(sum(epoch["seconds"] for epoch in history), 1),
        "machine": f"{os.cpu_count()} cores, {platform.machine()}",
        "versions": {package: version(package) for package in ("diffsem", "keras", backend, "sionna-no-rt")},
        "scores": outcome["scores"],
        "sha256": {name: hashlib.sha256(weights_file(folder, name).read_bytes()).hexdigest() for name in stage.writes},
        "history": history,
    }
