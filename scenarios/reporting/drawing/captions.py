"""What a figure says of itself: above it on a screen, under it in a paper."""

import math
import textwrap
from collections.abc import Iterable

from matplotlib.figure import Figure

from diffsem.link import ResultTable
from diffsem.scenarios.reporting.drawing.look import Look
from diffsem.scenarios.reporting.setting import nodes
from diffsem.scenarios.reporting.style import plain
from diffsem.scenarios.reporting.table_attributes import scenario_of
from diffsem.scenarios.reporting.variants import VARIANT


def head(table: ResultTable) -> str:
    """A table's scenario and nodes: channels, antennas and the eavesdropper's SNR; of a variant what it is at."""
    said = f"{scenario_of(table).name}: {nodes(str(table.attributes['scenario']), table.rows)}"
    return plain(f"{said}; {table.attributes[VARIANT]}" if VARIANT in table.attributes else said)


def left_out(names: Iterable[object], drawn: Iterable[object], why: str) -> list[str]:
    """A sentence that names what is not drawn, or none where all is."""
    seen = set(drawn)
    missing = [plain(name) for name in dict.fromkeys(names) if name not in seen]
    return [f"not drawn, {why}: {', '.join(missing)}"] if missing else []


def add_caption(figure: Figure, look: Look, *parts: str) -> None:
    """Parts, joined by semicolons, as the figure's label and, where figures have titles, above it."""
    text = "; ".join(part for part in parts if part)
    figure.set_label(text)
    if not look.titled:
        return
    room = figure.get_size_inches()[0] * figure.dpi * 0.98
    wide = figure.suptitle(text).get_window_extent().width
    # Letters differ in width: lines of as many may be too long by a few.
    for letters in range(math.floor(len(text) * room / wide), 20, -4):
        title = figure.suptitle("\n".join(textwrap.wrap(text, letters, break_on_hyphens=False)))
        if title.get_window_extent().width <= room:
            return
