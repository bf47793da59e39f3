"""show, leakage, attacks, export: the commands that print result tables and write them in other formats."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from diffsem.link import InputError, escaped
from diffsem.scenarios.commands.options import At, CsvFile, Format, FormatOption, ResultArgument, Sort, Systems
from diffsem.scenarios.commands.outputs import check_own_output


def show(
    results: ResultArgument,
    systems: Systems = None,
    at: At = "",
    sort: Sort = "",
    format_: FormatOption = Format.TABLE,
) -> None:
    """Print a result table: receiver, strongest adversary, gap; bit and block error rates; with 95% intervals."""
    print_table(results, Asked(systems, at, sort, format_))


def leakage(
    results: ResultArgument,
    csv: CsvFile = None,
    systems: Systems = None,
    at: At = "",
    bits: Annotated[bool, typer.Option("--bits", help="Bits, not accuracies.")] = False,
    more_than: Annotated[
        float | None,
        typer.Option(min=0, max=100, help="Of a map: in which share of the area more than so many percent are read."),
    ] = None,
    sort: Sort = "",
    format_: FormatOption = Format.TABLE,
) -> None:
    """Print what the strongest attack leaves of the privacy gap, next to the gap that the paper's attacker alone shows.

    The paper's attacker is not told the noise level; without one, its columns are empty. Percent with 95% intervals;
    the worst class of the receiver and of the strongest attack. With --bits: what leaks of the label in bits. Of a map
    of places: the share of the area in which more than 20, 50 and 90 percent of the images are read, or --more-than.
    """
    from diffsem.scenarios.reporting.street.maps import is_map
    from diffsem.scenarios.reporting.tables import LEVELS, bits_table, leakage_table, map_table

    if csv:
        check_own_output(csv, "csv file")
    asked = Asked(systems, at, sort, format_)
    rows = asked.rows(results)
    if len(rows) and not (rows["scored"] == "label").any():
        raise InputError(f"result file {results}: has bit error rates only, no accuracy; `diffsem show` prints them")
    title = f"{results}: {_setting(results, rows)}{asked.told}"
    if is_map(rows):
        sheet = map_table(rows, title, LEVELS if more_than is None else [more_than / 100])
    elif more_than is not None:
        raise InputError(f"--more-than {more_than:g}: {results} is no map; allowed with a table of several places")
    else:
        sheet = (bits_table if bits else leakage_table)(rows, title, sort)
    _print_and_write(sheet, format_, csv)


def attacks(
    results: ResultArgument,
    csv: CsvFile = None,
    systems: Systems = None,
    at: At = "",
    sort: Sort = "",
    format_: FormatOption = Format.TABLE,
) -> None:
    """Print every attack, not the strongest alone: accuracy, ceiling, images, and what it learnt from.

    Percent with 95% intervals. An attack hears a transmitter, whichever systems share it.
    """
    from diffsem.scenarios.reporting.tables import attacks_table

    asked = Asked(systems, at, sort, format_)
    rows = asked.rows(results)
    if not (rows["node"] == "adversary").any():
        raise InputError(f"result file {results}: has no attacks; `diffsem show` prints the rest")
    if csv:
        check_own_output(csv, "csv file")
    _print_and_write(attacks_table(rows, f"{results}: {_setting(results, rows)}{asked.told}", sort), format_, csv)


def compare(
    results: ResultArgument,
    other: Annotated[Path | None, typer.Argument(help="A second one, whose systems are subtracted.")] = None,
    csv: CsvFile = None,
    systems: Systems = None,
    at: At = "",
    adversaries: Annotated[bool, typer.Option("--attacks", help="Attacks, not receivers.")] = False,
    sort: Sort = "",
    format_: FormatOption = Format.TABLE,
) -> None:
    """Print how any two receivers differ, or the earlier of --systems minus the later, image by image.

    All of a point hear the same images and noise: intervals are paired, and p is McNemar's, with Holm's correction over
    a point. Of two tables each system is compared with itself, or --systems A,B: A of the first with B of the other.
    """
    from diffsem.link import read_table
    from diffsem.scenarios.reporting.comparison import compare as compared
    from diffsem.scenarios.reporting.selection import select_table
    from diffsem.scenarios.reporting.tables import comparison_table

    if csv:
        check_own_output(csv, "csv file")
    asked = Asked(systems, at, sort, format_)
    table = select_table(read_table(results), (), at)
    against = select_table(read_table(other), (), at) if other else None
    lines = compared(table, systems or (), "adversary" if adversaries else "receiver", against)
    named = f"{results} less {other}" if other else f"{results}"
    title = f"{named}: {_setting(results, table.rows_with_attributes())}{asked.told}"
    _print_and_write(comparison_table(table.rows, lines, title, sort), format_, csv)


def spread(
    results: Annotated[list[Path], typer.Argument(help="Result files of two or more trainings of one scenario.")],
    systems: Systems = None,
    at: At = "",
    format_: FormatOption = Format.TABLE,
) -> None:
    """Print how much accuracies hang on the training, and which differences of receivers outlive it.

    `diffsem run` prints the same behind the tables of a scenario with training.seeds. In CSV and JSON: accuracies.
    """
    print_spread(results, Asked(systems, at, format=format_))


def print_spread(results: Sequence[Path], asked: "Asked | None" = None) -> None:
    """Print what `diffsem spread` does."""
    from diffsem.link import read_table
    from diffsem.scenarios.reporting.selection import select_table
    from diffsem.scenarios.reporting.tables import spread_tables

    asked = asked or Asked()
    tables = [select_table(read_table(path), asked.systems or (), asked.at) for path in results]
    names = [name.strip() for part in asked.systems or () for name in part.split(",")]
    sheets = spread_tables(tables, f"{', '.join(map(str, results))}{asked.told}", names)
    _print(sheets, sheets[0].lines, asked.format)


def export(
    results: ResultArgument,
    csv: Annotated[Path, typer.Option(help="CSV file to write, one row a point and a node.")],
) -> None:
    """Write a result table in another format."""
    from diffsem.link import read_results

    check_own_output(csv, "csv file")
    _write_csv(read_results(results), csv)


def _write_csv(frame, path: Path, beside: bool = False) -> None:
    from diffsem.link import replace_file

    try:
        replace_file(path, frame.to_csv(index=False).encode())
    except OSError as error:
        raise InputError(f"csv file {path}: cannot be written ({error.strerror})") from error
    # Beside what another program reads, standard output holds nothing else.
    typer.echo(escaped(path), err=beside)


def _setting(path: Path, rows) -> str:
    from diffsem.scenarios.reporting.setting import setting

    try:
        return setting(str(rows.attrs["scenario"]), rows)
    except InputError as error:
        raise InputError(f"result file {path}: {error}") from error


@dataclass(frozen=True)
class Asked:
    """What of a table is asked for, and how."""

    systems: list[str] | None = None
    at: str = ""
    sort: str = ""
    format: Format = Format.TABLE

    def rows(self, path: Path):
        """Those rows of a result file."""
        from diffsem.link import read_results
        from diffsem.scenarios.reporting.selection import select

        return select(read_results(path), self.systems or (), self.at)

    @property
    def told(self) -> str:
        """What titles say of it."""
        parts = [*(self.systems or ()), *([self.at] if self.at else [])]
        return f" (only {', '.join(parts)})" if parts else ""


def print_table(path: Path, asked: Asked | None = None) -> None:
    """Print what `diffsem show` does."""
    from diffsem.scenarios.reporting.street.maps import is_map
    from diffsem.scenarios.reporting.tables import map_table, ordered, shown_lines, shown_tables

    asked = asked or Asked()
    rows = asked.rows(path)
    state = "" if rows.attrs["complete"] else " (not complete: its run command, without --overwrite, goes on)"
    if "mixed_versions" in rows.attrs:
        state += " (rows of several package versions)"
    state += asked.told
    labelled = (rows["scored"] == "label").any() or rows.empty
    title = f"{path}: {_setting(path, rows)}{state}" if labelled else ""
    if is_map(rows):
        print_sheet(map_table(rows, title), asked.format)
        return
    tables = shown_tables(rows, title, f"{path}{state}: digital links", asked.sort)
    _print(tables, ordered(shown_lines(rows), asked.sort), asked.format)


def _print_and_write(table, format_: Format, csv: Path | None) -> None:
    print_sheet(table, format_)
    if csv:
        _write_csv(table.lines, csv, beside=format_ is not Format.TABLE)


def print_sheet(table, format_: Format) -> None:
    """Print one table, or the numbers behind it."""
    _print([table], table.lines, format_)


def _print(tables: Sequence, lines, format_: Format) -> None:
    from diffsem.scenarios.reporting.tables import as_json, csv, latex, markdown

    if format_ is Format.TABLE:
        for place, table in enumerate(tables):
            if place:
                typer.echo()
            _print_on_terminal(table)
    elif format_ is Format.CSV:
        typer.echo(csv(lines), nl=False)
    elif format_ is Format.JSON:
        typer.echo(as_json(lines), nl=False)
    else:
        write = markdown if format_ is Format.MARKDOWN else latex
        typer.echo("\n".join(write(table) for table in tables), nl=False)


def _print_on_terminal(table) -> None:
    """As wide as the terminal, or as the numbers of a narrow one need; whole where it is none."""
    from rich.console import Console

    console = Console()
    width = max(console.width, table.least_width) if console.file.isatty() else table.whole_width
    Console(width=width).print(table)
