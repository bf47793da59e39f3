"""Curves with 95% intervals, of accuracy or of the error on a logarithmic axis."""

from collections.abc import Mapping
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from diffsem.link import ResultTable
from diffsem.scenarios.reporting.drawing.look import Look

# The id of lines that are no one's accuracy: ceilings, guessing.
AID = "aid"


def classes_of(table: ResultTable) -> int:
    """Of a table's data set; older tables do not say, and are of ten."""
    return int(table.attributes.get("classes", 10))


def measured(look: Look, lines: pd.DataFrame, measure: str, low: str, high: str) -> tuple[pd.Series, ...]:
    """A measure of accuracy, and the ends of its interval, as they are drawn: with `log_error`, the errors."""
    values, lower, upper = lines[measure], lines[low], lines[high]
    return (1 - values, 1 - upper, 1 - lower) if look.log_error else (values, lower, upper)


def draw_measure(panel: Axes, look: Look, lines: pd.DataFrame, axis: str, measure: str, colour, **options: Any) -> None:
    """A curve of a measure of accuracy, with the band between its _low and _high.

    With `log_error`, a triangle is the upper end of the interval where no error was seen.

    Parameters
    ----------
    panel : matplotlib.axes.Axes
    look : Look
    lines : pandas.DataFrame
    axis, measure : str
        Columns.
    colour : color
    **options
        Of the line: label, linestyle, marker.
    """
    _draw(
        panel, look, lines[axis], measured(look, lines, measure, f"{measure}_low", f"{measure}_high"), colour, options
    )


def draw_accuracy(panel: Axes, look: Look, rows: pd.DataFrame, axis: str, colour, **options: Any) -> None:
    """The same of the accuracy of rows of a result table."""
    _draw(panel, look, rows[axis], measured(look, rows, "accuracy", "ci_low", "ci_high"), colour, options)


def draw_gap(panel: Axes, lines: pd.DataFrame, axis: str, colour, **options: Any) -> None:
    """A curve of column `gap`, which is the same of accuracies and of errors, with its band."""
    panel.plot(lines[axis], lines["gap"], color=colour, **{"marker": "o"} | options)
    panel.fill_between(lines[axis], lines["gap_low"], lines["gap_high"], color=colour, alpha=0.15, linewidth=0)


def _draw(panel: Axes, look: Look, x, shown: tuple[pd.Series, ...], colour, options: dict[str, Any]) -> None:
    y, low, high = shown
    unseen = (y <= 0) & look.log_error
    panel.plot(x, y.mask(unseen), color=colour, **{"marker": "o"} | options)
    panel.fill_between(x, low, high, color=colour, alpha=0.15, linewidth=0)
    draw_unseen(panel, x[unseen], high[unseen], colour)


def draw_points(panel: Axes, look: Look, x, shown: tuple[pd.Series, ...], colour, bars_x=None, **options: Any) -> None:
    """A curve of accuracy or error, with error bars."""
    y, low, high = shown
    unseen = (y <= 0) & look.log_error
    seen = y.mask(unseen)
    bars_y = ((seen - low).to_numpy(), (high - seen).to_numpy())
    panel.errorbar(x, seen, yerr=bars_y, xerr=bars_x, color=colour, elinewidth=0.6, **{"marker": "o"} | options)
    draw_unseen(panel, x[unseen], high[unseen], colour)


def draw_unseen(panel: Axes, x, high, colour) -> None:
    """Triangles at the upper ends of intervals where no error was seen; each curve's around those before it."""
    if len(x):
        before = sum(line.get_marker() == "v" for line in panel.get_lines())
        size = matplotlib.rcParams["lines.markersize"] * (1 + 0.45 * before)
        panel.plot(x, high, linestyle="none", marker="v", markersize=size, markerfacecolor="none", color=colour)


def bars(lines: Mapping | pd.DataFrame, measure: str, low: str, high: str) -> tuple:
    """Lengths of error bars below and above a measure, from the ends of its interval."""
    return lines[measure] - lines[low], lines[high] - lines[measure]


def accuracy_axis(panel: Axes, look: Look, table: ResultTable, shown: pd.DataFrame) -> None:
    """The vertical axis: from guessing, which is a thin line, or what lies below it; with `log_error`, logarithmic.

    Parameters
    ----------
    panel : matplotlib.axes.Axes
    look : Look
    table : ResultTable
    shown : pandas.DataFrame
        Lower and upper ends of the intervals of accuracy in it, as columns `low` and `high`.
    """
    guessing = 1 / classes_of(table)
    label = f"guessing (1/{classes_of(table)})"
    panel.axhline(
        1 - guessing if look.log_error else guessing, color="grey", linewidth=0.6, linestyle=":", label=label, gid=AID
    )
    if look.log_error:
        panel.set_yscale("log")
        errors = pd.concat([1 - shown["high"], 1 - shown["low"]])
        # There may be no receiver.
        panel.set_ylim(0.6 * float(np.min([1 - guessing, *errors[errors > 0]])), 1.1 * float(np.nanmax([1, *errors])))
        return
    panel.set_ylim(float(np.nanmin([guessing, *shown["low"]])) - 0.03, 1.03)


def ends(lines: pd.DataFrame, *measures: str) -> pd.DataFrame:
    """Lower and upper ends of the intervals of several measures under each other."""
    return pd.concat(
        [lines[[f"{name}_low", f"{name}_high"]].set_axis(["low", "high"], axis=1) for name in measures]
    ).dropna()
