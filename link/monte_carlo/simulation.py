"""Monte Carlo over the points of a sweep: batches until every node of a point is known well enough."""

from collections.abc import Callable, Generator, Sequence

from diffsem.link.errors import InputError
from diffsem.link.monte_carlo.experiment import Experiment
from diffsem.link.monte_carlo.outcome import Job
from diffsem.link.monte_carlo.point_run import PointRun
from diffsem.link.monte_carlo.programs import Programs
from diffsem.link.results.point import Point, PointResult


def simulate_points(
    experiment: Experiment,
    programs: Programs,
    points: Sequence[Point],
    on_images: Callable[[int], None] = lambda images: None,
) -> Generator[PointResult, None, None]:
    """Run points until every node of each meets the stopping rule.

    Batches of several points are simulated together, the earliest unfinished points first. A point's batches are
    counted in order and up to the one that ends it: its rows hang neither on the pool nor on the other points.

    Parameters
    ----------
    experiment : Experiment
    programs : Programs
        Compiled from the same experiment.
    points : sequence of Point
    on_images : callable
        Gets the number of images that were counted, after every pool.

    Yields
    ------
    PointResult
        Each point as soon as it is done.

    Raises
    ------
    ValueError
        If a point has not as many eavesdroppers as the experiment.
    InputError
        If anything that a node hears or makes of it is NaN or infinite; points that are done come first.

    Examples
    --------
    A receiver that always says 3, which one image of four is.

    >>> import math
    >>> import numpy as np
    >>> import tensorflow as tf
    >>> from diffsem import link
    >>> from diffsem.channels import BlockFadingChannel
    >>> from diffsem.models import NoiseSchedule, mnist
    >>> def always(inputs):
    ...     return tf.one_hot(tf.fill(tf.shape(inputs[1]), 3), 10), 0 * inputs[1]
    >>> node = link.Reception(BlockFadingChannel(math.inf))
    >>> pair = link.WiretapLink(link.Transmitter(mnist.Encoder()), node, node)
    >>> experiment = link.Experiment(
    ...     {"pair": pair}, [link.System("always-3", "pair", always)], [], None, None,
    ...     np.zeros([4, 28, 28, 1], np.float32), np.arange(4), NoiseSchedule(), link.StoppingRule(max_images=8),
    ...     batch_size=4, seed=1, channels={"receiver": "awgn"}, passes=2,
    ... )
    >>> (result,) = link.simulate_points(experiment, link.Programs(experiment), [link.Point(240, 15.0, (15.0,))])
    >>> [(row["system"], row["correct"], row["total"], row["stop_reason"]) for row in result.rows]
    [('always-3', 2, 8, 'max_images')]
    """
    for point in points:
        if len(point.eavesdropper_snr_db) != experiment.eavesdroppers:
            raise ValueError(f"{point}: needs {experiment.eavesdroppers} eavesdropper SNRs, one for each")
    runs = [PointRun(experiment, point) for point in points]
    while runs:
        pool = _fill_pool(runs, experiment.pool)
        outcome = programs.run([Job(run.point, batch) for run, batch in pool])
        on_images(sum(run.count(outcome, place) for place, (run, _) in enumerate(pool)))
        for run in runs:
            if run.finished:
                yield run.result()
        for run in runs:
            if run.broken:
                raise InputError(f"t = {run.point.timestep}, {run.point.snr_db:g} dB: {run.broken}")
        runs = [run for run in runs if not run.finished]


def _fill_pool(runs: Sequence[PointRun], room: int) -> list[tuple[PointRun, int]]:
    """The next batches to simulate, at most `room`: what the earliest unfinished points will likely need."""
    pool: list[tuple[PointRun, int]] = []
    for run in runs:
        for _ in range(min(run.batches_ahead(), room - len(pool))):
            pool.append((run, run.scheduled))
            run.scheduled += 1
    return pool
