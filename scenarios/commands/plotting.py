"""plot: the command that draws result tables."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from diffsem.link import InputError, escaped
from diffsem.scenarios.commands.options import Systems
from diffsem.scenarios.runs.parallel.quiet import load_tensorflow

# Of the names of several tables in a file's name.
LONGEST = 100


def plot(
    results: Annotated[list[Path], typer.Argument(help="Result files that `diffsem run` wrote.")],
    out: Annotated[
        Path | None, typer.Option(help="Folder for the figures; default: beside the first result file.")
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KIND",
            help="Only figures whose names begin so, e.g. accuracy-snr,front; repeatable, or several with commas.",
        ),
    ] = None,
    systems: Systems = None,
    style: Annotated[
        str,
        typer.Option(
            metavar="screen|paper",
            help="paper: the width of a column, serif letters, no titles but captions as TXT beside the figures.",
        ),
    ] = "screen",
    log_error: Annotated[
        bool, typer.Option("--log-error", help="Draw 1 - accuracy on a logarithmic axis in the place of accuracy.")
    ] = False,
) -> None:
    """Draw a result table: accuracy and gap against SNR and t, the schedule, reconstructions; PNG and PDF.

    Of several tables: privacy against utility where attacks were run; else, of runs of one scenario with other solvers
    or steps, accuracy against denoiser calls.
    """
    from diffsem.link import read_table
    from diffsem.scenarios.reporting.selection import select_table
    from diffsem.scenarios.reporting.table_attributes import scenario_of

    tables = []
    for path in results:
        table = read_table(path)
        try:
            scenario_of(table)
            tables.append(select_table(table, systems or ()) if len(table.rows) else table)
        except InputError as error:
            raise InputError(f"result file {path}: {error}") from error
    load_tensorflow()
    from dataclasses import replace

    from diffsem.scenarios.reporting.drawing.look import find_look
    from diffsem.scenarios.reporting.figures import save_figures

    look = replace(find_look(style), log_error=log_error)
    kinds = [kind.strip() for part in only or () for kind in part.split(",")]
    names = _names([path.resolve() for path in results])
    for path in save_figures(tables, out or results[0].parent, _stem(names), names, kinds or None, look):
        typer.echo(escaped(path))


def _names(results: Sequence[Path]) -> list[str]:
    """Files' names without their suffix, and with their folders' where two are called the same."""
    stems = [path.stem for path in results]
    if len(set(stems)) == len(stems):
        return stems
    return [f"{path.parent.name}-{path.stem}" for path in results]


def _stem(names: Sequence[str]) -> str:
    """Start of the figures' names: of several tables all of theirs or, where that is long, a hash in their place."""
    joined = "+".join(names)
    if len(joined) <= LONGEST or len(names) == 1:
        return joined
    digest = hashlib.sha256(joined.encode()).hexdigest()[:8]
    return f"{names[0]}+{len(names) - 1}-more-{digest}"
