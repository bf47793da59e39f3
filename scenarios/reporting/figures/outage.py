"""The mean accuracy over fading blocks, and that in the bad ones."""

from matplotlib.figure import Figure

from diffsem.link import ResultTable
from diffsem.scenarios.reporting.drawing.captions import add_caption, head, left_out
from diffsem.scenarios.reporting.drawing.curves import AID, accuracy_axis, draw_measure, ends
from diffsem.scenarios.reporting.drawing.look import SCREEN, Look, drawn
from diffsem.scenarios.reporting.drawing.naming import name_curves
from diffsem.scenarios.reporting.drawing.panels import AXES
from diffsem.scenarios.reporting.statistics import outage
from diffsem.scenarios.reporting.style import plain, style_of


@drawn
def outage_figure(table: ResultTable, timestep: int, *, look: Look = SCREEN) -> Figure:
    """Receivers over SNR: the mean accuracy, and the accuracy in the 5th percentile of the blocks.

    Parameters
    ----------
    table : ResultTable
    timestep : int
        t.
    look : Look, optional
        Default: for a screen.

    Returns
    -------
    matplotlib.figure.Figure
    """
    lines = outage(table)
    lines = lines[(lines["node"] == "receiver") & (lines["timestep"] == timestep)].sort_values("receiver_snr_db")
    figure, ((panel,),) = look.panels(1, 1, look.column, 4.5)
    style = style_of(table)
    for system in lines["system"].unique():
        curve = lines[lines["system"] == system]
        own = {"marker": style.markers[system]}
        draw_measure(panel, look, curve, "receiver_snr_db", "mean", style.colours[system], label=plain(system), **own)
        draw_measure(panel, look, curve, "receiver_snr_db", "outage", style.colours[system], linestyle="--", **own)
    panel.plot([], [], color="grey", linestyle="--", label="5th percentile of blocks", gid=AID)
    panel.set_xlabel(AXES["receiver_snr_db"].replace("SNR", "average SNR"))
    panel.set_ylabel(look.measure)
    accuracy_axis(panel, look, table, ends(lines, "mean", "outage"))
    add_caption(
        figure,
        look,
        head(table),
        f"t = {timestep}",
        "mean (solid) and 5th percentile of blocks (dashed), 95% intervals",
        *left_out(table.rows["system"], lines["system"], "without steps of their own"),
    )
    name_curves(figure, look, direct=True)
    return figure
