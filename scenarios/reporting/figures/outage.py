"""The mean accuracy over fading blocks, and that in the bad ones."""

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from diffsem.link import ResultTable
from diffsem.scenarios.reporting.figures.panels import AXES, add_legend, draw_measure
from diffsem.scenarios.reporting.statistics import outage
from diffsem.scenarios.reporting.style import plain, style_of
from diffsem.scenarios.reporting.table_attributes import scenario_of


def outage_figure(table: ResultTable, timestep: int) -> Figure:
    """Receivers over SNR: the mean accuracy, and the accuracy in the 5th percentile of the blocks.

    Parameters
    ----------
    table : ResultTable
    timestep : int
        t.

    Returns
    -------
    matplotlib.figure.Figure
    """
    lines = outage(table)
    lines = lines[(lines["node"] == "receiver") & (lines["timestep"] == timestep)].sort_values("receiver_snr_db")
    figure, panel = plt.subplots(figsize=(7.5, 5), layout="constrained")
    style = style_of(table)
    for system in lines["system"].unique():
        curve = lines[lines["system"] == system]
        colour = style.colours[system]
        draw_measure(panel, curve, "receiver_snr_db", "mean", colour, style.title(system), "-")
        draw_measure(panel, curve, "receiver_snr_db", "outage", colour, None, "--")
    panel.set_xlabel(AXES["receiver_snr_db"].replace("SNR", "average SNR"))
    panel.set_ylabel("task accuracy")
    panel.set_ylim(0, 1.02)
    channel = plain(table.rows["channel"].iloc[0])
    panel.set_title(
        f"{scenario_of(table).name}: {channel}, t = {timestep}; mean (solid), 5th percentile of blocks (dashed)",
        fontsize=10,
    )
    add_legend(panel, fontsize=8, loc="lower right")
    panel.grid(alpha=0.3)
    return figure
