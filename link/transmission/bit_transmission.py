"""A system whose bits are counted, as a sweep sees it."""

from typing import Any, Literal, Protocol


class BitTransmission(Protocol):
    """A named system that sends a block of bits for each image, and counts those that arrive wrong.

    Examples
    --------
    A wire that loses nothing.

    >>> import numpy as np
    >>> class Wire:
    ...     name, scored, information_bits, channel_uses = "wire", "block", 8, 4
    ...     def run(self, images, labels, snr_db, channel_seed, payload_seed):
    ...         errors = np.zeros(len(images), np.int32)
    ...         return errors == 0, errors, np.isfinite(errors)
    >>> hits, bit_errors, _ = Wire().run(np.zeros([3, 28, 28, 1]), None, np.zeros(3), 1, 2)
    >>> int(hits.sum()), bit_errors.tolist()
    (3, [0, 0, 0])
    """

    @property
    def name(self) -> str:
        """Column `system` of the result table."""

    @property
    def scored(self) -> Literal["label", "block"]:
        """What counts as correct: the label, or the whole block where nothing is sent that has a label."""

    @property
    def information_bits(self) -> int:
        """Of a block."""

    @property
    def channel_uses(self) -> int:
        """Of a block, pilots among them."""

    def run(self, images: Any, labels: Any, snr_db: Any, channel_seed: Any, payload_seed: Any) -> tuple[Any, Any, Any]:
        """One transmission of a batch.

        Parameters
        ----------
        images : [B, height, width, channels], float32
        labels : [B], int64
        snr_db : [B], float
            Es/N0, dB.
        channel_seed, payload_seed : scalar int64

        Returns
        -------
        hits : [B], bool
            Whether the label, or the whole block, arrived right.
        bit_errors : [B], int32
        finite : [B], bool
            Whether all that was sent, and all that was made of it, is.
        """
