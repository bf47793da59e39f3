"""The command `diffsem`. What a command needs is imported when it runs, so that `--help` is instant."""

import contextlib
import shlex
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

import typer

from diffsem.link import InputError, escaped
from diffsem.scenarios.ending import INTERRUPTED, run_program, say

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Link-level simulator of private semantic communication. Results go to standard output, progress to standard "
    "error. Exit status: 0 done, 2 bad input, 1 failed, 130 interrupted with what was finished saved.",
)


@app.callback()
def _of_every_command(
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the traceback of an error; it may stand behind a command, too.")
    ] = False,
) -> None: ...


ScenarioArgument = Annotated[
    str, typer.Argument(help="A shipped scenario's name (see `diffsem scenarios`) or a YAML file.")
]
ResultArgument = Annotated[Path, typer.Argument(help="A result file that `diffsem run` wrote.")]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Change a key of the scenario, e.g. timesteps=[240]; repeatable."),
]
DataDir = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER",
        help="Where cifar10 lies, as its standard archive or unpacked; else DIFFSEM_DATA or Keras' own downloads.",
    ),
]


@app.command()
def run(
    scenario: ScenarioArgument,
    out: Annotated[Path | None, typer.Option(help="Result file; default results/NAME.h5.")] = None,
    set_: Overrides = None,
    overwrite: Annotated[bool, typer.Option(help="Replace the result file instead of resuming it.")] = False,
    workers: Annotated[
        int,
        typer.Option(min=1, max=1024, help="Processes of this machine that share out the points; same table."),
    ] = 1,
    scheduler: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Simulate on a Dask cluster instead (trust it): tcp://HOST:PORT; same table.",
        ),
    ] = None,
    data_dir: DataDir = None,
    mixed_versions: Annotated[
        bool,
        typer.Option("--mixed-versions", help="Resume a file of other package versions too; the table then says so."),
    ] = False,
) -> None:
    """Run a scenario's sweep and print receiver against adversary per SNR (dB, Es/N0). Resumes one that was cut off."""
    from diffsem.scenarios.runs.reading import plan_of_file

    plan = plan_of_file(scenario, set_ or [], _load_tensorflow)
    path = out or Path("results") / f"{plan.scenario.name}.h5"
    done: list[int] = []

    def kept() -> str:
        if not done or not done[-1]:
            return ""
        return f"finished points are in {path}, and {_same_command('--overwrite')} goes on from there"

    with _interruptible(kept):
        _load_tensorflow()
        from diffsem.scenarios.reporting.progress import sweep_progress
        from diffsem.scenarios.runs.sweep import Listeners, Machines, run_plan

        with sweep_progress(plan.scenario.monte_carlo.max_images) as (on_points, on_images):

            def count(finished: int, total: int) -> None:
                done.append(finished)
                on_points(finished, total)

            machines, listeners = Machines(workers, scheduler, data_dir), Listeners(count, on_images, say)
            run_plan(plan, path, overwrite, mixed_versions, machines, listeners)
    _print_table(path)


