"""`diffsem train`: the stages that a scenario needs, one after another, resumable after every epoch."""

import datetime
import json
import os
import platform
import shutil
import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from diffsem.link.errors import InputError
from diffsem.link.files import check_output_folder, replace_file
from diffsem.scenarios.cost import affordable_training
from diffsem.scenarios.datasets import load_dataset
from diffsem.scenarios.locking import only_run
from diffsem.scenarios.networks import existing_weights_file, pretrained_folder, weights_file
from diffsem.scenarios.provenance import differences, fingerprint, sha256_of, training_versions
from diffsem.scenarios.record import RECORD, read_hangs_on, read_record
from diffsem.scenarios.schema import Scenario
from diffsem.scenarios.stages import required_stages
from diffsem.scenarios.workshop import Stage, Workshop

# Beside the states of a stage that is under way.
HANGS_ON = "hangs_on.json"


def train_scenario(
    scenario: Scenario,
    folder: str | Path,
    callbacks: Callable = lambda stage, epochs: (),
    log: Callable[[str], None] = lambda line: None,
    fresh: bool = False,
    start: str | Path | None = None,
    devices: Sequence[str] | None = None,
    data_dir: Path | None = None,
    renew: bool = False,
    mixed_versions: bool = False,
) -> dict:
    """Train every network that the scenario needs.

    A stage is finished if what it hangs on (scenario keys, training images, the networks that it starts from, package
    versions) is what it was trained with.

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
        Delete first what the folder holds of the stages that the scenario needs: weights, states, entries of the
        record. Those of other stages stay.
    start : str or Path, optional
        Take finished stages, as far as the folder lacks them, from another folder that `diffsem train` wrote, or from
        the package's own weights: "pretrained". They are taken as they are; how the scenario differs from what they
        were trained with is logged.
    devices : sequence of str, optional
        TensorFlow devices that share every batch of a U-Net's training; default: all GPUs. Batch statistics are taken
        over each device's share, so that their number changes the weights a little.
    data_dir : Path, optional
        Where cifar10 is looked for first.
    renew : bool
        Train stages anew that hang on something else now, and those behind them, instead of ending.
    mixed_versions : bool
        Do not count package versions; the record tells those of every stage.

    Returns
    -------
    dict
        The record: stage -> command, seed, date, machine, seconds, epochs, scores.

    Raises
    ------
    InputError
        If the folder cannot be written, its record cannot be read or does not tell of files that would be overwritten,
        a stage that is finished or was cut off hangs on something else now, the state of a stage that was cut off is
        broken, another training holds the folder, or the training needs more than this machine has.
    """
    affordable_training(scenario)
    folder = Path(folder)
    check_output_folder(folder, "weights folder")
    with only_run(folder / ".lock", f"weights folder {folder}"):
        return _train(scenario, folder, callbacks, log, fresh, start, devices, data_dir, renew, not mixed_versions)


def _train(scenario, folder, callbacks, log, fresh, start, devices, data_dir, renew, versions) -> dict:
    progress = folder / ".progress"
    stages = required_stages(scenario)
    # Whatever may be wrong elsewhere, before anything is deleted.
    dataset = load_dataset(scenario.dataset, data_dir, scenario.training.images)
    source = pretrained_folder(scenario) if start == "pretrained" else None if start is None else Path(start)
    theirs = {} if source is None else _taken_from(source, str(start), stages)
    try:
        if fresh:
            _forget(folder, stages, log)
        progress.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"weights folder {folder}: cannot be written ({error.strerror})") from error
    _refuse_unrecorded(folder, stages, source)
    if source is not None:
        _start_from(source, theirs, folder, stages)
    record = read_record(folder)
    shop = Workshop(scenario, dataset, folder, callbacks)

    def changed(stage: Stage) -> list[str]:
        """What a stage that is finished, or was cut off, hangs on otherwise now."""
        then = record[stage.name].get("hangs_on", {}) if stage.name in record else _begun(progress / stage.name)
        return [] if then is None else differences(then, fingerprint(stage, scenario, dataset, folder), versions)

    def taken(stage: Stage) -> bool:
        return start is not None and record.get(stage.name, {}).get("taken_from") == str(start)

    if not renew:
        # Before the first of them is trained: hours later would be late.
        for stage in stages:
            if not taken(stage) and (found := changed(stage)):
                raise InputError(
                    f"weights folder {folder}: stage {stage.name} was trained otherwise: {'; '.join(found)}; give "
                    "another --out, --renew to train anew what differs, or --fresh for everything"
                )
    for stage in stages:
        found = changed(stage)
        if stage.name in record and (not found or taken(stage)):
            how = f"taken from {start}" if taken(stage) else "finished before"
            log(f"{stage.name}: {how}" + "".join(f"; {difference}" for difference in found))
            continue
        try:
            if found:
                log(f"{stage.name}: trained anew; {'; '.join(found)}")
                shutil.rmtree(progress / stage.name, ignore_errors=True)
            hangs_on = fingerprint(stage, scenario, dataset, folder)
            # Before its entry goes: the files of a stage that was begun are known to be its own.
            _begin(progress / stage.name, hangs_on)
            if record.pop(stage.name, None):
                _write_record(folder, record)
            with _spread(devices) if stage.large else nullcontext():
                outcome = stage.run(shop)
            record[stage.name] = _entry(stage, scenario, folder, outcome, hangs_on)
            _write_record(folder, record)
        except OSError as error:
            raise InputError(
                f"weights folder {folder}: cannot be written ({error.strerror or error}); finished epochs are safe"
            ) from error
        shutil.rmtree(progress / stage.name, ignore_errors=True)
        log(f"{stage.name}: {outcome['scores']}")
    return record


