"""A table that is shown, and how it fits a terminal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd
from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, JustifyMethod, RenderResult
from rich.table import Table
from rich.text import Text

from diffsem.link import escaped
from diffsem.scenarios.reporting.tables.columns import FOLDS, Column, Line, fitting_widths
from diffsem.scenarios.reporting.tables.fields import Field, Part

Layout = Sequence[Sequence[Part]]
# Columns of the wide layout have lines and blanks between and around them; those of a narrow one two blanks between.
WIDE, NARROW = (3, 1), (2, -2)


@dataclass(frozen=True)
class Sheet:
    """A table, whatever it is written as; Rich prints it in the widest layout that fits.

    Parameters
    ----------
    title, caption : str
    lines : pandas.DataFrame
        The numbers behind, in the order shown.
    keys : mapping of str to Field
        The fields that tell lines apart: every layout starts with a column for each.
    fields : mapping of str to Field
        The others, by title.
    narrow : sequence of layouts
        From wide to narrow: of each column what stands in it.
    details : mapping of str to tuple
        Fields of narrow layouts alone: the titles that each says together, and the field.
    sections : sequence of str
        Columns; lines that are alike in them stand together, with a rule behind. Empty: no rules.
    """

    title: str
    caption: str
    lines: pd.DataFrame
    keys: Mapping[str, Field]
    fields: Mapping[str, Field]
    narrow: Sequence[Layout] = ()
    details: Mapping[str, tuple[tuple[str, ...], Field]] = field(default_factory=dict)
    sections: Sequence[str] = ()

    @property
    def whole_width(self) -> int:
        """The width at which every cell, the title and the caption are whole, in columns of the terminal."""
        return max(self._wide_width(), cell_len(escaped(self.title)), cell_len(self.caption))

    @property
    def least_width(self) -> int:
        """The width that the narrowest layout needs for its numbers, in columns of the terminal."""
        columns = self._columns((self.narrow or [self._wide()])[-1])
        widths = [min(column.whole, max(column.rigid, FOLDS[-1])) for column in columns]
        between, around = NARROW if self.narrow else WIDE
        return sum(widths) + between * len(columns) + around

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield Text(escaped(self.title), "table.title")
        layout, columns, widths = self._fitting(options.max_width)
        yield self._table(layout is None, columns, widths)
        yield Text(self.caption, "table.caption")
        if layout is not None and (missing := self._left_out(layout)):
            told = f"left out: {', '.join(missing)}; shown at {self._wide_width()} columns, in a pipe or a file"
            yield Text(told, "table.caption")

    @property
    def all_fields(self) -> dict[str, Field]:
        """Keys first."""
        return {**self.keys, **self.fields}

    def texts(self) -> list[list[str]]:
        """Every field of every line, keys first."""
        fields = self.all_fields.values()
        return [[column.text(line) for column in fields] for line in self.lines.to_dict("records")]

    def _wide(self) -> Layout:
        return [[Part(title)] for title in self.fields]

    def _wide_width(self) -> int:
        columns = self._columns(self._wide())
        return sum(column.whole for column in columns) + WIDE[0] * len(columns) + WIDE[1]

    def _fitting(self, width: int) -> tuple[Layout | None, list[Column], list[int]]:
        """The first layout that fits, None for the wide one, with its columns and their widths."""
        layouts: list[tuple[Layout | None, list[Column], int, int]] = [(None, self._columns(self._wide()), *WIDE)]
        layouts += [(layout, self._columns(layout, narrow=True), *NARROW) for layout in self.narrow]
        for fold in (None, *FOLDS):
            for layout, columns, between, around in layouts:
                if widths := fitting_widths(columns, width - between * len(columns) - around, fold):
                    return layout, columns, widths
        layout, columns, *_ = layouts[-1]
        return layout, columns, [min(column.whole, max(column.rigid, FOLDS[-1])) for column in columns]

    def _columns(self, layout: Layout, narrow: bool = False) -> list[Column]:
        lines = self.lines.to_dict("records")
        columns = []
        for parts in [*([Part(title)] for title in self.keys), *layout]:
            fields = [self._found(part.field) for part in parts]
            cells = [
                [
                    Line(text, own.is_name)
                    for part, own in zip(parts, fields, strict=True)
                    for text in part.lines(own.text(line))
                ]
                for line in lines
            ]
            header = [text for part in parts for text in part.heading]
            # Its words below each other, where it says but one thing.
            columns.append(Column(header[0].split() if narrow and len(header) == 1 else header, cells))
        return columns

    def _found(self, title: str) -> Field:
        return self.details[title][1] if title in self.details else self.all_fields[title]

    def _left_out(self, layout: Layout) -> list[str]:
        """The titles of the fields that a layout does not show."""
        shown = [part.field for column in layout for part in column]
        told = {title for name in shown for title in (self.details[name][0] if name in self.details else (name,))}
        return [title for title in self.fields if title not in told]

    def _table(self, wide: bool, columns: Sequence[Column], widths: Sequence[int]) -> Table:
        plain = Table(box=box.HORIZONTALS, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
        table = Table() if wide else plain
        for column, width in zip(columns, widths, strict=True):
            justify: JustifyMethod = "left" if column.has_names or (len(column.header) > 1 and not wide) else "right"
            # Text, not markup: names come from outside.
            table.add_column(Text("\n".join(column.header)), justify=justify, width=width, overflow="fold")
        last = None
        for place, line in enumerate(self.lines[list(self.sections)].itertuples(index=False)):
            if place and line != last:
                table.add_section()
            last = line
            cells = zip(columns, widths, strict=True)
            table.add_row(*(Text(column.text(column.cells[place], width)) for column, width in cells))
        return table
