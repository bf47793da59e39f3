"""The wiretap link: one transmitter, two listeners, each on a channel of its own."""

from dataclasses import dataclass

import keras
import tensorflow as tf

from diffsem.channels import reseed
from diffsem.link.reception import Reception
from diffsem.link.transmitter import Transmitter


@dataclass(frozen=True)
class Seeds:
    """One seed for each role, so that adding a listener never shifts another's noise: 0 <= int or tensor < 2**62."""

    self_noise: int | tf.Tensor
    legitimate: int | tf.Tensor
    eavesdropper: int | tf.Tensor


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
    """

    def __init__(self, transmitter: Transmitter, legitimate: Reception, eavesdropper: Reception):
        self.transmitter = transmitter
        self.legitimate = legitimate
        self.eavesdropper = eavesdropper

    def transmit(self, image, step, snr_db, eavesdropper_snr_db, seeds: Seeds):
        """One transmission of a batch, heard by both nodes; as part of a graph or outside of one.

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

        Returns
        -------
        receiver : Observation
        eavesdroppers : list of Observation
        noise_step : [B], int32
            s (eq. 24).
        """
        step = tf.cast(step, tf.int32)
        snr = _linear(snr_db)
        seed = tf.cast(seeds.self_noise, tf.int64)
        self.transmitter.self_noise.seed_generator.state.assign(tf.stack([seed // 2**31, seed % 2**31]))
        radiated, noise_step, power = self.transmitter([tf.cast(image, tf.float32), step, snr])
        reseed(seeds.legitimate)
        receiver = Observation(*self.legitimate([radiated, step, noise_step, power, snr]))
        eavesdroppers = []
        for own_snr_db in eavesdropper_snr_db:
            reseed(seeds.eavesdropper)
            heard = self.eavesdropper([radiated, step, noise_step, power, _linear(own_snr_db)])
            eavesdroppers.append(Observation(*heard))
        return receiver, eavesdroppers, noise_step


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
