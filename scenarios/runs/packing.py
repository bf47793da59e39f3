"""`diffsem pack`: weights as small as those that ship, and the accuracy that this costs."""

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd

from diffsem.link import AXES, InputError, check_output_folder, replace_file
from diffsem.scenarios.contracts.network import AS_FLOAT16, Storage
from diffsem.scenarios.runs.locking import only_run
from diffsem.scenarios.runs.parallel.machines import Machines
from diffsem.scenarios.runs.plan import Plan
from diffsem.scenarios.runs.provenance import sha256_of
from diffsem.scenarios.runs.resolving import plan
from diffsem.scenarios.runs.sweep import run_plan
from diffsem.scenarios.schema.scenario import Scenario
from diffsem.scenarios.training.checkpoints import pack_network, weights_file
from diffsem.scenarios.training.record import RECORD, read_record

# Beside the record: what packing cost.
LOSS = "packing.json"
NODE = ["system", "node", "attack", "timestep", "receiver_snr_db", "snr_db"]


def pack_folder(
    scenario: Scenario,
    folder: str | Path,
    out: str | Path,
    data_dir: Path | None = None,
    log: Callable[[str], None] = lambda line: None,
) -> pd.DataFrame:
    """Round every network of a folder as those that ship are, and sweep a scenario with both to see what is lost.

    Parameters
    ----------
    scenario : Scenario
        Sweep to measure by; both folders of weights take the place of its `weights`, on the same images and noise.
    folder : str or Path
        Weights that `diffsem train` wrote.
    out : str or Path
        Folder for the packed ones and their record, another one.
    data_dir : Path, optional
        Where cifar10 is looked for first.
    log : callable
        Takes one line of text for each network.

    Returns
    -------
    pandas.DataFrame
        One row a point and a node: system, node, attack, timestep, receiver_snr_db, snr_db, accuracy and packed (their
        accuracies), loss, total; and other axes that the scenario has several values of.

    Raises
    ------
    InputError
        If the folder has no record or a network is missing, `out` is the same folder or cannot be written, or the sweep
        cannot be run.
    """
    folder, out = Path(folder), Path(out)
    if folder.resolve() == out.resolve():
        raise InputError(f"pack --out {out}: is the folder of the weights themselves; allowed: another one")
    record = read_record(folder)
    if not record:
        raise InputError(f"weights folder {folder}: has no record; pack takes a folder that `diffsem train` wrote")
    check_output_folder(out, "weights folder")
    try:
        with only_run(out / ".lock", f"weights folder {out}"):
            _pack(record, _storage_of(plan(scenario)), folder, out, log)
            loss = packing_loss(scenario, folder, out, data_dir)
            measured = {"command": " ".join(["diffsem", *sys.argv[1:]]), "rows": loss.to_dict("records")}
            replace_file(out / LOSS, (json.dumps(measured, indent=1) + "\n").encode())
    except OSError as error:
        raise InputError(f"weights folder {out}: cannot be written ({error.strerror or error})") from error
    return loss


def _storage_of(planned: Plan) -> dict[str, Storage]:
    """By name: how the networks of a scenario are packed, also those that only its training makes."""
    made = [network for stage in planned.stages for network in stage.writes]
    return {network.name: network.storage for network in (*planned.networks, *made)}


def _pack(record: dict, storage: Mapping[str, Storage], folder: Path, out: Path, log: Callable[[str], None]) -> None:
    packed: dict[str, str] = {}
    for entry in record.values():
        for name, digest in entry["sha256"].items():
            # Of a network that the scenario does not have, no grid is known that would do.
            pack_network(name, storage.get(name, AS_FLOAT16), folder, out)
            before, after = (weights_file(place, name) for place in (folder, out))
            packed[digest] = entry["sha256"][name] = sha256_of(after)
            log(f"{name}: {before.stat().st_size / 1024:.0f} KiB, packed {after.stat().st_size / 1024:.0f} KiB")
    # Whatever was trained behind a network stands behind the packed one from now on.
    for entry in record.values():
        networks = entry.get("hangs_on", {}).get("networks", {})
        networks.update({name: packed.get(digest, digest) for name, digest in networks.items()})
    replace_file(out / RECORD, (json.dumps(record, indent=1) + "\n").encode())


def packing_loss(scenario: Scenario, folder: Path, out: Path, data_dir: Path | None = None) -> pd.DataFrame:
    """The rows of a sweep with two folders of weights, side by side; as `pack_folder` gives them."""
    before, after = (
        run_plan(
            plan(scenario.model_copy(update={"weights": str(place), "weights_only": True})),
            machines=Machines(data_dir=data_dir),
        )
        for place in (folder, out)
    )
    rows = before.merge(after[[*NODE, *AXES, "accuracy"]].rename(columns={"accuracy": "packed"}), on=[*NODE, *AXES])
    varying = [name for name in AXES if rows[name].nunique() > 1]
    return rows[[*NODE, *varying, "accuracy", "packed", "total"]].assign(loss=rows["accuracy"] - rows["packed"])
