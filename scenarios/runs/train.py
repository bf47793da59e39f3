"""`diffsem train`: the stages that a scenario needs, one after another, resumable after every epoch."""

import datetime
import json
import os
import platform
import shutil
import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from diffsem.link import InputError, check_output_folder, replace_file
from diffsem.scenarios.contracts.stage import Stage
from diffsem.scenarios.datasets.source import Dataset
from diffsem.scenarios.datasets.splitting import load_dataset
from diffsem.scenarios.links.wiretap import build_link
from diffsem.scenarios.runs.cost.affordable import affordable_training
from diffsem.scenarios.runs.locking import only_run
from diffsem.scenarios.runs.plan import Plan
from diffsem.scenarios.runs.provenance import differences, fingerprint, sha256_of, training_versions
from diffsem.scenarios.runs.trainings import check_one
from diffsem.scenarios.schema.scenario import Scenario
from diffsem.scenarios.training.checkpoints import existing_weights_file, pretrained_folder, weights_file
from diffsem.scenarios.training.graphs import graphs_let_go
from diffsem.scenarios.training.record import RECORD, read_hangs_on, read_record
from diffsem.scenarios.training.session import TrainingSession

# Holds the states of stages that are under way, in a folder of a weights folder.
PROGRESS = ".progress"
# Beside them.
HANGS_ON = "hangs_on.json"


@dataclass(frozen=True)
class Options:
    """What becomes of stages that a weights folder has, or another one; as of `train_scenario`."""

    fresh: bool = False
    start: str | Path | None = None
    renew: bool = False
    mixed_versions: bool = False


def train_plan(
    planned: Plan,
    folder: str | Path,
    options: Options = Options(),
    callbacks: Callable = lambda stage, epochs: (),
    log: Callable[[str], None] = lambda line: None,
    devices: Sequence[str] | None = None,
    data_dir: Path | None = None,
) -> dict:
    """Train what a plan needs; as `train_scenario`."""
    check_one(planned.scenario)
    affordable_training(planned)
    folder = Path(folder)
    check_output_folder(folder, "weights folder")
    with only_run(folder / ".lock", f"weights folder {folder}"):
        # Whatever may be wrong elsewhere, before anything is deleted.
        dataset = load_dataset(planned.source, data_dir, planned.scenario.training.images)
        _prepare(planned, folder, options, log)
        training = _Training(planned, dataset, folder, options)
        if not options.renew:
            training.refuse_differences()
        session = TrainingSession(
            planned.setup,
            planned.source,
            dataset,
            folder,
            lambda transmitter, encoder: build_link(planned.setup, transmitter, encoder, planned.channels),
            callbacks,
        )
        for stage in planned.stages:
            training.run(stage, session, log, devices)
    return training.record


def _prepare(planned: Plan, folder: Path, options: Options, log: Callable[[str], None]) -> None:
    """A folder that stages can be trained in, with what is taken from another one. Raises InputError."""
    source, theirs = None, {}
    if options.start is not None:
        source = pretrained_folder(planned.source.name) if options.start == "pretrained" else Path(options.start)
        theirs = _taken_from(source, str(options.start), planned.stages)
    try:
        if options.fresh:
            _forget(folder, planned.stages, log)
        (folder / PROGRESS).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"weights folder {folder}: cannot be written ({error.strerror})") from error
    _refuse_unrecorded(folder, planned.stages, source)
    if source is not None:
        _start_from(source, theirs, folder, planned.stages)


