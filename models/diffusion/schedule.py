"""The noise schedule that transmitter and receiver share (eq. 9 to 13, 24)."""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal, get_args

import numpy as np
from keras import ops

from diffsem.models.serialization import serializable

ScheduleKind = Literal["linear", "cosine"]

BETA_FIRST, BETA_LAST = 1e-4, 0.02
# s: the first steps would add next to no noise without it. The last beta would be 1, and leave no signal.
COSINE_OFFSET, COSINE_LARGEST_BETA = 0.008, 0.999


@serializable
@dataclass(frozen=True)
class NoiseSchedule:
    """Noise schedule of a diffusion over `steps` steps.

    "linear" (eq. 12): beta_t rises evenly from beta_1 to beta_T. "cosine" (Nichol and Dhariwal, ICML 2021, eq. 17):
    abar_t = f(t) / f(0) with f(t) = cos^2((t / T + s) / (1 + s) pi / 2), s = 0.008, and no beta_t above 0.999.

    Parameters
    ----------
    steps : int
        T, the last step.
    beta_first, beta_last : float
        beta_1 and beta_T of a linear schedule. The paper's text does not state them; these are the usual DDPM values.
        They say nothing of a cosine schedule, which takes no others.
    kind : str
        "linear" or "cosine".

    Raises
    ------
    ValueError
        If there is no step, the kind is unknown, the betas do not satisfy 0 < beta_first <= beta_last < 1, or a cosine
        schedule is given betas.

    Examples
    --------
    >>> from diffsem.models import NoiseSchedule
    >>> schedule = NoiseSchedule()
    >>> round(float(schedule.alpha_bar[240]), 3), round(float(schedule.esnr_db(240)), 1)
    (0.31, -3.5)
    """

    steps: int = 500
    beta_first: float = BETA_FIRST
    beta_last: float = BETA_LAST
    kind: ScheduleKind = "linear"

    def __post_init__(self):
        if self.steps < 1:
            raise ValueError(f"steps {self.steps}: a schedule needs at least one step")
        if self.kind not in get_args(ScheduleKind):
            raise ValueError(f"kind {self.kind!r}: allowed: {', '.join(get_args(ScheduleKind))}")
        if self.kind == "cosine" and (self.beta_first, self.beta_last) != (BETA_FIRST, BETA_LAST):
            raise ValueError(f"beta_first {self.beta_first}, beta_last {self.beta_last}: a cosine schedule takes none")
        if not 0 < self.beta_first <= self.beta_last < 1:
            raise ValueError(
                f"beta_first {self.beta_first}, beta_last {self.beta_last}: need 0 < beta_first <= beta_last < 1"
            )

    @cached_property
    def beta(self):
        """[T] float64: beta_1 to beta_T, the share of power that every step turns into noise."""
        if self.kind == "linear":
            return np.linspace(self.beta_first, self.beta_last, self.steps)
        time = np.arange(self.steps + 1) / self.steps
        signal = np.cos((time + COSINE_OFFSET) / (1 + COSINE_OFFSET) * np.pi / 2) ** 2
        return np.minimum(1 - signal[1:] / signal[:-1], COSINE_LARGEST_BETA)

    @cached_property
    def alpha_bar(self):
        """[T + 1] float64: the share of signal power at every step; 1 at step 0 (eq. 11)."""
        return np.concatenate([[1.0], np.cumprod(1 - self.beta)])

    @cached_property
    def log_noise_to_signal(self):
        """[T + 1] float64: log((1 - abar) / abar), increasing in t.

        Step 0 carries no noise; its -inf is replaced by a finite value far below step 1, so that steps can be
        interpolated.
        """
        alpha_bar = self.alpha_bar.copy()
        alpha_bar[0] = 1 - 1e-9
        return np.log((1 - alpha_bar) / alpha_bar)

    def esnr_db(self, step):
        """Equivalent SNR of a step in dB (eq. 13); +inf at step 0.

        Parameters
        ----------
        step : int or array of int
            Steps in 0..T.
        """
        alpha_bar = self.alpha_bar[step]
        with np.errstate(divide="ignore"):
            return 10 * np.log10(alpha_bar / (1 - alpha_bar))

    def log_noise_to_signal_at(self, step):
        """log((1 - abar) / abar) at a real-valued step, linear between whole steps; finite at step 0 too.

        Parameters
        ----------
        step : [B], float
            Steps in 0..T.

        Returns
        -------
        [B], float32
        """
        step = ops.clip(ops.cast(step, "float32"), 0.0, float(self.steps))
        below = ops.cast(ops.floor(step), "int32")
        above = ops.minimum(below + 1, self.steps)
        fraction = step - ops.floor(step)
        table = ops.convert_to_tensor(self.log_noise_to_signal, "float32")
        return (1 - fraction) * ops.take(table, below) + fraction * ops.take(table, above)

    def alpha_bar_at(self, step):
        """abar at a real-valued step, linear in log((1 - abar) / abar) between whole steps.

        Parameters
        ----------
        step : [B], float
            Steps in 0..T.

        Returns
        -------
        [B], float32; exactly 1 at step 0.
        """
        step = ops.cast(step, "float32")
        return ops.where(step > 0, ops.sigmoid(-self.log_noise_to_signal_at(step)), 1.0)

    def self_noising_step(self, step, snr):
        """Step s to which the transmitter noises, so that the channel supplies the rest up to t (eq. 24).

        The smallest s with abar_s <= abar_t + 1 / (1 + snr); 0 where the channel alone is already worse than t.

        Parameters
        ----------
        step : [B], int
            The steps t that the receiver shall see, 0..T.
        snr : [B], float
            The transmitter's estimate of Es/N0 of the radiated signal, linear.

        Returns
        -------
        [B], int32; 0 <= s <= t.
        """
        table = ops.convert_to_tensor(self.alpha_bar, "float32")
        margin = ops.take(table, step) + 1 / (1 + ops.cast(snr, "float32"))
        return ops.sum(ops.cast(table[None, :] > margin[:, None], "int32"), axis=-1)

    def matched_step(self, noise_to_signal):
        """Step t' whose (1 - abar) / abar equals a measured noise-to-signal power ratio, real-valued.

        Parameters
        ----------
        noise_to_signal : [B], float
            Total noise variance over signal power, a real dimension.

        Returns
        -------
        [B], float32; in 0..T, clipped where the ratio lies beyond the last step.
        """
        table = ops.convert_to_tensor(self.log_noise_to_signal, "float32")
        level = ops.log(ops.maximum(ops.cast(noise_to_signal, "float32"), 1e-9))
        above = ops.clip(ops.searchsorted(table, level), 1, self.steps)
        low, high = ops.take(table, above - 1), ops.take(table, above)
        fraction = ops.clip((level - low) / (high - low), 0.0, 1.0)
        return ops.cast(above - 1, "float32") + fraction
