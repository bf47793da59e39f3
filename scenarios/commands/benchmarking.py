"""benchmark: the command that enters systems, and makes one table and one figure of all entries."""

from pathlib import Path
from typing import Annotated

import typer

from diffsem.link import InputError, escaped
from diffsem.scenarios.commands.ending import say
from diffsem.scenarios.commands.options import Format, FormatOption
from diffsem.scenarios.commands.tables import print_sheet
from diffsem.scenarios.runs.parallel.quiet import load_tensorflow

IMAGES = 10_000


def benchmark(
    systems: Annotated[
        list[str] | None,
        typer.Argument(
            help="Shipped systems, or module:NAME of one's own; default: all shipped ones that are entered."
        ),
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="2,000 test images in the place of 10,000.")] = False,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder of the entries; default: benchmark, with --quick results/benchmark-quick."),
    ] = None,
    work: Annotated[
        Path, typer.Option(help="Folder for result tables, and weights that do not ship; both are used again.")
    ] = Path("results/benchmark"),
    show: Annotated[bool, typer.Option("--show", help="Enter nothing: show what the folder holds.")] = False,
    format_: FormatOption = Format.TABLE,
) -> None:
    """Enter systems in the benchmark: named threats, a fixed suite of attacks, controls that must fail; one JSON each.

    Prints the table of all entries of the folder, and leaves it there as benchmark.md, beside benchmark.png.
    """
    folder = out or Path("results/benchmark-quick" if quick else "benchmark")
    load_tensorflow()
    from diffsem.scenarios.benchmark.entering import (
        QUICK_IMAGES,
        Benchmark,
        candidates,
        check_controls,
        write_entries,
    )
    from diffsem.scenarios.benchmark.showing import benchmark_figure, benchmark_sheet, read_entries
    from diffsem.scenarios.parts.outside import find_code_beside
    from diffsem.scenarios.reporting.tables import markdown

    entered = []
    if not show:
        # Modules are looked for where the command is typed.
        find_code_beside(Path.cwd() / "benchmark.yaml")
        made = Benchmark(folder, work, QUICK_IMAGES if quick else IMAGES, say)
        entered = made.enter(candidates(systems or ()))
        write_entries(entered, folder)
    entries = read_entries(folder)
    named = [entry for entry in entries if not systems or show or entry in entered]
    sheet = benchmark_sheet(named, f"{folder}: benchmark of private semantic communication")
    print_sheet(sheet, format_)
    try:
        (folder / "benchmark.md").write_text(markdown(benchmark_sheet(entries, "Benchmark")))
        benchmark_figure(entries).savefig(folder / "benchmark.png")
    except OSError as error:
        raise InputError(f"benchmark folder {folder}: cannot be written ({error.strerror or error})") from error
    typer.echo(escaped(folder / "benchmark.png"), err=format_ is not Format.TABLE)
    check_controls(entered)
