"""show, leakage, attacks, export: the commands that print result tables and write them in other formats."""

from pathlib import Path
from typing import Annotated

import typer

from diffsem.link import InputError, escaped
from diffsem.scenarios.commands.options import ResultArgument


def show(results: ResultArgument) -> None:
    """Print a result table: receiver, strongest adversary, gap; bit and block error rates; with 95% intervals."""
    print_table(results)


def leakage(
    results: ResultArgument,
    csv: Annotated[Path | None, typer.Option(help="Write the table to this CSV file too.")] = None,
) -> None:
    """Print what the strongest attack leaves of the privacy gap, next to the gap that the paper's attacker alone shows.

    The paper's attacker is not told the noise level; without one, its columns are empty. Percent with 95% intervals;
    the worst class of the receiver and of the strongest attack.
    """
    from diffsem.link import read_results
    from diffsem.scenarios.reporting.statistics import leakage as leakage_of
    from diffsem.scenarios.reporting.tables import leakage_table

    if csv:
        _check_csv(csv)
    rows = read_results(results)
    if len(rows) and not (rows["scored"] == "label").any():
        raise InputError(f"result file {results}: has bit error rates only, no accuracy; `diffsem show` prints them")
    _print(leakage_table(rows, f"{results}: {_setting(results, rows)}"))
    if csv:
        _write_csv(leakage_of(rows), csv)


def attacks(
    results: ResultArgument,
    csv: Annotated[Path | None, typer.Option(help="Write the table to this CSV file too.")] = None,
) -> None:
    """Print every attack, not the strongest alone: accuracy, ceiling, images, and what it learnt from.

    Percent with 95% intervals. An attack hears a transmitter, whichever systems share it.
    """
    from diffsem.link import read_results
    from diffsem.scenarios.reporting.statistics import attacks as attacks_of
    from diffsem.scenarios.reporting.tables import attacks_table

    rows = read_results(results)
    if not (rows["node"] == "adversary").any():
        raise InputError(f"result file {results}: has no attacks; `diffsem show` prints the rest")
    if csv:
        _check_csv(csv)
    _print(attacks_table(rows, f"{results}: {_setting(results, rows)}"))
    if csv:
        _write_csv(attacks_of(rows), csv)


def export(
    results: ResultArgument,
    csv: Annotated[Path, typer.Option(help="CSV file to write, one row a point and a node.")],
) -> None:
    """Write a result table in another format."""
    from diffsem.link import read_results

    _check_csv(csv)
    _write_csv(read_results(results), csv)


def _check_csv(path: Path) -> None:
    from diffsem.link import check_output_file, is_hdf5

    check_output_file(path, "csv file")
    try:
        if path.exists() and is_hdf5(path):
            raise InputError(f"csv file {path}: is a result table or weights, which are kept; give another file")
    except OSError as error:
        raise InputError(f"csv file {path}: cannot be read ({error.strerror})") from error


def _write_csv(frame, path: Path) -> None:
    from diffsem.link import replace_file

    try:
        replace_file(path, frame.to_csv(index=False).encode())
    except OSError as error:
        raise InputError(f"csv file {path}: cannot be written ({error.strerror})") from error
    typer.echo(escaped(path))


def _print(table) -> None:
    from rich.console import Console

    console = Console()
    console = console if console.is_terminal else Console(width=200)
    console.print(table)


def _setting(path: Path, rows) -> str:
    from diffsem.scenarios.reporting.setting import setting

    try:
        return setting(str(rows.attrs["scenario"]), rows)
    except InputError as error:
        raise InputError(f"result file {path}: {error}") from error


def print_table(path: Path) -> None:
    from diffsem.link import read_results
    from diffsem.scenarios.reporting.tables import error_rate_table, terminal_table

    rows = read_results(path)
    state = "" if rows.attrs["complete"] else " (not complete: its run command, without --overwrite, goes on)"
    if "mixed_versions" in rows.attrs:
        state += " (rows of several package versions)"
    if (rows["scored"] == "label").any() or rows.empty:
        _print(terminal_table(rows, f"{path}: {_setting(path, rows)}{state}"))
    if (rows["bits"] > 0).any():
        _print(error_rate_table(rows, f"{path}{state}: digital links"))
