"""The map of a street to look into, by Plotly: what is read at every place, its SNR and interval under the mouse."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from plotly import graph_objects as go
from plotly.subplots import make_subplots

from diffsem.link import AXES, ResultTable
from diffsem.scenarios.reporting.axes import told
from diffsem.scenarios.reporting.page.curves import Curves, packed
from diffsem.scenarios.reporting.page.grid import Cell, Grid, Maker, grid, number, words
from diffsem.scenarios.reporting.page.wording import marked_up, percent, percent_range, title_of
from diffsem.scenarios.reporting.street.maps import MAP, grid_of, shares_of_area, spacing_of, street_map
from diffsem.scenarios.reporting.street.scene import Scene, scene_of
from diffsem.scenarios.reporting.style import Style, style_of
from diffsem.scenarios.reporting.tables import LEVELS

MARK = "#CC3311"
HOVER = (
    "x %{x:.4~g} m, y %{y:.4~g} m<br>SNR %{customdata[0]:.1f} dB<br>read %{z:.1%} [%{customdata[1]:.1%}, "
    "%{customdata[2]:.1%}]<br>%{customdata[3]:.2f} bits leaked<extra>%{fullData.name}</extra>"
)
UNDER_THE_MOUSE = ("snr_db", "ci_low", "ci_high", "leaked_bits")


def maps_of(table: ResultTable) -> list[Curves]:
    """A picture for each point of a table of several places: every system's map side by side."""
    style, lines, scene = style_of(table), street_map(table.rows), scene_of(table.attributes)
    axes = [name for name in lines.columns if name in AXES and name != "place"]
    chance = 1 / int(table.attributes.get("classes", 10))
    found = []
    for key, here in lines.groupby([*MAP[1:], *axes]):
        timestep, snr_db, *others = key
        variant = told({axis: int(str(value)) for axis, value in zip(axes, others, strict=True)})
        choice = ", ".join(filter(None, [f"t = {timestep}, {snr_db} dB at the receiver", variant]))
        figure = _figure(here, style, scene, chance)
        found.append(Curves("what the strongest attack reads where it stands", choice, packed(figure)))
    return found


def shares_grid(table: ResultTable, prefix: str) -> Grid:
    """In which share of the area the strongest attack reads more than how much."""
    style, lines = style_of(table), shares_of_area(street_map(table.rows), LEVELS)
    makers = [
        Maker("system", lambda line: words(title_of(style, line["system"])), False, True),
        Maker("t", lambda line: number(line["timestep"], str(line["timestep"])), chosen=True),
        Maker("SNR, dB", lambda line: number(line["receiver_snr_db"], f"{line['receiver_snr_db']:g}"), chosen=True),
        Maker("receiver, %", lambda line: number(line["receiver"], percent(line["receiver"]))),
        Maker("places", lambda line: number(line["places"], f"{line['places']:,}")),
        *(_share(level) for level in LEVELS),
    ]
    caption = "Percent of the places where the strongest attack reads more, with 95% intervals over squares of 10 m."
    return grid(f"{prefix}-area", "Share of the area", caption, lines, makers)


def map_sentences(table: ResultTable) -> tuple[str, ...]:
    """The headline of a map: of each system, at the highest t, where more than half of the images are read."""
    style, lines = style_of(table), shares_of_area(street_map(table.rows), (0.5,))
    lines = lines[lines["timestep"] == lines["timestep"].max()]
    return tuple(
        f"{title_of(style, line['system'])}, t = {line['timestep']}: the receiver reads {percent(line['receiver'])}%; "
        f"on {percent(line['share_0.5'])}% {_between(line, 0.5)} of {line['places']:,} places the strongest attack "
        "reads more than half."
        for line in lines.to_dict("records")
    )


def _between(line: Mapping[str, Any], level: float) -> str:
    return percent_range(line[f"share_{level:g}_low"], line[f"share_{level:g}_high"])


def _share(level: float) -> Maker:
    def cell(line: Mapping[str, Any]) -> Cell:
        value = line[f"share_{level:g}"]
        return number(value, percent(value), _between(line, level))

    return Maker(f"over {level:.0%} read, %", cell)


def _figure(lines: pd.DataFrame, style: Style, scene: Scene | None, chance: float) -> go.Figure:
    systems, spacing_m = lines["system"].drop_duplicates().tolist(), spacing_of(lines, scene)
    titles = [marked_up(title_of(style, system)) for system in systems]
    apart = {"shared_xaxes": True, "vertical_spacing": 0.2 / len(titles)}
    figure = make_subplots(len(systems), 1, subplot_titles=titles, **apart)
    for row, (system, title) in enumerate(zip(systems, titles, strict=True), 1):
        here = lines[lines["system"] == system]
        values, (west, east, south, north) = grid_of(here, "accuracy", spacing_m)
        rows, columns = values.shape
        half_x, half_y = (east - west) / columns / 2, (north - south) / rows / 2
        figure.add_trace(
            go.Heatmap(
                z=_plain(values),
                x=np.linspace(west + half_x, east - half_x, columns).tolist(),
                y=np.linspace(south + half_y, north - half_y, rows).tolist(),
                customdata=_plain(np.stack([grid_of(here, name, spacing_m)[0] for name in UNDER_THE_MOUSE], axis=-1)),
                zmin=chance,
                zmax=1,
                colorscale="Viridis",
                reversescale=True,
                showscale=row == 1,
                colorbar={"title": {"text": "read"}, "tickformat": ".0%"},
                name=title,
                hoverongaps=False,
                hovertemplate=HOVER,
            ),
            row=row,
            col=1,
        )
        _add_scene(figure, row, scene)
        axis = "" if row == 1 else row
        figure.update_yaxes(
            title_text="y, m", scaleanchor=f"x{axis}", range=[south, north], constrain="domain", row=row, col=1
        )
        figure.update_xaxes(range=[west, east], constrain="domain", row=row, col=1)
    figure.update_xaxes(title_text="x, m", row=len(systems), col=1)
    figure.update_layout(template="none", height=60 + 340 * len(systems), margin={"l": 64, "r": 12, "t": 36, "b": 48})
    return figure


def _add_scene(figure: go.Figure, row: int, scene: Scene | None) -> None:
    if scene is None:
        return
    walls = [end for x, y, to_x, to_y in scene.outline for end in ((x, y), (to_x, to_y), (None, None))]
    x, y = ([end[axis] for end in walls] for axis in (0, 1))
    line = {"color": "#444444", "width": 1}
    figure.add_trace(go.Scatter(x=x, y=y, mode="lines", line=line, hoverinfo="skip", showlegend=False), row=row, col=1)
    for name, (at_x, at_y, _), symbol in (
        ("transmitter", scene.transmitter, "triangle-up"),
        ("receiver", scene.receiver, "circle"),
    ):
        marker = {"color": MARK, "size": 11, "symbol": symbol, "line": {"color": "white", "width": 1}}
        figure.add_trace(
            go.Scatter(x=[at_x], y=[at_y], mode="markers", marker=marker, name=name, showlegend=False), row=row, col=1
        )


def _plain(values: np.ndarray) -> list:
    """As JSON holds it: nothing where nobody stands, and no more digits than anybody reads."""
    rounded = np.round(values, 4).astype(object)
    rounded[np.isnan(values)] = None
    return rounded.tolist()
