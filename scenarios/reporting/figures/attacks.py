"""Every attack on a transmitter over t."""

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
from diffsem.scenarios.reporting.style import plain


def attacks_figure(table: ResultTable, transmitter: str, snr_db: float) -> Figure:
    """Every attack on a transmitter over t, next to its best receiver; a panel for each eavesdropper SNR on an axis.

    Parameters
    ----------
    table : ResultTable
    transmitter : str
    snr_db : float
        Es/N0 at the legitimate receiver, dB.

    Returns
    -------
    matplotlib.figure.Figure
    """
    rows = table.rows[(table.rows["receiver_snr_db"] == snr_db) & (table.rows["transmitter"] == transmitter)]
    columns = by_eavesdropper(rows)
    best = rows[rows["node"] == "receiver"].sort_values("accuracy").drop_duplicates("timestep", keep="last")
    figure, panels = panels_over_timesteps(columns)
    colours = plt.get_cmap("tab10")
    for panel, (_, heard) in zip(panels, columns, strict=True):
        # Systems behind one transmitter face one adversary.
        adversary = heard[heard["node"] == "adversary"].drop_duplicates(["attack", "timestep"])
        draw_accuracy(panel, best.sort_values("timestep"), "timestep", "black", "best receiver at each t", "-")
        for place, (attack, lines) in enumerate(adversary.groupby("attack", sort=False)):
            colour = colours(place % colours.N)
            draw_accuracy(panel, lines.sort_values("timestep"), "timestep", colour, plain(attack), "--")
        add_legend(panel, fontsize=8, loc="lower left")
    figure.suptitle(title(table, f"attacks on {plain(transmitter)}, receiver SNR {snr_db:g} dB"), fontsize=10)
    return figure
