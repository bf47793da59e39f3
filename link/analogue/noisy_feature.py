"""A feature in noise that may differ from symbol to symbol, and the step of the schedule at which it stands."""

from dataclasses import dataclass
from typing import Any

from keras import ops

from diffsem.link.analogue.step_rule import StepRule
from diffsem.models import NoiseSchedule, per_sample

# At high SNR float32 rounds a noise variance to 0, or just below; it is divided by as this much.
SMALLEST_NOISE = 1e-9


@dataclass(frozen=True)
class NoisyFeature:
    """sqrt(signal) z + sqrt(noise) eps, eps ~ N(0, 1), as a node has it after its equaliser.

    Parameters
    ----------
    values : [B, ...], float32
    signal : [B], float32
        Power of z in it, a real dimension.
    noise : [B, ...], float32
        Total noise variance v of every real symbol, self-noise and channel together.
    capacity : [B], float32, optional
        Bits an image that the channel alone lets through, of all its uses; None: not told.

    Examples
    --------
    Two symbols, at 5 and at 1: the mean of what they are worth.

    >>> import tensorflow as tf
    >>> from diffsem.link import NoisyFeature
    >>> heard = NoisyFeature(tf.zeros([1, 2]), signal=tf.constant([0.5]), noise=tf.constant([[0.1, 0.5]]))
    >>> heard.esnr().numpy().round(4).tolist()
    [3.0]
    """

    values: Any
    signal: Any
    noise: Any
    capacity: Any = None

    def esnr(self):
        """[B] float32: signal over noise power a real symbol, linear, on average over the symbols."""
        symbols = tuple(range(1, len(self.values.shape)))
        return self.signal * ops.mean(1 / ops.maximum(self.noise, SMALLEST_NOISE), axis=symbols)


def at_step(noisy: NoisyFeature, step, schedule: NoiseSchedule, rule: StepRule):
    """(y, t') for networks that know features with the same noise on every symbol, z_t'.

    - "matched": every symbol is weighted by how sure it is, and the whole stands at the step of their mean. With
      abar_i = signal / (signal + v_i), the share of signal in the i-th symbol, abar' is the mean of abar_i and
      y_i = sqrt(abar_i / abar') times the symbol at unit power: y has the power of z_t', and its correlation with z.
      The weights are those of the linear MMSE estimate of z.
    - "mean": t' is the step of the mean noise variance, and all symbols are scaled alike.
    - "transmitter": t' = t, y as it is (the paper's receiver).

    With the same noise on every symbol, "matched" and "mean" are the same: y = z_t' exactly.

    Parameters
    ----------
    noisy : NoisyFeature
    step : [B], int
        t of the transmission.
    schedule : NoiseSchedule
    rule : str

    Returns
    -------
    received : [B, ...], float32
        y.
    received_step : [B], float32
        t'.

    Examples
    --------
    Signal and noise as the step 240 has them, twice as strong, while the transmitter says 60.

    >>> import tensorflow as tf
    >>> from diffsem.link import NoisyFeature, at_step
    >>> from diffsem.models import NoiseSchedule
    >>> schedule = NoiseSchedule()
    >>> share = tf.constant([schedule.alpha_bar[240]], tf.float32)
    >>> heard = NoisyFeature(tf.ones([1, 4]), 2 * share, 2 * (1 - share) * tf.ones([1, 4]))
    >>> [round(float(at_step(heard, [60], schedule, rule)[1][0])) for rule in ("matched", "mean", "transmitter")]
    [240, 240, 60]
    """
    values, signal = noisy.values, noisy.signal
    if rule == "transmitter":
        return values, ops.cast(step, "float32")
    symbols = tuple(range(1, len(values.shape)))
    if rule == "mean":
        noise = ops.mean(noisy.noise, axis=symbols)
        return values / per_sample(ops.sqrt(signal + noise), values), schedule.matched_step(noise / signal)
    amplitude = per_sample(ops.sqrt(signal), values)
    share = amplitude**2 / (amplitude**2 + noisy.noise)
    mean_share = ops.mean(share, axis=symbols)
    received = values * share / (amplitude * per_sample(ops.sqrt(mean_share), values))
    return received, schedule.matched_step((1 - mean_share) / mean_share)
