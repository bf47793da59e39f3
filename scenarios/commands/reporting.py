"""report: the command that makes a page of result tables."""

from pathlib import Path
from typing import Annotated

import typer

from diffsem.link import InputError, escaped
from diffsem.scenarios.commands.outputs import check_own_output


def report(
    results: Annotated[list[Path], typer.Argument(help="Result files that `diffsem run` wrote.")],
    out: Annotated[
        Path | None,
        typer.Option(
            help="HTML file; default: beside the first result file, named after it or, of several, its folder."
        ),
    ] = None,
) -> None:
    """Make one page of HTML of result tables: headline, curves, tables that sort and filter, images, provenance.

    The page holds all that it needs and fetches nothing from anywhere.
    """
    import datetime

    from diffsem.link import read_table, replace_file

    tables = {str(result): read_table(result) for result in results}
    first = results[0].resolve()
    path = out or results[0].parent / f"{first.stem if len(results) == 1 else first.parent.name + '-report'}.html"
    check_own_output(path, "page")
    from diffsem.scenarios.reporting.page import report_page

    page = report_page(tables, datetime.datetime.now().astimezone().isoformat(" ", "minutes"))
    try:
        replace_file(path, page.encode("utf-8", "backslashreplace"))
    except OSError as error:
        raise InputError(f"page {path}: cannot be written ({error.strerror})") from error
    typer.echo(escaped(path))
