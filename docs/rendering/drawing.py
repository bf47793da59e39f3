"""Figures of result pages: drawn by the package from the tables, small enough to be committed."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rendering.claims import PageError
from rendering.tables import ROOT, Table

FIGURES = ROOT / "docs" / "results" / "figures"
DPI = 100
# The most colours with which a figure is no larger than that; grey pictures may need fewer.
COLOURS, LARGEST = (256, 64, 32), 80_000


@dataclass(frozen=True)
class Figure:
    """A figure that a page shows.

    Parameters
    ----------
    name : str
        Of its file, without the suffix.
    function : str
        Of `diffsem.scenarios.reporting.figures`, or of `rendering.panels`.
    arguments : sequence
        Those of the function; a `Table` stands for its result table.
    options : dict
        Its keywords; with `colours` the picture has so many, however large it is.
    """

    name: str
    function: str
    arguments: Sequence[Any]
    options: dict[str, Any]

    @property
    def path(self) -> Path:
        return FIGURES / f"{self.name}.png"

    def draw(self) -> bytes:
        """Its PNG, with a palette: curves and text need few colours. Raises PageError if there is no such function."""
        import matplotlib

        matplotlib.use("Agg")
        from matplotlib import pyplot as plt
        from PIL import Image

        from diffsem.scenarios.reporting import figures
        from rendering import panels

        room = panels if hasattr(panels, self.function) else figures
        if not hasattr(room, self.function):
            raise PageError(f"figure {self.name}: no function {self.function} in diffsem.scenarios.reporting.figures")
        options = dict(self.options)
        palette = [options.pop("colours")] if "colours" in options else COLOURS
        drawn = getattr(room, self.function)(*map(_result, self.arguments), **options)
        exact = io.BytesIO()
        drawn.savefig(exact, dpi=DPI, format="png", metadata={"Software": None})
        plt.close(drawn)
        # Other methods merge thin curves of different colours.
        method = Image.Quantize.MAXCOVERAGE
        for colours in palette:
            small = io.BytesIO()
            picture = Image.open(exact).convert("RGB").quantize(colours, method=method, dither=Image.Dither.NONE)
            picture.save(small, "PNG", optimize=True)
            if small.tell() <= LARGEST:
                break
        return small.getvalue()


def _result(argument: Any) -> Any:
    if isinstance(argument, Table):
        return argument.result
    if isinstance(argument, list) and argument and isinstance(argument[0], Table):
        return [one.result for one in argument]
    if isinstance(argument, dict):
        return {name: _result(one) for name, one in argument.items()}
    return argument
