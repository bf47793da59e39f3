"""Accuracy against the calls of the U-Net that it takes."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from diffsem.link import InputError, ResultTable
from diffsem.scenarios.reporting.axes import told, varying_axes
from diffsem.scenarios.reporting.drawing.captions import add_caption, head, left_out
from diffsem.scenarios.reporting.drawing.curves import draw_points, measured
from diffsem.scenarios.reporting.drawing.look import SCREEN, Look, drawn
from diffsem.scenarios.reporting.drawing.naming import name_curves
from diffsem.scenarios.reporting.style import plain, style_of
from diffsem.scenarios.reporting.table_attributes import scenario_of, systems_in

# What a receiver's accuracy hangs on beside its denoising: of each value a curve.
OWN_AXES = ("seed", "transmit_antennas", "receiver_antennas")
# In column `solver`, of systems that know no other.
ONE_CALL = "one call"
MARKERS = {ONE_CALL: "*", "ddim": "o", "dpm-solver++": "s", "distilled": "D"}
DASHES = {ONE_CALL: "-", "ddim": "-", "dpm-solver++": ":", "distilled": "-"}


def accuracy_against_calls(tables: Sequence[ResultTable]) -> pd.DataFrame:
    """Receivers of several tables, with the solver that each was run with.

    Parameters
    ----------
    tables : sequence of ResultTable

    Returns
    -------
    pandas.DataFrame
        system, solver, those of `OWN_AXES` that vary, timestep, receiver_snr_db, denoiser_calls, accuracy, ci_low,
        ci_high, total; systems with a denoiser only, each row once.
    """
    frames = []
    for table in tables:
        one_call = [name for name, system in systems_in(table.attributes).items() if system.one_call]
        rows = table.rows[(table.rows["node"] == "receiver") & (table.rows["denoiser_calls"] > 0)]
        solver = scenario_of(table).denoising.solver
        frames.append(rows.assign(solver=np.where(rows["system"].isin(one_call), ONE_CALL, solver)))
    whole = pd.concat(frames)
    own = [axis for axis in varying_axes(whole) if axis in OWN_AXES]
    columns = ["system", "solver", *own, "timestep", "receiver_snr_db", "denoiser_calls"]
    lines = whole[[*columns, "accuracy", "ci_low", "ci_high", "total"]]
    return lines.drop_duplicates(columns).sort_values(columns, ignore_index=True)


@drawn
def calls_figure(tables: Sequence[ResultTable], *, look: Look = SCREEN) -> Figure:
    """Accuracy against U-Net calls an image, a panel a point of the sweep, with 95% intervals.

    Parameters
    ----------
    tables : sequence of ResultTable
        Runs of one scenario that differ in their denoising.
    look : Look, optional
        Default: for a screen.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        If no receiver in them has a denoiser.
    """
    lines = accuracy_against_calls(tables)
    if lines.empty:
        raise InputError("accuracy against calls: no receiver with a denoiser in these tables")
    points = lines[["timestep", "receiver_snr_db"]].drop_duplicates().to_records(index=False)
    width = 1 + 3.6 * len(points) if look.titled else look.width(len(points))
    figure, panels = look.panels(1, len(points), max(width, look.column), 4.2)
    style = style_of(*tables)
    for panel, (timestep, snr_db) in zip(panels[0], points, strict=True):
        here = lines[(lines["timestep"] == timestep) & (lines["receiver_snr_db"] == snr_db)]
        for (system, solver, *own), curve in here.groupby(["system", "solver", *varying_axes(lines)]):
            words = [plain(system), *([] if solver == ONE_CALL else [solver])]
            variant = told(dict(zip(varying_axes(lines), own, strict=True)))
            draw_points(
                panel,
                look,
                curve["denoiser_calls"],
                measured(look, curve, "accuracy", "ci_low", "ci_high"),
                style.colours[system],
                marker=MARKERS[solver],
                linestyle=DASHES[solver],
                label=", ".join([*words, *([variant] if variant else [])]),
            )
        panel.set_xscale("log")
        if look.log_error:
            panel.set_yscale("log")
        panel.set_xlabel("U-Net calls an image")
        panel.set_title(f"t = {timestep}, {snr_db:g} dB")
    panels[0][0].set_ylabel(look.measure)
    heads = dict.fromkeys(head(table) for table in tables)
    systems = pd.concat([table.rows["system"] for table in tables])
    add_caption(figure, look, *heads, "95% intervals", *left_out(systems, lines["system"], "no denoiser"))
    name_curves(figure, look)
    return figure
