"""The seeds of one transmission, and of those that an eavesdropper alone goes on to hear."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # a link's protocol is read without it
    import tensorflow as tf


@dataclass(frozen=True)
class Seeds:
    """One seed for each role, so that adding a listener never shifts another's noise: 0 <= int or tensor < 2**62.

    Parameters
    ----------
    legitimate : int
        The receiver's channel.
    self_noise, eavesdropper : sequence of int
        What the transmitter itself draws, and the eavesdropper's channel, in every one of the repeated transmissions
        (looks). The receiver hears the first.

    Examples
    --------
    >>> from diffsem.link import Seeds
    >>> Seeds.roles(2)
    ('legitimate', 'self-noise', 'eavesdropper', 'self-noise 1', 'eavesdropper 1')
    >>> seeds = Seeds.unpack([10, 11, 12, 13, 14])
    >>> seeds.looks, seeds.self_noise, seeds.eavesdropper
    (2, [11, 13], [12, 14])
    """

    legitimate: "int | tf.Tensor"
    self_noise: "Sequence[int | tf.Tensor]"
    eavesdropper: "Sequence[int | tf.Tensor]"

    @property
    def looks(self) -> int:
        return len(self.self_noise)

    @staticmethod
    def roles(looks: int) -> tuple[str, ...]:
        """A name for each number; it does not depend on how many looks there are."""
        later = [role for look in range(1, looks) for role in (f"self-noise {look}", f"eavesdropper {look}")]
        return ("legitimate", "self-noise", "eavesdropper", *later)

    @classmethod
    def unpack(cls, numbers: Sequence) -> "Seeds":
        """From as many numbers as there are `roles`, in their order."""
        legitimate, *others = numbers
        return cls(legitimate, others[::2], others[1::2])
