"""How figures look: on a screen, or in a column of a paper."""

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ParamSpec

import matplotlib
import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from diffsem.link import InputError

P = ParamSpec("P")

# Of every figure; fonts of type 42 are TrueType, which publishers ask for.
SHARED: dict[str, Any] = {
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.unicode_minus": False,
    "figure.constrained_layout.use": True,
    "grid.alpha": 0.3,
    "legend.frameon": False,
    "pdf.fonttype": 42,
    "ps.fonttype": 42,
}
ON_SCREEN: dict[str, Any] = {
    "axes.labelsize": 10,
    "axes.titlesize": 9,
    "figure.titlesize": 9,
    "font.size": 9,
    "legend.fontsize": 8,
    "lines.linewidth": 1.4,
    "lines.markersize": 4,
    "savefig.dpi": 150,
}
# Fonts that Matplotlib brings along: pictures are the same on every machine.
ON_PAPER: dict[str, Any] = {
    "axes.labelsize": 8,
    "axes.linewidth": 0.5,
    "axes.titlesize": 8,
    "figure.titlesize": 8,
    # By name: what "serif" means is looked up again at each drawing.
    "font.family": ["STIXGeneral", "DejaVu Serif"],
    "font.size": 8,
    "grid.linewidth": 0.4,
    "legend.fontsize": 7,
    "lines.linewidth": 0.8,
    "lines.markersize": 2.5,
    "mathtext.fontset": "stix",
    "savefig.dpi": 300,
    "xtick.labelsize": 7,
    "xtick.major.width": 0.5,
    "ytick.labelsize": 7,
    "ytick.major.width": 0.5,
}


@dataclass(frozen=True)
class Look:
    """How a figure looks.

    Parameters
    ----------
    column, page : float
        Widths of a figure of one panel and of several side by side, inches.
    scale : float
        Heights, against those on a screen.
    small : float
        Size of the smallest letters, points.
    titled : bool
        The caption stands above the figure; else it is its label alone, `figure.get_label()`.
    rows : int
        Of pictures under each other, at most, where nobody chose them.
    settings : mapping
        Matplotlib's, for the time of drawing and saving.
    log_error : bool
        1 - accuracy on a logarithmic axis in the place of accuracy.
    detached : bool
        For a file: pyplot does not know the figure, and no window opens.
    """

    column: float
    page: float
    scale: float
    small: float
    titled: bool
    rows: int
    settings: Mapping[str, Any] = field(repr=False)
    log_error: bool = False
    detached: bool = False

    def width(self, columns: int) -> float:
        """Of a figure with that many panels side by side, inches."""
        if columns == 1:
            return self.column
        return max(self.page, 5.0 * columns) if self.titled else self.page

    def panels(self, rows: int, columns: int, width: float, height: float, **options: Any) -> tuple[Figure, np.ndarray]:
        """An empty figure and its panels, rows x columns; the height, in inches, is that on a screen."""
        size = (width, height * self.scale)
        figure = Figure(figsize=size) if self.detached else plt.figure(figsize=size)
        return figure, figure.subplots(rows, columns, squeeze=False, **options)

    def for_a_file(self) -> "Look":
        """The same, of figures that are saved and never shown."""
        return replace(self, detached=True)

    @property
    def measure(self) -> str:
        """Label of the axis of accuracy."""
        return "task error, 1 - accuracy" if self.log_error else "task accuracy"


SCREEN = Look(7.5, 11.0, 1.0, 7, True, 24, SHARED | ON_SCREEN)
# The widths of a column and of a page of IEEE's journals.
PAPER = Look(3.5, 7.16, 0.5, 6, False, 12, SHARED | ON_PAPER)
LOOKS = {"screen": SCREEN, "paper": PAPER}


def find_look(name: str) -> Look:
    """A look by its name. Raises InputError if there is none."""
    if name not in LOOKS:
        raise InputError(f"--style {name}: no style; allowed: {', '.join(LOOKS)}")
    return LOOKS[name]


def drawn(draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """Draw under the settings of the argument `look`, and leave Matplotlib's own as they were."""

    @functools.wraps(draw)
    def under_settings(*arguments: P.args, **options: P.kwargs) -> Figure:
        look = options.get("look", SCREEN)
        assert isinstance(look, Look)
        with matplotlib.rc_context(matplotlib.RcParams(look.settings)):
            return draw(*arguments, **options)

    return under_settings
