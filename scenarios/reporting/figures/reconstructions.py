"""Originals, and what attacks make of them."""

from collections.abc import Sequence

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from diffsem.link import InputError, ResultTable
from diffsem.scenarios.reporting.drawing.captions import add_caption, head, left_out
from diffsem.scenarios.reporting.drawing.look import SCREEN, Look, drawn
from diffsem.scenarios.reporting.figures.quality import papers_and_heard
from diffsem.scenarios.reporting.style import plain

# Of a figure: minutes to draw.
MOST_PICTURES = 10_000
# Of a figure whose pictures nobody chose.
MOST_IMAGES = 10


@drawn
def reconstruction_figure(
    table: ResultTable,
    snr_db: float,
    timesteps: Sequence[int] | None = None,
    transmitters: Sequence[str] | None = None,
    attacks: Sequence[str] | None = None,
    *,
    thinned: bool = False,
    look: Look = SCREEN,
) -> Figure:
    """Originals and what the eavesdropper makes of them, a row a transmitter, attack and t (the paper's Fig. 6 and 7).

    Parameters
    ----------
    table : ResultTable
    snr_db : float
        Es/N0 at the legitimate receiver, dB.
    timesteps, transmitters, attacks : sequence, optional
        Show these only.
    thinned : bool
        Of more rows than the look has room for show fewer steps, then fewer attacks, the paper's and what is heard
        last, the same of each transmitter; the caption says so.
    look : Look, optional
        Default: for a screen.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        If the table holds no such reconstructions.
    """
    examples = table.examples
    index = examples.index[examples.index["receiver_snr_db"] == snr_db]
    for column, chosen in (("timestep", timesteps), ("transmitter", transmitters), ("attack", attacks)):
        if chosen is not None:
            index = index[index[column].isin(chosen)]
    if index.empty:
        raise InputError(f"reconstructions: none at {snr_db:g} dB of the kind in this table")
    index = index.sort_values(["transmitter", "attack", "snr_db", "timestep"])
    shown = _thinned(index, look.rows, papers_and_heard(table)) if thinned else index
    count = min(len(examples.originals), MOST_IMAGES)
    pictures = [("original", examples.originals)]
    for place, row in zip(shown.index, shown.itertuples(), strict=True):
        own = "" if row.snr_db == snr_db else f", {row.snr_db:g} dB"
        label = f"{plain(row.transmitter)}\n{plain(row.attack)}\nt = {row.timestep}{own}"
        pictures.append((label, examples.reconstructions[place]))
    if count * len(pictures) > MOST_PICTURES:
        raise InputError(f"reconstructions: {count * len(pictures):,} images; allowed in one figure: {MOST_PICTURES:,}")
    width = max(0.75 * count + 1.8, 4.0) if look.titled else look.width(2 if count > 5 else 1)
    side = (width - (1.8 if look.titled else 1.2)) / count
    figure, grid = look.panels(
        len(pictures), count, width, max(side, 5.2 * look.small / 72) * len(pictures) / look.scale
    )
    engine = figure.get_layout_engine()
    assert isinstance(engine, ConstrainedLayoutEngine)
    engine.set(w_pad=0.02, h_pad=0.02, wspace=0, hspace=0)
    for line, (label, images) in zip(grid, pictures, strict=True):
        for panel, image in zip(line, images[:count], strict=True):
            panel.grid(False)
            panel.imshow(image[..., 0] if image.shape[-1] == 1 else image, cmap="gray", vmin=0, vmax=255)
            panel.set_xticks([])
            panel.set_yticks([])
        line[0].set_ylabel(label, rotation=0, ha="right", va="center", fontsize=look.small)
    add_caption(
        figure, look, head(table), f"receiver SNR {snr_db:g} dB", *_not_shown(index, shown, len(examples.originals))
    )
    return figure


def _thinned(index: pd.DataFrame, most_rows: int, first: Sequence[str]) -> pd.DataFrame:
    """Three steps at most, and some attacks, where there are too many rows."""
    if len(index) <= most_rows:
        return index
    steps = sorted(index["timestep"].unique())
    chosen = {steps[place] for place in (len(steps) // 4, len(steps) // 2, -1)}
    index = index[index["timestep"].isin(chosen)]
    attacks = sorted(index["attack"].unique(), key=lambda attack: attack not in first)
    while len(index) > most_rows and len(attacks) > 1:
        attacks.pop()
        index = index[index["attack"].isin(attacks)]
    return index[:most_rows]


def _not_shown(index: pd.DataFrame, shown: pd.DataFrame, images: int) -> list[str]:
    """What is in the table and not in the figure, in words."""
    words = left_out(index["attack"], shown["attack"], "attacks for want of room")
    words += left_out(sorted(index["timestep"]), shown["timestep"], "steps t for want of room")
    words += left_out(index["transmitter"], shown["transmitter"], "transmitters for want of room")
    if images > MOST_IMAGES:
        words.append(f"{MOST_IMAGES} of {images} images")
    return words
