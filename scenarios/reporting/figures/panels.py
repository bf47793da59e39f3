"""What the figures share: panels an eavesdropper SNR, curves with 95% bands, legends and titles."""

from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from diffsem.link import ResultTable
from diffsem.scenarios.reporting.setting import setting
from diffsem.scenarios.reporting.statistics import eavesdropper_axis
from diffsem.scenarios.reporting.style import plain
from diffsem.scenarios.reporting.table_attributes import scenario_of

AXES = {"receiver_snr_db": "SNR Es/N0 at the receiver [dB]", "timestep": "self-noising step t"}


def by_eavesdropper(rows: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """Receivers with the adversaries of one eavesdropper SNR each, under its name; all rows where that is no axis."""
    return [
        (f"eavesdropper {snr_db:g} dB", rows[(rows["node"] == "receiver") | (rows["snr_db"] == snr_db)])
        for snr_db in eavesdropper_axis(rows)
    ] or [("", rows)]


def width(columns: Sequence) -> float:
    """Of a figure with that many columns of panels, inches."""
    return 7.5 if len(columns) == 1 else 5.0 * len(columns)


def panels_over_timesteps(columns: Sequence[tuple[str, pd.DataFrame]]) -> tuple[Figure, list[Axes]]:
    """Accuracy over t, a panel for each eavesdropper."""
    figure, grid = plt.subplots(
        1, len(columns), figsize=(width(columns), 5), sharey=True, squeeze=False, layout="constrained"
    )
    for panel, (name, _) in zip(grid[0], columns, strict=True):
        panel.set_title(name, fontsize=9)
        panel.set_xlabel(AXES["timestep"])
        panel.set_ylim(0, 1.02)
        panel.grid(alpha=0.3)
    grid[0, 0].set_ylabel("task accuracy")
    return figure, list(grid[0])


def add_legend(panel: Axes, **options) -> None:
    """Of what has a name, if anything has."""
    if panel.get_legend_handles_labels()[1]:
        panel.legend(**options)


def title(table: ResultTable, rest: str) -> str:
    """Scenario, nodes and the rest, in two lines where one would be longer than a figure is wide."""
    nodes = plain(f"{scenario_of(table).name}: {setting(str(table.attributes['scenario']), table.rows)}")
    return nodes + ("; " if len(nodes) + len(rest) < 90 else "\n") + rest


def draw_measure(panel: Axes, lines: pd.DataFrame, axis: str, measure: str, colour, label: str | None, style) -> None:
    """A curve of a measure, with the band between its _low and _high."""
    _draw(panel, lines[axis], lines[measure], lines[f"{measure}_low"], lines[f"{measure}_high"], colour, label, style)


def draw_accuracy(panel: Axes, rows: pd.DataFrame, axis: str, colour, label: str | None, style) -> None:
    """A curve of the accuracy of rows of a result table, with its 95% band."""
    _draw(panel, rows[axis], rows["accuracy"], rows["ci_low"], rows["ci_high"], colour, label, style)


def _draw(panel: Axes, x, y, low, high, colour, label: str | None, style) -> None:
    panel.plot(x, y, color=colour, label=label, linestyle=style, marker="o", markersize=3)
    panel.fill_between(x, low, high, color=colour, alpha=0.15, linewidth=0)


def bars(lines: Mapping | pd.DataFrame, measure: str, low: str, high: str) -> tuple:
    """Lengths of error bars below and above a measure, from the ends of its interval."""
    return lines[measure] - lines[low], lines[high] - lines[measure]
