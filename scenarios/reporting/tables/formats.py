"""Tables as text for other programs: Markdown and LaTeX as people read them, CSV and JSON as the numbers behind."""

import json
import re

import pandas as pd

from diffsem.link import escaped
from diffsem.scenarios.reporting.tables.sheet import Sheet

_LATEX = {
    **{mark: f"\\{mark}" for mark in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
}


def markdown(sheet: Sheet) -> str:
    """A table in GitHub's Markdown between its title and its caption."""
    fields = sheet.all_fields
    rules = [":--" if column.is_name else "--:" for column in fields.values()]
    rows = [fields, rules, *([_markdown(text) for text in texts] for texts in sheet.texts())]
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    return f"{_markdown(escaped(sheet.title))}\n\n{table}\n\n{sheet.caption}\n"


def latex(sheet: Sheet) -> str:
    """A `table` of LaTeX that needs no package, its caption the title and what the intervals are."""
    fields = sheet.all_fields
    columns = "".join("l" if column.is_name else "r" for column in fields.values())
    head, *rows = (" & ".join(map(_latex, texts)) + r" \\" for texts in ([*fields], *sheet.texts()))
    caption = _latex(f"{escaped(sheet.title)}; {sheet.caption}")
    begin = ["\\begin{table}", f"\\caption{{{caption}}}", f"\\begin{{tabular}}{{{columns}}}", "\\hline"]
    end = ["\\hline", "\\end{tabular}", "\\end{table}"]
    return "\n".join([*begin, head, "\\hline", *rows, *end]) + "\n"


def csv(lines: pd.DataFrame) -> str:
    """The numbers behind as CSV, unrounded; names as a terminal may show them."""
    return str(_shown(lines).to_csv(index=False))


def as_json(lines: pd.DataFrame) -> str:
    """The numbers behind as a JSON list of an object a line, unrounded; null where there is none."""
    records = lines.astype(object).where(lines.notna(), None).to_dict("records")
    return json.dumps(records, indent=2) + "\n"


def _shown(lines: pd.DataFrame) -> pd.DataFrame:
    names = [name for name in lines if not pd.api.types.is_numeric_dtype(lines[name])]
    return lines.assign(**{str(name): lines[name].map(escaped, na_action="ignore") for name in names})


def _markdown(text: str) -> str:
    """Marks that Markdown would take for its own are written as such; brackets alone are none."""
    return re.sub(r"([\\`*_<|])", r"\\\1", text)


def _latex(text: str) -> str:
    return "".join(_LATEX.get(mark, mark) for mark in text)
