"""Accuracy against the calls of the U-Net that it takes."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from diffsem.link import InputError, ResultTable
from diffsem.scenarios.reporting.figures.panels import bars
from diffsem.scenarios.reporting.style import style_of
from diffsem.scenarios.reporting.table_attributes import scenario_of, systems_in

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
        system, solver, timestep, receiver_snr_db, denoiser_calls, accuracy, ci_low, ci_high, total; systems with a
        denoiser only, each row once.
    """
    frames = []
    for table in tables:
        one_call = [name for name, system in systems_in(table.attributes).items() if system.one_call]
        rows = table.rows[(table.rows["node"] == "receiver") & (table.rows["denoiser_calls"] > 0)]
        solver = scenario_of(table).denoising.solver
        frames.append(rows.assign(solver=np.where(rows["system"].isin(one_call), ONE_CALL, solver)))
    columns = ["system", "solver", "timestep", "receiver_snr_db", "denoiser_calls"]
    lines = pd.concat(frames)[[*columns, "accuracy", "ci_low", "ci_high", "total"]]
    return lines.drop_duplicates(columns).sort_values(columns, ignore_index=True)


def calls_figure(tables: Sequence[ResultTable]) -> Figure:
    """Accuracy against U-Net calls an image, a panel a point of the sweep, with 95% intervals.

    Parameters
    ----------
    tables : sequence of ResultTable
        Runs of one scenario that differ in their denoising.

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
    figure, panels = plt.subplots(
        1, len(points), figsize=(1 + 3.6 * len(points), 4.6), squeeze=False, layout="constrained"
    )
    style = style_of(*tables)
    for panel, (timestep, snr_db) in zip(panels[0], points, strict=True):
        here = lines[(lines["timestep"] == timestep) & (lines["receiver_snr_db"] == snr_db)]
        for (system, solver), curve in here.groupby(["system", "solver"]):
            panel.errorbar(
                curve["denoiser_calls"],
                curve["accuracy"],
                bars(curve, "accuracy", "ci_low", "ci_high"),
                color=style.colours[system],
                marker=MARKERS[solver],
                linestyle=DASHES[solver],
                markersize=5,
                linewidth=1,
                elinewidth=0.6,
                label=style.title(system) if solver == ONE_CALL else f"{style.title(system)}, {solver}",
            )
        panel.set_xscale("log")
        panel.set_xlabel("U-Net calls an image")
        panel.set_title(f"t = {timestep}, {snr_db:g} dB", fontsize=10)
        panel.grid(alpha=0.3)
    panels[0][0].set_ylabel("task accuracy, 95% intervals")
    handles, labels = panels[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, fontsize=8, loc="outside lower center", ncols=4)
    return figure
