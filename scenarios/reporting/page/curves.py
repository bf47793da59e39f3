"""Interactive curves by Plotly: accuracy and gap, and error rates, over SNR and over t."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from plotly import graph_objects as go
from plotly.subplots import make_subplots

from diffsem.link import ResultTable
from diffsem.scenarios.reporting.axes import told, varying_axes
from diffsem.scenarios.reporting.page.wording import marked_up, title_of
from diffsem.scenarios.reporting.statistics import leakage
from diffsem.scenarios.reporting.style import Style, style_of

AXES = {"receiver_snr_db": "SNR Es/N0 at the receiver, dB", "timestep": "self-noising step t"}
SHORT = {"receiver_snr_db": "SNR", "timestep": "t"}
OTHER = {"receiver_snr_db": "timestep", "timestep": "receiver_snr_db"}
# Of adversaries on several transmitters.
DASHES = ("dash", "dot", "dashdot", "longdash", "longdashdot")
# Each choice is a picture of its own in the page, which has to stay small.
MOST_CURVES = 60
HOVER = (
    "%{customdata[0]}<br>%{xaxis.title.text} %{x}<br>%{y:.4~g} [%{customdata[1]:.4~g}, %{customdata[2]:.4~g}]"
    "<extra></extra>"
)


@dataclass(frozen=True)
class Curves:
    """One picture.

    Parameters
    ----------
    group : str
        What is drawn, over which axis.
    choice : str
        At which values of the other axes.
    figure : dict
        `data` and `layout` for Plotly.
    """

    group: str
    choice: str
    figure: dict[str, Any]


@dataclass(frozen=True)
class _Choice:
    axis: str
    fixed: dict[str, float]
    variant: dict[str, int]
    lines: pd.DataFrame

    def off(self, line: dict[str, Any]) -> int:
        """In how many values it is not the point of a line."""
        return sum(line.get(name) != value for name, value in (self.fixed | self.variant).items())

    def group(self, measure: str) -> str:
        """Under what the reader finds it."""
        return "; ".join(filter(None, [f"{measure} over {AXES[self.axis]}", told(self.variant)]))

    @property
    def label(self) -> str:
        """As the reader chooses it."""
        named = {"timestep": "t = {:g}", "receiver_snr_db": "{:g} dB", "eavesdropper_snr_db": "eavesdropper {:g} dB"}
        at = ", ".join(named[name].format(value) for name, value in self.fixed.items())
        return ", ".join(filter(None, [f"over {SHORT[self.axis]}, at {at}", told(self.variant)]))


def curves_of(table: ResultTable, line: dict[str, Any] | None) -> tuple[list[Curves], int]:
    """The pictures of a table, and how many there would be besides.

    Parameters
    ----------
    table : ResultTable
    line : dict, optional
        Of `diffsem.scenarios.leakage`: the picture of its point, over the axis of more values, comes first.
    """
    style, lines = style_of(table), leakage(table.rows)
    found: list[Curves] = []
    choices = [choice for axis in _axes(lines) for choice in _choices(lines, axis)]
    # Sorting is stable: what is alike stays as it is.
    choices = sorted(choices, key=lambda choice: choice.off(line or {}))
    transmitters = _transmitters(table.rows)
    for choice in sorted(choices[:MOST_CURVES], key=lambda choice: _axes(lines).index(choice.axis)):
        found.append(Curves(choice.group("accuracy"), choice.label, packed(_accuracy(choice, style, transmitters))))
    rates = table.rows[table.rows["bits"] > 0]
    for variant, own in _variants(rates):
        for timestep in sorted(own["timestep"].unique()):
            heard = own[own["timestep"] == timestep]
            choice = _Choice("receiver_snr_db", {"timestep": float(timestep)}, variant, heard)
            found.append(Curves(choice.group("error rates"), choice.label, packed(_error_rates(heard, style))))
    return found, max(0, len(choices) - MOST_CURVES)


def _axes(lines: pd.DataFrame) -> list[str]:
    """Those that have more than one value, of more values first; one at least."""
    swept = sorted(AXES, key=lambda axis: -lines[axis].nunique())
    return [axis for axis in swept if lines[axis].nunique() > 1] or swept[:1]


def _choices(lines: pd.DataFrame, axis: str) -> list[_Choice]:
    """One picture for each variant and value of the other axis; where it is an axis too, of the eavesdropper's SNR."""
    return [choice for variant, own in _variants(lines) for choice in _choices_of(own, axis, variant)]


def _choices_of(lines: pd.DataFrame, axis: str, variant: dict[str, int]) -> list[_Choice]:
    found = []
    swept = (lines.groupby(["timestep", "receiver_snr_db"])["eavesdropper_snr_db"].nunique() > 1).any()
    own = sorted(lines["eavesdropper_snr_db"].dropna().unique()) if swept else []
    for value in sorted(lines[OTHER[axis]].unique()):
        fixed, here = {OTHER[axis]: float(value)}, lines[lines[OTHER[axis]] == value]
        for snr_db in own:
            heard = here[here["eavesdropper_snr_db"].isna() | (here["eavesdropper_snr_db"] == snr_db)]
            found.append(_Choice(axis, fixed | {"eavesdropper_snr_db": float(snr_db)}, variant, heard))
        if not own:
            found.append(_Choice(axis, fixed, variant, here))
    return found


def _variants(lines: pd.DataFrame) -> list[tuple[dict[str, int], pd.DataFrame]]:
    """The values of the axes beyond t and SNR, ascending, each with its lines; one of none where none varies."""
    axes = varying_axes(lines)
    if not axes:
        return [({}, lines)]
    return [({axis: int(own[axis].iloc[0]) for axis in axes}, own) for _, own in lines.groupby(axes)]


