"""The command `diffsem`."""

import sys
from typing import Annotated

import typer

from diffsem import __version__
from diffsem.scenarios.commands.benchmarking import benchmark
from diffsem.scenarios.commands.ending import run_program
from diffsem.scenarios.commands.looking import check, info, scenarios
from diffsem.scenarios.commands.plotting import plot
from diffsem.scenarios.commands.reporting import report
from diffsem.scenarios.commands.simulating import pack, run, train
from diffsem.scenarios.commands.tables import attacks, compare, export, leakage, show, spread
from diffsem.scenarios.commands.tracing import trace
from diffsem.scenarios.runs.parallel.quiet import collect_seldom

app = typer.Typer(
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
    help="Link-level simulator of private semantic communication. Results go to standard output, progress to standard "
    "error. Exit status: 0 done, 2 bad input, 1 failed, 130 interrupted with what was finished saved.",
)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"diffsem {__version__}")
        raise typer.Exit


@app.callback()
def _of_every_command(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=_print_version)
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the traceback of an error; it may stand behind a command, too.")
    ] = False,
) -> None: ...


SIMULATING = (run, train, pack, benchmark, trace)
SHOWING = (show, leakage, attacks, compare, spread, plot, report, export)
for command in (*SIMULATING, *SHOWING, check, scenarios, info):
    app.command()(command)


def main() -> None:
    """Entry point."""
    collect_seldom()
    sys.exit(run_program(app, sys.argv[1:]))


if __name__ == "__main__":
    main()
