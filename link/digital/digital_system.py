"""A named payload over a digital link."""

from dataclasses import dataclass
from typing import Literal

import tensorflow as tf

from diffsem.channels import reseed
from diffsem.link.digital.digital_link import DigitalLink
from diffsem.link.digital.payload import Payload


@dataclass(frozen=True)
class DigitalSystem:
    """A named payload over a digital link.

    Parameters
    ----------
    name : str
    link : DigitalLink
    payload : Payload
        `RandomBits`, `FeatureBits`, or one's own.

    Examples
    --------
    Blocks of 12 bits at 60 dB: all of them arrive.

    >>> import math
    >>> import numpy as np
    >>> from diffsem.channels import BlockFadingChannel
    >>> from diffsem.link import DigitalLink, DigitalSystem, RandomBits
    >>> link = DigitalLink(BlockFadingChannel(math.inf), "zf", "16qam", None, information_bits=12)
    >>> system = DigitalSystem("bits", link, RandomBits(12))
    >>> hits, bit_errors, _ = system.run(np.zeros([3, 28, 28, 1]), None, np.full(3, 60.0), 1, 2)
    >>> system.scored, hits.numpy().tolist(), bit_errors.numpy().tolist()
    ('block', [True, True, True], [0, 0, 0])
    """

    name: str
    link: DigitalLink
    payload: Payload

    @property
    def scored(self) -> Literal["label", "block"]:
        """What counts as correct: "label", or "block" where nothing is sent that has a label."""
        return self.payload.scored

    @property
    def information_bits(self) -> int:
        """k of a block."""
        return self.link.information_bits

    @property
    def channel_uses(self) -> int:
        """Of a block, pilots among them."""
        return self.link.channel_uses

    def run(self, images, labels, snr_db, channel_seed, payload_seed):
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
            Whether features and logits were.
        """
        sent = self.payload.bits(images, payload_seed)
        has_bit = tf.math.is_finite(sent)
        reseed(channel_seed)
        no = tf.cast(10 ** (-tf.cast(snr_db, tf.float64) / 10), tf.float32)
        decided = self.link.transmit(tf.where(has_bit, sent, 0.0), no, payload_seed)
        bit_errors = tf.reduce_sum(tf.cast(decided != sent, tf.int32), axis=-1)
        hits, finite = self.payload.arrived(decided, bit_errors, labels)
        return hits, bit_errors, finite & tf.reduce_all(has_bit, axis=-1)
