"""How far a point of a sweep has come: what of it is simulated, what is counted, and what came of it."""

import math
from typing import Literal

import numpy as np

from diffsem.link.accuracy import simplex_ceilings
from diffsem.link.hits import packed_hits
from diffsem.link.monte_carlo.experiment import Attack, Experiment
from diffsem.link.monte_carlo.node import Node
from diffsem.link.monte_carlo.outcome import Attacked, Outcome
from diffsem.link.monte_carlo.part import TOGETHER, Part, part_of_digital, parts_of
from diffsem.link.monte_carlo.rows import axes_of, first_place, row_of, standing, stop_reason
from diffsem.link.monte_carlo.tally import Tally
from diffsem.link.results.point import Point, PointResult
from diffsem.link.transmission.bit_transmission import BitTransmission

Scored = Literal["label", "block"]


class PointRun:
    """One point: batches are scheduled, simulated in pools, and counted in order until all its nodes are known.

    A digital link of random bits is counted up to the batch that meets its stopping rule, and simulated no further.
    All other nodes go on until the last of them is known: their rows are compared image by image.

    Parameters
    ----------
    experiment : Experiment
    point : Point
    """

    def __init__(self, experiment: Experiment, point: Point):
        self.point = point
        self.done = 0  # images
        self.finished = False
        self.broken = ""  # by what
        self._experiment = experiment
        self._parts = {name: Part() for name in parts_of(experiment)}
        self._tallies: dict[Node, Tally] = {}
        self._examples: list[dict] = []
        self._priors = tuple(np.bincount(experiment.labels, minlength=experiment.classes))

    def schedule(self, room: int) -> dict[str, list[int]]:
        """The next batches of each part that goes on: what it will likely need, at least one and at most `room`."""
        batches = {}
        for name, part in self._parts.items():
            if not part.finished:
                ahead = min(max(1, self._batches_needed(name) - part.scheduled), room)
                batches[name] = list(range(part.scheduled, part.scheduled + ahead))
                part.scheduled += ahead
        return batches

    def _batches_needed(self, part: str) -> int:
        tallies = [(node, tally) for node, tally in self._tallies.items() if _part_of(node) == part]
        if tallies:
            needed = max(
                self._experiment.rule(node.scored).projected_images(tally.correct, tally.total, tally.effective)
                for node, tally in tallies
            )
        else:
            scored: Scored = "label" if part == TOGETHER else "block"
            needed = self._experiment.rule(scored).projected_images(0, 0)
        return math.ceil(needed / self._experiment.batch_size)

    def count(self, name: str, outcome: Outcome, place: int) -> int:
        """Count the next batch of a part, the one at `place` of its pool.

        Returns
        -------
        int
            How many images further the point is: none at its end, or where another part is as far.
        """
        part = self._parts[name]
        if part.finished or self.broken:
            return 0
        broken = self._not_finite(name, outcome, place)
        if broken:
            self.broken = f"{broken} NaN or infinite; allowed: finite numbers (are the weights whole?)"
            return 0
        # Batches are always full, so that no shape is compiled twice; the surplus of the last one is not counted.
        scored: Scored = "label" if name == TOGETHER else "block"
        counted = self._counted(part, scored)
        if name == TOGETHER:
            self._count_images(outcome, place, counted)
        for digital in self._digital(name):
            self._count_digital(outcome, place, digital, counted)
        part.done += counted.stop
        part.finished = all(
            stop_reason(self._experiment, node, tally)
            for node, tally in self._tallies.items()
            if _part_of(node) == name
        )
        before = self.done
        self.done = max(before, part.done)
        self.finished = all(part.finished for part in self._parts.values())
        return self.done - before

    def _digital(self, part: str) -> list[BitTransmission]:
        """The digital systems of a part."""
        return [digital for digital in self._experiment.digital if part_of_digital(digital) == part]

    def _count_images(self, outcome: Outcome, place: int, counted: slice) -> None:
        first = self._parts[TOGETHER].done == 0
        self._count_systems(outcome, place, counted)
        for attack, eavesdroppers in zip(self._experiment.attacks, outcome.attacks, strict=True):
            for eavesdropper, made in enumerate(eavesdroppers[: len(self.point.eavesdropper_snr_db)]):
                self._count_attack(outcome, place, counted, attack, eavesdropper, made)
                # Of a map nobody looks through the images.
                if first and made.images is not None and not self.point.places:
                    self._keep_examples(attack, eavesdropper, made.images[place][counted])

    def _count_systems(self, outcome: Outcome, place: int, counted: slice) -> None:
        for system in self._experiment.systems:
            node = Node(system.name, system.transmitter, None, self.point.snr_db)
            self._tally(node).add(
                outcome.hits[system.name][place][counted],
                outcome.labels[place][counted],
                noise_step=outcome.noise_step[place][counted],
                matched_step=outcome.steps[system.transmitter][place, 0][counted],
                ceiling=self._ceiling(system.transmitter, outcome.esnr[system.transmitter][place, 0][counted]),
                capacity=outcome.capacity[system.transmitter][place, 0][counted],
                denoiser_calls=outcome.calls[system.name][place][counted],
            )

    def _count_attack(
        self, outcome: Outcome, place: int, counted: slice, attack: Attack, eavesdropper: int, made: Attacked
    ) -> None:
        transmitter, hits = attack.transmitter, made.hits[place][counted]
        # Behind the receiver's.
        observed = 1 + eavesdropper
        own, heard = (outcome.capacity[transmitter][place, node][counted] for node in (0, observed))
        kept = np.maximum(own - heard, 0)
        stands_at = self._place_of(eavesdropper)
        # Systems behind one transmitter differ in their receivers only: the eavesdropper is the same.
        for system in self._experiment.systems:
            if system.transmitter != transmitter:
                continue
            node = Node(system.name, transmitter, attack, self.point.eavesdropper_snr_db[eavesdropper], place=stands_at)
            self._tally(node).add(
                hits,
                outcome.labels[place][counted],
                noise_step=outcome.noise_step[place][counted],
                matched_step=outcome.steps[transmitter][place, observed][counted],
                ceiling=self._ceiling(transmitter, outcome.esnr[transmitter][place, observed][counted]),
                capacity=heard,
                secrecy_capacity=kept,
                squared_secrecy_capacity=kept.astype(np.float64) ** 2,
                both_correct=hits & outcome.hits[system.name][place][counted],
                surprisal=_batch(made.surprisal, place, counted),
                clean_judge_correct=_batch(made.clean_hits, place, counted),
                psnr_db=_batch(made.psnr_db, place, counted),
                ssim=_batch(made.ssim, place, counted),
            )

    def _place_of(self, eavesdropper: int) -> int:
        places = self.point.places
        return places[eavesdropper] if places else first_place(self._experiment, self.point)

    def _keep_examples(self, attack: Attack, eavesdropper: int, images: np.ndarray) -> None:
        self._examples.append(
            {
                "transmitter": attack.transmitter,
                "attack": attack.name,
                "timestep": self.point.timestep,
                "receiver_snr_db": self.point.snr_db,
                "snr_db": self.point.eavesdropper_snr_db[eavesdropper],
                **axes_of(self._experiment, self.point),
                "images": images,
            }
        )

    def _count_digital(self, outcome: Outcome, place: int, digital: BitTransmission, counted: slice) -> None:
        errors = outcome.bit_errors[digital.name][place][counted]
        self._tally(Node(digital.name, "", None, self.point.snr_db, digital.scored)).add(
            outcome.hits[digital.name][place][counted],
            outcome.labels[place][counted] if digital.scored == "label" else None,
            noise_step=np.zeros_like(errors),
            denoiser_calls=np.zeros_like(errors),
            bit_errors=errors,
            squared_bit_errors=errors.astype(np.int64) ** 2,
            block_errors=errors > 0,
        )

    def result(self) -> PointResult:
        order = [system.name for system in self._experiment.systems]
        order += [digital.name for digital in self._experiment.digital]
        nodes = sorted(self._tallies, key=lambda node: order.index(node.system))
        made = {node: row_of(self._experiment, self.point, node, self._tallies[node]) for node in nodes}
        # A receiver that hears the same at every place has a row at each, as on every other axis.
        told = [
            (node, made[node] if node.attack else {**made[node], **standing(self._experiment, "receiver", place)})
            for place in self.point.places or [first_place(self._experiment, self.point)]
            for node in nodes
            if node.attack is None or node.place == place
        ]
        by_step = np.stack([self._tallies[node].by_step for node, _ in told])
        hits = packed_hits([self._tallies[node].hits for node, _ in told])
        return PointResult(self.point, [row for _, row in told], by_step, self._examples, self.done, hits)

    def _not_finite(self, part: str, outcome: Outcome, place: int) -> str:
        """What of a batch of a part is not, from the transmitter on; "" if all is."""
        broken = self._images_not_finite(outcome, place) if part == TOGETHER else ""
        for digital in self._digital(part):
            if not broken and not outcome.finite[digital.name][place]:
                broken = f"digital link {digital.name}: its features or logits are"
        return broken

    def _images_not_finite(self, outcome: Outcome, place: int) -> str:
        own, heard = self.point.eavesdropper_snr_db, outcome.heard_finite
        for transmitter in heard:
            for node, finite in enumerate(heard[transmitter][place][: 1 + len(own)]):
                if not finite:
                    listener = f"the eavesdropper at {own[node - 1]:g} dB" if node else "the receiver"
                    return f"transmitter {transmitter}: what {listener} hears is"
        for system in self._experiment.systems:
            if not outcome.finite[system.name][place]:
                return f"system {system.name} behind transmitter {system.transmitter}: its logits are"
        for attack, eavesdroppers in zip(self._experiment.attacks, outcome.attacks, strict=True):
            what = "images, or the judges' logits of them," if attack.reconstructs else "logits"
            for snr_db, made in zip(own, eavesdroppers[: len(own)], strict=True):
                if not made.finite[place]:
                    return f"attack {attack.name} on transmitter {attack.transmitter} at {snr_db:g} dB: its {what} are"
        return ""

    def _counted(self, part: Part, scored: Scored) -> slice:
        """Of the next batch, what a part counts: up to the end of its images."""
        return slice(0, max(0, min(self._experiment.batch_size, self._experiment.rule(scored).images - part.done)))

    def _ceiling(self, transmitter: str, esnr: np.ndarray) -> np.ndarray | None:
        symbols = self._experiment.links[transmitter].bounded_symbols
        if symbols is None:
            return None
        return simplex_ceilings(esnr, symbols, self._experiment.classes, self._priors)

    def _tally(self, node: Node) -> Tally:
        images = len(self._experiment.labels) if node.scored == "label" else 0
        passes = self._experiment.passes if node.scored == "label" else 1
        return self._tallies.setdefault(node, Tally(images, passes))


def _part_of(node: Node) -> str:
    return node.system if node.scored == "block" else TOGETHER


def _batch(values: np.ndarray | None, place: int, counted: slice) -> np.ndarray | None:
    return None if values is None else values[place][counted]
