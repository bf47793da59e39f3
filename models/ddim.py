"""Deterministic DDIM (eq. 16) and the one-step estimate, apart from the network that predicts the noise."""

from keras import ops

from diffsem.models.self_noise import per_sample


def predict_clean(feature, noise, alpha_bar):
    """z^ = (z_t - sqrt(1 - abar_t) eps) / sqrt(abar_t).

    Parameters
    ----------
    feature, noise : [B, ...], float
        z_t and the noise predicted in it.
    alpha_bar : [B], float
        abar_t.

    Returns
    -------
    [B, ...], float
    """
    alpha_bar = per_sample(alpha_bar, feature)
    return (feature - ops.sqrt(1 - alpha_bar) * noise) / ops.sqrt(alpha_bar)


def one_step(predict_noise, schedule, feature, step):
    """The network's minimum mean square error estimate of z, from one call.

    Parameters
    ----------
    predict_noise : callable
        (z_t [B, ...], time [B, 1]) -> predicted noise [B, ...].
    schedule : NoiseSchedule
    feature : [B, ...], float
        z_t, unit mean square.
    step : [B], float
        Steps t in 0..T, each sample its own.

    Returns
    -------
    [B, ...], float
    """
    return sample(predict_noise, schedule, feature, step, 1)


def sample(predict_noise, schedule, feature, step, calls):
    """Denoise z_t to z^ over an even grid of steps from t down to 0 (eq. 16).

    Parameters
    ----------
    predict_noise : callable
        (z_t [B, ...], time [B, 1]) -> predicted noise [B, ...].
    schedule : NoiseSchedule
    feature : [B, ...], float
        z_t, unit mean square.
    step : [B], float
        Steps t in 0..T, each sample its own.
    calls : int
        Calls of the network; the grid is t (1 - i / calls), i = 0..calls.

    Returns
    -------
    [B, ...], float
    """
    step = ops.cast(step, "float32")
    for i in range(calls):
        here = step * (1 - i / calls)
        after = step * (1 - (i + 1) / calls)
        noise = predict_noise(feature, here[:, None] / schedule.steps)
        clean = predict_clean(feature, noise, schedule.alpha_bar_at(here))
        alpha_bar = per_sample(schedule.alpha_bar_at(after), feature)
        feature = ops.sqrt(alpha_bar) * clean + ops.sqrt(1 - alpha_bar) * noise
    return feature
