"""Deterministic samplers, apart from the network that predicts the noise: DDIM (eq. 16) and DPM-Solver++."""

from keras import ops

from diffsem.models.batching import per_sample


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

    Examples
    --------
    >>> import numpy as np
    >>> from diffsem.models import predict_clean
    >>> clean, noise, alpha_bar = np.array([[2.0]]), np.array([[-1.0]]), np.array([0.36])
    >>> noisy = 0.6 * clean + 0.8 * noise
    >>> round(float(predict_clean(noisy, noise, alpha_bar)[0, 0]), 3)
    2.0
    """
    alpha_bar = per_sample(alpha_bar, feature)
    return (feature - ops.sqrt(1 - alpha_bar) * noise) / ops.sqrt(alpha_bar)


def ddim(predict_noise, schedule, feature, step, calls):
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
        Calls of the network; the grid is t (1 - i / calls), i = 0..calls. One call gives the network's own estimate of
        z with the least mean square error.

    Returns
    -------
    [B, ...], float

    Examples
    --------
    A network that knows the noise gives back the feature, however many steps are taken.

    >>> import numpy as np
    >>> from diffsem.models import NoiseSchedule, ddim
    >>> schedule, clean, noise = NoiseSchedule(), np.ones((1, 64), "float32"), np.full((1, 64), 0.5, "float32")
    >>> share = float(schedule.alpha_bar[240])
    >>> noisy = share**0.5 * clean + (1 - share) ** 0.5 * noise
    >>> denoised = ddim(lambda feature, time: noise, schedule, noisy, np.array([240]), calls=5)
    >>> np.allclose(denoised, clean, atol=1e-4)
    True
    """
    step = ops.cast(step, "float32")

    # A loop, not `calls` copies of the network: the graph stays as small for 50 steps as for one.
    def one(i, feature):
        here, after = step * (1 - _share(i, calls)), step * (1 - _share(i + 1, calls))
        noise = predict_noise(feature, here[:, None] / schedule.steps)
        clean = predict_clean(feature, noise, schedule.alpha_bar_at(here))
        alpha_bar = per_sample(schedule.alpha_bar_at(after), feature)
        return ops.sqrt(alpha_bar) * clean + ops.sqrt(1 - alpha_bar) * noise

    return ops.fori_loop(0, calls, one, ops.convert_to_tensor(feature))


def dpm_solver(predict_noise, schedule, feature, step, calls):
    """Denoise z_t to z^ by DPM-Solver++(2M) on the same grid as `ddim` (Lu et al., arXiv:2211.01095, Algorithm 2).

    Every call extrapolates the clean prediction from the one before it; the first and the last, which has no noise left
    to reckon with, are DDIM's. Up to two calls it is DDIM.

    Parameters
    ----------
    predict_noise, schedule, feature, step, calls
        As for `ddim`.

    Returns
    -------
    [B, ...], float

    Examples
    --------
    As for `ddim`, a network that knows the noise gives back the feature.

    >>> import numpy as np
    >>> from diffsem.models import NoiseSchedule, dpm_solver
    >>> schedule, clean, noise = NoiseSchedule(), np.ones((1, 64), "float32"), np.full((1, 64), 0.5, "float32")
    >>> share = float(schedule.alpha_bar[240])
    >>> noisy = share**0.5 * clean + (1 - share) ** 0.5 * noise
    >>> denoised = dpm_solver(lambda feature, time: noise, schedule, noisy, np.array([240]), calls=5)
    >>> np.allclose(denoised, clean, atol=1e-4)
    True
    """
    step = ops.cast(step, "float32")
    feature = ops.convert_to_tensor(feature)

    def clean_prediction(feature, here):
        noise = predict_noise(feature, here[:, None] / schedule.steps)
        return predict_clean(feature, noise, schedule.alpha_bar_at(here))

    def one(i, state):
        feature, clean_before, width_before = state
        here, after = step * (1 - _share(i, calls)), step * (1 - _share(i + 1, calls))
        level, level_after = schedule.log_noise_to_signal_at(here), schedule.log_noise_to_signal_at(after)
        width = (level - level_after) / 2
        clean = clean_prediction(feature, here)
        slope = per_sample(width / (2 * ops.maximum(width_before, 1e-6)), feature)
        extrapolated = clean + slope * (clean - clean_before)
        sigma_ratio = ops.sqrt(ops.sigmoid(level_after) / ops.sigmoid(level))
        gain = -ops.sqrt(ops.sigmoid(-level_after)) * ops.expm1(-width)
        feature = per_sample(sigma_ratio, feature) * feature + per_sample(gain, feature) * extrapolated
        return feature, clean, width

    # Before the first call there is nothing to extrapolate from: an infinite width makes its slope zero.
    state = (feature, ops.zeros_like(feature), ops.full_like(step, float("inf")))
    feature, _, _ = ops.fori_loop(0, calls - 1, one, state)
    return clean_prediction(feature, step * (1 - _share(calls - 1, calls)))


def _share(i, calls):
    return ops.cast(i, "float32") / calls
