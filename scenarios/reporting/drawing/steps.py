"""Labels of points in a panel, where there is room for them."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from diffsem.scenarios.reporting.drawing.look import Look
from diffsem.scenarios.reporting.drawing.positions import first_free

# Right, left, above, below, and the corners.
SIDES = np.array([(1, 1), (-1, 1), (1, -1), (-1, -1), (1, 0), (-1, 0), (0, 1), (0, -1)])
DISTANCE = 3.0  # points
# Between two labels, points: without it numbers run into one another.
BETWEEN = 1.5


@dataclass(frozen=True)
class StepLabel:
    """A word beside a point, in data coordinates."""

    text: str
    point: tuple[float, float]
    colour: str


def label_steps(panel: Axes, look: Look, labels: Sequence[StepLabel]) -> None:
    """Write those that have room: on no other label, no point and no curve; the ends of a curve first.

    Parameters
    ----------
    panel : matplotlib.axes.Axes
        Of a figure that has its title and legend.
    look : Look
    labels : sequence of StepLabel
        In the order of drawing.
    """
    if not labels:
        return
    figure = panel.get_figure(root=True)
    assert figure is not None
    figure.draw_without_rendering()
    unit = figure.dpi / 72
    points = panel.transData.transform([label.point for label in labels])
    radius = 2 * unit
    taken = np.vstack(
        [np.hstack([points - radius, points + radius]), *(_along(line, unit) for line in panel.get_lines())]
    )
    frame = panel.get_window_extent()
    limits = np.array([frame.x0, frame.y0, frame.x1, frame.y1])
    for number in _ends_first(labels):
        label = labels[number]
        text = panel.annotate(
            label.text, label.point, (0, 0), textcoords="offset points", fontsize=look.small, color=label.colour
        )
        text.set(ha="center", va="center")
        extent = text.get_window_extent()
        half = np.array([extent.width, extent.height]) / 2
        centres = points[number] + SIDES * (half + DISTANCE * unit)
        place = first_free(np.hstack([centres - half, centres + half]), taken, limits)
        if place is None:
            text.remove()
            continue
        text.set_position(tuple((centres[place] - points[number]) / unit))
        room = half + BETWEEN * unit
        taken = np.vstack([taken, [*(centres[place] - room), *(centres[place] + room)]])


def _along(line: Line2D, unit: float) -> np.ndarray:
    """Small boxes along a curve, (n, 4), pixels."""
    corners = line.get_transform().transform(np.column_stack(line.get_data(orig=False)))
    corners = corners[np.isfinite(corners).all(axis=1)]
    if line.get_linestyle() == "None" or len(corners) < 2:
        return np.empty((0, 4))
    parts = [
        np.linspace(start, end, 2 + int(np.linalg.norm(end - start) / (2 * unit)))
        for start, end in itertools.pairwise(corners)
    ]
    centres = np.vstack(parts)
    return np.hstack([centres - unit / 2, centres + unit / 2])


def _ends_first(labels: Sequence[StepLabel]) -> list[int]:
    """A new curve begins where the colour changes."""
    changes = [place for place in range(1, len(labels)) if labels[place].colour != labels[place - 1].colour]
    starts = [0, *changes]
    ends = [place - 1 for place in [*changes, len(labels)]]
    first = list(dict.fromkeys([*starts, *ends]))
    return first + [place for place in range(len(labels)) if place not in first]