def _transmitters(rows: pd.DataFrame) -> dict[str, str]:
    """Of each system that is attacked the transmitter that it shares."""
    receivers = rows[rows["node"] == "receiver"].drop_duplicates("system")
    return dict(zip(receivers["system"], receivers["transmitter"], strict=True))


def _accuracy(choice: _Choice, style: Style, transmitters: dict[str, str]) -> go.Figure:
    """Receivers and the strongest adversary on each transmitter; below, the gap if there is one."""
    attacked = choice.lines["adversary"].notna().any()
    figure = _panels(["accuracy", "gap"] if attacked else ["accuracy"], AXES[choice.axis], [2, 1] if attacked else [1])
    heard: dict[str, str] = {}
    for system, lines in choice.lines.sort_values(choice.axis).groupby("system", sort=False):
        title, colour = title_of(style, str(system)), style.colours[str(system)]
        _draw(figure, 1, lines, choice.axis, "receiver", title, colour, str(system))
        lines = lines[lines["adversary"].notna()]
        if lines.empty:
            continue
        _draw(figure, 2, lines, choice.axis, "gap", f"gap of {title}", colour, str(system), shown=False)
        sender = transmitters[str(system)]
        if sender not in heard:
            heard[sender] = DASHES[len(heard) % len(DASHES)]
            named = f"strongest adversary on {sender}"
            # With a name of no system, for all that share it.
            _draw(figure, 1, lines, choice.axis, "adversary", named, "#000000", f"adversary {sender}", heard[sender])
    figure.update_yaxes(range=[0, 1.02], row=1, col=1)
    return figure


def _error_rates(rows: pd.DataFrame, style: Style) -> go.Figure:
    """Bit and block error rates; where no error was seen, a triangle at the upper end of the interval."""
    figure = _panels(["bit error rate", "block error rate"], AXES["receiver_snr_db"], [1, 1])
    for system, lines in rows.sort_values("receiver_snr_db").groupby("system", sort=False):
        title, colour = title_of(style, str(system)), style.colours[str(system)]
        for place, measure in enumerate(("ber", "bler"), 1):
            seen = lines.assign(**{measure: lines[measure].where(lines[measure] > 0)})
            _draw(figure, place, seen, "receiver_snr_db", measure, title, colour, str(system), shown=place == 1)
            none = lines[lines[measure] == 0]
            ends = none.assign(**{measure: none[f"{measure}_high"]})
            _limits(figure, place, ends, measure, f"{title}: no error", colour, str(system))
    figure.update_yaxes(type="log", dtick=1, exponentformat="power")
    return figure


def _panels(titles: Sequence[str], axis: str, heights: Sequence[float]) -> go.Figure:
    figure = make_subplots(
        len(titles),
        1,
        shared_xaxes=True,
        vertical_spacing=0.06,
        row_heights=[height / sum(heights) for height in heights],
    )
    for place, title in enumerate(titles, 1):
        figure.update_yaxes(title_text=title, row=place, col=1)
    figure.update_xaxes(title_text=axis, title_standoff=8, row=len(titles), col=1)
    figure.update_layout(
        template="none",
        height=420 + 200 * (len(titles) - 1),
        margin={"l": 64, "r": 12, "t": 36, "b": 48},
        legend={"orientation": "h", "yref": "container", "yanchor": "bottom", "y": 0.01, "x": 0},
        hovermode="closest",
    )
    figure.update_xaxes(gridcolor="#dddddd", zeroline=False, automargin=True)
    figure.update_yaxes(gridcolor="#dddddd", zerolinecolor="#888888", automargin=True)
    return figure


def _draw(
    figure: go.Figure,
    place: int,
    lines: pd.DataFrame,
    axis: str,
    measure: str,
    title: str,
    colour: str,
    group: str,
    dash: str = "solid",
    shown: bool = True,
) -> None:
    """A curve whose bars are its 95% intervals."""
    values, low, high = (lines[name].tolist() for name in (measure, f"{measure}_low", f"{measure}_high"))
    figure.add_trace(
        go.Scatter(
            x=lines[axis].tolist(),
            y=values,
            error_y={
                "symmetric": False,
                "array": (lines[f"{measure}_high"] - lines[measure]).tolist(),
                "arrayminus": (lines[measure] - lines[f"{measure}_low"]).tolist(),
                "thickness": 1,
                "width": 2,
            },
            customdata=[[marked_up(title), *ends] for ends in zip(low, high, strict=True)],
            name=marked_up(title),
            legendgroup=marked_up(group),
            showlegend=shown,
            mode="lines+markers",
            line={"color": colour, "dash": dash},
            marker={"size": 5},
            hovertemplate=HOVER,
        ),
        row=place,
        col=1,
    )


def _limits(
    figure: go.Figure, place: int, lines: pd.DataFrame, measure: str, title: str, colour: str, group: str
) -> None:
    """Upper ends of intervals of which the lower end is 0."""
    if lines.empty:
        return
    figure.add_trace(
        go.Scatter(
            x=lines["receiver_snr_db"].tolist(),
            y=lines[measure].tolist(),
            customdata=[[marked_up(title), 0.0, high] for high in lines[measure]],
            legendgroup=marked_up(group),
            showlegend=False,
            mode="markers",
            marker={"color": colour, "symbol": "triangle-down", "size": 7},
            hovertemplate="%{customdata[0]}<br>%{x} dB<br>[0, %{customdata[2]:.4~g}]<extra></extra>",
        ),
        row=place,
        col=1,
    )


def packed(figure: go.Figure) -> dict[str, Any]:
    """As plain JSON, where NaN is null."""
    packed: dict[str, Any] = json.loads(figure.to_json())
    return packed
