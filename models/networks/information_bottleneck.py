"""IBAL's training objective, as layers that any Keras training loop can minimise (arXiv 2312.03252)."""

import keras
from keras import ops

from diffsem.models.batching import per_sample
from diffsem.models.diffusion.schedule import NoiseSchedule
from diffsem.models.serialization import serializable


def log_uniform_kl(log_alpha):
    """KL divergence of a Gaussian symbol from the log-uniform prior, in the approximation of variational dropout.

    0.5 log(1 + 1 / alpha) - 0.63576 sigmoid(1.8732 + 1.48695 log alpha) + 0.63576 (Molchanov et al., 2017): falls to
    0 as a symbol drowns in its noise.

    Parameters
    ----------
    log_alpha : float tensor
        Logarithm of noise variance over squared symbol.

    Returns
    -------
    The same shape, nats.

    Examples
    --------
    >>> import numpy as np
    >>> from diffsem.models import log_uniform_kl
    >>> [round(float(nats), 3) for nats in log_uniform_kl(np.array([-4.0, 0.0, 20.0]))]
    [2.634, 0.431, 0.0]
    """
    return 0.5 * ops.softplus(-log_alpha) - 0.63576 * ops.sigmoid(1.8732 + 1.48695 * log_alpha) + 0.63576


@serializable
class SymbolInformation(keras.layers.Layer):
    """[z, step] -> [B] sum of `log_uniform_kl` over the symbols of z, for noise of a step and at least that of 25 dB.

    Parameters
    ----------
    schedule : NoiseSchedule, optional

    Examples
    --------
    >>> import numpy as np
    >>> from diffsem.models import SymbolInformation
    >>> feature, steps = np.ones((3, 8, 8, 1), "float32"), np.array([0.0, 120.0, 480.0])
    >>> near, middle, far = SymbolInformation()([feature, steps]).numpy()
    >>> bool(near > middle > far > 0)
    True
    """

    def __init__(self, schedule=None, **kwargs):
        super().__init__(**kwargs)
        self.schedule = schedule or NoiseSchedule()

    def call(self, inputs):
        feature, step = inputs
        log_noise = noise_to_signal_log(self.schedule, step)
        log_alpha = per_sample(log_noise, feature) - ops.log(ops.square(feature) + 1e-8)
        return ops.sum(log_uniform_kl(log_alpha), axis=tuple(range(1, len(feature.shape))))


def noise_to_signal_log(schedule: NoiseSchedule, step):
    """[B] log of the noise-to-signal ratio at steps [B]; never under that of an SNR of 25 dB.

    Examples
    --------
    >>> import numpy as np
    >>> from diffsem.models import NoiseSchedule, noise_to_signal_log
    >>> told = noise_to_signal_log(NoiseSchedule(), np.array([0.0, 240.0])).numpy()
    >>> (-10 * told / np.log(10)).round(1).tolist()  # SNR, dB
    [25.0, -3.5]
    """
    return ops.maximum(schedule.log_noise_to_signal_at(step), -2.5 * ops.log(10.0))


@serializable
class Against(keras.layers.Layer):
    """[value, weight] -> value; its gradient is turned around and weighted.

    What follows minimises a loss of `value`; what made `value` maximises the same loss, `weight` times: the game of
    encoder and auxiliary decoder in one update of all weights.

    Input
    -----
    [value, weight]
        value : [B, ...], float
        weight : [B], float

    Examples
    --------
    >>> import tensorflow as tf
    >>> from diffsem.models import Against
    >>> value, weight = tf.constant([[3.0]]), tf.constant([2.0])
    >>> with tf.GradientTape() as tape:
    ...     tape.watch(value)
    ...     same = Against()([value, weight])
    >>> float(same[0, 0]), float(tape.gradient(same, value)[0, 0])
    (3.0, -2.0)
    """

    def call(self, inputs):
        value, weight = inputs
        weight = per_sample(weight, value)
        return ops.stop_gradient((1 + weight) * value) - weight * value
