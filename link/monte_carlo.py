"""Monte Carlo over the points of a sweep: batches until every node of a point is known well enough."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass

import numpy as np

from diffsem.link.accuracy import wilson_interval
from diffsem.link.experiment import Attack, Experiment, Point
from diffsem.link.programs import Job, Outcome, Programs


@dataclass(frozen=True)
class Node:
    """Who a row of the result table is about; a receiver has no attack."""

    system: str
    transmitter: str
    attack: Attack | None
    snr_db: float


class Tally:
    """Sums over images."""

    def __init__(self) -> None:
        self.correct = 0
        self.total = 0
        self._class_correct: np.ndarray = np.zeros(0, np.int64)
        self._class_total: np.ndarray = np.zeros(0, np.int64)
        self._sums: dict[str, float] = {}

    def add(self, hits, labels, **values) -> None:
        """Add one batch: per-image arrays of hits, labels, and of anything else to be averaged (None: not measured)."""
        self.correct += int(np.sum(hits))
        self.total += len(hits)
        self._class_correct = _sum(self._class_correct, np.bincount(labels[hits]))
        self._class_total = _sum(self._class_total, np.bincount(labels))
        for name, value in values.items():
            if value is not None:
                self._sums[name] = self._sums.get(name, 0.0) + float(np.sum(value, dtype=np.float64))

    def sum(self, name: str) -> float:
        return self._sums.get(name, float("nan"))

    def mean(self, name: str) -> float:
        return self.sum(name) / self.total

    def worst_class(self) -> tuple[int, int, int]:
        """The class with the lowest accuracy: (label, correct, total)."""
        total = self._class_total
        correct = _sum(self._class_correct, np.zeros(len(total), np.int64))
        worst = int(np.argmin(np.where(total > 0, correct / np.maximum(total, 1), np.inf)))
        return worst, int(correct[worst]), int(total[worst])


def _sum(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Elementwise sum of counts by class; the shorter array lacks the last classes."""
    length = max(len(left), len(right))
    return np.pad(left, (0, length - len(left))) + np.pad(right, (0, length - len(right)))


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
        labels = outcome.labels[place][counted]
        for system in self._experiment.systems:
            node = Node(system.name, system.transmitter, None, self.point.snr_db)
            self._tally(node).add(
                outcome.hits[system.name][place][counted],
                labels,
                matched_step=outcome.steps[system.transmitter][place, 0][counted],
                denoiser_calls=outcome.calls[system.name][place][counted],
            )
        for attack, eavesdroppers in zip(self._experiment.attacks, outcome.attacks, strict=True):
            for i, (snr_db, made) in enumerate(zip(self.point.eavesdropper_snr_db, eavesdroppers, strict=True)):
                # Systems behind one transmitter differ in their receivers only: the eavesdropper is the same.
                for system in self._experiment.systems:
                    if system.transmitter == attack.transmitter:
                        node = Node(system.name, system.transmitter, attack, snr_db)
                        self._tally(node).add(
                            made.hits[place][counted],
                            labels,
                            matched_step=outcome.steps[attack.transmitter][place, 1 + i][counted],
                            clean_judge_correct=_batch(made.clean_hits, place, counted),
                            psnr_db=_batch(made.psnr_db, place, counted),
                            ssim=_batch(made.ssim, place, counted),
                        )
                if self.done == 0 and made.images is not None:
                    self._examples.append(
                        {
                            "transmitter": attack.transmitter,
                            "attack": attack.name,
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


def _batch(values: np.ndarray | None, place: int, counted: slice) -> np.ndarray | None:
    return None if values is None else values[place][counted]


def _row(experiment: Experiment, point: Point, node: Node, tally: Tally, noise_step: int) -> dict:
    low, high = wilson_interval(tally.correct, tally.total)
    worst, worst_correct, worst_total = tally.worst_class()
    attack = node.attack
    role = "adversary" if attack else "receiver"
    return {
        "system": node.system,
        "node": role,
        "attack": attack.name if attack else "",
        "transmitter": node.transmitter,
        "channel": experiment.channels[role],
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
        "clean_judge_correct": tally.sum("clean_judge_correct"),
        "clean_judge_accuracy": tally.mean("clean_judge_correct"),
        "worst_class": worst,
        "worst_class_correct": worst_correct,
        "worst_class_total": worst_total,
        "worst_class_accuracy": worst_correct / worst_total,
        "psnr_db": tally.mean("psnr_db"),
        "ssim": tally.mean("ssim"),
        "denoiser_calls": 0.0 if attack else tally.mean("denoiser_calls"),
        "looks": experiment.looks if attack else 1,
        "knows_step": attack.knows_step if attack else True,
        "surrogate": attack.surrogate if attack else "",
        "training_images": attack.training_images if attack else 0,
        "training_epochs": attack.training_epochs if attack else 0,
        "stop_reason": experiment.stopping.reason(tally.correct, tally.total),
    }
