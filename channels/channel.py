"""What links ask of a channel, and what a channel tells of its state."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import tensorflow as tf


@dataclass(frozen=True)
class ChannelState:
    """A node's channel in the N channel uses that carry data.

    Parameters
    ----------
    gain : [B, N, M, K], complex64
        From K transmit to M receive antennas, as it is.
    known : [B, N, M, K], complex64
        As the node knows it.
    error : [B, N], float32
        Noise variance a receive antenna that a channel use of unit energy meets for what is not known.

    Examples
    --------
    >>> import numpy as np
    >>> from diffsem.channels import BlockFadingChannel, Csi
    >>> channel = BlockFadingChannel(receive_antennas=2, csi=Csi(pilots=4))
    >>> state = channel.observe(channel.fading(5, 32), np.full(5, 0.5, "float32"), count=32)
    >>> tuple(state.gain.shape), float(state.error[0, 0])  # the noise variance, averaged over four pilots
    ((5, 32, 2, 1), 0.125)
    """

    gain: tf.Tensor
    known: tf.Tensor
    error: tf.Tensor


@runtime_checkable
class Channel(Protocol):
    """A node's channel from K transmit to M receive antennas, as `Reception` and `DigitalLink` call it.

    A Keras layer, so that receptions that hold it can be stored; `BlockFadingChannel` and `OfdmChannel` are two. All
    that it draws comes from Sionna's stream, which `reseed` sets. The shape of its fading, [B, ..., M, K], is its own
    affair: others only pass it on, and may correlate it with that of another node's channel of the same kind.

    Parameters
    ----------
    transmit_antennas, receive_antennas : int
        K and M.

    Examples
    --------
    >>> from diffsem.channels import BlockFadingChannel, Channel, Equalizer
    >>> class Repeated(BlockFadingChannel):
    ...     def channel_uses(self, count):
    ...         return 2 * super().channel_uses(count)
    >>> isinstance(Repeated(), Channel), isinstance(Equalizer(), Channel), Repeated().channel_uses(32)
    (True, False, 64)
    """

    transmit_antennas: int
    receive_antennas: int

    def __call__(self, inputs, fading=None):
        """Send symbols, a stream of its own from every transmit antenna.

        Parameters
        ----------
        inputs : [symbols, no]
            symbols : [B, n], complex64; unit mean energy.
            no : [B], float32; noise variance a complex symbol and receive antenna, 1 / (mean Es/N0).
        fading : [B, ..., M, K], complex64, optional
            As the method `fading` draws it for n symbols. Default: a fresh draw.

        Returns
        -------
        received : [B, N, M], complex64
            In the N = ceil(n / K) channel uses that carry data. A channel use radiates unit energy in all, and its
            mean gain over draws of the fading is 1.
        gain : [B, N, M, K], complex64
            What the node knows of the gain of every stream of unit energy.
        noise : [B, N], float32
            Noise variance a receive antenna, what the error of the gain adds to it included.
        """

    def fading(self, batch, count: int) -> tf.Tensor:
        """A draw for `batch` transmissions of `count` symbols each: [B, ..., M, K], complex64.

        Of zero mean and unit energy an entry, if it is to be correlated with another node's.
        """

    def channel_uses(self, count: int) -> int:
        """Channel uses that `count` symbols take, those of pilots among them."""

    def observe(self, fading, no, count: int) -> ChannelState:
        """Its state in the N channel uses of `count` symbols. Only where beams are formed, as is `carry`.

        Parameters
        ----------
        fading : [B, ..., M, K], complex64
        no : [B], float32
        count : int
        """

    def carry(self, antennas, gain, no) -> tf.Tensor:
        """What antennas radiate, received in noise.

        Parameters
        ----------
        antennas : [B, N, K], complex64
        gain : [B, N, M, K], complex64
            `ChannelState.gain`.
        no : [B], float32

        Returns
        -------
        [B, N, M], complex64
        """
