"""`diffsem run`: the sweep of a scenario, point after point, into a result table that can be resumed."""

import datetime
import json
import math
import os
import platform
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from diffsem.link import (
    AXES,
    EXAMPLES,
    STOPPED,
    Point,
    PointResult,
    ResultTable,
    Stopwatch,
    check_output_file,
    empty_table,
    escaped,
    read_table,
)
from diffsem.scenarios.contracts.appearance import attack_attributes, system_attributes
from diffsem.scenarios.datasets.source import Dataset
from diffsem.scenarios.datasets.splitting import load_dataset
from diffsem.scenarios.links.points import fixed_place, sweep_points
from diffsem.scenarios.links.streets import street_attribute, traces_sha256
from diffsem.scenarios.runs.assembly import (
    attack_warnings,
    origin_of,
    sources_sha256,
    versions,
    weights_sha256,
)
from diffsem.scenarios.runs.locking import only_run
from diffsem.scenarios.runs.parallel.dask import simulate_on_dask
from diffsem.scenarios.runs.parallel.hiring import hired
from diffsem.scenarios.runs.parallel.machines import ALONE, Machines
from diffsem.scenarios.runs.parallel.variant import Variant
from diffsem.scenarios.runs.parallel.worker import simulate_here
from diffsem.scenarios.runs.plan import Plan
from diffsem.scenarios.runs.profile.execution import settled
from diffsem.scenarios.runs.profile.profiling import CHECKS, WRITING, Profile
from diffsem.scenarios.runs.resolving import variant_plans
from diffsem.scenarios.runs.table.growing_table import GrowingTable
from diffsem.scenarios.runs.table.resuming import check_overwritable, resumed, with_settings, with_versions
from diffsem.scenarios.runs.trainings import check_one
from diffsem.scenarios.runs.weights_folders import pretrained_networks
from diffsem.scenarios.schema.scenario import Scenario, settings, value_at


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
    stopwatch : Stopwatch
        Measures the stages of the sweep, if it runs.
    """

    on_points: Callable[[int, int], None] = lambda done, total: None
    on_images: Callable[[int], None] = lambda images: None
    log: Callable[[str], None] = lambda line: None
    stopwatch: Stopwatch = STOPPED


def run_plan(
    planned: Plan,
    out: str | Path | None = None,
    overwrite: bool = False,
    mixed_versions: bool = False,
    machines: Machines = ALONE,
    listeners: Listeners = Listeners(),
    command: str = "",
) -> pd.DataFrame:
    """Run the sweep of a plan, as `run_scenario`, of whose arguments machines and listeners are made up.

    `command` is what was typed, for the table's attribute.
    """
    check_one(planned.scenario)
    profile = Profile(listeners.stopwatch)
    profile.check_alone(machines.scheduler is not None or machines.workers != 1)
    path = None if out is None else Path(out)

    def sweep(machines: Machines) -> pd.DataFrame:
        with listeners.stopwatch.stage(CHECKS):
            begun = None if overwrite else path
            workers = 1 if machines.workers == "auto" else machines.workers
            settled_plan, why = settled(planned, begun, workers, machines.data_dir, listeners.log)
        with listeners.stopwatch.stage(WRITING):
            rows = _Sweep(settled_plan, machines, listeners, command, why).run(path, overwrite, mixed_versions)
        return profile.told_by(rows, path)

    with hired(planned, machines, out, overwrite, listeners.log) as hirable:
        if path is None:
            return sweep(hirable)
        check_output_file(path, "result file")
        with only_run(path.with_name(f".{path.name}.lock"), f"result file {path}"):
            return sweep(hirable)


class _Sweep:
    """A sweep over the variants of a scenario, one after another, into one table.

    Parameters
    ----------
    planned : Plan
    machines : Machines
    listeners : Listeners
    command : str
    execution : str
        Why it is computed as it is, if that was measured.
    """

    def __init__(
        self, planned: Plan, machines: Machines, listeners: Listeners, command: str, execution: str = ""
    ) -> None:
        self._planned = planned
        self._variants = variant_plans(planned)
        self._machines = machines
        self._listeners = listeners
        self._command = command
        self._execution = execution
        self._began = time.monotonic()

    def run(self, path: Path | None, overwrite: bool, mixed_versions: bool) -> pd.DataFrame:
        """Simulate what a file lacks, or all without one; the rows, with the table's attributes."""
        with self._listeners.stopwatch.stage(CHECKS):
            dataset, table = self._begin(path, overwrite)
        waiting = self._waiting(table)
        left = sum(len(points) for _, points in waiting)
        if path is not None and waiting and len(table.rows):
            table = with_versions(path, table, versions(), mixed_versions)
        # Before the file is touched: weights that cannot be loaded must not cost the table that is to be overwritten.
        results = self._simulate(waiting, dataset)
        if waiting:
            with self._listeners.stopwatch.stage(CHECKS):
                self._tell()
        total = len(self._variants) * len(sweep_points(self._planned.scenario))
        growing = GrowingTable(path, table, self._began, time.monotonic)
        try:
            with closing(results), growing:
                self._listeners.on_points(total - left, total)
                for result in results:
                    growing.add(result)
                    self._listeners.on_points(total - left + growing.added, total)
        except BaseException:
            # What ends the sweep while a point is written keeps the point, but kept it from being told.
            self._listeners.on_points(total - left + growing.added, total)
            raise
        return growing.completed().rows_with_attributes()

    def _begin(self, path: Path | None, overwrite: bool) -> tuple[Dataset, ResultTable]:
        """The data, and the table that the sweep begins with: the file's, or a new one."""
        stored = None
        if path is not None and path.exists():
            if overwrite:
                check_overwritable(path)
            else:
                stored = read_table(path)
        with self._listeners.stopwatch.stage("load: data"):
            dataset = load_dataset(self._planned.source, self._machines.data_dir)
        table = _new_table(self._variants, self._planned.scenario, dataset, self._command)
        if self._execution:
            table = replace(table, attributes={**table.attributes, "execution_measured": self._execution})
        if path is not None and stored is not None:
            table = with_settings(resumed(path, stored, self._planned.scenario, table), self._planned.scenario)
        return dataset, table

    def _waiting(self, table: ResultTable) -> list[tuple[Plan, list[Point]]]:
        """Of each variant the points that are not there; variants that lack none are left out."""
        finished = table.points()
        waiting = []
        for variant in self._variants:
            told = settings(variant.scenario)["receiver"]
            own, fixed = tuple(told[name] for name in AXES if name in told), fixed_place(variant.scenario)
            points = [
                point
                for point in sweep_points(variant.scenario)
                if (point.timestep, point.snr_db, *own, *(point.places or (fixed,))[:1]) not in finished
            ]
            if points:
                waiting.append((variant, points))
        return waiting

    def _simulate(
        self, waiting: list[tuple[Plan, list[Point]]], dataset: Dataset
    ) -> Generator[PointResult, None, None]:
        """The points that wait, in any order; what the first of them needs is loaded, or checked, at once."""
        if not waiting:
            return (result for result in list[PointResult]())
        machines, on_images = self._machines, self._listeners.on_images
        if machines.scheduler is not None:
            variants = self._told(waiting, dataset)
            scheduler = machines.scheduler
            return simulate_on_dask(variants, on_images, scheduler, machines.data_dir, machines.certificates)
        crew = None
        if machines.hire is not None:
            crew = machines.hire([plan.scenario for plan, _ in waiting], sum(len(points) for _, points in waiting))
        if crew is None:
            return self._simulate_here(waiting, dataset)
        return crew.simulate(self._told(waiting, dataset), on_images)

    @staticmethod
    def _told(waiting: list[tuple[Plan, list[Point]]], dataset: Dataset) -> list[Variant]:
        return [Variant(plan.scenario, origin_of(plan, dataset), tuple(points)) for plan, points in waiting]

    def _simulate_here(
        self, waiting: list[tuple[Plan, list[Point]]], dataset: Dataset
    ) -> Generator[PointResult, None, None]:
        """Variants one after another in this process."""
        told = self._listeners
        first = simulate_here(*waiting[0], told.on_images, dataset, told.stopwatch)

        def results() -> Generator[PointResult, None, None]:
            with closing(first):
                yield from first
            for variant, points in waiting[1:]:
                with closing(simulate_here(variant, points, told.on_images, dataset, told.stopwatch)) as others:
                    yield from others

        return results()

    def _tell(self) -> None:
        """What a reader of the table should know."""
        shipped = pretrained_networks(self._planned)
        if shipped:
            lacks = f"weights {escaped(self._planned.scenario.weights)}: lacks {', '.join(shipped)}"
            self._listeners.log(f"{lacks}; taken from the shipped ones")
        for variant in self._variants:
            values = ", ".join(f"{key} {value_at(variant.scenario, key)}" for key in self._planned.scenario.axes)
            for attack, warning in attack_warnings(variant).items():
                self._listeners.log(f"warning: {attack}{f' at {values}' if values else ''}: {warning}")


