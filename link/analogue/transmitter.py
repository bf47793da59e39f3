"""The transmitter: encoder and self-noise."""

import keras
from keras import ops

from diffsem.models import NoiseLaw, NoiseSchedule, SelfNoise, serializable


@serializable
class Transmitter(keras.layers.Layer):
    """image -> E -> z -> self-noise -> z~, adapted to an estimate of the receiver's SNR (eq. 1, 20, 24).

    Parameters
    ----------
    encoder : keras.Model
        image [B, ...] -> feature [B, ...] of unit mean square.
    schedule : NoiseSchedule, optional
    snr_estimate_error_db : float
        dB by which the transmitter's estimate of the SNR is too high, on average.
    snr_estimate_deviation_db : float
        Standard deviation of that error, dB: normal, drawn for every image.
    noise_law : str
        "gaussian" | "laplace": of the self-noise that is drawn here.

    Input
    -----
    [image, step, snr]
        image : [B, height, width, channels], float in [0, 1]
        step : [B], int; the step t that the receiver shall see.
        snr : [B], float; Es/N0 at the legitimate receiver, linear.

    Output
    ------
    radiated : [B, ...], float
        z~.
    noise_step : [B], int
        s (eq. 24).
    power : [B], float
        Mean power of z~ a real dimension.

    Examples
    --------
    The step t = 0 asks for no noise; at 15 dB the channel brings a part of the noise of t = 240, and s is less.

    >>> import tensorflow as tf
    >>> from diffsem.link import Transmitter
    >>> transmitter = Transmitter(lambda image: image)
    >>> radiated, noise_step, power = transmitter([tf.ones([2, 8, 8, 1]), tf.constant([0, 240]), tf.fill([2], 10**1.5)])
    >>> tuple(radiated.shape), noise_step.numpy().tolist(), float(power[0])
    ((2, 8, 8, 1), [0, 231], 1.0)
    """

    def __init__(
        self,
        encoder,
        schedule=None,
        snr_estimate_error_db=0.0,
        snr_estimate_deviation_db=0.0,
        noise_law: NoiseLaw = "gaussian",
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.encoder = encoder
        self.self_noise = SelfNoise(schedule, law=noise_law, name="self_noise")
        self.noise_law = noise_law
        self.snr_estimate_error_db = snr_estimate_error_db
        self.snr_estimate_deviation_db = snr_estimate_deviation_db

    @property
    def schedule(self) -> NoiseSchedule:
        return self.self_noise.schedule

    def build(self, input_shape):
        self.built = True

    def radiate(self, inputs, noise=None):
        """The same from z on: [z, step, snr] -> (z~, s, P); `noise` [B, ...] takes the place of a drawn eps."""
        feature, step, snr = inputs
        estimate = snr * 10 ** (self.snr_estimate_error_db / 10)
        if self.snr_estimate_deviation_db:
            error = keras.random.normal(ops.shape(snr), seed=self.self_noise.seed_generator)
            estimate = estimate * 10 ** (self.snr_estimate_deviation_db / 10 * error)
        return self.self_noise([feature, step, estimate], noise=noise)

    def call(self, inputs):
        image, step, snr = inputs
        return self.radiate([self.encoder(image), step, snr])

    def compute_output_spec(self, inputs):
        image, step, snr = inputs
        return self.self_noise.compute_output_spec([self.encoder.compute_output_spec(image), step, snr])
