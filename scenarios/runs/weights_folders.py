"""Which folder each network of a sweep comes from: one's own weights, and the shipped ones for what they lack."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from diffsem.link import InputError
from diffsem.scenarios.runs.cost.missing import lacking_networks
from diffsem.scenarios.runs.plan import Plan
from diffsem.scenarios.runs.provenance import shown
from diffsem.scenarios.schema.scenario import default_at, value_at
from diffsem.scenarios.training.checkpoints import (
    existing_weights_file,
    pretrained_folder,
    weights_digest,
    weights_file,
)
from diffsem.scenarios.training.record import read_record, recorded_sha256

Record = Mapping[str, Mapping[str, Any]]
# What every network is trained for.
CONDITIONS = ("schedule", "compression")


def weights_folder(plan: Plan) -> Path:
    """The folder that a scenario's weights come from: the shipped one of its data set, or the one it names."""
    named = plan.scenario.weights
    return pretrained_folder(plan.source.name) if named == "pretrained" else Path(named)


def pretrained_networks(plan: Plan) -> list[str]:
    """The networks of a sweep that are the shipped ones because the folder that the scenario names lacks them."""
    own = weights_folder(plan)
    return [name for name, folder in weights_folders(plan).items() if folder != own]


def weights_folders(plan: Plan) -> dict[str, Path]:
    """The folder that each of a sweep's networks comes from, by its name.

    A network that the scenario's folder lacks is the shipped one of the same data set, unless `weights_only`. Networks
    are what they were trained behind: each must have been trained on those that the sweep has beside it, and with
    those of the same stage.

    Parameters
    ----------
    plan : Plan

    Raises
    ------
    InputError
        If a network is missing, is not the one of its record, was trained with another one than the sweep has, or
        stands beside shipped ones and no record says with which ones it was trained; or was trained with another noise
        schedule, or for another number of symbols.
    """
    own, dataset = weights_folder(plan), plan.source.name
    folders = {network.name: own for network in plan.networks}
    lacking, nowhere = lacking_networks(plan, own)
    if lacking:
        for name in nowhere:
            existing_weights_file(own, name)
        folders |= dict.fromkeys(lacking, pretrained_folder(dataset))
    records = {folder: read_record(folder) for folder in {own, *folders.values()}}
    _check_conditions(plan, folders, records)
    digests = {name: weights_digest(folder, name) for name, folder in folders.items()}
    for name, folder in folders.items():
        origins = trained_with(name, records[folder])
        if lacking and digests[name] == recorded_sha256(folders[lacking[0]]).get(name):
            # The shipped network is that, wherever it lies.
            origins = trained_with(name, records[folders[lacking[0]]])
        if lacking and origins is None:
            raise InputError(
                f"weights {weights_file(own, name)}: no training record says on which networks it was trained, and "
                f"the folder lacks {lacking[0]}, whose shipped one may not go with it; restore its training.json, or "
                "add what lacks"
            )
        for other, digest in (origins or {}).items():
            if digests.get(other, digest) == digest:
                continue
            if name in lacking:
                raise InputError(
                    f"weights {own}: lacks {name}, and the shipped one was trained with another {other}; train it: "
                    f"diffsem train SCENARIO --out {own}"
                )
            raise InputError(
                f"weights {weights_file(own, name)}: was trained with another {other} than that of "
                f"{weights_file(folders[other], other)} (SHA-256); restore that one, or train anew what differs: "
                f"diffsem train SCENARIO --out {own} --renew"
            )
    return folders


def _check_conditions(plan: Plan, folders: Mapping[str, Path], records: Mapping[Path, Record]) -> None:
    """Whether networks were trained for the noise schedule and the feature that the sweep has. Raises InputError."""
    for name, folder in folders.items():
        entry = next((entry for entry in records[folder].values() if name in entry["sha256"]), {})
        trained = entry.get("hangs_on", {}).get("scenario", {})
        for key in CONDITIONS if trained else ():
            then, now = trained.get(key, default_at(key)), value_at(plan.scenario, key)
            if then != now:
                raise InputError(
                    f"weights {weights_file(folder, name)}: was trained with {key} {shown(then)}, the scenario has "
                    f"{shown(now)}; allowed: the same, or weights that `diffsem train` makes for it"
                )


def trained_with(name: str, record: Record) -> dict[str, str] | None:
    """What a network was trained on or together with, all the way back, by a record: name -> SHA-256 of its file.

    None if the record does not say.
    """
    found: dict[str, str] = {}
    waiting = [name]
    while waiting:
        this = waiting.pop()
        entry = next((entry for entry in record.values() if this in entry["sha256"]), None)
        if entry is None or "networks" not in entry.get("hangs_on", {}):
            if this == name:
                return None
            continue
        for other, digest in {**entry["hangs_on"]["networks"], **entry["sha256"]}.items():
            if other != name and other not in found:
                found[other] = digest
                # Of a network that was trained anew since, the record tells another training.
                if any(each["sha256"].get(other) == digest for each in record.values()):
                    waiting.append(other)
    return found


def training_entries(folders: Mapping[str, Path]) -> dict[str, dict[str, Any]]:
    """Of each stage named as its network, as an attack's is: the entry in the record of the network's own folder."""
    records = {folder: read_record(folder) for folder in set(folders.values())}
    return {name: records[folder][name] for name, folder in folders.items() if name in records[folder]}
