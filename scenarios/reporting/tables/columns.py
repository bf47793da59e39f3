"""Columns of a terminal's table: their lines of text, and how wide they have to be."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len

# Names wider than the first fold where a table would not fit otherwise, then those wider than the next.
FOLDS = (25, 16, 8)


@dataclass(frozen=True)
class Line:
    """One line of a cell or a header.

    Parameters
    ----------
    text : str
    is_name : bool
        Whether it stands at the left, and may fold.
    """

    text: str
    is_name: bool = False


@dataclass(frozen=True)
class Column:
    """One column: the lines of its header, and those of each cell."""

    header: Sequence[str]
    cells: Sequence[Sequence[Line]]

    @property
    def has_names(self) -> bool:
        """Whether a line may fold."""
        return any(line.is_name for cell in self.cells for line in cell)

    @property
    def rigid(self) -> int:
        """The width of what never folds: the header and the numbers."""
        return max([cell_len(text) for text in self.header] + [self._numbers])

    @property
    def whole(self) -> int:
        """The width at which nothing folds."""
        return max([self.rigid, *(cell_len(line.text) for cell in self.cells for line in cell)])

    def text(self, cell: Sequence[Line], width: int) -> str:
        """A cell's lines: numbers at the right, below each other; names at the left."""
        right = self._numbers if self.has_names else width
        texts = [line.text if line.is_name else " " * (right - cell_len(line.text)) + line.text for line in cell]
        return "\n".join(texts)

    @property
    def _numbers(self) -> int:
        return max((cell_len(line.text) for cell in self.cells for line in cell if not line.is_name), default=0)


def fitting_widths(columns: Sequence[Column], room: int, fold: int | None = None) -> list[int] | None:
    """Widths of columns that take `room` together at most; None where they do not fit.

    Parameters
    ----------
    columns : sequence of Column
    room : int
        Without what stands between columns.
    fold : int, optional
        Names fold at this width if they must; default: never.
    """
    whole = [column.whole for column in columns]
    least = [min(width, max(column.rigid, fold or width)) for column, width in zip(columns, whole, strict=True)]
    spare = room - sum(least)
    if spare < 0:
        return None
    # What is left goes to the names, from left to right: a system's before an attack's.
    widths = []
    for narrow, wide in zip(least, whole, strict=True):
        more = min(spare, wide - narrow)
        widths.append(narrow + more)
        spare -= more
    return widths
