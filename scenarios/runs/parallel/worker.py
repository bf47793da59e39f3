"""Simulating points in one process: this one, or a worker that is sent a scenario's words."""

import platform
import threading
from collections.abc import Callable, Generator, Sequence
from pathlib import Path

import diffsem.link as link
from diffsem.link import InputError, Point
from diffsem.scenarios.datasets.source import Dataset
from diffsem.scenarios.runs.parallel.quiet import load_tensorflow
from diffsem.scenarios.runs.parallel.variant import Variant
from diffsem.scenarios.runs.plan import Plan
from diffsem.scenarios.runs.resolving import plan
from diffsem.scenarios.schema.scenario import Scenario

# Sionna's random stream is one a process: no two points at a time, whatever threads a Dask worker has.
_one_at_a_time = threading.Lock()
# Of the variant that this process was last asked for; by words, as keys of parts from outside have no hash.
_kept: "dict[tuple[str, Path | None], _Built]" = {}


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


def simulate_group(
    variant: Variant, data_dir: Path | None, points: Sequence[Point]
) -> "Generator[link.PointResult, None, None]":
    """Simulate points of a variant in a worker, which compiles its programs once.

    Parameters
    ----------
    variant : Variant
        Its own points do not matter.
    data_dir : Path or None
        Where cifar10 is looked for first.
    points : sequence of Point
        Batches of several of them are simulated together.

    Raises
    ------
    InputError
        If this worker's machine lacks a part from outside of the package, or has other weights, other test images,
        other code of such parts, or other versions of the packages.
    """
    with _one_at_a_time:
        load_tensorflow()
        built = _built(variant.scenario, data_dir, variant.origin)
        if built.origin != variant.origin:
            raise InputError(
                f"worker on {platform.node()}: its weights, images, code and versions ({built.origin}) are not those "
                f"that the sweep was started with ({variant.origin}); install the same packages, or share the weights "
                "folder"
            )
        yield from link.simulate_points(*built.programs(), points)


def prepare(scenario: Scenario, data_dir: Path | None) -> None:
    """Build a variant's networks before anybody asks for its points. Raises InputError as `simulate_group` does."""
    with _one_at_a_time:
        load_tensorflow()
        _built(scenario, data_dir, None).programs()


def _built(scenario: Scenario, data_dir: Path | None, origin: str | None) -> "_Built":
    """A variant's data and networks: those of the last call, if they have the origin that is asked for."""
    key = (scenario.to_yaml(), data_dir)
    if key in _kept and origin in (None, _kept[key].origin):
        return _kept[key]
    # Before anything is built: the networks of two might not fit in memory.
    _kept.clear()
    _kept[key] = _build(scenario, data_dir)
    return _kept[key]


def _build(scenario: Scenario, data_dir: Path | None) -> "_Built":
    from diffsem.scenarios.datasets.splitting import load_dataset
    from diffsem.scenarios.runs.assembly import origin_of

    try:
        planned = plan(scenario)
    except InputError as error:
        raise InputError(f"worker on {platform.node()}: {error}") from error
    dataset = load_dataset(planned.source, data_dir)
    return _Built(planned, dataset, origin_of(planned, dataset))


class _Built:
    """A variant's data and, once they are asked for, its networks and programs.

    Parameters
    ----------
    planned : Plan
    dataset : Dataset
    origin : str
    """

    def __init__(self, planned: Plan, dataset: Dataset, origin: str) -> None:
        self.origin = origin
        self._planned, self._dataset = planned, dataset
        self._programs: tuple[link.Experiment, link.Programs] | None = None

    def programs(self) -> "tuple[link.Experiment, link.Programs]":
        from diffsem.scenarios.runs.assembly import assemble

        if self._programs is None:
            experiment = assemble(self._planned, self._dataset)
            self._programs = experiment, link.Programs(experiment)
        return self._programs
