"""The wiretap link: one transmitter, two listeners, each on a channel of its own."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import keras
import tensorflow as tf

from diffsem.channels import (
    Beams,
    ChannelState,
    artificial_noise,
    correlate,
    features_to_symbols,
    form_beams,
    null_space_dimensions,
    reseed,
)
from diffsem.link.keying import Keying, Pads
from diffsem.link.looks import combine_looks
from diffsem.link.noisy_feature import NoisyFeature
from diffsem.link.reception import Reception
from diffsem.link.transmitter import Transmitter
from diffsem.models.self_noise import per_sample


@dataclass(frozen=True)
class Seeds:
    """One seed for each role, so that adding a listener never shifts another's noise: 0 <= int or tensor < 2**62.

    Parameters
    ----------
    legitimate : int
        The receiver's channel.
    self_noise, eavesdropper : sequence of int
        The transmitter's own noise and the eavesdropper's channel in every transmission. The receiver hears the first.
    """

    legitimate: int | tf.Tensor
    self_noise: Sequence[int | tf.Tensor]
    eavesdropper: Sequence[int | tf.Tensor]

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


@dataclass(frozen=True)
class Observation:
    """What a node has after its equaliser.

    Parameters
    ----------
    received : [B, ...], float32
        y.
    step : [B], float32
        t', the step that y stands at.
    esnr : [B], float32
        Signal over noise power a real symbol, linear: it bounds what the node can read.
    """

    received: tf.Tensor
    step: tf.Tensor
    esnr: tf.Tensor


Precoding = Literal["streams", "beam", "null-space"]


@dataclass(frozen=True)
class _Transmission:
    """What both nodes meet.

    Parameters
    ----------
    inputs : list
        [radiated, step, noise_step, power], as `Reception` reads it.
    noise_step : [B], int32
        s (eq. 24), wherever the self-noise goes.
    pads : Pads or None
    signal_energy : [B], float32
        Share of the radiated energy that goes to the receiver.
    artificial_noise : [B, N, J], complex64
        What goes into its null space.
    """

    inputs: list
    noise_step: tf.Tensor
    pads: Pads | None
    signal_energy: tf.Tensor
    artificial_noise: tf.Tensor


class WiretapLink:
    """image -> transmitter -> (channel, equaliser) of the receiver and, apart, of the eavesdropper (eq. 1, 2, 4).

    Parameters
    ----------
    transmitter : Transmitter
    legitimate, eavesdropper : Reception
        The two listeners of the same radiated signal.
    fading_correlation : float
        Of the eavesdropper's fading with the receiver's, 0..1, in the transmission that both hear. Their channels must
        be of one kind, with blocks or grids of one size.
    keying : Keying, optional
        What transmitter and receiver share.
    known_keys : float
        Share of the transmissions whose keystream the eavesdropper has as well, and knows that it has.
    precoding : str
        "streams": every antenna sends symbols of its own. "beam": one stream by maximum-ratio transmission, over the
        receiver's channel as the receiver knows it and feeds it back. "null-space": the same, and the self-noise goes
        where the receiver does not hear it. The eavesdropper knows where the beams go.

    Raises
    ------
    ValueError
        If self-noise for the null space is to come from a key.
    """

    def __init__(
        self,
        transmitter: Transmitter,
        legitimate: Reception,
        eavesdropper: Reception,
        fading_correlation: float = 0.0,
        keying: Keying | None = None,
        known_keys: float = 0.0,
        precoding: Precoding = "streams",
    ):
        if keying is not None and precoding == "null-space":
            raise ValueError("precoding null-space: its noise does not reach the receiver, who needs no key for it")
        self.transmitter = transmitter
        self.legitimate = legitimate
        self.eavesdropper = eavesdropper
        self.fading_correlation = fading_correlation
        self.keying = keying
        self.known_keys = known_keys
        self.precoding = precoding

    @property
    def scrambled(self) -> bool:
        """Whether every transmission orders its symbols in its own way, so that looks do not add up."""
        return self.keying is not None and self.keying.scramble

    def observations(self, looks: int) -> int:
        """What an eavesdropper has of so many looks: their combination or, if they do not add up, each by itself."""
        return looks if self.scrambled else 1

    def transmit(self, image, step, snr_db, eavesdropper_snr_db, seeds: Seeds):
        """One transmission of a batch, heard by both nodes, and those that the eavesdropper alone goes on to hear.

        As part of a graph or outside of one.

        Parameters
        ----------
        image : [B, height, width, channels], float in [0, 1]
        step : [B], int
            t, 0..T.
        snr_db : [B], float
            Es/N0 at the legitimate receiver, dB; the transmitter adapts to it.
        eavesdropper_snr_db : sequence of [B] float
            Es/N0 at the eavesdropper, dB; each entry is an eavesdropper with the same noise scaled differently.
        seeds : Seeds
            As many looks of the eavesdropper as there are seeds for them.

        Returns
        -------
        receiver : Observation
        eavesdroppers : list of Observation
            `observations(seeds.looks)` for every entry of `eavesdropper_snr_db`, one entry after another.
        noise_step : [B], int32
            s (eq. 24); differs within a batch if the transmitter's estimate of the SNR does.
        """
        step = tf.cast(step, tf.int32)
        feature = self.transmitter.encoder(tf.cast(image, tf.float32))
        snr = _linear(snr_db)
        heard: list[list[NoisyFeature]] = [[] for _ in eavesdropper_snr_db]
        for look in range(seeds.looks if heard else 1):
            sent = self._send(feature, step, snr, seeds.self_noise[look])
            beams = fading = None
            if look == 0:
                reseed(seeds.legitimate)
                fading = self.legitimate.fading(feature)
            if self.precoding != "streams":
                # Later looks go to the receiver too, over fading that it has by then.
                towards = self.legitimate.fading(feature) if fading is None else fading
                state = self.legitimate.observe(towards, snr, feature.shape[1:])
                beams = self._form_beams(sent, state)
            if look == 0:
                own = self._hear(self.legitimate, sent, snr, fading, beams, state if beams else None)
                if sent.pads is not None:
                    own = sent.pads.undo(own, self._self_noise_power(sent))
                receiver, noise_step = _observe(self.legitimate, own, step), sent.noise_step
            for looks, own_snr_db in zip(heard, eavesdropper_snr_db, strict=True):
                reseed(seeds.eavesdropper[look])
                own_fading = self.eavesdropper.fading(feature)
                if look == 0:
                    own_fading = correlate(own_fading, fading, self.fading_correlation)
                overheard = self._hear(self.eavesdropper, sent, _linear(own_snr_db), own_fading, beams)
                looks.append(self._with_known_keys(overheard, sent, seeds.eavesdropper[look]))
        known = [node for looks in heard for node in (looks if self.scrambled else [combine_looks(looks)])]
        return receiver, [_observe(self.eavesdropper, node, step) for node in known], noise_step

    def _send(self, feature, step, snr, seed) -> _Transmission:
        """One transmission; where beams are formed, Sionna's stream goes on from its seed."""
        seed = tf.cast(seed, tf.int64)
        self.transmitter.self_noise.seed_generator.state.assign(tf.stack([seed // 2**31, seed % 2**31]))
        batch, shape = tf.shape(feature)[0], tuple(feature.shape[1:])
        whole = tf.ones([batch])
        if self.precoding != "streams":
            reseed(seed)
        if self.precoding == "null-space":
            channel = self.legitimate.channel
            dimensions = null_space_dimensions(channel.transmit_antennas, channel.receive_antennas)
            noise = artificial_noise(batch, math.prod(shape) // 2, dimensions)
            towards, noise_step, power = self.transmitter.radiate([feature, step, snr], tf.zeros_like(feature))
            signal = tf.gather(tf.constant(self.transmitter.schedule.alpha_bar, tf.float32), step)
            return _Transmission([towards, step, 0 * noise_step, signal], noise_step, None, signal / power, noise)
        none = tf.zeros([batch, math.prod(shape) // 2, 0], tf.complex64)
        if self.keying is None:
            radiated, noise_step, power = self.transmitter.radiate([feature, step, snr])
            return _Transmission([radiated, step, noise_step, power], noise_step, None, whole, none)
        pads = self.keying.pads(seed, batch, shape)
        radiated, noise_step, power = self.transmitter.radiate([feature, step, snr], pads.noise)
        return _Transmission([pads.scramble(radiated), step, noise_step, power], noise_step, pads, whole, none)

    def _form_beams(self, sent: _Transmission, state: ChannelState) -> Beams:
        radiated, _, _, power = sent.inputs
        return form_beams(features_to_symbols(radiated, power), state.known, sent.signal_energy, sent.artificial_noise)

    def _hear(self, node: Reception, sent: _Transmission, snr, fading, beams, state=None) -> NoisyFeature:
        inputs = [*sent.inputs, snr]
        if beams is None:
            return node.hear(inputs, fading)
        return node.hear_beams(inputs, beams, state or node.observe(fading, snr, sent.inputs[0].shape[1:]))

    def _self_noise_power(self, sent: _Transmission):
        """[B] 1 - abar_s, what the key takes away."""
        return 1 - tf.gather(tf.constant(self.transmitter.schedule.alpha_bar, tf.float32), sent.noise_step)

    def _with_known_keys(self, heard: NoisyFeature, sent: _Transmission, seed) -> NoisyFeature:
        if sent.pads is None or self.known_keys == 0:
            return heard
        open_to_it = sent.pads.undo(heard, self._self_noise_power(sent))
        seed = tf.cast(seed, tf.int64)
        drawn = tf.random.stateless_uniform([tf.shape(heard.signal)[0]], tf.stack([seed // 2**31, seed % 2**31]))
        has_key = per_sample(drawn < self.known_keys, heard.values)
        return NoisyFeature(
            tf.where(has_key, open_to_it.values, heard.values),
            heard.signal,
            tf.where(has_key, open_to_it.noise, heard.noise),
        )


def _observe(node: Reception, noisy: NoisyFeature, step) -> Observation:
    received, received_step = node.at_step(noisy, step)
    return Observation(received, received_step, noisy.esnr())


def end_to_end(transmitter: Transmitter, reception: Reception, receiver, image_shape) -> keras.Model:
    """Encoder, self-noise, channel, equaliser and receiver as one Keras model, to train through or to save.

    Parameters
    ----------
    transmitter : Transmitter
    reception : Reception
    receiver : keras.layers.Layer
        One of `diffsem.link.receivers`.
    image_shape : tuple of int

    Returns
    -------
    keras.Model
        {image [B, ...], step [B] int, snr [B] linear} -> logits [B, classes].
    """
    image = keras.Input(image_shape, name="image")
    step = keras.Input((), dtype="int32", name="step")
    snr = keras.Input((), name="snr")
    radiated, noise_step, power = transmitter([image, step, snr])
    received, received_step = reception([radiated, step, noise_step, power, snr])
    logits, _ = receiver([received, received_step])
    return keras.Model({"image": image, "step": step, "snr": snr}, logits)


def _linear(snr_db) -> tf.Tensor:
    return tf.cast(10 ** (tf.cast(snr_db, tf.float64) / 10), tf.float32)
