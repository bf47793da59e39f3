"""Panels that several figures have: one for each eavesdropper SNR, over t."""

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from diffsem.scenarios.reporting.drawing.look import Look
from diffsem.scenarios.reporting.statistics import eavesdropper_axis

AXES = {"receiver_snr_db": "SNR Es/N0 at the receiver [dB]", "timestep": "self-noising step t"}


def by_eavesdropper(rows: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """Receivers with the adversaries of one eavesdropper SNR each, under its name; all rows where that is no axis."""
    return [
        (f"eavesdropper {snr_db:g} dB", rows[(rows["node"] == "receiver") | (rows["snr_db"] == snr_db)])
        for snr_db in eavesdropper_axis(rows)
    ] or [("", rows)]


def panels_over_timesteps(look: Look, columns: Sequence[tuple[str, pd.DataFrame]]) -> tuple[Figure, list[Axes]]:
    """Accuracy over t, a panel for each eavesdropper."""
    figure, grid = look.panels(1, len(columns), look.width(len(columns)), 5, sharey=True)
    for panel, (name, _) in zip(grid[0], columns, strict=True):
        panel.set_title(name)
        panel.set_xlabel(AXES["timestep"])
    grid[0, 0].set_ylabel(look.measure)
    return figure, list(grid[0])
