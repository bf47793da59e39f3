"""What the strongest attack reads at every place of a street, one map a system."""

import math
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from diffsem.link import ResultTable
from diffsem.scenarios.reporting.drawing.captions import add_caption, head
from diffsem.scenarios.reporting.drawing.look import SCREEN, Look, drawn
from diffsem.scenarios.reporting.street.maps import grid_of, one_map, spacing_of, street_map
from diffsem.scenarios.reporting.street.scene import Scene, scene_of
from diffsem.scenarios.reporting.style import plain

# Light is guessing, dark is all that there is to read; told apart in grey and by eyes of any kind.
COLOURS = "viridis_r"
HALF = 0.5
COLUMNS = 2
MEASURES = {"accuracy": "read by the strongest attack", "leaked_bits": "bits of the label that leak at least"}


@drawn
def street_map_figure(
    table: ResultTable,
    timestep: int,
    snr_db: float,
    measure: Literal["accuracy", "leaked_bits"] = "accuracy",
    *,
    look: Look = SCREEN,
) -> Figure:
    """Maps of what the strongest attack reads, of every system of a table: images, from chance on, or bits, from 0 on.

    A line surrounds where more than half of the images are read. Walls, the mast and the receiver are drawn where the
    table tells its street.

    Parameters
    ----------
    table : ResultTable
        Whose eavesdropper stands at several places.
    timestep : int
        t.
    snr_db : float
        Es/N0 at the receiver, dB.
    measure : str, optional
        accuracy: of the strongest attack; leaked_bits: the most of any, bits an image, up to log2 of the classes.
    look : Look, optional
        Default: for a screen.

    Returns
    -------
    matplotlib.figure.Figure
    """
    lines = street_map(table.rows)
    systems = lines["system"].drop_duplicates().tolist()
    columns = min(COLUMNS, len(systems))
    rows = -(-len(systems) // columns)
    figure, panels = look.panels(rows, columns, look.width(columns), 3.2 * rows + 0.6, sharex=True, sharey=True)
    scene, classes = scene_of(table.attributes), int(table.attributes.get("classes", 10))
    lowest, highest = (1 / classes, 1.0) if measure == "accuracy" else (0.0, math.log2(classes))
    image, spacing_m = None, spacing_of(lines, scene)
    for place, panel in enumerate(panels.flat):
        if place >= len(systems):
            panel.set_visible(False)
            continue
        here = one_map(lines, systems[place], timestep, snr_db)
        values, extent = grid_of(here, measure, spacing_m)
        image = panel.imshow(
            values, COLOURS, vmin=lowest, vmax=highest, extent=extent, origin="lower", interpolation="nearest"
        )
        _surround(panel, grid_of(here, "accuracy", spacing_m)[0], extent)
        _draw_scene(panel, scene)
        panel.set_title(f"{plain(systems[place])}: receiver {here['receiver'].iloc[0]:.1%}")
        panel.set_aspect("equal")
        panel.grid(False)
    for panel in panels[-1]:
        panel.set_xlabel("x [m]")
    for panel in panels[:, 0]:
        panel.set_ylabel("y [m]")
    if image is not None:
        figure.colorbar(image, ax=panels, label=MEASURES[measure], shrink=0.8)
    add_caption(
        figure,
        look,
        head(table),
        f"t = {timestep}, {snr_db:g} dB at the receiver",
        "triangle: transmitter, circle: receiver, line: more than half of the images are read",
    )
    return figure


def _surround(panel: Axes, values: np.ndarray, extent: tuple[float, float, float, float]) -> None:
    known = values[~np.isnan(values)]
    if min(values.shape) > 1 and known.min() < HALF < known.max():
        panel.contour(
            np.ma.masked_invalid(values), [HALF], colors="#CC3311", linewidths=0.9, extent=extent, origin="lower"
        )


def _draw_scene(panel: Axes, scene: Scene | None) -> None:
    if scene is None:
        return
    limits = panel.get_xlim(), panel.get_ylim()
    walls = [((x, y), (to_x, to_y)) for x, y, to_x, to_y in scene.outline]
    panel.add_collection(LineCollection(walls, colors="0.25", linewidths=0.8), autolim=False)
    for (x, y, _), marker in ((scene.transmitter, "^"), (scene.receiver, "o")):
        panel.plot(x, y, marker, color="#CC3311", markeredgecolor="white", markersize=7)
    # Walls far off do not make the map small.
    panel.set_xlim(limits[0])
    panel.set_ylim(limits[1])
