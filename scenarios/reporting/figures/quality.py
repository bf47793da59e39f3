"""Task accuracy of reconstructed images against their quality."""

import itertools
from collections.abc import Iterator, Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from diffsem.link import ResultTable
from diffsem.scenarios.reporting.drawing.captions import add_caption, head, left_out
from diffsem.scenarios.reporting.drawing.curves import draw_points, measured
from diffsem.scenarios.reporting.drawing.look import SCREEN, Look, drawn
from diffsem.scenarios.reporting.drawing.naming import name_curves
from diffsem.scenarios.reporting.drawing.panels import by_eavesdropper
from diffsem.scenarios.reporting.statistics import paper_attack
from diffsem.scenarios.reporting.style import Style, plain, style_of
from diffsem.scenarios.reporting.table_attributes import attacks_in


@drawn
def quality_figure(
    table: ResultTable, snr_db: float, attacks: Sequence[str] | None = None, *, look: Look = SCREEN
) -> Figure:
    """Task accuracy of reconstructed images against their SSIM and PSNR, over t (the paper's Fig. 5).

    A pair of panels for each eavesdropper SNR where that is an axis.

    Parameters
    ----------
    table : ResultTable
    snr_db : float
        Es/N0 at the legitimate receiver, dB.
    attacks : sequence of str, optional
        Attacks whose images are shown; default: the paper's attacker, or without it the same one told the noise level,
        and, where pictures are sent, what is heard; of a table with none of these, all.
    look : Look, optional
        Default: for a screen.

    Returns
    -------
    matplotlib.figure.Figure
    """
    here = table.rows[(table.rows["receiver_snr_db"] == snr_db) & table.rows["ssim"].notna()]
    chosen = attacks or papers_and_heard(table)
    rows = here[here["attack"].isin(chosen)]
    if rows.empty and not attacks:
        chosen, rows = list(here["attack"].unique()), here
    parts = by_eavesdropper(rows)
    figure, grid = look.panels(len(parts), 2, look.page, 4.5 * len(parts), sharex="col", sharey=True)
    style = style_of(table)
    for panels, (name, heard) in zip(grid, parts, strict=True):
        _draw_qualities(panels, look, heard, chosen, style)
        panels[0].set_title(name)
        panels[0].set_ylabel(f"{look.measure}\nof the images (strong classifier)")
    for panel, label in zip(grid[-1], ("SSIM", "PSNR [dB]"), strict=True):
        panel.set_xlabel(label)
    add_caption(
        figure,
        look,
        head(table),
        f"receiver SNR {snr_db:g} dB",
        "points are steps t, bars 95% intervals",
        "a curve a transmitter and attack",
        *left_out(here["attack"], rows["attack"], "other attacks"),
        *_without_images(table.rows, here),
    )
    name_curves(figure, look)
    return figure


def _without_images(rows: pd.DataFrame, seen: pd.DataFrame) -> list[str]:
    heard = rows[rows["node"] == "adversary"]
    return left_out(heard["attack"], seen["attack"], "attacks that make no images")


def papers_and_heard(table: ResultTable) -> list[str]:
    """The paper's attacker, told the noise level where it is not there untold, and attacks that learn nothing."""
    known = attacks_in(table.attributes)
    papers = paper_attack(table.rows, known) or paper_attack(table.rows, known, knows_step=True)
    return [*papers, *(name for name, attack in known.items() if not attack.learns)]


def _draw_qualities(
    panels: Sequence[Axes], look: Look, rows: pd.DataFrame, chosen: Sequence[str], style: Style
) -> None:
    """Of one eavesdropper: accuracy over SSIM, and over PSNR."""
    dashes = {attack: dash for attack, dash in zip(chosen, itertools.cycle("-:"), strict=False)}
    # Systems behind one transmitter face one adversary: each is drawn once.
    for (transmitter, attack), heard in _groups(rows, ["transmitter", "attack"]):
        systems = list(heard["system"].unique())
        lines = heard[heard["system"] == systems[0]].sort_values("timestep")
        for panel, measure in zip(panels, ("ssim", "psnr_db"), strict=True):
            if look.log_error:
                panel.set_yscale("log")
            draw_points(
                panel,
                look,
                lines[measure],
                measured(look, lines, "accuracy", "ci_low", "ci_high"),
                style.colours[systems[0]],
                linestyle=dashes[attack],
                marker=style.markers[systems[0]],
                label=f"{plain(transmitter)}: {plain(attack)}",
            )


def _groups(rows: pd.DataFrame, columns: list[str]) -> Iterator[tuple[tuple[str, ...], pd.DataFrame]]:
    """Rows by the values of some text columns, in the order of their first appearance."""
    for key in rows[columns].drop_duplicates().itertuples(index=False, name=None):
        yield key, rows[(rows[columns] == list(key)).all(axis=1)]
