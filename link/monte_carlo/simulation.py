"""Monte Carlo over the points of a sweep: batches until every node of a point is known well enough."""

from collections.abc import Callable, Generator, Iterator, Sequence

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

    A digital link of random bits (scored by "block") ends by itself: it is counted up to the batch that meets its
    stopping rule, simulated for no more of them than it will likely need, and its row hangs on no other node. All that
    sees images, digital links that are scored by "label" among it, goes on until the last of them is known: rows of a
    point are compared image by image.

    A point costs nothing before its first batch, nor after its last one.

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
        If a point has not as many eavesdroppers as the experiment, or, of places, more than it.
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
        own = len(point.eavesdropper_snr_db)
        if point.places and (own != len(point.places) or own > experiment.eavesdroppers):
            raise ValueError(f"{point}: needs at most {experiment.eavesdroppers} places, and an SNR for each")
        if not point.places and own != experiment.eavesdroppers:
            raise ValueError(f"{point}: needs {experiment.eavesdroppers} eavesdropper SNRs, one for each")
    waiting = iter(points)
    runs: list[PointRun] = []
    while pool := _fill_pool(experiment, runs, waiting):
        outcome = programs.run({part: [Job(run.point, batch) for run, batch in jobs] for part, jobs in pool.items()})
        on_images(
            sum(run.count(part, outcome, place) for part, jobs in pool.items() for place, (run, _) in enumerate(jobs))
        )
        for run in runs:
            if run.finished:
                yield run.result()
        for run in runs:
            if run.broken:
                raise InputError(f"t = {run.point.timestep}, {run.point.snr_db:g} dB: {run.broken}")
        runs = [run for run in runs if not run.finished]


def _fill_pool(
    experiment: Experiment, runs: list[PointRun], waiting: Iterator[Point]
) -> dict[str, list[tuple[PointRun, int]]]:
    """The next batches to simulate, by part: what the earliest unfinished points will likely need.

    Of no part there are more than fit in a pool. Points that wait become runs, one by one, as long as there is room:
    there are never more runs than a pool has places.
    """
    pool: dict[str, list[tuple[PointRun, int]]] = {}
    room, unseen = experiment.pool, iter(list(runs))
    while room > 0:
        run = next(unseen, None)
        if run is None:
            point = next(waiting, None)
            if point is None:
                break
            run = PointRun(experiment, point)
            runs.append(run)
        batches = run.schedule(room)
        for part, numbers in batches.items():
            pool.setdefault(part, []).extend((run, number) for number in numbers)
        room -= max(map(len, batches.values()))
    return pool