def _begun(place: Path) -> dict[str, Any] | None:
    """What a stage that was cut off hung on; None if it has left nothing."""
    if not place.is_dir() or not any(place.iterdir()):
        return None
    return read_hangs_on(place / HANGS_ON)


def _begin(place: Path, hangs_on: dict[str, Any]) -> None:
    """Leave what a stage hangs on beside its states, unless it is there."""
    if not (place / HANGS_ON).exists():
        place.mkdir(parents=True, exist_ok=True)
        replace_file(place / HANGS_ON, json.dumps(hangs_on).encode())


def _forget(folder: Path, stages: Sequence[Stage], log: Callable[[str], None]) -> None:
    """Delete what the folder holds of these stages: entries, files and states; of others nothing."""
    try:
        record = read_record(folder)
    except InputError:
        log(f"weights folder {folder}: --fresh deletes its {RECORD}, which cannot be read")
        record = {}
    names = [name for stage in stages for name in stage.writes]
    there = [path.name for name in names if (path := weights_file(folder, name)).exists()]
    if there:
        log(f"weights folder {folder}: --fresh deletes {', '.join(there)}; other files stay")
    # First what tells that they are finished.
    kept = {name: entry for name, entry in record.items() if name not in [stage.name for stage in stages]}
    if kept:
        _write_record(folder, kept)
    else:
        (folder / RECORD).unlink(missing_ok=True)
    for stage in stages:
        shutil.rmtree(folder / ".progress" / stage.name, ignore_errors=True)
    for name in there:
        (folder / name).unlink()


def _refuse_unrecorded(folder: Path, stages: Sequence[Stage], source: Path | None) -> None:
    """See that no file is overwritten that no training is known to have made. Raises InputError if one would be."""
    record = read_record(folder)

    def known(stage: Stage, name: str) -> bool:
        path = weights_file(folder, name)
        if not path.exists() or stage.name in record or _begun(folder / ".progress" / stage.name) is not None:
            return True
        # A copy that was cut off before it was recorded.
        return source is not None and path.read_bytes() == _content(weights_file(source, name))

    unknown = [weights_file(folder, name).name for stage in stages for name in stage.writes if not known(stage, name)]
    if unknown:
        raise InputError(
            f"weights folder {folder}: holds {', '.join(unknown)}, which no entry of {RECORD} tells of, and which "
            "would be overwritten; restore the record, give another --out, or --fresh, which deletes them first"
        )


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def _taken_from(source: Path, start: str, stages: Sequence[Stage]) -> dict[str, dict]:
    """The entries of the record of another folder that training may start from. Raises InputError if it cannot."""
    record = read_record(source)
    if not record:
        raise InputError(f"weights folder {source}: has no record; --start takes a folder that `diffsem train` wrote")
    found = [stage for stage in stages if stage.name in record]
    for name in (name for stage in found for name in stage.writes):
        existing_weights_file(source, name)
    return {stage.name: record[stage.name] | {"taken_from": start} for stage in found}


def _start_from(source: Path, theirs: dict[str, dict], folder: Path, stages: Sequence[Stage]) -> None:
    """Copy stages and their entries in the record from another folder, as far as this one lacks them."""
    record = read_record(folder)
    try:
        for stage in stages:
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


def _entry(stage: Stage, scenario: Scenario, folder: Path, outcome: dict, hangs_on: dict[str, Any]) -> dict:
    history = outcome["history"]
    return {
        "command": " ".join(["diffsem", *sys.argv[1:]]),
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "seed": scenario.seed,
        "epochs": len(history),
        "seconds_training": round(sum(epoch["seconds"] for epoch in history), 1),
        "machine": f"{os.cpu_count()} cores, {platform.machine()}",
        "versions": training_versions(),
        "scores": outcome["scores"],
        "sha256": {name: sha256_of(weights_file(folder, name)) for name in stage.writes},
        "hangs_on": hangs_on,
        "history": history,
    }
