"""Task accuracy of reconstructed images against their quality."""

import itertools
from collections.abc import Iterator, Sequence

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from diffsem.link import ResultTable
from diffsem.scenarios.reporting.figures.panels import add_legend, bars, by_eavesdropper, title
from diffsem.scenarios.reporting.statistics import paper_attack
from diffsem.scenarios.reporting.style import Style, plain, style_of
from diffsem.scenarios.reporting.table_attributes import attacks_in


def quality_figure(table: ResultTable, snr_db: float, attacks: Sequence[str] | None = None) -> Figure:
    """Task accuracy of reconstructed images against their SSIM and PSNR, over t (the paper's Fig. 5).

    A pair of panels for each eavesdropper SNR where that is an axis.

    Parameters
    ----------
    table : ResultTable
    snr_db : float
        Es/N0 at the legitimate receiver, dB.
    attacks : sequence of str, optional
        Attacks whose images are shown; default: the paper's attacker, or without it the same one told the noise level,
        and, where pictures are sent, what is heard.

    Returns
    -------
    matplotlib.figure.Figure
    """
    chosen = attacks or _papers_and_heard(table)
    rows = table.rows[(table.rows["receiver_snr_db"] == snr_db) & table.rows["attack"].isin(chosen)]
    rows = rows[rows["ssim"].notna()]
    parts = by_eavesdropper(rows)
    figure, grid = plt.subplots(
        len(parts), 2, figsize=(11, 5 * len(parts)), sharex="col", sharey=True, squeeze=False, layout="constrained"
    )
    style = style_of(table)
    for panels, (name, heard) in zip(grid, parts, strict=True):
        _draw_qualities(panels, heard, chosen, style)
        panels[0].set_title(name, fontsize=9)
        panels[0].set_ylabel("task accuracy of the images (strong classifier)")
        add_legend(panels[0], fontsize=8)
    for panel, label in zip(grid[-1], ("SSIM", "PSNR [dB]"), strict=True):
        panel.set_xlabel(label)
    figure.suptitle(title(table, f"receiver SNR {snr_db:g} dB, points are steps t, 95% intervals"), fontsize=10)
    return figure


def _papers_and_heard(table: ResultTable) -> list[str]:
    known = attacks_in(table.attributes)
    papers = paper_attack(table.rows, known) or paper_attack(table.rows, known, knows_step=True)
    return [*papers, *(name for name, attack in known.items() if not attack.learns)]


def _draw_qualities(panels: Sequence[Axes], rows: pd.DataFrame, chosen: Sequence[str], style: Style) -> None:
    """Of one eavesdropper: accuracy over SSIM, and over PSNR."""
    dashes = {attack: dash for attack, dash in zip(chosen, itertools.cycle("-:"), strict=False)}
    # Systems behind one transmitter face one adversary: each is drawn once.
    for (transmitter, attack), heard in _groups(rows, ["transmitter", "attack"]):
        systems = list(heard["system"].unique())
        lines = heard[heard["system"] == systems[0]].sort_values("timestep")
        name = style.transmitter_title(transmitter, systems)
        for panel, measure in zip(panels, ("ssim", "psnr_db"), strict=True):
            panel.errorbar(
                lines[measure],
                lines["accuracy"],
                bars(lines, "accuracy", "ci_low", "ci_high"),
                color=style.colours[systems[0]],
                linestyle=dashes[attack],
                marker="o",
                markersize=3,
                elinewidth=0.6,
                label=f"{name}: {plain(attack)}",
            )
    for panel in panels:
        panel.grid(alpha=0.3)


def _groups(rows: pd.DataFrame, columns: list[str]) -> Iterator[tuple[tuple[str, ...], pd.DataFrame]]:
    """Rows by the values of some text columns, in the order of their first appearance."""
    for key in rows[columns].drop_duplicates().itertuples(index=False, name=None):
        yield key, rows[(rows[columns] == list(key)).all(axis=1)]
