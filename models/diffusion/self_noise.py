"""Self-noising: the transmitter degrades its own feature before it radiates it (eq. 17, 20)."""

import math
from typing import Literal, get_args

import keras
from keras import ops

from diffsem.models.batching import per_sample
from diffsem.models.diffusion.schedule import NoiseSchedule
from diffsem.models.serialization import serializable

NoiseLaw = Literal["gaussian", "laplace"]


def laplace(shape, seed: keras.random.SeedGenerator):
    """Laplace noise of unit variance, by the inverse of its distribution.

    Parameters
    ----------
    shape : tuple of int, or int tensor
    seed : keras.random.SeedGenerator
        Moved on by a draw.

    Returns
    -------
    [*shape], float32

    Examples
    --------
    >>> import keras
    >>> from diffsem.models import laplace
    >>> drawn = laplace((100000,), keras.random.SeedGenerator(1))
    >>> round(float(keras.ops.std(drawn)), 1), round(float(keras.ops.mean(keras.ops.abs(drawn))), 1)
    (1.0, 0.7)
    """
    # Of both signs, and never 1, whose logarithm has no end.
    uniform = keras.random.uniform(shape, -1.0, 1.0, seed=seed)
    magnitude = -ops.log1p(-ops.minimum(ops.abs(uniform), 1 - 2.0**-24)) / math.sqrt(2)
    return ops.sign(uniform) * magnitude


@serializable
class SelfNoise(keras.layers.Layer):
    """z~ = sqrt(abar_t) z + sqrt(1 - abar_s) eps (eq. 20), leaving a margin that the channel's noise fills.

    Parameters
    ----------
    schedule : NoiseSchedule, optional
    seed : int
        First state of the layer's own stream; `seed_generator.state` may be set again before any call.
    law : str
        "gaussian" | "laplace": of eps, at unit variance.

    Input
    -----
    [feature, step, snr]
        feature : [B, ...], float; unit mean square.
        step : [B], int; the step t that the receiver shall see.
        snr : [B], float; the transmitter's estimate of Es/N0, linear.
    noise : [B, ...], float, optional
        eps, where it comes from elsewhere. Default: drawn from the layer's own stream.

    Output
    ------
    radiated : [B, ...], float
        The signal z~ that is radiated.
    noise_step : [B], int
        s (eq. 24).
    power : [B], float
        Mean power of z~ a real dimension, abar_t + 1 - abar_s.

    Examples
    --------
    >>> import numpy as np
    >>> from diffsem.models import SelfNoise
    >>> feature = np.ones((1, 8, 8, 1), "float32")
    >>> radiated, noise_step, power = SelfNoise()([feature, np.array([240]), np.array([10**1.5])])
    >>> radiated.shape == feature.shape, int(noise_step[0]) < 240
    (True, True)
    """

    def __init__(self, schedule=None, seed=0, law: NoiseLaw = "gaussian", **kwargs):
        super().__init__(**kwargs)
        if law not in get_args(NoiseLaw):
            raise ValueError(f"law {law!r}: allowed: {', '.join(get_args(NoiseLaw))}")
        self.schedule = schedule or NoiseSchedule()
        self.seed = seed
        self.law = law
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, inputs, noise=None):
        feature, step, snr = inputs
        step = ops.cast(step, "int32")
        table = ops.convert_to_tensor(self.schedule.alpha_bar, "float32")
        noise_step = self.schedule.self_noising_step(step, snr)
        signal_power = ops.take(table, step)
        noise_power = 1 - ops.take(table, noise_step)
        if noise is None:
            draw = laplace if self.law == "laplace" else keras.random.normal
            noise = draw(ops.shape(feature), seed=self.seed_generator)
        radiated = ops.sqrt(per_sample(signal_power, feature)) * feature
        radiated = radiated + ops.sqrt(per_sample(noise_power, feature)) * noise
        return radiated, noise_step, signal_power + noise_power

    def compute_output_shape(self, input_shape):
        feature, step, _ = input_shape
        return tuple(feature), tuple(step), tuple(step)

    def compute_output_spec(self, inputs, noise=None):
        feature, step, _ = inputs
        return (
            keras.KerasTensor(feature.shape, dtype=feature.dtype),
            keras.KerasTensor(step.shape, dtype="int32"),
            keras.KerasTensor(step.shape, dtype="float32"),
        )
