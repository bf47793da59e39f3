"""Monte Carlo over the points of a sweep: batches until every node of a point is known well enough."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field

import numpy as np

from diffsem.link.accuracy import wilson_interval
from diffsem.link.experiment import Experiment, Point
from diffsem.link.programs import Job, Outcome, Programs


@dataclass(frozen=True)
class Node:
    """Who a row of the result table is about."""

    system: str
    transmitter: str
    node: str
    attack: str
    snr_db: float


@dataclass
class Tally:
    """Sums over images."""

    correct: int = 0
    total: int = 0
    sums: dict[str, float] = field(default_factory=dict)

    def add(self, correct, **values) -> None:
        """Add one batch: per-image arrays of hits and of anything else to be averaged."""
        self.correct += int(np.sum(correct))
        self.total += len(correct)
        for name, value in values.items():
            self.sums[name] = self.sums.get(name, 0.0) + float(np.sum(value, dtype=np.float64))

    def mean(self, name: str) -> float:
        return self.sums[name] / self.total if name in self.sums else float("nan")


@dataclass(frozen=True)
class PointResult:
    """Rows of the result table, and some reconstructions [n, height, width, channels] float in [0, 1].

    Parameters
    ----------
    point : Point
    rows : list of dict
        One a node.
    examples : list of dict
    images : int
        How many the point took.
    """

    point: Point
    rows: list[dict]
    examples: list[dict]
    images: int


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
    """
    for point in points:
        if len(point.eavesdropper_snr_db) != experiment.eavesdroppers:
            raise ValueError(f"{point}: needs {experiment.eavesdroppers} eavesdropper SNRs, one for each")
    courses = [_Course(experiment, point) for point in points]
    while courses:
        pool = _fill_pool(courses, experiment.pool)
        outcome = programs.run([Job(course.point, batch) for course, batch in pool])
        on_images(sum(course.count(outcome, place) for place, (course, _) in enumerate(pool)))
        for course in courses:
            if course.finished:
                yield course.result()
        courses = [course for course in courses if not course.finished]


class _Course:
    """How far a point has come."""

    def __init__(self, experiment: Experiment, point: Point):
        self.point = point
        self.scheduled = 0  # batches
        self.done = 0  # images
        self.finished = False
        self._experiment = experiment
        self._noise_step = 0
        self._tallies: dict[Node, Tally] = {}
        self._examples: list[dict] = []

    def batches_ahead(self) -> int:
        """Batches, beyond those that are scheduled, which the point will likely need; at least one."""
        rule, size = self._experiment.stopping, self._experiment.batch_size
        tallies = self._tallies.values() or [Tally()]
        needed = max(rule.projected_images(tally.correct, tally.total) for tally in tallies)
        return max(1, -(-needed // size) - self.scheduled)

    def count(self, outcome: Outcome, place: int) -> int:
        """Count the next batch, the one at `place` of a pool, and say how many images that were: none at the end."""
        if self.finished:
            return 0
        rule, size = self._experiment.stopping, self._experiment.batch_size
        # Batches are always full, so that no shape is compiled twice; the surplus of the last one is not counted.
        counted = slice(0, min(size, rule.max_images - self.done))
        self._noise_step = int(outcome.noise_step[place])
        for system in self._experiment.systems:
            node = Node(system.name, system.transmitter, "receiver", "", self.point.snr_db)
            self._tally(node).add(
                outcome.hits[system.name][place][counted],
                matched_step=outcome.steps[system.transmitter][place, 0][counted],
                denoiser_calls=outcome.calls[system.name][place][counted],
            )
        for (attack, transmitter), eavesdroppers in outcome.attacks.items():
            for i, (snr_db, made) in enumerate(zip(self.point.eavesdropper_snr_db, eavesdroppers, strict=True)):
                # Systems behind one transmitter differ in their receivers only: the eavesdropper is the same.
                for system in self._experiment.systems:
                    if system.transmitter == transmitter:
                        node = Node(system.name, transmitter, "adversary", attack, snr_db)
                        self._tally(node).add(
                            made.hits[place][counted],
                            matched_step=outcome.steps[transmitter][place, 1 + i][counted],
                            psnr_db=made.psnr_db[place][counted],
                            ssim=made.ssim[place][counted],
                        )
                if self.done == 0:
                    self._examples.append(
                        {
                            "transmitter": transmitter,
                            "attack": attack,
                            "timestep": self.point.timestep,
                            "receiver_snr_db": self.point.snr_db,
                            "snr_db": snr_db,
                            "images": made.images[place][counted],
                        }
                    )
        self.done += counted.stop
        self.finished = all(rule.reason(tally.correct, tally.total) for tally in self._tallies.values())
        return counted.stop

    def result(self) -> PointResult:
        order = [system.name for system in self._experiment.systems]
        nodes = sorted(self._tallies, key=lambda node: order.index(node.system))
        rows = [_row(self._experiment, self.point, node, self._tallies[node], self._noise_step) for node in nodes]
        return PointResult(self.point, rows, self._examples, self.done)

    def _tally(self, node: Node) -> Tally:
        return self._tallies.setdefault(node, Tally())


def _fill_pool(courses: Sequence[_Course], room: int) -> list[tuple[_Course, int]]:
    """The next batches to simulate, at most `room`: what the earliest unfinished points will likely need."""
    pool: list[tuple[_Course, int]] = []
    for course in courses:
        for _ in range(min(course.batches_ahead(), room - len(pool))):
            pool.append((course, course.scheduled))
            course.scheduled += 1
    return pool


def _row(experiment: Experiment, point: Point, node: Node, tally: Tally, noise_step: int) -> dict:
    low, high = wilson_interval(tally.correct, tally.total)
    is_receiver = node.node == "receiver"
    return {
        "system": node.system,
        "node": node.node,
        "attack": node.attack,
        "transmitter": node.transmitter,
        "channel": experiment.channels[node.node],
        "snr_db": node.snr_db,
        "receiver_snr_db": point.snr_db,
        "timestep": point.timestep,
        "esnr_db": float(experiment.schedule.esnr_db(point.timestep)),
        "noise_step": noise_step,
        "matched_step": tally.mean("matched_step"),
        "correct": tally.correct,
        "total": tally.total,
        "accuracy": tally.correct / tally.total,
        "ci_low": low,
        "ci_high": high,
        "psnr_db": tally.mean("psnr_db"),
        "ssim": tally.mean("ssim"),
        "denoiser_calls": tally.mean("denoiser_calls") if is_receiver else 0.0,
        "stop_reason": experiment.stopping.reason(tally.correct, tally.total),
    }
