"""The wiretap link: one transmitter, two listeners, each on a channel of its own."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np
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
from diffsem.link.analogue.keying import Keying, Pads
from diffsem.link.analogue.noisy_feature import NoisyFeature
from diffsem.link.analogue.precoding import Precoding
from diffsem.link.analogue.reception import Reception
from diffsem.link.analogue.repeated_transmissions import combine_looks
from diffsem.link.analogue.transmitter import Transmitter
from diffsem.link.transmission.observation import Observation
from diffsem.link.transmission.seeds import Seeds
from diffsem.models import per_sample


@dataclass(frozen=True)
class _Transmission:
    """What both nodes meet.

    Parameters
    ----------
    feature : [B, ...], float32
        z.
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

    feature: tf.Tensor
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

    Examples
    --------
    The receiver at 15 dB hears the feature at t = 240, as the transmitter means it, and the eavesdropper at 0 dB later.

    >>> import math
    >>> import numpy as np
    >>> from diffsem.channels import BlockFadingChannel
    >>> from diffsem.link import Reception, Seeds, Transmitter, WiretapLink
    >>> from diffsem.models import mnist
    >>> node, whole = Reception(BlockFadingChannel(math.inf)), np.ones(2)
    >>> link = WiretapLink(Transmitter(mnist.Encoder()), node, node)
    >>> seeds = Seeds(legitimate=2, self_noise=[1], eavesdropper=[3])
    >>> receiver, heard, _ = link.transmit(np.ones([2, 28, 28, 1]), 240 * whole, 15 * whole, [0 * whole], seeds)
    >>> [round(float(each.step[0])) for each in (receiver, *heard)]
    [240, 301]
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
    def feature_shape(self) -> tuple[int, ...]:
        return self.transmitter.encoder.output_shape[1:]

    @property
    def bounded_symbols(self) -> int:
        """All real symbols of a feature."""
        return math.prod(self.feature_shape)

    @property
    def receiver_channel_uses(self) -> int:
        return self.legitimate.channel_uses(self.feature_shape)

    @property
    def eavesdropper_channel_uses(self) -> int:
        return self.eavesdropper.channel_uses(self.feature_shape)

    @property
    def scrambled(self) -> bool:
        """Whether repeated transmissions (looks) do not add up, as each orders its symbols in its own way."""
        return self.keying is not None and self.keying.scramble

    def observations(self, looks: int) -> int:
        """What an eavesdropper has of so many looks: their combination or, if they do not add up, each by itself."""
        return looks if self.scrambled else 1

    def signal_power(self, step: int, noise_step: float) -> float:
        """Share of the radiated power that carries the feature, abar_t / (abar_t + 1 - abar_s); s may be a mean."""
        alpha_bar = self.transmitter.schedule.alpha_bar
        self_noise = 1 - np.interp(noise_step, np.arange(len(alpha_bar)), alpha_bar)
        return float(alpha_bar[step] / (alpha_bar[step] + self_noise))

    def transmit(self, image, step, snr_db, eavesdropper_snr_db, seeds: Seeds, places=None):
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
        places : [eavesdroppers], int, optional
            Where each eavesdropper stands among the places of its channel (`OfdmChannel.fading`), with fading and noise
            of its own there. Default: all where the channel has them.

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
        first = self._send(feature, step, snr, seeds.self_noise[0])
        reseed(seeds.legitimate)
        fading = self.legitimate.fading(feature)
        state, beams = self._towards_receiver(first, snr, fading)
        own = self._hear(self.legitimate, first, snr, fading, beams, state)
        if first.pads is not None:
            own = first.pads.undo(own, self._self_noise_power(first))
        receiver = _observe(self.legitimate, own, step)
        if len(eavesdropper_snr_db) == 0:
            return receiver, [], first.noise_step
        by_look = [self._overhear(first, eavesdropper_snr_db, beams, seeds.eavesdropper[0], places, fading)]
        for noise_seed, channel_seed in zip(seeds.self_noise[1:], seeds.eavesdropper[1:], strict=True):
            later, beams = self._send_again(feature, step, snr, noise_seed)
            by_look.append(self._overhear(later, eavesdropper_snr_db, beams, channel_seed, places))
        overheard: list[Observation] = []
        for place in range(len(eavesdropper_snr_db)):
            looks = [heard[place] for heard in by_look]
            heard_by_one = looks if self.scrambled else [combine_looks(looks)]
            overheard += [_observe(self.eavesdropper, noisy, step) for noisy in heard_by_one]
        return receiver, overheard, first.noise_step

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
            inputs = [towards, step, 0 * noise_step, signal]
            return _Transmission(feature, inputs, noise_step, None, signal / power, noise)
        none = tf.zeros([batch, math.prod(shape) // 2, 0], tf.complex64)
        if self.keying is None:
            radiated, noise_step, power = self.transmitter.radiate([feature, step, snr])
            return _Transmission(feature, [radiated, step, noise_step, power], noise_step, None, whole, none)
        pads = self.keying.pads(seed, batch, shape)
        radiated, noise_step, power = self.transmitter.radiate([feature, step, snr], pads.noise)
        inputs = [pads.scramble(radiated), step, noise_step, power]
        return _Transmission(feature, inputs, noise_step, pads, whole, none)

    def _send_again(self, feature, step, snr, seed) -> tuple[_Transmission, Beams | None]:
        """One of the later looks. It goes to the receiver too, over fading that it has by then."""
        sent = self._send(feature, step, snr, seed)
        if self.precoding == "streams":
            return sent, None
        _, beams = self._towards_receiver(sent, snr, self.legitimate.fading(feature))
        return sent, beams

    def _towards_receiver(self, sent: _Transmission, snr, fading) -> tuple[ChannelState, Beams] | tuple[None, None]:
        """The receiver's channel as it feeds it back, and the beams along it; nothing where streams are sent."""
        if self.precoding == "streams":
            return None, None
        state = self.legitimate.observe(fading, snr, sent.feature.shape[1:])
        radiated, _, _, power = sent.inputs
        symbols = features_to_symbols(radiated, power)
        return state, form_beams(symbols, state.known, sent.signal_energy, sent.artificial_noise)

    def _overhear(
        self, sent: _Transmission, eavesdropper_snr_db, beams: Beams | None, seed, places=None, receiver_fading=None
    ) -> list[NoisyFeature]:
        """What each eavesdropper has of one transmission.

        `receiver_fading` where the receiver hears it too, and the fading of both may go together.
        """

        def at(own_snr_db, own_seed, *place) -> NoisyFeature:
            reseed(own_seed)
            fading = self.eavesdropper.fading(sent.feature, *place)
            if receiver_fading is not None:
                fading = correlate(fading, receiver_fading, self.fading_correlation)
            noisy = self._hear(self.eavesdropper, sent, _linear(own_snr_db), fading, beams)
            return self._with_known_keys(noisy, sent, own_seed)

        if places is None:
            return [at(own_snr_db, seed) for own_snr_db in eavesdropper_snr_db]
        return _one_by_one(at, tf.stack(eavesdropper_snr_db), seed, places)

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
            heard.capacity,
        )


def _one_by_one(at: Callable[..., NoisyFeature], snr_db, seed, places) -> list[NoisyFeature]:
    """What is heard at each of many places: traced once, and with noise of its own at each."""
    numbers = tf.cast(places, tf.int32)
    seeds = tf.cast(seed, tf.int64) + tf.cast(numbers, tf.int64)

    def one(job):
        noisy = at(*job)
        return noisy.values, noisy.signal, noisy.noise, noisy.capacity

    # Sionna's stream is set anew for every place: one after another.
    made = tf.map_fn(one, (snr_db, seeds, numbers), parallel_iterations=1, fn_output_signature=(tf.float32,) * 4)
    return [NoisyFeature(*parts) for parts in zip(*(tf.unstack(each) for each in made), strict=True)]


def _observe(node: Reception, noisy: NoisyFeature, step) -> Observation:
    received, received_step = node.at_step(noisy, step)
    return Observation(received, received_step, noisy.esnr(), noisy.capacity)


def end_to_end(transmitter: Transmitter, reception: Reception, receiver, image_shape) -> keras.Model:
    """Encoder, self-noise, channel, equaliser and receiver as one Keras model, to train through or to save.

    Parameters
    ----------
    transmitter : Transmitter
    reception : Reception
    receiver : keras.layers.Layer
        One of `BypassReceiver`, `DiffSemReceiver`, `EDiffSemReceiver`.
    image_shape : tuple of int

    Returns
    -------
    keras.Model
        {image [B, ...], step [B] int, snr [B] linear} -> logits [B, classes].

    Examples
    --------
    >>> import tensorflow as tf
    >>> from diffsem.channels import BlockFadingChannel
    >>> from diffsem.link import BypassReceiver, Reception, Transmitter, end_to_end
    >>> from diffsem.models import mnist
    >>> parts = Transmitter(mnist.Encoder()), Reception(BlockFadingChannel()), BypassReceiver(mnist.Classifier())
    >>> model = end_to_end(*parts, mnist.IMAGE_SHAPE)
    >>> inputs = {"image": tf.zeros([2, 28, 28, 1]), "step": tf.constant([60, 240]), "snr": tf.constant([10.0, 10.0])}
    >>> tuple(model(inputs).shape)
    (2, 10)
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
