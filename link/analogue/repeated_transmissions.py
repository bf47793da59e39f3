"""Repeated transmissions (looks): what an eavesdropper gains from hearing the same image again."""

from collections.abc import Sequence

from keras import ops

from diffsem.link.analogue.noisy_feature import SMALLEST_NOISE, NoisyFeature
from diffsem.models import per_sample


def combine_looks(looks: Sequence[NoisyFeature]) -> NoisyFeature:
    """Maximum-ratio combination of transmissions of the same image, each with self-noise and channel noise of its own.

    Symbol by symbol, a look has the signal-to-noise ratio g = signal / v. Weighted by sqrt(signal) / v, looks add up to
    G z plus noise of variance G, where G is the sum of their g: ten equal looks are worth 10 dB.

    Parameters
    ----------
    looks : sequence of NoisyFeature
        At least one.

    Returns
    -------
    NoisyFeature
        z plus noise of variance 1 / G; a single look as it is. The uses of the channel add up, and so does what they
        let through.

    Examples
    --------
    >>> import tensorflow as tf
    >>> from diffsem.link import NoisyFeature, combine_looks
    >>> look = NoisyFeature(tf.ones([1, 4]), signal=tf.ones(1), noise=tf.fill([1, 4], 0.5))
    >>> [round(float(combine_looks([look] * looks).esnr()[0]), 3) for looks in (1, 10)]
    [2.0, 20.0]
    """
    if len(looks) == 1:
        return looks[0]
    summed = ratio = 0
    for look in looks:
        amplitude = per_sample(ops.sqrt(look.signal), look.values)
        noise = ops.maximum(look.noise, SMALLEST_NOISE)
        summed = summed + amplitude / noise * look.values
        ratio = ratio + amplitude**2 / noise
    told = [look.capacity for look in looks if look.capacity is not None]
    capacity = sum(told) if len(told) == len(looks) else None
    return NoisyFeature(summed / ratio, ops.ones_like(looks[0].signal), 1 / ratio, capacity)
