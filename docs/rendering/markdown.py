"""Markdown: tables, parts of sentences, and paragraphs in lines of at most 120 characters."""

import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rendering.claims import PageError
from rendering.measures import Difference, Measure, number

WIDTH = 120
# Lines that stand as they are.
KEPT = re.compile(r"^\s*(\||#|<!--|!\[|\[\w+\]:|:::|---)")
ITEM = re.compile(r"^(\s*)(- |\d+\. )")


def lines(headings: Sequence[object], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table. Raises PageError if a row is not as long as the headings."""
    drawn = [_line(headings), "|" + "---|" * len(headings)]
    for row in rows:
        if len(row) != len(headings):
            raise PageError(f"table of {len(headings)} columns: a row of {len(row)}: {row}")
        drawn.append(_line(row))
    return "\n".join(drawn)


def grid(corner: str, columns: Mapping[str, Mapping[Any, object]], values: Iterable[Any] | None = None) -> str:
    """A Markdown table with a row a value of an axis and a column a system.

    Parameters
    ----------
    corner : str
        The axis, as the first heading.
    columns : mapping of str to mapping
        Heading -> value of the axis -> cell; a cell that is missing is empty.
    values : iterable, optional
        Rows; default: the values of the first column.
    """
    rows = list(next(iter(columns.values())) if values is None else values)
    body = [[_axis(value), *(cells.get(value, "") for cells in columns.values())] for value in rows]
    return lines([corner, *columns], body)


def short(cells: Mapping[Any, Measure] | Measure) -> Any:
    """Values without their intervals, of a column or of one cell."""
    return cells.short if isinstance(cells, Measure) else {value: cell.short for value, cell in cells.items()}


def points(difference: Difference, digits: int = 1) -> str:
    """As "2.8 [0.1, 5.5] points"."""
    return f"{difference.text(digits)} points"


def signed(difference: Difference, digits: int = 1) -> str:
    """As "+2.8 [+0.1, +5.5]"."""
    return difference.text(digits, sign=True)


def span(values: Iterable[Measure | float], digits: int = 1) -> str:
    """As "0.7 to 1.4", from the lowest to the highest; "0.7" if they are the same."""
    plain = [value.value if isinstance(value, Measure) else float(value) for value in values]
    low, high = number(min(plain), digits), number(max(plain), digits)
    return low if low == high else f"{low} to {high}"


def listed(words: Iterable[object]) -> str:
    """As "60, 120 and 180"."""
    several = [_axis(word) for word in words]
    return several[0] if len(several) == 1 else f"{', '.join(several[:-1])} and {several[-1]}"


def code(names: Iterable[str]) -> list[str]:
    """Names between backticks."""
    return [f"`{name}`" for name in names]


def wrapped(page: str) -> str:
    """Paragraphs and items in lines of at most 120 characters; tables, headings, code and directives as they are."""
    done: list[str] = []
    paragraph: list[str] = []
    fenced = False
    for line in [*page.splitlines(), ""]:
        fence = line.lstrip().startswith("```")
        starts = ITEM.match(line) is not None
        if fenced or fence or KEPT.match(line) or not line.strip() or starts:
            done += _filled(paragraph)
            paragraph = [line] if starts and not fenced else []
            if not paragraph and (line.strip() or fenced or (done and done[-1])):
                done.append(line.rstrip())
        else:
            paragraph.append(line)
        fenced ^= fence
    return "\n".join(done).strip() + "\n"


def _filled(paragraph: Sequence[str]) -> list[str]:
    if not paragraph:
        return []
    item = ITEM.match(paragraph[0])
    indent = re.match(r"\s*", paragraph[0])[0]
    hanging = indent + " " * len(item[2]) if item else indent
    text = " ".join(" ".join(paragraph).split())
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=indent,
        subsequent_indent=hanging,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _axis(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _line(cells: Sequence[object]) -> str:
    return "| " + " | ".join(_axis(cell) for cell in cells) + " |"
