"""The noise schedule."""

import numpy as np
from matplotlib.figure import Figure

from diffsem.models import NoiseSchedule
from diffsem.scenarios.reporting.drawing.captions import add_caption
from diffsem.scenarios.reporting.drawing.look import SCREEN, Look, drawn
from diffsem.scenarios.reporting.drawing.naming import name_curves


@drawn
def schedule_figure(schedule: NoiseSchedule, *, look: Look = SCREEN) -> Figure:
    """The noise schedule and the equivalent SNR against t (the paper's Fig. 3).

    Parameters
    ----------
    schedule : NoiseSchedule
    look : Look, optional
        Default: for a screen.

    Returns
    -------
    matplotlib.figure.Figure
    """
    steps = np.arange(1, schedule.steps + 1)
    figure, ((left,),) = look.panels(1, 1, look.column, 4)
    left.plot(steps, np.sqrt(schedule.alpha_bar[1:]), color="#4477AA", label=r"signal $\sqrt{\bar\alpha_t}$")
    noise = np.sqrt(1 - schedule.alpha_bar[1:])
    left.plot(steps, noise, color="#EE6677", linestyle="-.", label=r"noise $\sqrt{1 - \bar\alpha_t}$")
    left.set_xlabel("diffusion step t")
    left.set_ylabel("amplitude")
    right = left.twinx()
    # One grid is enough.
    right.grid(False)
    esnr_db = schedule.esnr_db(steps)
    right.plot(steps, esnr_db, color="#228833", linestyle="--", label="ESNR (right axis)")
    crossing = int(steps[np.argmin(np.abs(esnr_db))])
    right.plot(crossing, esnr_db[crossing - 1], "o", color="#228833")
    right.annotate(
        f"t = {crossing}: {esnr_db[crossing - 1]:.2f} dB",
        (crossing, esnr_db[crossing - 1]),
        # Below, where no curve passes.
        (0, -22),
        textcoords="offset points",
        ha="center",
        va="top",
        fontsize=look.small + 1,
        arrowprops={"arrowstyle": "-", "linewidth": 0.5, "color": "#228833"},
    )
    right.set_ylabel("ESNR [dB]")
    add_caption(
        figure,
        look,
        f"noise schedule of {schedule.steps} steps, whatever the channel",
        "ESNR: alpha_bar / (1 - alpha_bar)",
    )
    name_curves(figure, look)
    return figure
