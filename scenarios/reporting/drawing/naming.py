"""Names of curves: at their ends where there is room, else in a legend below the panels, never over them."""

import math
import textwrap
from collections.abc import Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.container import Container
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from diffsem.scenarios.reporting.drawing.curves import AID
from diffsem.scenarios.reporting.drawing.look import Look
from diffsem.scenarios.reporting.drawing.positions import spread

# A label further away from its curve, in lines, is harder to follow than a legend.
FURTHEST = 1.3
# Of the figure's width: labels may take as much.
WIDEST = 0.24
LEADER = 12  # points
# Columns and letters in a line: the lowest legend is taken, of several the first.
LEGENDS = ((4, 200), (3, 200), (2, 200), (3, 24), (2, 28), (2, 20), (1, 40))


def name_curves(figure: Figure, look: Look, direct: bool = False) -> None:
    """Name every curve that has a label, once a figure, and make room for the names.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        With its title; panels keep their height.
    look : Look
    direct : bool
        Whether names may stand at the ends of curves: of one panel of lines, or of one above others.
    """
    named = _named(figure.axes)
    _make_room(figure, 0.0)
    if direct and _label_ends(figure, figure.axes[0], look):
        named = {label: handle for label, handle in named.items() if handle.get_gid() == AID}
    if named:
        _legend(figure, named)


def _named(panels: Sequence[Axes]) -> dict[str, Artist]:
    """By label."""
    named: dict[str, Artist] = {}
    for panel in panels:
        for handle, label in zip(*panel.get_legend_handles_labels(), strict=True):
            first = handle[0] if isinstance(handle, Container) else handle
            named.setdefault(label, first)
    return named


def _legend(figure: Figure, named: dict[str, Artist]) -> None:
    """Below the panels, in as many columns as there is room for."""
    width = figure.get_size_inches()[0] * figure.dpi
    # Lines of another kind come last.
    named = dict(sorted(named.items(), key=lambda item: item[1].get_gid() == AID))
    lowest: tuple[float, int, int] | None = None
    for columns, letters in LEGENDS:
        # Columns are filled one after the other: as few as have as many lines.
        rows = math.ceil(len(named) / columns)
        legend = _try_legend(figure, named, math.ceil(len(named) / rows), letters)
        extent = legend.get_window_extent()
        legend.remove()
        last = lowest is None and (columns, letters) == LEGENDS[-1]
        if last or (extent.width <= width and (lowest is None or extent.height < lowest[0] - 1)):
            lowest = extent.height, math.ceil(len(named) / rows), letters
    assert lowest is not None
    height, columns, letters = lowest
    _try_legend(figure, named, columns, letters)
    _make_room(figure, height / figure.dpi)


def _try_legend(figure: Figure, named: dict[str, Artist], columns: int, letters: int):
    labels = [
        "\n".join(textwrap.wrap(label, letters, break_on_hyphens=False, break_long_words=False)) for label in named
    ]
    return figure.legend(
        list(named.values()), labels, loc="outside lower center", ncols=columns, columnspacing=1.2, handlelength=2.6
    )


def _make_room(figure: Figure, inches: float) -> None:
    """For the title and a legend of that height."""
    width, height = figure.get_size_inches()
    if inches == 0.0 and figure.get_suptitle():
        (title,) = [text for text in figure.texts if text.get_text() == figure.get_suptitle()]
        inches = title.get_window_extent().height / figure.dpi
    figure.set_size_inches(width, height + inches)


def _label_ends(figure: Figure, panel: Axes, look: Look) -> bool:
    """Write names beside the last points of curves; False, and nothing is written, where there is no room."""
    lines = [line for line in panel.get_lines() if _is_named(line)]
    points = [point for line in lines if (point := _last(line)) is not None]
    if not lines or len(points) < len(lines):
        return False
    labels = [
        panel.annotate(
            str(line.get_label()),
            point,
            (1, 0),
            textcoords=panel.transAxes,
            color=line.get_color(),
            fontsize=look.small + 1,
            va="center",
            ha="left",
        )
        for line, point in zip(lines, points, strict=True)
    ]
    figure.draw_without_rendering()
    extents = [label.get_window_extent() for label in labels]
    box = panel.get_window_extent()
    # The legend takes a little of the panel that is measured here.
    gap = 1.3 * max(extent.height for extent in extents)
    wanted = panel.transData.transform(points)[:, 1]
    placed = spread(wanted, gap, box.y0, box.y1)
    far = np.abs(placed - wanted).max() > FURTHEST * gap
    for label in labels:
        label.remove()
    if far or max(extent.width for extent in extents) > WIDEST * figure.get_window_extent().width:
        return False
    for line, point, place in zip(lines, points, placed, strict=True):
        height = (place - box.y0) / box.height
        panel.annotate(
            str(line.get_label()),
            point,
            (1 + LEADER / 72 * figure.dpi / box.width, height),
            textcoords=panel.transAxes,
            color=line.get_color(),
            fontsize=look.small + 1,
            va="center",
            ha="left",
            arrowprops={"arrowstyle": "-", "linewidth": 0.5, "color": line.get_color(), "shrinkA": 1, "shrinkB": 2},
        )
    return True


def _is_named(line: Line2D) -> bool:
    return not str(line.get_label()).startswith("_") and line.get_gid() != AID


def _last(line: Line2D) -> tuple[float, float] | None:
    """The point furthest to the right."""
    x, y = (np.asarray(values, float) for values in line.get_data(orig=False))
    seen = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
    if not len(seen):
        return None
    last = seen[np.argmax(x[seen])]
    return float(x[last]), float(y[last])
