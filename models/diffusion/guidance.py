"""Classifier-free guidance by a soft label (eq. 18)."""

from keras import ops


def guided(denoiser, label, weight=0.0):
    """Noise predictor that a label steers: (1 + w) eps(z_t, t, c) - w eps(z_t, t, none) (eq. 18).

    Parameters
    ----------
    denoiser : UNet
        Conditioned by a context.
    label : [B, classes], float
        Class probabilities c.
    weight : float
        w >= 0. At 0 the second call is saved.

    Returns
    -------
    callable
        (z_t [B, ...], time [B, 1]) -> predicted noise [B, ...].

    Examples
    --------
    >>> import numpy as np
    >>> from diffsem.models import guided
    >>> label = np.full((1, 10), 0.1)
    >>> predict_noise = guided(lambda inputs, training: 10 * inputs[2], label, weight=2.0)  # says what its label is
    >>> round(float(predict_noise(None, None)[0, 0]), 3)
    3.0
    """

    def predict_noise(feature, time):
        conditional = denoiser([feature, time, label], training=False)
        if weight == 0:
            return conditional
        unconditional = denoiser([feature, time, ops.zeros_like(label)], training=False)
        return (1 + weight) * conditional - weight * unconditional

    return predict_noise


def unguided(denoiser):
    """Noise predictor of a denoiser without context: (z_t [B, ...], time [B, 1]) -> noise [B, ...].

    Examples
    --------
    >>> import numpy as np
    >>> from diffsem.models import UNet, unguided
    >>> predict_noise = unguided(UNet((4, 4, 1), channels=8))
    >>> tuple(predict_noise(np.ones((2, 4, 4, 1)), np.full((2, 1), 0.5)).shape)
    (2, 4, 4, 1)
    """
    return lambda feature, time: denoiser([feature, time], training=False)
