"""The page: everything that result tables say, in one file that needs no other and fetches nothing."""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from diffsem.link import InputError, ResultTable, escaped
from diffsem.scenarios.reporting.page.curves import Curves, curves_of
from diffsem.scenarios.reporting.page.grid import Grid
from diffsem.scenarios.reporting.page.grids import comparison, grids_of
from diffsem.scenarios.reporting.page.headline import Headline, headline_of, unfinished_of
from diffsem.scenarios.reporting.page.pictures import ROOM, Pictures, pictures_of
from diffsem.scenarios.reporting.page.provenance import MISSING, Provenance, provenance_of
from diffsem.scenarios.reporting.page.street_map import map_sentences, maps_of, shares_grid
from diffsem.scenarios.reporting.setting import setting
from diffsem.scenarios.reporting.street.maps import is_map

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Section:
    """What the page says of one table.

    Parameters
    ----------
    name : str
        Of the page's own, for identifiers in it.
    title : str
        The file.
    sentences : tuple of str
        The headline.
    setting : str
    images : str
        How many images stand behind a row.
    date : str
        When the table was begun.
    curves : list of Curves
    curves_left : int
    grids : list of Grid
    pictures : Pictures
    provenance : Provenance
    """

    name: str
    title: str
    sentences: tuple[str, ...]
    setting: str
    images: str
    date: str
    curves: list[Curves]
    curves_left: int
    grids: list[Grid]
    pictures: Pictures
    provenance: Provenance

    @property
    def groups(self) -> dict[str, list[tuple[int, str]]]:
        """Places and choices of the curves, by group."""
        found: dict[str, list[tuple[int, str]]] = {}
        for place, one in enumerate(self.curves):
            found.setdefault(one.group, []).append((place, one.choice))
        return found

    @property
    def figures(self) -> list[dict[str, Any]]:
        """For Plotly, in the same order."""
        return [one.figure for one in self.curves]


def report_page(tables: Mapping[str, ResultTable], date: str) -> str:
    """One page of HTML on one or more result tables. But for the date the same tables give the same page.

    Parameters
    ----------
    tables : mapping of str to ResultTable
        By the names of their files.
    date : str
        Of the page.

    Raises
    ------
    InputError
        If an attribute is not what `diffsem run` writes, and of which file.
    """
    sections = [
        _section(place, name, table, ROOM // len(tables)) for place, (name, table) in enumerate(tables.items(), 1)
    ]
    plotly = get_plotlyjs() if any(section.curves for section in sections) else ""
    script = (HERE / "page.js").read_text(encoding="utf-8")
    environment = Environment(
        loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("page.html").render(
        title=", ".join(section.title for section in sections),
        date=escaped(date),
        sections=sections,
        comparison=comparison(tables) if len(tables) > 1 else None,
        style=Markup((HERE / "page.css").read_text(encoding="utf-8")),
        # Ours and Plotly's, and no text from outside.
        scripts=[Markup(text) for text in (plotly, script) if text],
        hashes=" ".join(_source(text) for text in (plotly, script) if text),
    )


def _source(script: str) -> str:
    """How a Content-Security-Policy allows this script, and no other."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


def _section(place: int, name: str, table: ResultTable, room: int) -> Section:
    try:
        return _said(place, name, table, room)
    except InputError as error:
        raise InputError(f"result file {name}: {error}") from error


def _said(place: int, name: str, table: ResultTable, room: int) -> Section:
    if is_map(table.rows):
        headline = Headline((*map_sentences(table), *unfinished_of(table)))
        curves, left, grids = maps_of(table), 0, [shares_grid(table, f"table-{place}")]
    else:
        headline = headline_of(table)
        curves, left = curves_of(table, headline.line)
        grids = grids_of(table, f"table-{place}")
    scenario = str(table.attributes["scenario"])
    return Section(
        name=f"table-{place}",
        title=escaped(name),
        sentences=headline.sentences,
        setting=escaped(setting(scenario, table.rows)),
        images=_images(table),
        date=escaped(table.attributes.get("created", MISSING)),
        curves=curves,
        curves_left=left,
        grids=grids,
        pictures=pictures_of(table, headline.line, room),
        provenance=provenance_of(table, name),
    )


def _images(table: ResultTable) -> str:
    """How many a row stands on: of labels images, of digital links blocks."""
    said = []
    for scored, what in (("label", "images"), ("block", "blocks of bits")):
        counts = table.rows.loc[table.rows["scored"] == scored, "images"]
        if len(counts):
            few, many = int(counts.min()), int(counts.max())
            said.append(f"{few:,} {what} a row" if few == many else f"{few:,} to {many:,} {what} a row")
    return ", ".join(said) or "no rows"
