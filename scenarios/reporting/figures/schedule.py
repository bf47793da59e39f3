"""The noise schedule."""

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from diffsem.models import NoiseSchedule


def schedule_figure(schedule: NoiseSchedule) -> Figure:
    """The noise schedule and the equivalent SNR against t (the paper's Fig. 3).

    Parameters
    ----------
    schedule : NoiseSchedule

    Returns
    -------
    matplotlib.figure.Figure
    """
    steps = np.arange(1, schedule.steps + 1)
    figure, left = plt.subplots(figsize=(6.5, 4), layout="constrained")
    left.plot(steps, np.sqrt(schedule.alpha_bar[1:]), color="#4477AA", label=r"signal $\sqrt{\bar\alpha_t}$")
    left.plot(steps, np.sqrt(1 - schedule.alpha_bar[1:]), color="#EE6677", label=r"noise $\sqrt{1 - \bar\alpha_t}$")
    left.set_xlabel("diffusion step t")
    left.set_ylabel("amplitude")
    right = left.twinx()
    esnr_db = schedule.esnr_db(steps)
    right.plot(steps, esnr_db, color="#228833", linestyle="--", label="ESNR")
    crossing = int(steps[np.argmin(np.abs(esnr_db))])
    right.plot(crossing, esnr_db[crossing - 1], "o", color="#228833")
    right.annotate(
        f"t = {crossing}: {esnr_db[crossing - 1]:.2f} dB",
        (crossing, esnr_db[crossing - 1]),
        (8, 8),
        textcoords="offset points",
    )
    right.set_ylabel("ESNR [dB]")
    handles = [*left.get_lines(), right.get_lines()[0]]
    left.legend(handles, [str(handle.get_label()) for handle in handles], fontsize=8, loc="center right")
    left.grid(alpha=0.3)
    return figure
