"""Simulating points in one process: this one, or a worker that is sent a scenario's words."""

import platform
import threading
from collections.abc import Callable, Generator, Sequence
from pathlib import Path

import diffsem.link as link
from diffsem.link import InputError, Point
from diffsem.scenarios.datasets.source import Dataset
from diffsem.scenarios.runs.parallel.quiet import load_tensorflow
from diffsem.scenarios.runs.plan import Plan
from diffsem.scenarios.runs.resolving import plan
from diffsem.scenarios.schema.scenario import Scenario

# Sionna's random stream is one a process: no two points at a time, whatever threads a Dask worker has.
_one_at_a_time = threading.Lock()
# Of one sweep, by all that they hang on; not the scenario itself, as keys of parts from outside have no hash.
_compiled: "dict[tuple[str, str, Path | None], tuple[link.Experiment, link.Programs]]" = {}


def simulate_here(
    planned: Plan,
    points: Sequence[Point],
    on_images: Callable[[int], None],
    dataset: Dataset,
    stopwatch: "link.Stopwatch",
) -> "Generator[link.PointResult, None, None]":
    """Simulate points in this process, batches of several of them together."""
    with stopwatch.stage("load: weights"):
        from diffsem.scenarios.runs.assembly import assemble

        experiment = assemble(planned, dataset)
        programs = link.Programs(experiment, stopwatch)
    results = link.simulate_points(experiment, programs, points, on_images)
    return stopwatch.over("counting", results) if stopwatch.runs else results


def simulate_point(scenario: Scenario, origin: str, data_dir: Path | None, point: Point) -> "link.PointResult":
    """Simulate one point in a worker, which compiles a scenario's programs once.

    Parameters
    ----------
    scenario : Scenario
    origin : str
        `origin_of` the scenario's plan where the sweep was started.
    data_dir : Path or None
        Where cifar10 is looked for first.
    point : Point

    Raises
    ------
    InputError
        If this worker's machine lacks a part from outside of the package, or has other weights, other test images,
        other code of such parts, or other versions of the packages.
    """
    with _one_at_a_time:
        load_tensorflow()
        experiment, programs = _programs_of(scenario, origin, data_dir)
        (result,) = link.simulate_points(experiment, programs, [point])
        return result


def _programs_of(scenario: Scenario, origin: str, data_dir: Path | None) -> "tuple[link.Experiment, link.Programs]":
    key = (scenario.to_yaml(), origin, data_dir)
    if key not in _compiled:
        # Before anything is built: two sweeps' networks might not fit in memory.
        _compiled.clear()
        _compiled[key] = _compile(scenario, origin, data_dir)
    return _compiled[key]


def _compile(scenario: Scenario, origin: str, data_dir: Path | None) -> "tuple[link.Experiment, link.Programs]":
    from diffsem.scenarios.datasets.splitting import load_dataset
    from diffsem.scenarios.runs.assembly import assemble, origin_of

    try:
        planned = plan(scenario)
    except InputError as error:
        raise InputError(f"worker on {platform.node()}: {error}") from error
    dataset = load_dataset(planned.source, data_dir)
    own = origin_of(planned, dataset)
    if own != origin:
        raise InputError(
            f"worker on {platform.node()}: its weights, images, code and versions ({own}) are not those that the sweep "
            f"was started with ({origin}); install the same packages, or share the weights folder"
        )
    experiment = assemble(planned, dataset)
    return experiment, link.Programs(experiment)
