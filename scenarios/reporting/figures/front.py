"""Privacy against utility."""

import itertools
from collections.abc import Sequence

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from diffsem.link import ResultTable
from diffsem.scenarios.reporting.figures.panels import add_legend, bars, title
from diffsem.scenarios.reporting.statistics import eavesdropper_axis, leakage
from diffsem.scenarios.reporting.style import DASHES, MARKERS, plain, style_of
from diffsem.scenarios.reporting.table_attributes import scenario_of


def front_figure(tables: Sequence[ResultTable], snr_db: float) -> Figure:
    """Privacy against utility: the receiver over the strongest attack, a curve a system over t, 95% intervals.

    Up and to the left is better; on the diagonal the eavesdropper reads as much as the receiver. A thin curve of the
    same colour is where both would be at their ceilings. Each table has a line style of its own, and each eavesdropper
    SNR on an axis a marker and a curve.

    Parameters
    ----------
    tables : sequence of ResultTable
        At least one.
    snr_db : float
        Es/N0 at the legitimate receiver, dB.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, panel = plt.subplots(figsize=(7.5, 6.5), layout="constrained")
    panel.plot([0, 1], [0, 1], color="grey", linewidth=0.8)
    for table, dash in zip(tables, itertools.cycle(["-", *DASHES]), strict=False):
        name = f"{plain(scenario_of(table).name)}: " if len(tables) > 1 else ""
        _draw_table(panel, table, snr_db, name, dash)
    panel.set_xlabel("accuracy of the strongest attack")
    panel.set_ylabel("accuracy of the receiver")
    panel.set_xlim(0, 1.04)
    panel.set_ylim(0, 1.05)
    settings = dict.fromkeys(title(table, f"receiver SNR {snr_db:g} dB") for table in tables)
    panel.set_title("\n".join([*settings, "points are steps t, bars 95% intervals; thin: ceilings"]), fontsize=10)
    add_legend(panel, fontsize=7, loc="lower right")
    panel.grid(alpha=0.3)
    return figure


def _draw_table(panel: Axes, table: ResultTable, snr_db: float, name: str, dash) -> None:
    """A curve a system and, where there is an axis of them, eavesdropper SNR."""
    looks = table.rows["looks"].max()
    lines = leakage(table.rows[table.rows["receiver_snr_db"] == snr_db])
    lines = lines[lines["adversary"].notna()].sort_values("timestep")
    style = style_of(table)
    swept = eavesdropper_axis(table.rows)
    for system in lines["system"].unique():
        curve = lines[lines["system"] == system]
        words = [f"{name}{style.title(system)}"]
        if looks > 1:
            words.append(f"{looks} looks")
        if not swept:
            _draw_curve(panel, curve, ", ".join(words), style.colours[system], MARKERS[0], dash)
        for own_snr_db, marker in zip(swept, itertools.cycle(MARKERS), strict=False):
            label = ", ".join([*words, f"eavesdropper {own_snr_db:g} dB"])
            heard = curve[curve["eavesdropper_snr_db"] == own_snr_db]
            _draw_curve(panel, heard, label, style.colours[system], marker, dash)


def _draw_curve(panel: Axes, curve: pd.DataFrame, label: str, colour: str, marker: str, dash) -> None:
    """Both accuracies over t, and both ceilings."""
    panel.errorbar(
        curve["adversary"],
        curve["receiver"],
        yerr=bars(curve, "receiver", "receiver_low", "receiver_high"),
        xerr=bars(curve, "adversary", "adversary_low", "adversary_high"),
        linestyle=dash,
        color=colour,
        marker=marker,
        markersize=3,
        elinewidth=0.6,
        label=label,
    )
    panel.plot(curve["adversary_ceiling"], curve["receiver_ceiling"], color=colour, linewidth=0.6)
    for line in curve.to_dict("records"):
        panel.annotate(
            f"{line['timestep']}",
            (line["adversary"], line["receiver"]),
            (2, 3),
            fontsize=6,
            color=colour,
            textcoords="offset points",
        )
