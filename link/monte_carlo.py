"""Monte Carlo at one point of a sweep: batches until every node is known well enough."""

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import tensorflow as tf

from diffsem.link.accuracy import wilson_interval
from diffsem.link.image_quality import psnr_db, ssim
from diffsem.link.wiretap import Seeds, WiretapLink
from diffsem.models import NoiseSchedule

EXAMPLES = 10


@dataclass(frozen=True)
class StoppingRule:
    """When a node is known well enough; a point ends once all its nodes are, or at `max_images`.

    Parameters
    ----------
    max_images : int
    target_errors : int or None
        Wrong labels, as in bit error rate sweeps.
    ci_half_width : float or None
        Half width of the 95% interval of the accuracy.
    """

    max_images: int
    target_errors: int | None = None
    ci_half_width: float | None = None

    def reason(self, correct: int, total: int) -> str:
        """Name of the rule that is met, or "" if none is."""
        if self.target_errors is not None and total - correct >= self.target_errors:
            return "target_errors"
        if self.ci_half_width is not None:
            low, high = wilson_interval(correct, total)
            if (high - low) / 2 <= self.ci_half_width:
                return "ci_half_width"
        return "max_images" if total >= self.max_images else ""


@dataclass(frozen=True)
class System:
    """A named receiver behind a named transmitter.

    Parameters
    ----------
    name : str
    transmitter : str
        Key of the link that it listens to; systems with the same one share every symbol.
    receiver : callable
        ([y, t']) -> (logits [B, classes], U-Net calls an image).
    """

    name: str
    transmitter: str
    receiver: Callable


@dataclass(frozen=True)
class Attack:
    """A named attack on what a named transmitter radiates: ([y, t']) -> image [B, height, width, channels]."""

    name: str
    transmitter: str
    reconstruct: Callable


@dataclass(frozen=True)
class Point:
    """One point of a sweep.

    Parameters
    ----------
    timestep : int
        t.
    snr_db : float
        Es/N0 at the legitimate receiver, dB.
    eavesdropper_snr_db : tuple of float
        Es/N0 at the eavesdropper, dB; one adversary row each.
    """

    timestep: int
    snr_db: float
    eavesdropper_snr_db: tuple[float, ...]


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
            self.sums[name] = self.sums.get(name, 0.0) + float(np.sum(value))

    def mean(self, name: str) -> float:
        return self.sums[name] / self.total if name in self.sums else float("nan")


@dataclass(frozen=True)
class PointResult:
    """Rows of the result table, and some reconstructions [n, height, width, channels] float in [0, 1]."""

    rows: list[dict]
    examples: list[dict]


@dataclass(frozen=True)
class Experiment:
    """Everything that stays the same over a sweep.

    Parameters
    ----------
    links : mapping of str to WiretapLink
        Transmitters by name.
    systems : sequence of System
    attacks : sequence of Attack
    judge : callable
        Strong classifier Q: image [B, ...] -> logits.
    images : [N, height, width, channels], float32 in [0, 1]
        Test images; taken in order, and anew from the first when they run out.
    labels : [N], int
    schedule : NoiseSchedule
    stopping : StoppingRule
    batch_size : int
    seed : int
    channels : mapping of str to str
        Channel kind by node ("receiver", "adversary"), for the table.
    """

    links: Mapping[str, WiretapLink]
    systems: Sequence[System]
    attacks: Sequence[Attack]
    judge: Callable
    images: np.ndarray
    labels: np.ndarray
    schedule: NoiseSchedule
    stopping: StoppingRule
    batch_size: int
    seed: int
    channels: Mapping[str, str]


def derive_seed(seed: int, point: Point, batch: int, role: str) -> int:
    """Seed of one role in one batch of one point, the same for every system.

    It hangs on the point's own values, not on its place in the sweep: a point gives the same rows in any sweep. All
    eavesdroppers of a point share their noise.
    """
    sequence = np.random.SeedSequence(
        [seed, point.timestep, zlib.crc32(repr(float(point.snr_db)).encode()), batch, zlib.crc32(role.encode())]
    )
    return int(sequence.generate_state(1)[0] >> 1)


