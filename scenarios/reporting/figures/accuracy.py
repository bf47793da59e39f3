"""Receivers and adversaries over one sweep axis, and the gap between them."""

import itertools
from collections.abc import Sequence

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from diffsem.link import ResultTable
from diffsem.scenarios.reporting.ceilings import ceilings
from diffsem.scenarios.reporting.figures.panels import AXES, add_legend, by_eavesdropper, draw_measure, title, width
from diffsem.scenarios.reporting.statistics import leakage
from diffsem.scenarios.reporting.style import DASHES, Style, plain, style_of


def accuracy_figure(
    table: ResultTable,
    axis: str,
    fixed: float,
    systems: Sequence[str] | None = None,
    attacks: Sequence[str] | None = None,
) -> Figure:
    """Receivers and adversaries over one sweep axis, with 95% bands and ceilings; below, the gap if there is one.

    A column for each eavesdropper SNR where that is an axis too.

    Parameters
    ----------
    table : ResultTable
    axis : str
        "receiver_snr_db" or "timestep".
    fixed : float
        Value of the other axis.
    systems : sequence of str, optional
        Draw these only.
    attacks : sequence of str, optional
        The adversary is the strongest of these; default: of all.

    Returns
    -------
    matplotlib.figure.Figure
    """
    other = "timestep" if axis == "receiver_snr_db" else "receiver_snr_db"
    rows = table.rows[(table.rows[other] == fixed) & (table.rows["scored"] == "label")]
    if attacks is not None:
        rows = rows[rows["attack"].isin(["", *attacks])]
    if systems is not None:
        rows = rows[rows["system"].isin(systems)]
    attacked = bool((rows["node"] == "adversary").any())
    columns = by_eavesdropper(rows)
    figure, panels = plt.subplots(
        2 if attacked else 1,
        len(columns),
        figsize=(width(columns), 7.5 if attacked else 5),
        sharex=True,
        sharey="row",
        squeeze=False,
        height_ratios=(2, 1) if attacked else (1,),
        layout="constrained",
    )
    style = style_of(table)
    for place, (name, heard) in enumerate(columns):
        _compare(table, style, heard, axis, panels[0, place], panels[1, place] if attacked else None)
        panels[0, place].set_title(name, fontsize=9)
        panels[-1, place].set_xlabel(AXES[axis])
    panels[0, 0].set_ylabel("task accuracy")
    if attacked:
        panels[1, 0].set_ylabel("gap: receiver - adversary")
    at = f"t = {fixed:g}" if other == "timestep" else f"receiver SNR {fixed:g} dB"
    figure.suptitle(title(table, f"{at}; bands are 95% intervals"), fontsize=10)
    return figure


def _compare(table: ResultTable, style: Style, rows: pd.DataFrame, axis: str, top: Axes, bottom: Axes | None) -> None:
    """Receivers against one eavesdropper, and below the gap."""
    comparison = leakage(rows).sort_values(axis)
    dashes = dict(zip(rows["transmitter"].unique(), itertools.cycle(DASHES), strict=False))
    heard: set[str] = set()
    for system in comparison["system"].unique():
        lines = comparison[comparison["system"] == system]
        colour = style.colours[system]
        draw_measure(top, lines, axis, "receiver", colour, style.title(system), "-")
        if bottom is None or lines["adversary"].isna().all():
            continue
        draw_measure(bottom, lines, axis, "gap", colour, None, "-")
        transmitter = rows.loc[rows["system"] == system, "transmitter"].iloc[0]
        if transmitter not in heard:
            heard.add(transmitter)
            label = f"adversary on {plain(transmitter)}"
            draw_measure(top, lines, axis, "adversary", "black", label, dashes[transmitter])
    drawn = zip(ceilings(table, rows, axis).items(), itertools.cycle(["-", *DASHES]), strict=False)
    for (label, ceiling), dash in drawn:
        top.plot(ceiling.index, ceiling.to_numpy(), color="grey", linewidth=0.8, linestyle=dash, label=label)
    top.set_ylim(0, 1.02)
    add_legend(top, fontsize=7, loc="lower right" if axis == "receiver_snr_db" else "lower left")
    top.grid(alpha=0.3)
    if bottom is not None:
        bottom.axhline(0, color="grey", linewidth=0.8)
        bottom.grid(alpha=0.3)
