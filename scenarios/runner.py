"""`diffsem run`: the sweep of a scenario, point after point, into a result table that can be resumed."""

import hashlib
import json
import os
import platform
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pandas as pd

from diffsem.link.errors import InputError
from diffsem.link.experiment import Attack, Experiment, Point, StoppingRule, System
from diffsem.link.monte_carlo import simulate_points
from diffsem.link.programs import EXAMPLES, Programs
from diffsem.link.results import ResultTable, empty_table, read_table, write_table
from diffsem.scenarios.assembly import (
    SCHEDULE,
    build_attack,
    build_link,
    build_receiver,
    encoder_of,
    networks_for,
    transmitter_of,
    transmitters,
)
from diffsem.scenarios.datasets import load_dataset
from diffsem.scenarios.networks import load_network, weights_file, weights_folder
from diffsem.scenarios.schema import Offset, Scenario

PACKAGES = ("diffsem", "sionna-no-rt", "tensorflow", "keras", "numpy", "h5py", "pandas")


def sweep_points(scenario: Scenario) -> list[Point]:
    """The points of a scenario, timestep by timestep and SNR by SNR."""
    own = scenario.eavesdropper.snr_db
    points = []
    eavesdropper_snr_db: tuple[float, ...]
    for timestep in scenario.timesteps:
        for snr_db in scenario.legitimate.snr_db:
            if own == "same":
                eavesdropper_snr_db = (snr_db,)
            elif isinstance(own, Offset):
                eavesdropper_snr_db = (snr_db + own.offset,)
            else:
                eavesdropper_snr_db = own
            points.append(Point(timestep, snr_db, eavesdropper_snr_db))
    return points


def run_scenario(
    scenario: Scenario,
    out: str | Path | None = None,
    overwrite: bool = False,
    on_point: Callable[[Point, int, int], None] = lambda point, done, total: None,
    on_images: Callable[[int], None] = lambda images: None,
) -> pd.DataFrame:
    """Run the sweep of a scenario.

    Parameters
    ----------
    scenario : Scenario
    out : str or Path, optional
        Result file. Every finished point reaches it at once; a file of the same scenario and weights is resumed.
        Without it nothing is written.
    overwrite : bool
        Replace the file instead.
    on_point : callable
        (point, points done, points in all) before a point starts.
    on_images : callable
        (images of the point done) after every batch.

    Returns
    -------
    pandas.DataFrame
        One row a point and a node, as `diffsem.link.read_results` gives it.

    Raises
    ------
    InputError
        If weights, data or the result file cannot be used.
    """
    path = None if out is None else Path(out)
    attributes = _attributes(scenario)
    dataset = load_dataset(scenario.dataset)
    examples = min(EXAMPLES, scenario.monte_carlo.batch_size, scenario.monte_carlo.max_images)
    table = empty_table(attributes, dataset.test.images[:examples])
    if path is not None and path.exists() and not overwrite:
        table = _resume(path, attributes)
    points = sweep_points(scenario)
    finished = set(zip(table.rows["timestep"], table.rows["receiver_snr_db"], strict=True))
    waiting = [point for point in points if (point.timestep, point.snr_db) not in finished]
    if waiting:
        experiment = assemble(scenario)
        programs = Programs(experiment)
    # Only now: weights that cannot be loaded must not cost the table that is to be overwritten.
    if path is not None:
        write_table(path, table)
    if waiting:
        for result in simulate_points(experiment, programs, waiting, on_images):
            table = table.with_point(result)
            if path is not None:
                write_table(path, table)
    if path is not None and not table.complete:
        write_table(path, table.completed())
    return table.rows


def no_judge(image):
    """Stands for the judge of a scenario without attacks, in which nothing is to be judged."""
    raise ValueError("this scenario lists no attack, so there is no reconstruction to judge")


def assemble(scenario: Scenario) -> Experiment:
    """Everything that a sweep needs, weights loaded. Raises InputError if weights or data cannot be used."""
    folder = weights_folder(scenario)
    networks = {name: load_network(scenario, folder, name) for name in networks_for(scenario)}
    load = networks.__getitem__
    dataset = load_dataset(scenario.dataset)
    rules = scenario.monte_carlo
    return Experiment(
        links={name: build_link(scenario, load(encoder_of(name))) for name in transmitters(scenario)},
        systems=[
            System(system, transmitter_of(system), build_receiver(scenario, system, load))
            for system in scenario.legitimate.receivers
        ],
        attacks=[
            Attack(attack, name, build_attack(attack, name, load))
            for attack in scenario.eavesdropper.attacks
            for name in transmitters(scenario)
        ],
        judge=networks.get("strong-classifier", no_judge),
        images=dataset.test.as_float(),
        labels=dataset.test.labels,
        schedule=SCHEDULE,
        stopping=StoppingRule(rules.max_images, rules.target_errors, rules.ci_half_width),
        batch_size=rules.batch_size,
        seed=scenario.seed,
        channels={"receiver": scenario.legitimate.channel.kind, "adversary": scenario.eavesdropper.channel.kind},
        eavesdroppers=len(scenario.eavesdropper.snr_db) if isinstance(scenario.eavesdropper.snr_db, tuple) else 1,
        xla=scenario.execution.xla,
    )


def _attributes(scenario: Scenario) -> dict[str, str | int]:
    import tensorflow as tf

    folder = weights_folder(scenario)
    digest = hashlib.sha256()
    for name in networks_for(scenario):
        path = weights_file(folder, name)
        if not path.is_file():
            raise InputError(
                f"weights {path}: no such file; `diffsem train` makes it, and `weights: pretrained` needs none"
            )
        digest.update(path.read_bytes())
    environment = {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "devices": [device.name for device in tf.config.list_logical_devices()],
        "execution_mode": "tf.function, no XLA",
    }
    return {
        "scenario": scenario.to_yaml(),
        "seed": scenario.seed,
        "versions": json.dumps({package: version(package) for package in PACKAGES}),
        "environment": json.dumps(environment),
        "weights_sha256": digest.hexdigest(),
    }


def _resume(path: Path, attributes: dict[str, str | int]) -> ResultTable:
    table = read_table(path)
    for key, what in (("scenario", "another scenario"), ("weights_sha256", "other weights")):
        if table.attributes.get(key) != attributes[key]:
            raise InputError(f"result file {path}: holds results of {what}; give another --out, or --overwrite")
    return table
