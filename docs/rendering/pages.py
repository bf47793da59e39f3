"""Result pages: templates in docs/templates/results, pages in docs/results."""

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
    try:
        body = environment.get_template(f"{name}.md").render()
    except jinja2.TemplateError as error:
        raise claims.PageError(f"page {name}: {error}") from error
    head = (
        f"<!-- Generated from docs/templates/results/{name}.md by `python docs/render.py {name}`:\n"
        "     change the template, not this page. -->\n\n"
    )
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
        "figure": figure,
        "zip": zip,
        "dict": dict,
        **_functions(claims.assert_that, claims.apart, sources.source, sources.command_of, sources.measured),
        **_functions(sources.stated, sources.json_of, measures.counted, measures.pooled, measures.differences),
        **_functions(measures.best, measures.number, measures.accuracy_of, markdown.lines, markdown.grid),
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


def _shows(figures: list[Figure], upwards: str) -> Callable[..., str]:
    def figure(name: str, alt: str, function: str, *arguments: Any, **options: Any) -> str:
        """An image of a figure; it is drawn with `--figures` only, by `function` of the package's figures."""
        figures.append(Figure(name, function, arguments, options))
        return f"![{alt}]({upwards}figures/{name}.png)"

    return figure
