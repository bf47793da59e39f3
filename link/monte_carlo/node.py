"""A node of a point: a receiver, an eavesdropper's attack, or a digital system."""

from dataclasses import dataclass
from typing import Literal

from diffsem.link.monte_carlo.experiment import Attack


@dataclass(frozen=True)
class Node:
    """Who a row of the result table is about; a receiver has no attack, and a digital system no transmitter.

    `place` is that of an eavesdropper among several that differ by where they stand.
    """

    system: str
    transmitter: str
    attack: Attack | None
    snr_db: float
    scored: Literal["label", "block"] = "label"
    place: int = -1
