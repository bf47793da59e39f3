"""What a table says of each of its lines, and where a narrow layout puts it."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Field:
    """One thing that a table says of each of its lines.

    Parameters
    ----------
    text : callable
        Of a line, as a mapping of the columns behind: the text of the cell, on one line.
    is_name : bool
        Names may be long: they stand at the left and may fold; numbers stand at the right and never do.
    """

    text: Callable[[dict], str]
    is_name: bool = False


@dataclass(frozen=True)
class Part:
    """A field where it is stacked with others in one column of a narrow layout.

    Parameters
    ----------
    field : str
        The title of one of the table's fields, or of its details.
    title : str
        What the header says of it; default: the same.
    split : str
        Where the cell is broken into two lines: behind its first `split`. Default: nowhere.
    beneath : str
        What the header says of the second line.
    """

    field: str
    title: str = ""
    split: str = ""
    beneath: str = ""

    def lines(self, text: str) -> list[str]:
        """The lines of a cell."""
        if not self.split:
            return [text]
        first, mark, rest = text.partition(self.split)
        return [(first + mark).rstrip(), rest]

    @property
    def heading(self) -> list[str]:
        """The lines of the header."""
        return [self.title or self.field, *([self.beneath] if self.split else [])]
