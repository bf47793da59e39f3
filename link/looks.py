"""Many looks: what an eavesdropper gains from hearing the same image again."""

from collections.abc import Sequence

from keras import ops

from diffsem.models import NoiseSchedule
from diffsem.models.self_noise import per_sample


def combine_looks(received: Sequence, step: Sequence, schedule: NoiseSchedule):
    """Maximum-ratio combination of transmissions of the same image, each with self-noise and channel noise of its own.

    A look y = sqrt(abar) z + sqrt(1 - abar) eps at step t' has the signal-to-noise ratio g = abar / (1 - abar).
    Weighted by sqrt(g (1 + g)), K looks add up to G z plus noise of variance G, where G is the sum of their g:
    ten equal looks are worth 10 dB.

    Parameters
    ----------
    received : sequence of K [B, ...] float
        y of every look, unit mean square.
    step : sequence of K [B] float
        t' of every look.
    schedule : NoiseSchedule

    Returns
    -------
    received : [B, ...], float32
        Of unit mean square again.
    step : [B], float32
        The step at which their sum stands.
    """
    if len(received) == 1:
        return received[0], step[0]
    ratios = [ops.exp(-schedule.log_noise_to_signal_at(own)) for own in step]
    total = sum(ratios)
    weights = [ops.sqrt(ratio * (1 + ratio)) for ratio in ratios]
    summed = sum(per_sample(weight, y) * y for weight, y in zip(weights, received, strict=True))
    return summed / per_sample(ops.sqrt(total * (1 + total)), summed), schedule.matched_step(1 / total)
