"""Every attack on a transmitter over t."""

from matplotlib.figure import Figure

from diffsem.link import ResultTable
from diffsem.scenarios.reporting.drawing.captions import add_caption, head
from diffsem.scenarios.reporting.drawing.curves import accuracy_axis, draw_accuracy
from diffsem.scenarios.reporting.drawing.look import SCREEN, Look, drawn
from diffsem.scenarios.reporting.drawing.naming import name_curves
from diffsem.scenarios.reporting.drawing.panels import by_eavesdropper, panels_over_timesteps
from diffsem.scenarios.reporting.style import MARKERS, plain

# Paul Tol's bright and muted schemes, mixed: no two attacks side by side are near to each other.
COLOURS = ("#4477AA", "#EE6677", "#228833", "#CCBB44", "#66CCEE", "#AA3377", "#882255", "#999933", "#661100", "#999999")


@drawn
def attacks_figure(table: ResultTable, transmitter: str, snr_db: float, *, look: Look = SCREEN) -> Figure:
    """Every attack on a transmitter over t, next to its best receiver; a panel for each eavesdropper SNR on an axis.

    Parameters
    ----------
    table : ResultTable
    transmitter : str
    snr_db : float
        Es/N0 at the legitimate receiver, dB.
    look : Look, optional
        Default: for a screen.

    Returns
    -------
    matplotlib.figure.Figure
    """
    rows = table.rows[(table.rows["receiver_snr_db"] == snr_db) & (table.rows["transmitter"] == transmitter)]
    rows = rows[rows["scored"] == "label"]
    columns = by_eavesdropper(rows)
    best = rows[rows["node"] == "receiver"].sort_values("accuracy").drop_duplicates("timestep", keep="last")
    figure, panels = panels_over_timesteps(look, columns)
    shown = rows[["ci_low", "ci_high"]].set_axis(["low", "high"], axis=1)
    for panel, (_, heard) in zip(panels, columns, strict=True):
        # Systems behind one transmitter face one adversary.
        adversary = heard[heard["node"] == "adversary"].drop_duplicates(["attack", "timestep"])
        best_name = "best receiver at each t"
        draw_accuracy(panel, look, best.sort_values("timestep"), "timestep", "black", label=best_name)
        for place, (attack, lines) in enumerate(adversary.groupby("attack", sort=False)):
            # The receiver has the first marker.
            marker = MARKERS[1 + place % (len(MARKERS) - 1)]
            own = {"label": plain(attack), "marker": marker, "linestyle": "--"}
            draw_accuracy(panel, look, lines.sort_values("timestep"), "timestep", COLOURS[place % len(COLOURS)], **own)
        accuracy_axis(panel, look, table, shown)
    add_caption(
        figure,
        look,
        head(table),
        f"attacks on {plain(transmitter)}",
        f"receiver SNR {snr_db:g} dB",
        "bands are 95% intervals",
    )
    name_curves(figure, look, direct=len(columns) == 1)
    return figure