def compile_nodes(experiment: Experiment) -> tuple[dict[str, Callable], dict[tuple[str, str], Callable]]:
    """One graph a receiver, by system, and one an attack with its judge and scores, by (attack, transmitter)."""
    receivers = {
        system.name: tf.function(lambda *observed, receiver=system.receiver: receiver(list(observed)))
        for system in experiment.systems
    }

    def scored(reconstruct):
        def run(received, step, images):
            reconstruction = reconstruct([received, step])
            return (
                reconstruction,
                tf.argmax(experiment.judge(reconstruction), axis=-1),
                psnr_db(images, reconstruction),
                ssim(images, reconstruction),
            )

        return tf.function(run)

    attacks = {(attack.name, attack.transmitter): scored(attack.reconstruct) for attack in experiment.attacks}
    return receivers, attacks


def simulate_point(
    experiment: Experiment,
    compiled: tuple[dict, dict],
    point: Point,
    progress: Callable[[int], None] = lambda images: None,
) -> PointResult:
    """Run one point until every node meets the stopping rule.

    Parameters
    ----------
    experiment : Experiment
    compiled : tuple
        From `compile_nodes`, shared by all points.
    point : Point
    progress : callable
        Gets the images done so far after every batch.

    Returns
    -------
    PointResult
    """
    receivers, attacks = compiled
    tallies: dict[Node, Tally] = {}
    examples: list[dict] = []
    noise_step = 0
    rule = experiment.stopping
    done, batch = 0, 0
    while done < rule.max_images:
        # Batches are always full, so that no shape is compiled twice; the surplus of the last one is not counted.
        index = np.arange(done, done + experiment.batch_size) % len(experiment.labels)
        images, labels = experiment.images[index], experiment.labels[index]
        counted = slice(0, min(experiment.batch_size, rule.max_images - done))
        seeds = Seeds(
            *(derive_seed(experiment.seed, point, batch, role) for role in ("self-noise", "legitimate", "eavesdropper"))
        )
        whole = np.ones(experiment.batch_size)
        for transmitter, link in experiment.links.items():
            receiver, eavesdroppers, noise_steps = link.transmit(
                images,
                whole * point.timestep,
                whole * point.snr_db,
                [whole * snr_db for snr_db in point.eavesdropper_snr_db],
                seeds,
            )
            noise_step = int(noise_steps[0])
            systems = [system for system in experiment.systems if system.transmitter == transmitter]
            for system in systems:
                logits, calls = receivers[system.name](receiver.received, receiver.step)
                node = Node(system.name, transmitter, "receiver", "", point.snr_db)
                hits = (np.argmax(logits, axis=-1) == labels)[counted]
                tallies.setdefault(node, Tally()).add(
                    hits, matched_step=receiver.step[counted], denoiser_calls=float(calls) * np.ones(len(hits))
                )
            for (attack, heard), run in attacks.items():
                if heard != transmitter:
                    continue
                for snr_db, observed in zip(point.eavesdropper_snr_db, eavesdroppers, strict=True):
                    reconstruction, guess, psnr, similarity = run(observed.received, observed.step, images)
                    # Systems behind one transmitter differ in their receivers only: the eavesdropper is the same.
                    for system in systems:
                        node = Node(system.name, transmitter, "adversary", attack, snr_db)
                        tallies.setdefault(node, Tally()).add(
                            (guess.numpy() == labels)[counted],
                            matched_step=observed.step[counted],
                            psnr_db=psnr[counted],
                            ssim=similarity[counted],
                        )
                    if batch == 0:
                        examples.append(
                            {
                                "transmitter": transmitter,
                                "attack": attack,
                                "timestep": point.timestep,
                                "receiver_snr_db": point.snr_db,
                                "snr_db": snr_db,
                                "images": reconstruction.numpy()[counted][:EXAMPLES],
                            }
                        )
        done += counted.stop
        batch += 1
        progress(done)
        if all(rule.reason(tally.correct, tally.total) for tally in tallies.values()):
            break
    order = [system.name for system in experiment.systems]
    nodes = sorted(tallies, key=lambda node: order.index(node.system))
    return PointResult([_row(experiment, point, node, tallies[node], noise_step) for node in nodes], examples)


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