@app.command()
def train(
    scenario: ScenarioArgument,
    out: Annotated[Path | None, typer.Option(help="Folder for the weights; default weights/NAME.")] = None,
    set_: Overrides = None,
    fresh: Annotated[
        bool, typer.Option(help="Delete first what the folder holds of the stages to be trained; others stay.")
    ] = False,
    renew: Annotated[
        bool,
        typer.Option(
            help="Train anew the stages that were trained with other keys, images, networks or versions, instead of "
            "ending in an error that names them."
        ),
    ] = False,
    mixed_versions: Annotated[
        bool, typer.Option(help="Keep stages that were trained with other versions of the packages.")
    ] = False,
    distill: Annotated[
        bool, typer.Option(help="Train the one-call students of the denoisers too; same as denoising.solver=distilled.")
    ] = False,
    start: Annotated[
        str | None,
        typer.Option(
            metavar="FOLDER", help="Copy finished stages from a folder of weights, or pretrained: the package's."
        ),
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Train every network that a scenario needs, stage by stage, resuming after the last finished epoch."""
    from diffsem.scenarios.runs.reading import plan_of_file

    overrides = [*(set_ or []), *(["denoising.solver=distilled"] if distill else [])]
    plan = plan_of_file(scenario, overrides, _load_tensorflow)
    folder = out or Path("weights") / plan.scenario.name
    begun: list[str] = []

    def kept() -> str:
        return f"finished epochs are in {folder}, and {_same_command('--fresh')} goes on from there" if begun else ""

    with _interruptible(kept):
        _load_tensorflow()
        from diffsem.scenarios.reporting.progress import training_progress
        from diffsem.scenarios.runs.train import Options, train_plan

        with training_progress() as bars:

            def callbacks(stage: str, epochs: int):
                begun.append(stage)
                return bars(stage, epochs)

            options = Options(fresh, start, renew, mixed_versions)
            record = train_plan(plan, folder, options, callbacks, say, data_dir=data_dir)
    for stage, entry in record.items():
        typer.echo(escaped(f"{stage}: {entry['epochs']} epochs, {entry['seconds_training']:.0f} s, {entry['scores']}"))


@app.command()
def pack(
    scenario: ScenarioArgument,
    weights: Annotated[Path, typer.Argument(help="Folder of weights that `diffsem train` wrote.")],
    out: Annotated[Path, typer.Option(help="Folder for the packed weights; another one.")],
    set_: Overrides = None,
    data_dir: DataDir = None,
) -> None:
    """Round weights as those that ship are (float16, large kernels on a grid), and sweep the scenario with both.

    Prints, and leaves beside the packed weights, the accuracy that rounding costs each node, in points.
    """
    from diffsem.scenarios.runs.reading import plan_of_file

    plan = plan_of_file(scenario, set_ or [], _load_tensorflow)
    _load_tensorflow()
    from diffsem.scenarios.runs.packing import pack_folder

    loss = pack_folder(plan.scenario, weights, out, data_dir, say)
    points = 100 * loss["loss"]
    typer.echo(loss.assign(loss=points).round(4).to_string(index=False))
    typer.echo(f"loss of accuracy, points: {points.mean():+.3f} on average, {points.max():+.3f} at most")


@app.command()
def show(results: ResultArgument) -> None:
    """Print a result table: receiver, strongest adversary, gap; bit and block error rates; with 95% intervals."""
    _print_table(results)


@app.command()
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


@app.command()
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


@app.command()
def plot(
    results: Annotated[list[Path], typer.Argument(help="Result files that `diffsem run` wrote.")],
    out: Annotated[
        Path | None, typer.Option(help="Folder for the figures; default: beside the first result file.")
    ] = None,
) -> None:
    """Draw a result table: accuracy and gap against SNR and t, the schedule, reconstructions; PNG and PDF.

    Of several tables: privacy against utility where attacks were run; else, of runs of one scenario with other solvers
    or steps, accuracy against denoiser calls.
    """
    from diffsem.link import read_table
    from diffsem.scenarios.reporting.setting import scenario_of

    tables = [read_table(path) for path in results]
    for path, table in zip(results, tables, strict=True):
        try:
            scenario_of(table)
        except InputError as error:
            raise InputError(f"result file {path}: {error}") from error
    _load_tensorflow()
    from diffsem.scenarios.reporting.figures.all_figures import save_figures

    first = results[0].resolve()
    stem = first.stem if len(results) == 1 else first.parent.name
    for path in save_figures(tables, out or results[0].parent, stem):
        typer.echo(escaped(path))


@app.command()
def export(
    results: ResultArgument,
    csv: Annotated[Path, typer.Option(help="CSV file to write, one row a point and a node.")],
) -> None:
    """Write a result table in another format."""
    from diffsem.link import read_results

    _check_csv(csv)
    _write_csv(read_results(results), csv)


@app.command()
def check(
    scenario: Annotated[str | None, typer.Argument(help="A shipped scenario's name or a YAML file.")] = None,
    set_: Overrides = None,
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON Schema of scenario files instead.")] = False,
    import_: Annotated[
        bool,
        typer.Option(
            "--import",
            help="Import what comes from outside of the package (module:NAME) too, as `run` and `train` do: this "
            "runs its code.",
        ),
    ] = False,
) -> None:
    """Validate a scenario; print it resolved, with its cost in images, calls of networks, memory and time."""
    import json

    from diffsem.scenarios.runs.reading import load_words, plan_of_file, scenario_schema
    from diffsem.scenarios.runs.resolving import outside_parts, plan_without_imports

    if schema:
        typer.echo(json.dumps(scenario_schema(), indent=2))
        return
    if scenario is None:
        raise InputError(f"check: needs a scenario or --schema; shipped: {', '.join(_shipped())}")
    if import_:
        plan = plan_of_file(scenario, set_ or [], _load_tensorflow)
        typer.echo(plan.scenario.to_yaml(), nl=False)
        _print_cost(plan)
        return
    words = load_words(scenario, set_ or [])
    typer.echo(words.to_yaml(), nl=False)
    shipped = plan_without_imports(words)
    if outside := outside_parts(words):
        typer.echo(escaped(f"# not looked into: {', '.join(outside)}; --import does, and runs their code"))
    if shipped is not None:
        _print_cost(shipped)


def _print_cost(plan) -> None:
    from diffsem.scenarios.runs.cost.affordable import affordable_sweep
    from diffsem.scenarios.runs.cost.machine import this_machine
    from diffsem.scenarios.runs.cost.need import estimate

    cost, machine = affordable_sweep(plan), this_machine()
    passes = plan.scenario.monte_carlo.passes
    again = f", gone through {passes} times" if passes > 1 else ""
    typer.echo(f"# test set: {cost.test_images:,} images{again}; a point ends there")
    typer.echo(
        f"# cost: {cost.points} points, at most {cost.images:,} images for each of {cost.systems} systems, "
        f"at most {cost.unet_calls:,} U-Net calls, at most {cost.attack_evaluations:,} evaluations of attacks"
    )
    typer.echo(f"# estimate on this machine ({machine}): {estimate(cost.need, machine)}")
    if cost.not_counted:
        typer.echo(escaped(f"# not in the estimate, their cost is not known: {', '.join(cost.not_counted)}"))


@app.command()
def scenarios() -> None:
    """List the shipped scenarios."""
    from diffsem.scenarios.schema.file import SHIPPED

    for name in _shipped():
        first = (SHIPPED / f"{name}.yaml").read_text(encoding="utf-8").splitlines()[0]
        typer.echo(f"{name:21} {first.removeprefix('# ')}")


@app.command()
def info() -> None:
    """Print versions, devices and shipped weights."""
    import platform

    _load_tensorflow()
    import tensorflow as tf

    from diffsem.scenarios.runs.assembly import versions
    from diffsem.scenarios.training.checkpoints import PRETRAINED
    from diffsem.scenarios.training.record import read_record

    typer.echo(f"python {platform.python_version()} on {platform.machine()}")
    for package, version in versions().items():
        typer.echo(f"{package} {version}")
    typer.echo(f"devices: {', '.join(device.name for device in tf.config.list_logical_devices())}")
    for folder in sorted(path for path in PRETRAINED.glob("*") if path.is_dir()):
        size = sum(path.stat().st_size for path in folder.glob("*.h5")) / 2**20
        typer.echo(f"weights {folder.name}: {size:.1f} MiB")
        for stage, entry in read_record(folder).items():
            typer.echo(f"  {stage}: {entry['epochs']} epochs, seed {entry['seed']}, {entry['date']}")


def _shipped() -> list[str]:
    from diffsem.scenarios.schema.file import shipped_scenarios

    return shipped_scenarios()


def _load_tensorflow() -> None:
    from diffsem.scenarios.runs.parallel.quiet import load_tensorflow

    load_tensorflow()


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


def _print_table(path: Path) -> None:
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


@contextlib.contextmanager
def _interruptible(kept: Callable[[], str]) -> Iterator[None]:
    """End what is done meanwhile, when it is interrupted or cut off, by what is kept and the command that goes on.

    `kept` says both, or nothing if nothing was finished.
    """
    try:
        yield
    except KeyboardInterrupt:
        say(f"interrupted; {kept() or f'nothing was finished, {_same_command()} begins again'}")
        raise typer.Exit(INTERRUPTED) from None
    except InputError as error:
        raise InputError("; ".join(filter(None, [str(error), kept()]))) from error


def _same_command(without: str = "") -> str:
    """What the user typed, but for the option that would begin anew."""
    return f"`{shlex.join(['diffsem', *(word for word in sys.argv[1:] if word != without)])}`"


def main() -> None:
    """Entry point."""
    sys.exit(run_program(app, sys.argv[1:]))


if __name__ == "__main__":
    main()
