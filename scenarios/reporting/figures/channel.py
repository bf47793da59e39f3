"""One system over t, an SNR of its channel a colour."""

from collections.abc import Sequence

import matplotlib
import pandas as pd
from matplotlib.figure import Figure

from diffsem.link import ResultTable
from diffsem.scenarios.reporting.drawing.captions import add_caption, head
from diffsem.scenarios.reporting.drawing.curves import AID, accuracy_axis, draw_accuracy
from diffsem.scenarios.reporting.drawing.look import SCREEN, Look, drawn
from diffsem.scenarios.reporting.drawing.naming import name_curves
from diffsem.scenarios.reporting.drawing.panels import by_eavesdropper, panels_over_timesteps
from diffsem.scenarios.reporting.statistics import strongest_adversary
from diffsem.scenarios.reporting.style import MARKERS, plain, style_of


@drawn
def channel_figure(
    table: ResultTable, system: str, attacks: Sequence[str] | None = None, *, look: Look = SCREEN
) -> Figure:
    """Receiver and adversary of one system against t, a colour an SNR (the paper's Fig. 8).

    A panel for each eavesdropper SNR where that is an axis.

    Parameters
    ----------
    table : ResultTable
    system : str
    attacks : sequence of str, optional
        The adversary is the strongest of these; default: of all.
    look : Look, optional
        Default: for a screen.

    Returns
    -------
    matplotlib.figure.Figure
    """
    rows = table.rows[table.rows["system"] == system]
    receivers = rows[rows["node"] == "receiver"]
    snrs = sorted(receivers["receiver_snr_db"].unique())
    columns = by_eavesdropper(rows)
    figure, panels = panels_over_timesteps(look, columns)
    for panel, (_, heard) in zip(panels, columns, strict=True):
        strongest = strongest_adversary(heard, attacks).reset_index()
        for place, snr_db in enumerate(snrs):
            colour = matplotlib.colormaps["viridis"](0.85 * place / max(len(snrs) - 1, 1))
            marker = MARKERS[place % len(MARKERS)]
            for lines, dash, label in ((receivers, "-", f"receiver, {snr_db:g} dB"), (strongest, "--", None)):
                here = lines[lines["receiver_snr_db"] == snr_db].sort_values("timestep")
                draw_accuracy(panel, look, here, "timestep", colour, label=label, linestyle=dash, marker=marker)
        if len(strongest):
            panel.plot([], [], color="grey", linestyle="--", label="strongest attack", gid=AID)
        shown = pd.concat([receivers, strongest])[["ci_low", "ci_high"]]
        accuracy_axis(panel, look, table, shown.set_axis(["low", "high"], axis=1))
    what = f"{plain(system)} ({style_of(table).title(system)})"
    heard_too = " solid, the strongest attack dashed" if (rows["node"] == "adversary").any() else ""
    add_caption(
        figure, look, head(table), f"{what}{heard_too}", "a colour an SNR of the receiver", "bands are 95% intervals"
    )
    name_curves(figure, look)
    return figure
