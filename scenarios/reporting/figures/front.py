"""Privacy against utility."""

import itertools
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from diffsem.link import ResultTable
from diffsem.scenarios.reporting.drawing.captions import add_caption, head, left_out
from diffsem.scenarios.reporting.drawing.curves import bars, classes_of, draw_points, measured
from diffsem.scenarios.reporting.drawing.look import SCREEN, Look, drawn
from diffsem.scenarios.reporting.drawing.naming import name_curves
from diffsem.scenarios.reporting.drawing.steps import StepLabel, label_steps
from diffsem.scenarios.reporting.statistics import eavesdropper_axis, leakage
from diffsem.scenarios.reporting.style import DASHES, MARKERS, plain, style_of
from diffsem.scenarios.reporting.table_attributes import scenario_of


@drawn
def front_figure(
    tables: Sequence[ResultTable], snr_db: float, names: Sequence[str] | None = None, *, look: Look = SCREEN
) -> Figure:
    """Privacy against utility: the receiver over the strongest attack, a curve a system over t, 95% intervals.

    Up and to the left is better; on the diagonal the eavesdropper reads as much as the receiver. A thin curve of the
    same colour is where both would be at their ceilings. Each table has a line style of its own, and each eavesdropper
    SNR on an axis a marker and a curve. Steps t are labelled where there is room.

    Parameters
    ----------
    tables : sequence of ResultTable
        At least one.
    snr_db : float
        Es/N0 at the legitimate receiver, dB.
    names : sequence of str, optional
        Of the tables, in the names of curves; default: their scenarios', numbered where two are the same.
    look : Look, optional
        Default: for a screen.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, ((panel,),) = look.panels(1, 1, look.column, 6.5 if look.titled else 5.6)
    across = np.linspace(0, 1, 200)
    panel.plot(across, 1 - across if look.log_error else across, color="grey", linewidth=0.8)
    labels: list[StepLabel] = []
    missing: list[str] = []
    several = len(tables) > 1
    dashes = zip(
        tables, names or table_names(tables), itertools.cycle(["-", *DASHES]), itertools.cycle(MARKERS), strict=False
    )
    lines = []
    for table, name, dash, marker in dashes:
        lines.append(_lines_of(table, snr_db))
        drawn_of = _draw_table(
            panel, look, table, lines[-1], f"{plain(name)}: " if several else "", dash, marker if several else None
        )
        labels += drawn_of
        here = table.rows["system"]
        missing += left_out(here, lines[-1]["system"], f"no attack at {snr_db:g} dB" + f" in {plain(name)}" * several)
    panel.set_xlabel("accuracy of the strongest attack")
    panel.set_ylabel("error of the receiver, 1 - accuracy" if look.log_error else "accuracy of the receiver")
    _limits(panel, look, pd.concat(lines), 1 / max(classes_of(table) for table in tables))
    settings = dict.fromkeys(head(table) for table in tables)
    signs = "points are steps t (labelled where there is room), bars 95% intervals; thin curves: ceilings; grey: equal"
    add_caption(figure, look, *settings, f"receiver SNR {snr_db:g} dB", signs, *missing)
    name_curves(figure, look)
    label_steps(panel, look, labels)
    return figure


def table_names(tables: Sequence[ResultTable]) -> list[str]:
    """Of scenarios; later ones of the same name with their number."""
    names: list[str] = []
    for table in tables:
        name = scenario_of(table).name
        same = sum(other == name or other.startswith(f"{name} (") for other in names)
        names.append(f"{name} ({same + 1})" if same else name)
    return names


def _lines_of(table: ResultTable, snr_db: float) -> pd.DataFrame:
    lines = leakage(table.rows[table.rows["receiver_snr_db"] == snr_db])
    return lines[lines["adversary"].notna()].sort_values("timestep")


def _limits(panel: Axes, look: Look, lines: pd.DataFrame, guessing: float) -> None:
    """From guessing, or what lies below."""
    panel.set_xlim(min(guessing, float(lines["adversary_low"].min())) - 0.03, 1.04)
    if not look.log_error:
        panel.set_ylim(min(guessing, float(lines["receiver_low"].min())) - 0.03, 1.05)
        return
    panel.set_yscale("log")
    errors = pd.concat([1 - lines["receiver_low"], 1 - lines["receiver_high"]])
    panel.set_ylim(0.6 * errors[errors > 0].min(), 1.1)


def _draw_table(
    panel: Axes, look: Look, table: ResultTable, lines: pd.DataFrame, name: str, dash, marker: str | None
) -> list[StepLabel]:
    """A curve a system and, where there is an axis of them, eavesdropper SNR; its labels are for later."""
    looks = table.rows["looks"].max()
    style = style_of(table)
    swept = eavesdropper_axis(table.rows)
    labels = []
    for system in lines["system"].unique():
        curve = lines[lines["system"] == system]
        colour = style.colours[system]
        words = [f"{name}{plain(system)}"]
        if looks > 1:
            words.append(f"{looks} looks")
        if not swept:
            labels += _draw_curve(panel, look, curve, ", ".join(words), colour, marker or style.markers[system], dash)
        for own_snr_db, own_marker in zip(swept, itertools.cycle(MARKERS), strict=False):
            label = ", ".join([*words, f"eavesdropper {own_snr_db:g} dB"])
            heard = curve[curve["eavesdropper_snr_db"] == own_snr_db]
            labels += _draw_curve(panel, look, heard, label, colour, own_marker, dash)
    return labels


def _draw_curve(
    panel: Axes, look: Look, curve: pd.DataFrame, label: str, colour: str, marker: str, dash
) -> list[StepLabel]:
    """Both accuracies over t, and both ceilings."""
    shown = measured(look, curve, "receiver", "receiver_low", "receiver_high")
    across = bars(curve, "adversary", "adversary_low", "adversary_high")
    draw_points(panel, look, curve["adversary"], shown, colour, across, linestyle=dash, marker=marker, label=label)
    ceiling = (
        (1 - curve["receiver_ceiling"]).where(lambda error: error > 0) if look.log_error else curve["receiver_ceiling"]
    )
    panel.plot(curve["adversary_ceiling"], ceiling, color=colour, linewidth=0.6)
    # Where no error was seen there is a triangle at the end of the interval.
    heights = shown[0].where((shown[0] > 0) | (not look.log_error), shown[2])
    return [
        StepLabel(f"{timestep}", (x, y), colour)
        for timestep, x, y in zip(curve["timestep"], curve["adversary"], heights, strict=True)
    ]