class _Training:
    """The stages of a plan in a folder, and its record.

    Parameters
    ----------
    planned : Plan
    dataset : Dataset
    folder : Path
    options : Options
    """

    def __init__(self, planned: Plan, dataset: Dataset, folder: Path, options: Options) -> None:
        self.record = read_record(folder)
        self._planned, self._dataset, self._folder = planned, dataset, folder
        self._start, self._versions = options.start, not options.mixed_versions

    def refuse_differences(self) -> None:
        """Raises InputError if a stage was trained otherwise. Hours into a training would be late."""
        for stage in self._planned.stages:
            if not self._is_taken(stage) and (found := self._changed(stage)):
                raise InputError(
                    f"weights folder {self._folder}: stage {stage.name} was trained otherwise: {'; '.join(found)}; "
                    "give another --out, --renew to train anew what differs, or --fresh for everything"
                )

    def run(
        self, stage: Stage, session: TrainingSession, log: Callable[[str], None], devices: Sequence[str] | None
    ) -> None:
        """Train a stage, unless that was done. Raises InputError if the folder cannot be written."""
        found = self._changed(stage)
        if stage.name in self.record and (not found or self._is_taken(stage)):
            how = f"taken from {self._start}" if self._is_taken(stage) else "finished before"
            log(f"{stage.name}: {how}" + "".join(f"; {difference}" for difference in found))
            return
        place = self._folder / PROGRESS / stage.name
        try:
            if found:
                log(f"{stage.name}: trained anew; {'; '.join(found)}")
                shutil.rmtree(place, ignore_errors=True)
            hangs_on = self._fingerprint(stage)
            # Before its entry goes: the files of a stage that was begun are known to be its own.
            _begin(place, hangs_on)
            if self.record.pop(stage.name, None):
                _write_record(self._folder, self.record)
            with graphs_let_go(), _spread(devices) if stage.large else nullcontext():
                outcome = stage.run(session)
            _check_outcome(stage, outcome, self._folder)
            self.record[stage.name] = _entry(stage, self._planned.scenario, self._folder, outcome, hangs_on)
            _write_record(self._folder, self.record)
        except OSError as error:
            raise InputError(
                f"weights folder {self._folder}: cannot be written ({error.strerror or error}); finished epochs are "
                "safe"
            ) from error
        shutil.rmtree(place, ignore_errors=True)
        log(f"{stage.name}: {outcome['scores']}")

    def _fingerprint(self, stage: Stage) -> dict[str, Any]:
        return fingerprint(stage, self._planned.scenario, self._dataset, self._folder)

    def _changed(self, stage: Stage) -> list[str]:
        """What a stage that is finished, or was cut off, hangs on otherwise now."""
        if stage.name in self.record:
            then = self.record[stage.name].get("hangs_on", {})
        else:
            then = _begun(self._folder / PROGRESS / stage.name)
        return [] if then is None else differences(then, self._fingerprint(stage), self._versions)

    def _is_taken(self, stage: Stage) -> bool:
        taken_from = self.record.get(stage.name, {}).get("taken_from")
        return self._start is not None and taken_from == str(self._start)


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
    names = [network.name for stage in stages for network in stage.writes]
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
        shutil.rmtree(folder / PROGRESS / stage.name, ignore_errors=True)
    for name in there:
        (folder / name).unlink()


def _refuse_unrecorded(folder: Path, stages: Sequence[Stage], source: Path | None) -> None:
    """See that no file is overwritten that no training is known to have made. Raises InputError if one would be."""
    record = read_record(folder)

    def known(stage: Stage, name: str) -> bool:
        path = weights_file(folder, name)
        if not path.exists() or stage.name in record or _begun(folder / PROGRESS / stage.name) is not None:
            return True
        # A copy that was cut off before it was recorded.
        return source is not None and path.read_bytes() == _content(weights_file(source, name))

    written = [(stage, network.name) for stage in stages for network in stage.writes]
    unknown = [weights_file(folder, name).name for stage, name in written if not known(stage, name)]
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
    for network in (network for stage in found for network in stage.writes):
        existing_weights_file(source, network.name)
    return {stage.name: record[stage.name] | {"taken_from": start} for stage in found}


def _start_from(source: Path, theirs: dict[str, dict], folder: Path, stages: Sequence[Stage]) -> None:
    """Copy stages and their entries in the record from another folder, as far as this one lacks them."""
    record = read_record(folder)
    try:
        for stage in stages:
            if stage.name in theirs and stage.name not in record:
                for network in stage.writes:
                    content = existing_weights_file(source, network.name).read_bytes()
                    replace_file(weights_file(folder, network.name), content)
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


def _check_outcome(stage: Stage, outcome: Any, folder: Path) -> None:
    """Whether a recipe has saved its networks, and gives what can be recorded. Raises InputError."""
    missing = [network.name for network in stage.writes if not weights_file(folder, network.name).is_file()]
    if missing:
        raise InputError(f"training stage {stage.name}: its recipe has not saved {', '.join(missing)}, which it writes")
    try:
        # Neither arrays nor what is not finite can be read from a record.
        json.dumps(outcome, allow_nan=False)
        recordable = isinstance(outcome["scores"], dict) and sum(epoch["seconds"] for epoch in outcome["history"]) >= 0
    except (KeyError, TypeError, ValueError):
        recordable = False
    if not recordable:
        raise InputError(
            f"training stage {stage.name}: its recipe gives nothing that can be recorded; allowed: history, a record "
            "of finite numbers an epoch, seconds among them, and scores by name"
        )


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
        "sha256": {network.name: sha256_of(weights_file(folder, network.name)) for network in stage.writes},
        "hangs_on": hangs_on,
        "history": history,
    }
