"""Tables of the page that sort and filter: what stands in their cells, and what they are sorted by."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from diffsem.link import escaped


@dataclass(frozen=True)
class Cell:
    """What a cell shows.

    Parameters
    ----------
    text : str
    note : str
        In smaller letters behind it: an interval, a name.
    value : str
        What the column is sorted by: a number, empty where there is none, or a text.
    """

    text: str
    note: str = ""
    value: str = ""


@dataclass(frozen=True)
class Column:
    """A column.

    Parameters
    ----------
    title : str
    numeric : bool
        Whether it is sorted as numbers.
    choices : tuple of (str, str)
        Texts and values of its cells to choose among; empty where there is no such choice.
    """

    title: str
    numeric: bool
    choices: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Grid:
    """A table.

    Parameters
    ----------
    name : str
        Of the page's own, for identifiers in it.
    title : str
    caption : str
    columns : tuple of Column
    rows : tuple of tuple of Cell
    """

    name: str
    title: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True)
class Maker:
    """How a column is made from the lines of a frame.

    Parameters
    ----------
    title : str
    cell : callable
        Takes a line.
    numeric : bool
    chosen : bool
        Whether its values are to be chosen among.
    """

    title: str
    cell: Callable[[Mapping[str, Any]], Cell]
    numeric: bool = True
    chosen: bool = False


def number(value: float, text: str, note: str = "") -> Cell:
    """A cell that is sorted by a number; an empty one where there is none."""
    # As JavaScript reads it.
    return Cell("–") if pd.isna(value) else Cell(text, note, repr(float(value)).replace("inf", "Infinity"))


def words(text: object, note: object = "") -> Cell:
    """A cell of a text from wherever; what is no text is none."""
    shown = escaped(text) if isinstance(text, str) and text else "–"
    return Cell(shown, escaped(note), shown)


def grid(name: str, title: str, caption: str, lines: pd.DataFrame, makers: Sequence[Maker]) -> Grid:
    """A table of lines; columns in which nothing stands are left out."""
    records = [{str(name): value for name, value in line.items()} for line in lines.to_dict("records")]
    cells = [[maker.cell(record) for record in records] for maker in makers]
    kept = [place for place, column in enumerate(cells) if any(cell.text != "–" for cell in column)]
    columns = tuple(
        Column(makers[place].title, makers[place].numeric, _choices(makers[place], cells[place])) for place in kept
    )
    rows = tuple(zip(*(cells[place] for place in kept), strict=True))
    return Grid(name, title, caption, columns, rows)


def _choices(maker: Maker, cells: Sequence[Cell]) -> tuple[tuple[str, str], ...]:
    if not maker.chosen:
        return ()
    distinct = {(cell.text, cell.value) for cell in cells}
    if len(distinct) < 2:
        return ()

    def order(choice: tuple[str, str]) -> tuple[bool, float, str]:
        text, value = choice
        return (value == "", float(value) if maker.numeric and value else 0.0, text)

    return tuple(sorted(distinct, key=order))
