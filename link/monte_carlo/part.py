"""What of a point ends together: nodes that are compared image by image, or one digital link of random bits."""

from dataclasses import dataclass

from diffsem.link.monte_carlo.experiment import Experiment
from diffsem.link.transmission.bit_transmission import BitTransmission

# The name of the part whose nodes see the same images; a digital link of random bits is a part of its own name.
TOGETHER = ""


@dataclass
class Part:
    """How far a part of a point has come.

    Parameters
    ----------
    scheduled : int
        Batches.
    done : int
        Images, or blocks, that are counted.
    finished : bool
        Whether all its nodes are known well enough.
    """

    scheduled: int = 0
    done: int = 0
    finished: bool = False


def part_of_digital(digital: BitTransmission) -> str:
    """The part that a digital system belongs to."""
    return digital.name if digital.scored == "block" else TOGETHER


def parts_of(experiment: Experiment) -> list[str]:
    """The names of an experiment's parts, digital links of random bits last."""
    digital = [part_of_digital(system) for system in experiment.digital]
    alone = [part for part in digital if part != TOGETHER]
    seen = bool(experiment.systems or experiment.attacks) or TOGETHER in digital or not alone
    return [TOGETHER] * seen + alone
