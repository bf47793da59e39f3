"""AWGN and Rayleigh, Rician or other block fading for one or several antennas, by Sionna."""

import math
from collections.abc import Callable
from dataclasses import asdict

import keras
import tensorflow as tf
from sionna.phy.channel import AWGN
from sionna.phy.utils import complex_normal

from diffsem.channels.channel import ChannelState
from diffsem.channels.csi import Csi, csi_of
from diffsem.channels.streams import symbols_to_streams, uses_of

GainDraw = Callable[[int | tf.Tensor, int, int], tf.Tensor]


@keras.saving.register_keras_serializable("diffsem")
def rayleigh_gains(count, receive_antennas: int, transmit_antennas: int) -> tf.Tensor:
    """[count, receive antennas, transmit antennas], complex64: CN(0, 1) each, from Sionna's stream.

    Examples
    --------
    >>> from diffsem.channels import rayleigh_gains
    >>> rayleigh_gains(5, receive_antennas=2, transmit_antennas=4).shape.as_list()
    [5, 2, 4]
    """
    return complex_normal([count, receive_antennas, transmit_antennas])


@keras.saving.register_keras_serializable("diffsem")
class BlockFadingChannel(keras.layers.Layer):
    """y = H x + n, H held over a coherence block, blocks independent; n ~ CN(0, no I).

    An entry of H is sqrt(K / (K + 1)) + sqrt(1 / (K + 1)) g with the Rician factor K. With g ~ CN(0, 1) it is Rayleigh
    fading for K = 0, AWGN for K = inf; with gains g of one's own and K = 0, H is g itself. The specular part is the
    same for all antennas, and so of rank one. Every transmit antenna sends a stream of its own with its share of the
    energy: a channel use radiates unit energy in all.

    A coherence block begins with the pilots, one transmit antenna after another, each with a channel use's energy.

    Parameters
    ----------
    rician_factor : float
        K, linear; 0..inf.
    transmit_antennas, receive_antennas : int
    streams : int, optional
        Symbols a channel use; default: one a transmit antenna. With fewer, `form_beams` says what antennas radiate, and
        `observe` and `carry` take the place of a call.
    coherence : int, optional
        Channel uses that a block lasts, pilots among them; default: longer than any transmission.
    csi : Csi or dict, optional
        What the node knows of H, or its fields; perfect by default.
    draw_gains : callable, optional
        (count, receive antennas, transmit antennas) -> g, [count, receive antennas, transmit antennas], complex64, of
        zero mean and unit energy an entry, independent of each other; default: CN(0, 1). `count` may be a scalar
        tensor. It draws from `sionna.phy.config.tf_rng`, which `reseed` sets, and is registered with Keras if the
        channel is to be stored. LMMSE estimates, outdated knowledge and correlated nodes take no more of g than these
        two moments; what is outdated or correlated is a mixture of two draws, whose law is that of g for CN(0, 1) only.

    Input
    -----
    [symbols, no]
        symbols : [B, n], complex64; unit mean energy.
        no : [B], float; noise variance a complex symbol and receive antenna, 1 / (mean Es/N0).
    fading : [B, blocks, receive antennas, transmit antennas], complex64, optional
        g, as the method `fading` draws it. Default: a fresh draw.

    Output
    ------
    received : [B, N, receive antennas], complex64
        y in the N channel uses that carry data.
    gain : [B, N, receive antennas, transmit antennas], complex64
        What the node knows of the gain of every stream of unit energy, H / sqrt(transmit antennas).
    noise : [B, N], float32
        Noise variance a receive antenna, what the error of the gain adds to it included.

    Raises
    ------
    ValueError
        If the Rician factor is negative, a coherence block has no room for data beside its pilots, gains are drawn of
        another shape or type, or a channel with fewer streams than transmit antennas is called.

    Examples
    --------
    Blocks of 16 channel uses, the first of which is a pilot; without noise it tells the gain exactly.

    >>> import numpy as np
    >>> from diffsem.channels import BlockFadingChannel, Csi
    >>> channel = BlockFadingChannel(coherence=16, csi=Csi(pilots=1))
    >>> received, gain, noise = channel([np.ones((1, 32), "complex64"), np.zeros(1, "float32")])
    >>> channel.blocks(32), channel.channel_uses(32), np.allclose(received, gain[..., 0])
    (3, 35, True)
    """

    def __init__(
        self,
        rician_factor=0.0,
        transmit_antennas=1,
        receive_antennas=1,
        coherence=None,
        csi=None,
        streams=None,
        draw_gains: GainDraw = rayleigh_gains,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.rician_factor = float(rician_factor)
        self.transmit_antennas = transmit_antennas
        self.receive_antennas = receive_antennas
        self.streams = streams or transmit_antennas
        self.coherence = coherence
        self.csi: Csi = csi_of(csi)
        self.draw_gains = draw_gains
        if self.rician_factor < 0:
            raise ValueError(f"rician_factor {rician_factor}: need 0 or more")
        if coherence is not None and coherence <= self._pilots:
            raise ValueError(f"coherence {coherence}: its {self._pilots} pilots leave no channel use for data")
        self._awgn = AWGN()

    @property
    def _pilots(self) -> int:
        """Channel uses of a block that carry pilots."""
        return self.csi.pilots * self.transmit_antennas

    @property
    def _specular(self) -> float:
        return math.sqrt(1 - self._scattered)

    @property
    def _scattered(self) -> float:
        """Power of the scattered part of the gain."""
        return 1 / (1 + self.rician_factor)

    def blocks(self, count: int) -> int:
        """Coherence blocks that `count` symbols take."""
        if self.coherence is None:
            return 1
        return math.ceil(uses_of(count, self.streams) / (self.coherence - self._pilots))

    def channel_uses(self, count: int) -> int:
        """Channel uses that `count` symbols take, those of pilots among them."""
        return uses_of(count, self.streams) + self.blocks(count) * self._pilots

    def fading(self, batch, count: int):
        """g for `count` symbols, [batch, blocks, receive antennas, transmit antennas]."""
        shape = [batch, self.blocks(count), self.receive_antennas, self.transmit_antennas]
        if math.isinf(self.rician_factor):
            return tf.zeros(shape, tf.complex64)
        return tf.reshape(self._draw(batch * self.blocks(count)), shape)

    def _draw(self, count):
        """g of so many blocks. Raises ValueError if `draw_gains` gives anything else."""
        gains = self.draw_gains(count, self.receive_antennas, self.transmit_antennas)
        antennas = (self.receive_antennas, self.transmit_antennas)
        if gains.dtype != tf.complex64 or tuple(gains.shape[1:]) != antennas:
            raise ValueError(
                f"draw_gains: gave {gains.dtype.name} of shape {tuple(gains.shape)}; needed: complex64 of shape "
                f"(count, {antennas[0]}, {antennas[1]})"
            )
        return gains

    def observe(self, fading, no, count: int) -> ChannelState:
        """The channel between antennas where `count` symbols are, as it is and as the node knows it.

        Parameters
        ----------
        fading : [B, blocks, receive antennas, transmit antennas], complex64
        no : [B], float
        count : int
        """
        known, error = self._estimate(fading, no)
        gain = self._over_uses(self._specular + self._scatter(fading), count)
        error = tf.broadcast_to(error[:, None], tf.shape(gain)[:2])
        return ChannelState(gain, self._over_uses(tf.broadcast_to(known, tf.shape(fading)), count), error)

    def carry(self, antennas, gain, no):
        """[B, N, K] what antennas radiate, over gains [B, N, M, K] -> [B, N, M] what is received in noise no [B]."""
        return self._awgn(tf.linalg.matvec(gain, antennas), no)

    def call(self, inputs, fading=None):
        symbols, no = inputs
        if self.streams != self.transmit_antennas:
            raise ValueError(f"{self.streams} streams over {self.transmit_antennas} antennas: form beams first")
        count = symbols.shape[-1]
        if fading is None:
            fading = self.fading(tf.shape(symbols)[0], count)
        gain = self._over_uses(self._stream_gain(self._specular + self._scatter(fading)), count)
        received = self._awgn(tf.linalg.matvec(gain, symbols_to_streams(symbols, self.transmit_antennas)), no)
        known, error = self._estimate(fading, no)
        # The error of all streams' gains together meets a channel use's energy.
        noise = tf.broadcast_to((no + error)[:, None], tf.shape(received)[:2])
        return received, self._over_uses(self._stream_gain(known), count), noise

    def _scatter(self, fading):
        return math.sqrt(self._scattered) * fading

    def _stream_gain(self, entries):
        return entries / math.sqrt(self.transmit_antennas)

    def _over_uses(self, blocks, count):
        """[B, blocks, ...] -> [B, N, ...]."""
        uses = uses_of(count, self.streams)
        data = uses if self.coherence is None else self.coherence - self._pilots
        return tf.repeat(blocks, data, axis=1)[:, :uses]

    def _estimate(self, fading, no):
        """The entries of H as the node knows them, and the variance [B] of their error."""
        csi, scattered = self.csi, self._scattered
        measured = fading
        if csi.correlation < 1:
            fresh = tf.reshape(self._draw(tf.reduce_prod(tf.shape(fading)[:2])), tf.shape(fading))
            measured = csi.correlation * fading + math.sqrt(1 - csi.correlation**2) * fresh
        deviation = self._scatter(measured)
        weight: float | tf.Tensor = 1.0
        error = tf.zeros_like(no)
        if csi.pilots:
            sent = tf.fill([csi.pilots], tf.constant(math.sqrt(csi.boost), tf.complex64))
            heard = self._awgn((self._specular + deviation)[..., None] * sent, no)
            deviation = tf.reduce_mean(heard / sent, axis=-1) - self._specular
            error = no / (csi.pilots * csi.boost)
            if csi.estimator == "lmmse":
                weight = scattered / (scattered + error)
        known = self._specular + csi.correlation * _per_sample(weight, deviation) * deviation
        if csi.estimator == "lmmse" or not csi.pilots:
            return known, scattered * (1 - csi.correlation**2 * weight) + tf.zeros_like(no)
        return known, scattered * (1 - csi.correlation**2) + csi.correlation**2 * error

    def compute_output_spec(self, inputs, fading=None):
        symbols, _ = inputs
        batch, uses = symbols.shape[0], uses_of(symbols.shape[-1], self.transmit_antennas)
        return (
            keras.KerasTensor((batch, uses, self.receive_antennas), dtype="complex64"),
            keras.KerasTensor((batch, uses, self.receive_antennas, self.transmit_antennas), dtype="complex64"),
            keras.KerasTensor((batch, uses), dtype="float32"),
        )

    def get_config(self):
        return super().get_config() | {
            "rician_factor": self.rician_factor,
            "transmit_antennas": self.transmit_antennas,
            "receive_antennas": self.receive_antennas,
            "coherence": self.coherence,
            "csi": asdict(self.csi),
            "streams": self.streams,
            "draw_gains": keras.saving.serialize_keras_object(self.draw_gains),
        }

    @classmethod
    def from_config(cls, config):
        return cls(**keras.saving.deserialize_keras_object(config))


def _per_sample(values, like):
    """A number, or [B] values shaped to broadcast over [B, ...] complex."""
    if isinstance(values, float):
        return values
    return tf.cast(tf.reshape(values, [-1] + [1] * (like.shape.rank - 1)), like.dtype)