def _new_table(variants: Sequence[Plan], scenario: Scenario, dataset: Dataset, command: str) -> ResultTable:
    """A table without rows, with the first test images of a point."""
    attributes = _attributes(variants, scenario, dataset)
    now = datetime.datetime.now(datetime.UTC)
    if street := street_attribute(variants[0].channels.eavesdropper.keys):
        attributes["street"] = street
    attributes |= {"created": now.isoformat(timespec="seconds"), "command": command, "wall_seconds": 0.0}
    if len(variants) == 1:
        attributes["seed"] = scenario.seed
    shipped = pretrained_networks(variants[0])
    if shipped:
        attributes["pretrained_networks"] = json.dumps(shipped)
    rules = scenario.monte_carlo
    examples = min(EXAMPLES, rules.batch_size, rules.max_images, rules.passes * len(dataset.test))
    return empty_table(attributes, dataset.test.images[np.arange(examples) % len(dataset.test)])


def _attributes(variants: Sequence[Plan], scenario: Scenario, dataset: Dataset) -> dict[str, str | int | float]:
    import tensorflow as tf

    compiler = "XLA" if scenario.execution.xla else "no XLA"
    environment = {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "devices": [device.name for device in tf.config.list_logical_devices()],
        "execution_mode": f"tf.function, {compiler}, {scenario.execution.precision}",
    }
    planned = variants[0]
    return {
        "scenario": scenario.to_yaml(),
        "versions": json.dumps(versions()),
        "environment": json.dumps(environment),
        "weights_sha256": weights_sha256(*variants),
        "data_sha256": dataset.test_sha256(),
        "sources_sha256": json.dumps(sources_sha256(planned)),
        "traces_sha256": json.dumps(traces_sha256(planned.channels.receiver.keys, planned.channels.eavesdropper.keys)),
        "classes": planned.setup.dimensions.classes,
        "feature_symbols": math.prod(planned.setup.dimensions.feature_shape),
        "systems": system_attributes(planned.systems),
        "attacks": attack_attributes(planned_attack.attack for planned_attack in planned.attacks),
    }
