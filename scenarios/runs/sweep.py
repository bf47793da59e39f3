"""`diffsem run`: the sweep of a scenario, point after point, into a result table that can be resumed."""

import json
import math
import os
import platform
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from diffsem.link import (
    EXAMPLES,
    InputError,
    Point,
    PointResult,
    ResultTable,
    check_output_file,
    empty_table,
    escaped,
    read_table,
    write_table,
)
from diffsem.scenarios.contracts.appearance import attack_attributes, system_attributes
from diffsem.scenarios.datasets.source import Dataset
from diffsem.scenarios.datasets.splitting import load_dataset
from diffsem.scenarios.runs.assembly import (
    attack_warnings,
    origin_of,
    sources_sha256,
    versions,
    weights_sha256,
)
from diffsem.scenarios.runs.cost.affordable import affordable_sweep, affordable_workers
from diffsem.scenarios.runs.locking import only_run
from diffsem.scenarios.runs.parallel.dask import simulate_on_dask
from diffsem.scenarios.runs.parallel.processes import leave_if_imported_by_worker, simulate_on_processes
from diffsem.scenarios.runs.parallel.worker import simulate_here
from diffsem.scenarios.runs.plan import Plan
from diffsem.scenarios.runs.resuming import check_overwritable, resumed, with_versions
from diffsem.scenarios.runs.weights_folders import pretrained_networks
from diffsem.scenarios.schema.scenario import Scenario


@dataclass(frozen=True)
class Listeners:
    """Who is told how far a sweep is.

    Parameters
    ----------
    on_points : callable
        (points done, points in all) at the start and after every point.
    on_images : callable
        Number of images counted since the call before.
    log : callable
        Takes a line of text on what a reader of the table should know, before anything is simulated.
    """

    on_points: Callable[[int, int], None] = lambda done, total: None
    on_images: Callable[[int], None] = lambda images: None
    log: Callable[[str], None] = lambda line: None


@dataclass(frozen=True)
class Machines:
    """Who simulates the points: this process, `workers` of this machine, or a Dask cluster; and where data lie."""

    workers: int = 1
    scheduler: str | None = None
    data_dir: Path | None = None


def sweep_points(scenario: Scenario) -> list[Point]:
    """The points of a scenario, timestep by timestep and SNR by SNR."""
    own = scenario.eavesdropper.snr_db
    points = []
    eavesdropper_snr_db: tuple[float, ...]
    for timestep in scenario.timesteps:
        for snr_db in scenario.legitimate.snr_db:
            if own == "same":
                eavesdropper_snr_db = (snr_db,)
            elif isinstance(own, tuple):
                eavesdropper_snr_db = own
            else:
                eavesdropper_snr_db = (own.after(snr_db),)
            points.append(Point(timestep, snr_db, eavesdropper_snr_db))
    return points


def run_plan(
    planned: Plan,
    out: str | Path | None = None,
    overwrite: bool = False,
    mixed_versions: bool = False,
    machines: Machines = Machines(),
    listeners: Listeners = Listeners(),
) -> pd.DataFrame:
    """Run the sweep of a plan; as `run_scenario`, of whose arguments machines and listeners are made up."""
    leave_if_imported_by_worker()
    if machines.scheduler is not None and machines.workers > 1:
        raise InputError(f"--workers {machines.workers}: --scheduler has workers of its own; give one of them")
    cost = affordable_sweep(planned) if machines.scheduler is None else None
    if cost is not None:
        affordable_workers(cost, machines.workers)
    if out is None:
        return _sweep(planned, None, overwrite, mixed_versions, machines, listeners)
    path = Path(out)
    check_output_file(path, "result file")
    with only_run(path.with_name(f".{path.name}.lock"), f"result file {path}"):
        return _sweep(planned, path, overwrite, mixed_versions, machines, listeners)


