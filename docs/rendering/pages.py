"""Result pages: templates in docs/templates/results, pages in docs/results."""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2

from rendering import claims, markdown, measures, particular, sources, tables
from rendering.drawing import Figure

TEMPLATES = tables.ROOT / "docs" / "templates" / "results"
PAGES = tables.ROOT / "docs" / "results"
# Left behind by statements that print nothing.
EMPTY = re.compile(r"\n{3,}")
TITLE = re.compile(r"^# ([^\n]+)\n\n(.+?)\n\n", re.MULTILINE | re.DOTALL)
# Where a reader starts; the others follow in the order of their names.
FIRST = ("mnist", "trainings", "cifar10", "paper-figures/index", "defences", "channels", "solvers", "speed")


@dataclass(frozen=True)
class Page:
    """A page in memory.

    Parameters
    ----------
    name : str
        "mnist", or "paper-figures/fig4".
    text : str
        Markdown.
    figures : list of Figure
        Those that it shows.
    """

    name: str
    text: str
    figures: list[Figure]

    @property
    def path(self) -> Path:
        return PAGES / f"{self.name}.md"


def names() -> list[str]:
    """Of all pages, sorted; a template whose name starts with "_" is a part of others."""
    found = [path.relative_to(TEMPLATES).with_suffix("") for path in TEMPLATES.rglob("*.md")]
    return sorted(str(path) for path in found if not path.name.startswith("_"))


@dataclass(frozen=True)
class Entry:
    """A page in a list of contents.

    Parameters
    ----------
    name, title, about : str
        About: its first paragraph.
    """

    name: str
    title: str
    about: str


def contents(under: str = "") -> list[Entry]:
    """Pages that a list of contents names, without itself.

    Parameters
    ----------
    under : str
        Pages of this folder, such as "paper-figures/"; default: those of none, and the index of each folder.

    Raises
    ------
    PageError
        If a template does not begin with a title and a paragraph, of plain words.
    """
    order = {name: place for place, name in enumerate(FIRST)}
    here = [name for name in names() if _listed(name, under)]
    return [_entry(name) for name in sorted(here, key=lambda name: (order.get(name, len(order)), name))]


def _listed(name: str, under: str) -> bool:
    if not under:
        return name != "index" and ("/" not in name or name.endswith("/index"))
    return name.startswith(under) and name != f"{under}index"


def _entry(name: str) -> Entry:
    found = TITLE.search((TEMPLATES / f"{name}.md").read_text() + "\n\n")
    if found is None or "{" in found[0]:
        raise claims.PageError(f"page {name}: allowed: a title in plain words, and below it a paragraph of such")
    return Entry(name, found[1], " ".join(found[2].split()))


def render(name: str) -> Page:
    """Render a page.

    Raises
    ------
    PageError
        If there is no such template, it names what is not there, or a claim of it does not hold.
    """
    if name not in names():
        raise claims.PageError(f"page {name}: no such template; there are {', '.join(names())}")
    figures: list[Figure] = []
    environment = _environment(_shows(figures, "../" * name.count("/")))
    environment.globals |= {"link": _links(name), "contents": contents}
    try:
        with measures.differences_made() as made:
            body = environment.get_template(f"{name}.md").render()
    except jinja2.TemplateError as error:
        raise claims.PageError(f"page {name}: {error}") from error
    head = (
        f"<!-- Generated from docs/templates/results/{name}.md by `python docs/render.py {name}`:\n"
        "     change the template, not this page. -->\n\n"
    )
    body = f"{body.rstrip()}\n\n{measures.pairing(made)}".rstrip() + "\n"
    return Page(name, head + markdown.wrapped(EMPTY.sub("\n\n", body)), figures)


def _environment(figure: Callable[..., str]) -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        undefined=jinja2.StrictUndefined,
        extensions=["jinja2.ext.do"],
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,
    )
    environment.globals |= {
        "table": tables.table,
        "tables": tables.tables,
        "crossing": tables.crossing,
        "esnr_db": tables.esnr_db,
        "figure": figure,
        "zip": zip,
        "dict": dict,
        **_functions(claims.assert_that, claims.apart, sources.source, sources.command_of, sources.measured),
        **_functions(sources.stated, sources.json_of, measures.counted, measures.pooled, measures.differences),
        **_functions(measures.best, measures.number, measures.accuracy_at, markdown.lines, markdown.grid),
        **_functions(markdown.listed, markdown.span),
        **particular.FUNCTIONS,
    }
    environment.filters |= {
        **_functions(claims.apart, markdown.points, markdown.signed, markdown.short, markdown.span, markdown.listed),
        **_functions(markdown.code, measures.number, sources.share),
    }
    return environment


def _functions(*several: Callable) -> dict[str, Any]:
    return {function.__name__: function for function in several}


def _links(page: str) -> Callable[[str, str], str]:
    def link(name: str, words: str) -> str:
        """A link to another page; the words alone while there is none of that name."""
        target = os.path.relpath(name.partition("#")[0], Path(page).parent)
        anchor = name.partition("#")[1] + name.partition("#")[2]
        return f"[{words}]({target}.md{anchor})" if name.partition("#")[0] in names() else words

    return link


def _shows(figures: list[Figure], upwards: str) -> Callable[..., str]:
    def figure(name: str, alt: str, function: str, *arguments: Any, **options: Any) -> str:
        """An image of a figure; it is drawn with `--figures` only, by `function` of the package's figures."""
        figures.append(Figure(name, function, arguments, options))
        return f"![{alt}]({upwards}figures/{name}.png)"

    return figure
