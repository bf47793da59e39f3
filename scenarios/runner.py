"""`diffsem run`: the sweep of a scenario, point after point, into a result table that can be resumed."""

import json
import os
import platform
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from diffsem.link.errors import InputError
from diffsem.link.escaping import escaped
from diffsem.link.experiment import Point
from diffsem.link.files import check_output_file
from diffsem.link.monte_carlo import PointResult
from diffsem.link.programs import EXAMPLES
from diffsem.link.result_file import is_result_file
from diffsem.link.results import ResultTable, empty_table, read_table, write_table
from diffsem.scenarios.assembly import (
    attack_warnings,
    origin_of,
    pretrained_networks,
    versions,
    weights_sha256,
)
from diffsem.scenarios.cost import affordable_sweep, affordable_workers
from diffsem.scenarios.datasets import Dataset, load_dataset
from diffsem.scenarios.locking import only_run
from diffsem.scenarios.schema import Scenario, parse_scenario
from diffsem.scenarios.sizes import sizes_of
from diffsem.scenarios.strict_yaml import read_yaml
from diffsem.scenarios.workers import (
    leave_if_imported_by_worker,
    simulate_here,
    simulate_on_dask,
    simulate_on_processes,
)


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


def run_scenario(
    scenario: Scenario,
    out: str | Path | None = None,
    overwrite: bool = False,
    workers: int = 1,
    scheduler: str | None = None,
    data_dir: Path | None = None,
    on_points: Callable[[int, int], None] = lambda done, total: None,
    on_images: Callable[[int], None] = lambda images: None,
    mixed_versions: bool = False,
    log: Callable[[str], None] = lambda line: None,
) -> pd.DataFrame:
    """Run the sweep of a scenario.

    Parameters
    ----------
    scenario : Scenario
    out : str or Path, optional
        Result file. Every finished point reaches it at once; a file of the same scenario, weights and package versions
        is resumed. Without it nothing is written.
    overwrite : bool
        Replace the file instead, which has to be a result file, if a damaged one.
    workers : int
        Processes of this machine that simulate points side by side. They change no row. Each imports the script that
        calls this, so that in a script the call stands under ``if __name__ == "__main__":``.
    scheduler : str, optional
        Address of a Dask scheduler whose workers simulate the points instead, tcp://HOST:PORT. Both must be trusted.
    data_dir : Path, optional
        Where cifar10 is looked for first; on every worker's machine.
    on_points : callable
        (points done, points in all) at the start and after every point.
    on_images : callable
        Number of images counted since the call before.
    mixed_versions : bool
        Resume a file whose rows other package versions made, too; its attribute `mixed_versions` then lists all of
        them, in JSON.
    log : callable
        Takes a line of text on the shipped networks that are taken where the scenario's folder of weights lacks one
        (attribute `pretrained_networks` lists them, in JSON), and one for each attack that is run under other
        conditions than it was trained for (column `warning` says the same), before anything is simulated.

    Returns
    -------
    pandas.DataFrame
        One row a point and a node, as `diffsem.link.read_results` gives it, sorted by timestep and receiver SNR.

    Raises
    ------
    InputError
        If weights, data, the result file, the workers or the cluster cannot be used, another run holds the file, or
        both workers and a scheduler are asked for, or the sweep needs more than this machine, which is to run it, has.
    """
    leave_if_imported_by_worker()
    if scheduler is not None and workers > 1:
        raise InputError(f"--workers {workers}: --scheduler has workers of its own; give one of them")
    if scheduler is None:
        affordable_workers(affordable_sweep(scenario), workers)
    if out is None:
        return _sweep(
            scenario, None, overwrite, workers, scheduler, data_dir, on_points, on_images, mixed_versions, log
        )
    path = Path(out)
    check_output_file(path, "result file")
    with only_run(path.with_name(f".{path.name}.lock"), f"result file {path}"):
        return _sweep(
            scenario, path, overwrite, workers, scheduler, data_dir, on_points, on_images, mixed_versions, log
        )


