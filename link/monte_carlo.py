"""Monte Carlo over the points of a sweep: batches until every node of a point is known well enough."""

import math
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass

import numpy as np

from diffsem.link.accuracy import (
    clustered_interval,
    effective_images,
    share_interval,
    simplex_ceilings,
    wilson_interval,
)
from diffsem.link.errors import InputError
from diffsem.link.experiment import Attack, Experiment, Point
from diffsem.link.programs import Job, Outcome, Programs
from diffsem.link.results import ADDED, ERROR_RATES, STEP_BINS, STEPS_A_BIN


@dataclass(frozen=True)
class Node:
    """Who a row of the result table is about; a receiver has no attack, and a digital link no transmitter."""

    system: str
    transmitter: str
    attack: Attack | None
    snr_db: float
    scored: str = "label"


class Tally:
    """Sums over images, and over the draws of each image where a test set is gone through several times.

    Parameters
    ----------
    images : int
        Of the test set.
    passes : int
    """

    def __init__(self, images: int = 0, passes: int = 1) -> None:
        self._by_image = np.zeros([2, images], np.int64) if passes > 1 else None
        self.correct = 0
        self.total = 0
        self._class_correct: np.ndarray = np.zeros(0, np.int64)
        self._class_total: np.ndarray = np.zeros(0, np.int64)
        self._sums: dict[str, float] = {}
        self.by_step = np.zeros([2, STEP_BINS], np.int64)

    def add(self, hits, labels, **values) -> None:
        """Add one batch: per-image arrays of hits, labels, and of anything else to be summed (None: not measured)."""
        if self._by_image is not None:
            images = self._by_image.shape[1]
            place = (self.total + np.arange(len(hits))) % images
            self._by_image += [np.bincount(chosen, minlength=images) for chosen in (place[hits], place)]
        self.correct += int(np.sum(hits))
        self.total += len(hits)
        if labels is not None:
            self._class_correct = _sum(self._class_correct, np.bincount(labels[hits]))
            self._class_total = _sum(self._class_total, np.bincount(labels))
        if (step := values.get("matched_step")) is not None:
            place = (step // STEPS_A_BIN).astype(int)
            self.by_step += [np.bincount(chosen, minlength=STEP_BINS) for chosen in (place[hits], place)]
        for name, value in values.items():
            if value is not None:
                self._sums[name] = self._sums.get(name, 0.0) + float(np.sum(value, dtype=np.float64))

    @property
    def effective(self) -> float:
        """Independent images that the accuracy is worth: all, if each was sent once."""
        return float(self.total) if self._by_image is None else effective_images(*self._by_image)

    def interval(self) -> tuple[float, float]:
        """95% interval of the accuracy: Wilson's, clustered by image where images were sent several times."""
        if self._by_image is None:
            return wilson_interval(self.correct, self.total)
        return share_interval(self.correct / self.total, self.effective)

    @property
    def images(self) -> int:
        """Different images."""
        return self.total if self._by_image is None else int(np.count_nonzero(self._by_image[1]))

    def sum(self, name: str) -> float:
        return self._sums.get(name, float("nan"))

    def mean(self, name: str) -> float:
        return self.sum(name) / self.total

    def worst_class(self) -> tuple[int, int, int]:
        """The class with the lowest accuracy: (label, correct, total); (-1, 0, 0) if nothing had a label."""
        total = self._class_total
        if not len(total):
            return -1, 0, 0
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
    by_step : [rows, 2, STEP_BINS], int64
        Correct and all images of each row, by the step at which they stood.
    examples : list of dict
    images : int
        How many the point took.
    """

    point: Point
    rows: list[dict]
    by_step: np.ndarray
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
    InputError
        If anything that a node hears or makes of it is NaN or infinite; points that are done come first.
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
        for course in courses:
            if course.broken:
                raise InputError(f"t = {course.point.timestep}, {course.point.snr_db:g} dB: {course.broken}")
        courses = [course for course in courses if not course.finished]


class _Course:
    """How far a point has come."""

    def __init__(self, experiment: Experiment, point: Point):
        self.point = point
        self.scheduled = 0  # batches
        self.done = 0  # images
        self.finished = False
        self.broken = ""  # by what
        self._experiment = experiment
        self._tallies: dict[Node, Tally] = {}
        self._examples: list[dict] = []
        self._priors = tuple(np.bincount(experiment.labels, minlength=experiment.classes))

    def batches_ahead(self) -> int:
        """Batches, beyond those that are scheduled, which the point will likely need; at least one."""
        tallies = self._tallies or {Node("", "", None, 0.0): Tally()}
        needed = max(
            self._experiment.rule(node.scored).projected_images(tally.correct, tally.total, tally.effective)
            for node, tally in tallies.items()
        )
        return max(1, -(-needed // self._experiment.batch_size) - self.scheduled)

    def count(self, outcome: Outcome, place: int) -> int:
        """Count the next batch, the one at `place` of a pool, and say how many images that were: none at the end."""
        if self.finished or self.broken:
            return 0
        if broken := self._not_finite(outcome, place):
            self.broken = f"{broken} NaN or infinite; allowed: finite numbers (are the weights whole?)"
            return 0
        # Batches are always full, so that no shape is compiled twice; the surplus of the last one is not counted.
        counted = self._counted("label")
        noise_step = outcome.noise_step[place][counted]
        labels = outcome.labels[place][counted]
        for system in self._experiment.systems:
            node = Node(system.name, system.transmitter, None, self.point.snr_db)
            self._tally(node).add(
                outcome.hits[system.name][place][counted],
                labels,
                noise_step=noise_step,
                matched_step=outcome.steps[system.transmitter][place, 0][counted],
                ceiling=self._ceiling(system.transmitter, outcome.esnr[system.transmitter][place, 0][counted]),
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
                            noise_step=noise_step,
                            matched_step=outcome.steps[attack.transmitter][place, 1 + i][counted],
                            ceiling=self._ceiling(
                                attack.transmitter, outcome.esnr[attack.transmitter][place, 1 + i][counted]
                            ),
                            both_correct=made.hits[place][counted] & outcome.hits[system.name][place][counted],
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
        for digital in self._experiment.digital:
            sent = self._counted(digital.scored)
            errors = outcome.bit_errors[digital.name][place][sent]
            self._tally(Node(digital.name, "", None, self.point.snr_db, digital.scored)).add(
                outcome.hits[digital.name][place][sent],
                labels if digital.scored == "label" else None,
                noise_step=np.zeros_like(errors),
                denoiser_calls=np.zeros_like(errors),
                bit_errors=errors,
                squared_bit_errors=errors.astype(np.int64) ** 2,
                block_errors=errors > 0,
            )
        counts = max(self._counted(node.scored).stop for node in self._tallies)
        self.done += counts
        self.finished = all(_stop_reason(self._experiment, node, tally) for node, tally in self._tallies.items())
        return counts

    def result(self) -> PointResult:
        order = [system.name for system in self._experiment.systems]
        order += [digital.name for digital in self._experiment.digital]
        nodes = sorted(self._tallies, key=lambda node: order.index(node.system))
        rows = [_row(self._experiment, self.point, node, self._tallies[node]) for node in nodes]
        by_step = np.stack([self._tallies[node].by_step for node in nodes])
        return PointResult(self.point, rows, by_step, self._examples, self.done)

    def _not_finite(self, outcome: Outcome, place: int) -> str:
        """What of a batch is not, from the transmitter on; "" if all is."""
        own, heard = self.point.eavesdropper_snr_db, outcome.heard_finite
        for transmitter in heard:
            for node, finite in enumerate(heard[transmitter][place]):
                if not finite:
                    listener = f"the eavesdropper at {own[node - 1]:g} dB" if node else "the receiver"
                    return f"transmitter {transmitter}: what {listener} hears is"
        for system in self._experiment.systems:
            if not outcome.finite[system.name][place]:
                return f"system {system.name} behind transmitter {system.transmitter}: its logits are"
        for attack, eavesdroppers in zip(self._experiment.attacks, outcome.attacks, strict=True):
            what = "images, or the judges' logits of them," if attack.reconstructs else "logits"
            for snr_db, made in zip(own, eavesdroppers, strict=True):
                if not made.finite[place]:
                    return f"attack {attack.name} on transmitter {attack.transmitter} at {snr_db:g} dB: its {what} are"
        for digital in self._experiment.digital:
            if not outcome.finite[digital.name][place]:
                return f"digital link {digital.name}: its features or logits are"
        return ""

    def _counted(self, scored: str) -> slice:
        """Of the next batch, what nodes of a kind count: up to the end of their images."""
        return slice(0, max(0, min(self._experiment.batch_size, self._experiment.rule(scored).images - self.done)))

    def _ceiling(self, transmitter: str, esnr: np.ndarray) -> np.ndarray:
        symbols = math.prod(self._experiment.links[transmitter].transmitter.encoder.output_shape[1:])
        return simplex_ceilings(esnr, symbols, self._experiment.classes, self._priors)

    def _tally(self, node: Node) -> Tally:
        images = len(self._experiment.labels) if node.scored == "label" else 0
        passes = self._experiment.passes if node.scored == "label" else 1
        return self._tallies.setdefault(node, Tally(images, passes))


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


def _row(experiment: Experiment, point: Point, node: Node, tally: Tally) -> dict:
    low, high = tally.interval()
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
        "signal_power": _signal_power(experiment, point, node, tally),
        "noise_step": round(tally.mean("noise_step")),
        "matched_step": tally.mean("matched_step"),
        "ceiling": tally.mean("ceiling"),
        "correct": tally.correct,
        "total": tally.total,
        "accuracy": tally.correct / tally.total,
        "ci_low": low,
        "ci_high": high,
        "images": tally.images,
        "effective_images": tally.effective,
        "both_correct": int(tally.sum("both_correct")) if attack else tally.correct,
        "clean_judge_correct": tally.sum("clean_judge_correct"),
        "clean_judge_accuracy": tally.mean("clean_judge_correct"),
        "worst_class": worst,
        "worst_class_correct": worst_correct,
        "worst_class_total": worst_total,
        "worst_class_accuracy": worst_correct / worst_total if worst_total else float("nan"),
        "psnr_db": tally.mean("psnr_db"),
        "ssim": tally.mean("ssim"),
        "denoiser_calls": 0.0 if attack else tally.mean("denoiser_calls"),
        "channel_uses": _channel_uses(experiment, node),
        "looks": experiment.looks if attack else 1,
        "knows_step": attack.knows_step if attack else True,
        "surrogate": attack.surrogate if attack else "",
        "training_images": attack.training_images if attack else 0,
        "training_epochs": attack.training_epochs if attack else 0,
        "warning": attack.warning if attack else "",
        "stop_reason": _stop_reason(experiment, node, tally),
    } | _error_rates(experiment, node, tally)


def _stop_reason(experiment: Experiment, node: Node, tally: Tally) -> str:
    return experiment.rule(node.scored).reason(tally.correct, tally.total, tally.effective)


def _signal_power(experiment: Experiment, point: Point, node: Node, tally: Tally) -> float:
    """Share of the radiated power that carries the feature, abar_t / (abar_t + 1 - abar_s); NaN for digital links."""
    if not node.transmitter:
        return float("nan")
    alpha_bar = experiment.schedule.alpha_bar
    self_noise = 1 - np.interp(tally.mean("noise_step"), np.arange(len(alpha_bar)), alpha_bar)
    return float(alpha_bar[point.timestep] / (alpha_bar[point.timestep] + self_noise))


def _channel_uses(experiment: Experiment, node: Node) -> int:
    for digital in experiment.digital:
        if digital.name == node.system:
            return digital.link.channel_uses
    link = experiment.links[node.transmitter]
    listener = link.eavesdropper if node.attack else link.legitimate
    return listener.channel_uses(link.transmitter.encoder.output_shape[1:])


def _error_rates(experiment: Experiment, node: Node, tally: Tally) -> dict:
    """Bit and block error rates of a digital link, with 95% intervals."""
    for digital in experiment.digital:
        if digital.name == node.system:
            size = digital.link.information_bits
            bit_errors, block_errors = int(tally.sum("bit_errors")), int(tally.sum("block_errors"))
            low, high = clustered_interval(bit_errors, int(tally.sum("squared_bit_errors")), tally.total, size)
            block_low, block_high = wilson_interval(block_errors, tally.total)
            return {
                "scored": digital.scored,
                "bits": tally.total * size,
                "bit_errors": bit_errors,
                "squared_bit_errors": int(tally.sum("squared_bit_errors")),
                "ber": bit_errors / (tally.total * size),
                "ber_low": low,
                "ber_high": high,
                "blocks": tally.total,
                "block_errors": block_errors,
                "bler": block_errors / tally.total,
                "bler_low": block_low,
                "bler_high": block_high,
            }
    return {name: ADDED[name] for name in ERROR_RATES}
