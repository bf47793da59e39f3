"""Receivers and adversaries over one sweep axis, and the gap between them."""

import itertools
from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from diffsem.link import ResultTable
from diffsem.scenarios.reporting.ceilings import ceilings
from diffsem.scenarios.reporting.drawing.captions import add_caption, head, left_out
from diffsem.scenarios.reporting.drawing.curves import AID, accuracy_axis, draw_gap, draw_measure, ends
from diffsem.scenarios.reporting.drawing.look import SCREEN, Look, drawn
from diffsem.scenarios.reporting.drawing.naming import name_curves
from diffsem.scenarios.reporting.drawing.panels import AXES, by_eavesdropper
from diffsem.scenarios.reporting.statistics import leakage
from diffsem.scenarios.reporting.style import CROSSES, DASHES, Style, plain, style_of


@drawn
def accuracy_figure(
    table: ResultTable,
    axis: str,
    fixed: float,
    systems: Sequence[str] | None = None,
    attacks: Sequence[str] | None = None,
    *,
    look: Look = SCREEN,
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

    look : Look, optional
        Default: for a screen.

    Returns
    -------
    matplotlib.figure.Figure
    """
    other = "timestep" if axis == "receiver_snr_db" else "receiver_snr_db"
    here = table.rows[table.rows[other] == fixed]
    rows = here[here["scored"] == "label"]
    missing = left_out(here["system"], rows["system"], "bits alone are counted")
    if attacks is not None:
        rows = rows[rows["attack"].isin(["", *attacks])]
    if systems is not None:
        rows = rows[rows["system"].isin(systems)]
    attacked = bool((rows["node"] == "adversary").any())
    columns = by_eavesdropper(rows)
    figure, panels = look.panels(
        2 if attacked else 1,
        len(columns),
        look.width(len(columns)),
        7 if attacked else 4.5,
        sharex=True,
        sharey="row",
        height_ratios=(2, 1) if attacked else (1,),
    )
    style = style_of(table)
    for place, (name, heard) in enumerate(columns):
        _compare(table, style, look, heard, axis, panels[0, place], panels[1, place] if attacked else None)
        panels[0, place].set_title(name)
        panels[-1, place].set_xlabel(AXES[axis])
    panels[0, 0].set_ylabel(look.measure)
    if attacked:
        panels[1, 0].set_ylabel("gap")
    at = f"t = {fixed:g}" if other == "timestep" else f"receiver SNR {fixed:g} dB"
    gap = "gap: receiver - strongest attack" if attacked else ""
    add_caption(figure, look, head(table), at, "bands are 95% intervals", gap, *missing)
    name_curves(figure, look, direct=len(columns) == 1)
    return figure


def _compare(
    table: ResultTable, style: Style, look: Look, rows: pd.DataFrame, axis: str, top: Axes, bottom: Axes | None
) -> None:
    """Receivers against one eavesdropper, and below the gap."""
    comparison = leakage(rows).sort_values(axis)
    dashes = dict(
        zip(
            rows["transmitter"].unique(),
            zip(itertools.cycle(DASHES), itertools.cycle(CROSSES), strict=False),
            strict=False,
        )
    )
    heard: set[str] = set()
    for system in comparison["system"].unique():
        lines = comparison[comparison["system"] == system]
        own = {"marker": style.markers[system]}
        draw_measure(top, look, lines, axis, "receiver", style.colours[system], label=plain(system), **own)
        if bottom is None or lines["adversary"].isna().all():
            continue
        draw_gap(bottom, lines, axis, style.colours[system], **own)
        transmitter = rows.loc[rows["system"] == system, "transmitter"].iloc[0]
        if transmitter not in heard:
            heard.add(transmitter)
            label = f"adversary on {plain(transmitter)}"
            dash, cross = dashes[transmitter]
            draw_measure(top, look, lines, axis, "adversary", "black", label=label, linestyle=dash, marker=cross)
    accuracy_axis(top, look, table, ends(comparison, "receiver", "adversary"))
    drawn_ceilings = zip(ceilings(table, rows, axis).items(), itertools.cycle(["-", *DASHES]), strict=False)
    for (label, ceiling), dash in drawn_ceilings:
        y = (1 - ceiling).where(ceiling < 1) if look.log_error else ceiling
        top.plot(ceiling.index, y.to_numpy(), color="grey", linewidth=0.8, linestyle=dash, label=label, gid=AID)
    if bottom is not None:
        bottom.axhline(0, color="grey", linewidth=0.8)