def _sweep(
    scenario, path, overwrite, workers, scheduler, data_dir, on_points, on_images, mixed_versions, log
) -> pd.DataFrame:
    stored = None
    if path is not None and path.exists():
        if overwrite:
            _check_overwritable(path)
        else:
            stored = read_table(path)
    dataset = load_dataset(scenario.dataset, data_dir)
    attributes = _attributes(scenario, dataset)
    shipped = pretrained_networks(scenario)
    if shipped:
        attributes["pretrained_networks"] = json.dumps(shipped)
    rules = scenario.monte_carlo
    examples = min(EXAMPLES, rules.batch_size, rules.max_images, rules.passes * len(dataset.test))
    table = empty_table(attributes, dataset.test.images[np.arange(examples) % len(dataset.test)])
    if path is not None and stored is not None:
        table = _resume(path, stored, scenario, table)
    points = sweep_points(scenario)
    finished = set(zip(table.rows["timestep"], table.rows["receiver_snr_db"], strict=True))
    waiting = [point for point in points if (point.timestep, point.snr_db) not in finished]
    if waiting and len(table.rows):
        table = _with_versions(path, table, mixed_versions)
    # Before the file is touched: weights that cannot be loaded must not cost the table that is to be overwritten.
    results = _simulate(scenario, waiting, workers, scheduler, dataset, data_dir, on_images) if waiting else None
    if path is not None and not path.exists():
        write_table(path, table)
    if waiting and shipped:
        log(f"weights {escaped(scenario.weights)}: lacks {', '.join(shipped)}; taken from the shipped ones")
    for attack, warning in attack_warnings(scenario).items() if waiting else ():
        log(f"warning: {attack}: {warning}")
    done = len(points) - len(waiting)
    on_points(done, len(points))
    if results is not None:
        with closing(results):
            for result in results:
                table = table.with_point(result)
                if path is not None:
                    write_table(path, table)
                done += 1
                on_points(done, len(points))
    if path is not None and not table.complete:
        write_table(path, table.completed())
    return table.rows


def _simulate(scenario, points, workers, scheduler, dataset, data_dir, on_images) -> Generator[PointResult, None, None]:
    if scheduler is not None:
        return simulate_on_dask(scenario, points, on_images, scheduler, origin_of(scenario, dataset), data_dir)
    if workers > 1:
        origin = origin_of(scenario, dataset)
        return simulate_on_processes(scenario, points, on_images, min(workers, len(points)), origin, data_dir)
    return simulate_here(scenario, points, on_images, dataset)


def _attributes(scenario: Scenario, dataset: Dataset) -> dict[str, str | int]:
    import tensorflow as tf

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
        "weights_sha256": weights_sha256(scenario),
        "data_sha256": dataset.test_sha256(),
        "classes": sizes_of(scenario.dataset).classes,
    }


def _check_overwritable(path: Path) -> None:
    """Raises InputError unless a file is a result file: with a checksum, even a wrong one, or one that can be read."""
    try:
        if not is_result_file(path):
            read_table(path)
    except (OSError, InputError) as error:
        raise InputError(
            f"result file {path}: not a result table, which alone --overwrite replaces; delete it, or give another "
            "--out"
        ) from error


def _resume(path: Path, table: ResultTable, scenario: Scenario, fresh: ResultTable) -> ResultTable:
    """The table of a file, if it is of the same scenario, weights and test images; the fresh one if it has no rows."""
    # A table from before the test images were recorded does not say which they were: MNIST's.
    stored = {"data_sha256": fresh.attributes["data_sha256"], **table.attributes}
    same = {
        "another scenario": _is_stored(scenario, table),
        "other weights": stored.get("weights_sha256") == fresh.attributes["weights_sha256"],
        "other test images": stored["data_sha256"] == fresh.attributes["data_sha256"],
    }
    for what, is_same in same.items():
        if not is_same:
            raise InputError(f"result file {path}: holds results of {what}; give another --out, or --overwrite")
    return table if len(table.rows) else fresh


def _is_stored(scenario: Scenario, table: ResultTable) -> bool:
    """Whether a table is of a scenario. One from before a key was there means what is the key's default now."""
    try:
        return parse_scenario(read_yaml(str(table.attributes.get("scenario"))), "stored") == scenario
    except ValueError:
        return False


def _with_versions(path: Path, table: ResultTable, mixed: bool) -> ResultTable:
    """A table that is to have more rows, saying so if their package versions are not those of the rows it has."""
    here = versions()
    # A table from before versions were recorded is of unknown ones.
    first = json.loads(str(table.attributes.get("versions", "{}")))
    there = json.loads(str(table.attributes.get("mixed_versions", json.dumps([first]))))
    if there == [here]:
        return table
    if not mixed:
        pairs = ", ".join(
            f"{package} {' and '.join(dict.fromkeys(known.get(package, 'unknown') for known in there))} there, "
            f"{here.get(package, 'unknown')} here"
            for package in dict.fromkeys(package for known in [here, *there] for package in known)
            if any(known.get(package) != here.get(package) for known in there)
        )
        raise InputError(
            f"result file {path}: its rows were made with other package versions ({pairs}); give another --out, "
            "--overwrite, or --mixed-versions to go on all the same"
        )
    distinct = there if here in there else [*there, here]
    return replace(table, attributes={**table.attributes, "mixed_versions": json.dumps(distinct)})
