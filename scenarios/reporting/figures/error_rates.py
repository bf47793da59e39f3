"""Bit and block error rates of digital links over SNR."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from diffsem.link import ResultTable, bit_error_rate
from diffsem.scenarios.reporting.drawing.captions import add_caption, head, left_out
from diffsem.scenarios.reporting.drawing.curves import bars, draw_unseen
from diffsem.scenarios.reporting.drawing.look import SCREEN, Look, drawn
from diffsem.scenarios.reporting.drawing.naming import name_curves
from diffsem.scenarios.reporting.drawing.panels import AXES
from diffsem.scenarios.reporting.style import plain, style_of
from diffsem.scenarios.reporting.table_attributes import scenario_of
from diffsem.scenarios.schema.channels import AwgnChannel, RayleighChannel
from diffsem.scenarios.schema.digital import BitErrorRate, DigitalLink


@drawn
def error_rate_figure(table: ResultTable, timestep: int, *, look: Look = SCREEN) -> Figure:
    """Bit and block error rates over SNR, with 95% intervals; the closed forms beside uncoded links that have one.

    A triangle is the upper end of the interval where no error was seen. Closed forms are drawn over AWGN and Rayleigh
    fading, one stream, perfect CSI.

    Parameters
    ----------
    table : ResultTable
    timestep : int
        t; changes nothing in a digital link, whose rows stand at each.
    look : Look, optional
        Default: for a screen.

    Returns
    -------
    matplotlib.figure.Figure
    """
    rows = table.rows[(table.rows["bits"] > 0) & (table.rows["timestep"] == timestep)].sort_values("receiver_snr_db")
    scenario = scenario_of(table)
    legitimate = scenario.legitimate
    awgn, rayleigh = (isinstance(legitimate.channel, kind) for kind in (AwgnChannel, RayleighChannel))
    one_branch = legitimate.receive_antennas == 1
    one_stream = legitimate.transmit_antennas == 1 and legitimate.csi == "perfect"
    exact = one_stream and (rayleigh or (awgn and one_branch))
    branches = legitimate.receive_antennas if rayleigh else None
    links: dict[str, DigitalLink | BitErrorRate] = {rate.name: rate for rate in scenario.bit_error_rates}
    links |= {link.named(system): link for system in legitimate.receivers for link in scenario.digital}
    figure, (panels,) = look.panels(1, 2, look.page, 4.5, sharex=True, sharey=True)
    style = style_of(table)
    for system in rows["system"].unique():
        lines, colour, link = rows[rows["system"] == system], style.colours[system], links.get(system)
        has_closed_form = exact and link is not None and link.code_rate is None
        marker = style.markers[system]
        _draw_rate(panels[0], lines, "ber", colour, marker, "none" if has_closed_form else "-")
        _draw_rate(panels[1], lines, "bler", colour, marker, "-")
        if link is not None and has_closed_form:
            x = np.linspace(lines["receiver_snr_db"].min(), lines["receiver_snr_db"].max(), 200)
            panels[0].plot(x, bit_error_rate(link.modulation, x, branches), color=colour, linewidth=0.8)
    lowest = _lowest(rows)
    for panel, name in zip(panels, ("bit error rate", "block error rate"), strict=True):
        panel.set_yscale("log")
        panel.set_ylim(lowest, 1.2)
        panel.set_xlabel(AXES["receiver_snr_db"])
        panel.set_ylabel(name)
    closed = "lines on the left are closed forms, of links that have one" if exact else ""
    signs = "points are simulated, bars 95% intervals; triangles: upper ends of intervals where no error was seen"
    missing = left_out(table.rows["system"], rows["system"], "no bits are counted")
    add_caption(figure, look, head(table), signs, closed, *missing)
    name_curves(figure, look)
    return figure


def _lowest(rows: pd.DataFrame) -> float:
    """The lower end of the axis: below every point and triangle, and intervals of rates that were seen."""
    seen = rows[["ber", "bler"]].where(lambda rate: rate > 0).min().min()
    unseen = [rows.loc[rows[rate] == 0, f"{rate}_high"].min() for rate in ("ber", "bler")]
    return max(1e-9, float(np.nanmin([seen, *unseen, 1.0])) / 3)


def _draw_rate(panel: Axes, lines: pd.DataFrame, measure: str, colour: str, marker: str, dash: str) -> None:
    """A link's rate where errors were seen, and where none was the upper end of its interval."""
    seen = lines[lines[measure] > 0]
    panel.errorbar(
        seen["receiver_snr_db"],
        seen[measure],
        bars(seen, measure, f"{measure}_low", f"{measure}_high"),
        color=colour,
        linestyle=dash,
        marker=marker,
        elinewidth=0.6,
        label=plain(lines["system"].iloc[0]),
    )
    none = lines[lines[measure] == 0]
    draw_unseen(panel, none["receiver_snr_db"], none[f"{measure}_high"], colour)
