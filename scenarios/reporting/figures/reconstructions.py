"""Originals, and what attacks make of them."""

from collections.abc import Sequence

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from diffsem.link import InputError, ResultTable
from diffsem.scenarios.reporting.style import plain

# Of a figure: minutes to draw.
MOST_PICTURES = 10_000


def reconstruction_figure(
    table: ResultTable,
    snr_db: float,
    timesteps: Sequence[int] | None = None,
    transmitters: Sequence[str] | None = None,
    attacks: Sequence[str] | None = None,
) -> Figure:
    """Originals and what the eavesdropper makes of them, a row a transmitter, attack and t (the paper's Fig. 6 and 7).

    Parameters
    ----------
    table : ResultTable
    snr_db : float
        Es/N0 at the legitimate receiver, dB.
    timesteps, transmitters, attacks : sequence, optional
        Show these only.

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
    pictures = [("original", examples.originals)]
    for place, row in zip(index.index, index.itertuples(), strict=True):
        label = f"{plain(row.transmitter)}\n{plain(row.attack)}\nt = {row.timestep}, {row.snr_db:g} dB"
        pictures.append((label, examples.reconstructions[place]))
    count = len(examples.originals)
    if count * len(pictures) > MOST_PICTURES:
        raise InputError(f"reconstructions: {count * len(pictures):,} images; allowed in one figure: {MOST_PICTURES:,}")
    figure, grid = plt.subplots(
        len(pictures), count, figsize=(0.75 * count + 1.8, 0.78 * len(pictures)), squeeze=False, layout="constrained"
    )
    for line, (label, images) in zip(grid, pictures, strict=True):
        for panel, image in zip(line, images, strict=True):
            panel.imshow(image[..., 0] if image.shape[-1] == 1 else image, cmap="gray", vmin=0, vmax=255)
            panel.set_xticks([])
            panel.set_yticks([])
        line[0].set_ylabel(label, rotation=0, ha="right", va="center", fontsize=7)
    return figure
