"""What is simulated: points of a sweep, systems, attacks, and when a node is known well enough."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from diffsem.link.accuracy import share_interval

if TYPE_CHECKING:  # a point can be sent to a worker that has not loaded TensorFlow yet
    from diffsem.link.digital import DigitalSystem
    from diffsem.link.wiretap import WiretapLink
    from diffsem.models import NoiseSchedule


@dataclass(frozen=True)
class StoppingRule:
    """When a node is known well enough; a point ends once all its nodes are, or none has images left.

    Parameters
    ----------
    max_images : int
    target_errors : int or None
        Wrong labels, as in bit error rate sweeps.
    ci_half_width : float or None
        Half width of the 95% interval of the accuracy.
    test_set : int or None
        Images of the test set, times the passes over it; None: nothing that a test set has is sent.
    """

    max_images: int
    target_errors: int | None = None
    ci_half_width: float | None = None
    test_set: int | None = None

    @property
    def images(self) -> int:
        """Images that a node counts at most."""
        return self.max_images if self.test_set is None else min(self.max_images, self.test_set)

    def reason(self, correct: int, total: int, effective: float | None = None) -> str:
        """Name of the rule that is met, or "" if none is.

        Parameters
        ----------
        correct, total : int
        effective : float, optional
            Independent images that they are worth (`effective_images`); default: all.
        """
        if self.target_errors is not None and total - correct >= self.target_errors:
            return "target_errors"
        if self.ci_half_width is not None and _half_width(correct, total, effective) <= self.ci_half_width:
            return "ci_half_width"
        if total >= self.max_images:
            return "max_images"
        return "test_set" if total >= self.images else ""

    def projected_images(self, correct: int, total: int, effective: float | None = None) -> int:
        """Images after which the first rule will be met if the node goes on as it began; at least 1.

        It only decides how much is simulated ahead, never what is counted.
        """
        if self.target_errors is None and self.ci_half_width is None:
            return self.images
        if total == 0:
            return 1
        projections: list[float] = [self.images]
        if self.target_errors is not None:
            projections.append(total * self.target_errors / max(total - correct, 1))
        if self.ci_half_width is not None:
            projections.append(total * (_half_width(correct, total, effective) / self.ci_half_width) ** 2)
        return max(1, math.ceil(min(projections)))


def _half_width(correct: int, total: int, effective: float | None) -> float:
    low, high = share_interval(correct / total, effective or total)
    return (high - low) / 2


@dataclass(frozen=True)
class System:
    """A named receiver behind a named transmitter.

    Parameters
    ----------
    name : str
    transmitter : str
        Key of the link that it listens to; systems with the same one share every symbol.
    receiver : callable
        ([y, t']) -> (logits [N, classes], U-Net calls of each image [N]).
    """

    name: str
    transmitter: str
    receiver: Callable


@dataclass(frozen=True)
class Attack:
    """A named attack on what a named transmitter radiates.

    Parameters
    ----------
    name : str
        Different for two attacks on one transmitter.
    transmitter : str
    run : callable
        ([y, t']) -> image [B, height, width, channels], which judges label, or logits [B, classes] of its own.
    reconstructs : bool
        Whether it makes images.
    knows_step : bool
    surrogate : str
        The kind of images that it was trained on.
    training_images, training_epochs : int
        With how many it was trained, and how long; 0 for one that learns nothing.
    warning : str
        In what way it is run under other conditions than it was trained for; "" if it is not.
    """

    name: str
    transmitter: str
    run: Callable
    reconstructs: bool = True
    knows_step: bool = True
    surrogate: str = ""
    training_images: int = 0
    training_epochs: int = 0
    warning: str = ""


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
        Es/N0 at the eavesdropper, dB; one adversary row each. As many at every point of a sweep.
    """

    timestep: int
    snr_db: float
    eavesdropper_snr_db: tuple[float, ...]


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
    clean_judge : callable
        The same for a judge that never saw anything but clean images: one that has seen an attack flatters it.
    images : [N, height, width, channels], float32 in [0, 1]
        Test images, taken in order.
    labels : [N], int
    schedule : NoiseSchedule
    stopping : StoppingRule
    batch_size : int
        Images that share a draw of the channel's noise, and a call of a network.
    seed : int
    channels : mapping of str to str
        Channel kind by node ("receiver", "adversary"), for the table.
    digital : sequence of DigitalSystem
        Digital links over the legitimate channel, without self-noise.
    eavesdroppers : int
        Eavesdropper SNRs a point.
    looks : int
        Transmissions of an image that an eavesdropper combines.
    passes : int
        Times that a point goes through the test images, each with noise of its own.
    classes : int
    pool : int
        Batches, of one point or of several, that are simulated together. Changes speed and memory, never a count.
    xla : bool
        Compile receivers and attacks by XLA.
    """

    links: "Mapping[str, WiretapLink]"
    systems: Sequence[System]
    attacks: Sequence[Attack]
    judge: Callable
    clean_judge: Callable
    images: np.ndarray
    labels: np.ndarray
    schedule: "NoiseSchedule"
    stopping: StoppingRule
    batch_size: int
    seed: int
    channels: Mapping[str, str]
    digital: "Sequence[DigitalSystem]" = ()
    eavesdroppers: int = 1
    looks: int = 1
    passes: int = 1
    classes: int = 10
    pool: int = 32
    xla: bool = False

    def rule(self, scored: str = "label") -> StoppingRule:
        """When a node is known well enough; one scored by "block" sends random bits, which do not run out."""
        test_set = self.passes * len(self.labels) if scored == "label" else None
        return replace(self.stopping, test_set=test_set)