def _sweep(
    planned: Plan, path: Path | None, overwrite: bool, mixed_versions: bool, machines: Machines, listeners: Listeners
) -> pd.DataFrame:
    stored = None
    if path is not None and path.exists():
        if overwrite:
            check_overwritable(path)
        else:
            stored = read_table(path)
    dataset = load_dataset(planned.source, machines.data_dir)
    table = _new_table(planned, dataset)
    if path is not None and stored is not None:
        table = resumed(path, stored, planned.scenario, table)
    points = sweep_points(planned.scenario)
    finished = set(zip(table.rows["timestep"], table.rows["receiver_snr_db"], strict=True))
    waiting = [point for point in points if (point.timestep, point.snr_db) not in finished]
    if path is not None and waiting and len(table.rows):
        table = with_versions(path, table, versions(), mixed_versions)
    # Before the file is touched: weights that cannot be loaded must not cost the table that is to be overwritten.
    results = _simulate(planned, waiting, machines, dataset, listeners) if waiting else None
    if path is not None and not path.exists():
        write_table(path, table)
    if waiting:
        _tell(planned, listeners)
    done = len(points) - len(waiting)
    listeners.on_points(done, len(points))
    if results is not None:
        with closing(results):
            for result in results:
                table = table.with_point(result)
                if path is not None:
                    write_table(path, table)
                done += 1
                listeners.on_points(done, len(points))
    if path is not None and not table.complete:
        write_table(path, table.completed())
    return table.rows


def _tell(planned: Plan, listeners: Listeners) -> None:
    """What a reader of the table should know."""
    shipped = pretrained_networks(planned)
    if shipped:
        lacks = f"weights {escaped(planned.scenario.weights)}: lacks {', '.join(shipped)}"
        listeners.log(f"{lacks}; taken from the shipped ones")
    for attack, warning in attack_warnings(planned).items():
        listeners.log(f"warning: {attack}: {warning}")


def _simulate(
    planned: Plan, points: list[Point], machines: Machines, dataset: Dataset, listeners: Listeners
) -> Generator[PointResult, None, None]:
    scenario = planned.scenario
    if machines.scheduler is not None:
        origin = origin_of(planned, dataset)
        return simulate_on_dask(scenario, points, listeners.on_images, machines.scheduler, origin, machines.data_dir)
    if machines.workers > 1:
        origin, workers = origin_of(planned, dataset), min(machines.workers, len(points))
        return simulate_on_processes(scenario, points, listeners.on_images, workers, origin, machines.data_dir)
    return simulate_here(planned, points, listeners.on_images, dataset)


def _new_table(planned: Plan, dataset: Dataset) -> ResultTable:
    """A table without rows, with the first test images of a point."""
    attributes = _attributes(planned, dataset)
    shipped = pretrained_networks(planned)
    if shipped:
        attributes["pretrained_networks"] = json.dumps(shipped)
    rules = planned.scenario.monte_carlo
    examples = min(EXAMPLES, rules.batch_size, rules.max_images, rules.passes * len(dataset.test))
    return empty_table(attributes, dataset.test.images[np.arange(examples) % len(dataset.test)])


def _attributes(planned: Plan, dataset: Dataset) -> dict[str, str | int]:
    import tensorflow as tf

    scenario = planned.scenario
    compiler = "XLA" if scenario.execution.xla else "no XLA"
    environment = {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "devices": [device.name for device in tf.config.list_logical_devices()],
        "execution_mode": f"tf.function, {compiler}, {scenario.execution.precision}",
    }
    return {
        "scenario": scenario.to_yaml(),
        "seed": scenario.seed,
        "versions": json.dumps(versions()),
        "environment": json.dumps(environment),
        "weights_sha256": weights_sha256(planned),
        "data_sha256": dataset.test_sha256(),
        "sources_sha256": json.dumps(sources_sha256(planned)),
        "classes": planned.setup.dimensions.classes,
        "feature_symbols": math.prod(planned.setup.dimensions.feature_shape),
        "systems": system_attributes(planned.systems),
        "attacks": attack_attributes(planned_attack.attack for planned_attack in planned.attacks),
    }
