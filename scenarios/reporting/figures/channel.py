"""One system over t, an SNR of its channel a colour."""

from collections.abc import Sequence

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from diffsem.link import ResultTable
from diffsem.scenarios.reporting.figures.panels import (
    add_legend,
    by_eavesdropper,
    draw_accuracy,
    panels_over_timesteps,
    title,
)
from diffsem.scenarios.reporting.statistics import strongest_adversary
from diffsem.scenarios.reporting.style import style_of


def channel_figure(table: ResultTable, system: str, attacks: Sequence[str] | None = None) -> Figure:
    """Receiver and adversary of one system against t, a colour an SNR (the paper's Fig. 8).

    A panel for each eavesdropper SNR where that is an axis.

    Parameters
    ----------
    table : ResultTable
    system : str
    attacks : sequence of str, optional
        The adversary is the strongest of these; default: of all.

    Returns
    -------
    matplotlib.figure.Figure
    """
    rows = table.rows[table.rows["system"] == system]
    receivers = rows[rows["node"] == "receiver"]
    snrs = sorted(receivers["receiver_snr_db"].unique())
    columns = by_eavesdropper(rows)
    figure, panels = panels_over_timesteps(columns)
    for panel, (_, heard) in zip(panels, columns, strict=True):
        strongest = strongest_adversary(heard, attacks).reset_index()
        for place, snr_db in enumerate(snrs):
            colour = plt.get_cmap("viridis")(0.9 * place / max(len(snrs) - 1, 1))
            for lines, dash, label in ((receivers, "-", f"receiver, {snr_db:g} dB"), (strongest, "--", None)):
                here = lines[lines["receiver_snr_db"] == snr_db].sort_values("timestep")
                draw_accuracy(panel, here, "timestep", colour, label, dash)
        add_legend(panel, fontsize=8, loc="lower left")
    name = style_of(table).title(system)
    figure.suptitle(title(table, f"{name} (solid) and adversary (dashed)"), fontsize=10)
    return figure
