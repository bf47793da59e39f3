"""The wiretap link: one transmitter, two listeners, each on a channel of its own."""

from collections.abc import Sequence
from dataclasses import dataclass

import keras
import tensorflow as tf

from diffsem.channels import correlate, reseed
from diffsem.link.looks import combine_looks
from diffsem.link.noisy_feature import NoisyFeature
from diffsem.link.reception import Reception
from diffsem.link.transmitter import Transmitter


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
    """

    received: tf.Tensor
    step: tf.Tensor


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
    """

    def __init__(
        self, transmitter: Transmitter, legitimate: Reception, eavesdropper: Reception, fading_correlation: float = 0.0
    ):
        self.transmitter = transmitter
        self.legitimate = legitimate
        self.eavesdropper = eavesdropper
        self.fading_correlation = fading_correlation

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
        noise_step : [B], int32
            s (eq. 24); differs within a batch if the transmitter's estimate of the SNR does.
        """
        step = tf.cast(step, tf.int32)
        feature = self.transmitter.encoder(tf.cast(image, tf.float32))
        snr = _linear(snr_db)
        heard: list[list[NoisyFeature]] = [[] for _ in eavesdropper_snr_db]
        for look in range(seeds.looks if heard else 1):
            radiated, own_noise_step, power = self._radiate(feature, step, snr, seeds.self_noise[look])
            sent = [radiated, step, own_noise_step, power]
            if look == 0:
                noise_step = own_noise_step
                reseed(seeds.legitimate)
                fading = self.legitimate.fading(radiated)
                receiver = Observation(*self.legitimate.at_step(self.legitimate.hear([*sent, snr], fading), step))
            for looks, own_snr_db in zip(heard, eavesdropper_snr_db, strict=True):
                reseed(seeds.eavesdropper[look])
                own_fading = self.eavesdropper.fading(radiated)
                if look == 0:
                    own_fading = correlate(own_fading, fading, self.fading_correlation)
                looks.append(self.eavesdropper.hear([*sent, _linear(own_snr_db)], own_fading))
        combined = [combine_looks(looks) for looks in heard]
        return receiver, [Observation(*self.eavesdropper.at_step(node, step)) for node in combined], noise_step

    def _radiate(self, feature, step, snr, seed):
        seed = tf.cast(seed, tf.int64)
        self.transmitter.self_noise.seed_generator.state.assign(tf.stack([seed // 2**31, seed % 2**31]))
        return self.transmitter.radiate([feature, step, snr])


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
