"""Bit and block error rates of digital links over SNR."""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from diffsem.link import ResultTable, bit_error_rate
from diffsem.scenarios.reporting.figures.panels import AXES, add_legend, bars
from diffsem.scenarios.reporting.style import plain, style_of
from diffsem.scenarios.reporting.table_attributes import scenario_of
from diffsem.scenarios.schema.channels import AwgnChannel, RayleighChannel
from diffsem.scenarios.schema.digital import BitErrorRate, DigitalLink


def error_rate_figure(table: ResultTable, timestep: int) -> Figure:
    """Bit and block error rates over SNR, with 95% intervals; the closed forms beside uncoded links that have one.

    A triangle is the upper end of the interval where no error was seen. Closed forms are drawn over AWGN and Rayleigh
    fading, one stream, perfect CSI.

    Parameters
    ----------
    table : ResultTable
    timestep : int
        t; changes nothing in a digital link, whose rows stand at each.

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
    figure, panels = plt.subplots(1, 2, figsize=(11, 5), sharex=True, sharey=True, layout="constrained")
    style = style_of(table)
    for system in rows["system"].unique():
        lines, colour, link = rows[rows["system"] == system], style.colours[system], links.get(system)
        has_closed_form = exact and link is not None and link.code_rate is None
        _draw_rate(panels[0], lines, "ber", colour, "none" if has_closed_form else "-")
        _draw_rate(panels[1], lines, "bler", colour, "-")
        if link is not None and has_closed_form:
            x = np.linspace(lines["receiver_snr_db"].min(), lines["receiver_snr_db"].max(), 200)
            panels[0].plot(x, bit_error_rate(link.modulation, x, branches), color=colour, linewidth=0.8)
    for panel, name in zip(panels, ("bit error rate", "block error rate"), strict=True):
        panel.set_yscale("log")
        # The other way round NaN would win, where no error was seen.
        panel.set_ylim(max(1e-8, rows.loc[rows["ber"] > 0, "ber"].min() / 3), 1.2)
        panel.set_xlabel(AXES["receiver_snr_db"])
        panel.set_ylabel(name)
        panel.grid(alpha=0.3)
    add_legend(panels[1], fontsize=8)
    drawn = "; lines on the left are closed forms" if exact else ""
    antennas = f"{legitimate.transmit_antennas} x {legitimate.receive_antennas}"
    figure.suptitle(
        f"{scenario.name}: {legitimate.channel.kind}, {antennas} antennas, 95% intervals{drawn}", fontsize=10
    )
    return figure


def _draw_rate(panel: Axes, lines: pd.DataFrame, measure: str, colour: str, dash: str) -> None:
    """A link's rate where errors were seen, and where none was the upper end of its interval."""
    seen = lines[lines[measure] > 0]
    panel.errorbar(
        seen["receiver_snr_db"],
        seen[measure],
        bars(seen, measure, f"{measure}_low", f"{measure}_high"),
        color=colour,
        linestyle=dash,
        marker="o",
        markersize=3,
        elinewidth=0.6,
        label=plain(lines["system"].iloc[0]),
    )
    none = lines[lines[measure] == 0]
    panel.plot(none["receiver_snr_db"], none[f"{measure}_high"], "v", color=colour, markersize=4)
