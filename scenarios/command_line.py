"""The command `diffsem`. What a command needs is imported when it runs, so that `--help` is instant."""

import functools
import sys
from pathlib import Path
from typing import Annotated

import typer

from diffsem.link.errors import InputError

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Link-level simulator of private semantic communication. Results go to standard output, progress to standard "
    "error. Exit status: 0 done, 2 bad input, 1 failed, 130 interrupted with what was finished saved.",
)

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
        int, typer.Option(min=1, help="Processes of this machine that simulate points side by side; same table.")
    ] = 1,
    scheduler: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Simulate on a Dask cluster instead: tcp://HOST:PORT; same table."),
    ] = None,
    data_dir: DataDir = None,
    mixed_versions: Annotated[
        bool,
        typer.Option("--mixed-versions", help="Resume a file of other package versions too; the table then says so."),
    ] = False,
) -> None:
    """Run a scenario's sweep and print receiver against adversary per SNR (dB, Es/N0). Resumes one that was cut off."""
    from diffsem.scenarios.schema import load_scenario

    resolved = load_scenario(scenario, set_ or [])
    path = out or Path("results") / f"{resolved.name}.h5"
    _load_tensorflow()
    from diffsem.scenarios.progress import sweep_progress
    from diffsem.scenarios.runner import run_scenario

    def log(line: str) -> None:
        typer.echo(f"diffsem: {line}", err=True)

    try:
        with sweep_progress(resolved.monte_carlo.max_images) as (on_points, on_images):
            run_scenario(
                resolved, path, overwrite, workers, scheduler, data_dir, on_points, on_images, mixed_versions, log
            )
    except KeyboardInterrupt:
        typer.echo(
            f"diffsem: interrupted; finished points are in {path}, the same command goes on from there", err=True
        )
        raise typer.Exit(130) from None
    _print_table(path)


@app.command()
def train(
    scenario: ScenarioArgument,
    out: Annotated[Path | None, typer.Option(help="Folder for the weights; default weights/NAME.")] = None,
    set_: Overrides = None,
    fresh: Annotated[bool, typer.Option(help="Delete what the folder holds of a former training first.")] = False,
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
    from diffsem.scenarios.schema import load_scenario

    resolved = load_scenario(scenario, [*(set_ or []), *(["denoising.solver=distilled"] if distill else [])])
    folder = out or Path("weights") / resolved.name
    _load_tensorflow()
    from diffsem.scenarios.progress import training_progress
    from diffsem.scenarios.training import train_scenario

    try:
        with training_progress() as callbacks:
            log = functools.partial(typer.echo, err=True)
            record = train_scenario(
                resolved,
                folder,
                callbacks,
                log,
                fresh,
                start,
                data_dir=data_dir,
                renew=renew,
                mixed_versions=mixed_versions,
            )
    except KeyboardInterrupt:
        typer.echo(
            f"diffsem: interrupted; finished epochs are in {folder}, the same command goes on from there", err=True
        )
        raise typer.Exit(130) from None
    for stage, entry in record.items():
        typer.echo(f"{stage}: {entry['epochs']} epochs, {entry['seconds_training']:.0f} s, {entry['scores']}")


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
    from diffsem.scenarios.schema import load_scenario

    resolved = load_scenario(scenario, set_ or [])
    _load_tensorflow()
    from diffsem.scenarios.packing import pack_folder

    loss = pack_folder(resolved, weights, out, data_dir, functools.partial(typer.echo, err=True))
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
    from diffsem.link.results import read_results
    from diffsem.scenarios.report import leakage as leakage_of
    from diffsem.scenarios.report import leakage_table

    if csv:
        _check_csv(csv)
    rows = read_results(results)
    if len(rows) and not (rows["scored"] == "label").any():
        raise InputError(f"result file {results}: has bit error rates only, no accuracy; `diffsem show` prints them")
    _print(leakage_table(rows, f"{results}: {_setting(results, rows)}"))
    if csv:
        _write_csv(leakage_of(rows), csv)


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
    from diffsem.link.escaping import escaped
    from diffsem.link.results import read_table
    from diffsem.scenarios.report import scenario_of

    tables = [read_table(path) for path in results]
    for path, table in zip(results, tables, strict=True):
        try:
            scenario_of(table)
        except InputError as error:
            raise InputError(f"result file {path}: {error}") from error
    _load_tensorflow()
    from diffsem.scenarios.figures import save_figures

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
    from diffsem.link.results import read_results

    _check_csv(csv)
    _write_csv(read_results(results), csv)


@app.command()
def check(
    scenario: Annotated[str | None, typer.Argument(help="A shipped scenario's name or a YAML file.")] = None,
    set_: Overrides = None,
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON Schema of scenario files instead.")] = False,
) -> None:
    """Validate a scenario; print it resolved, with its cost in images, U-Net calls and evaluations of attacks."""
    import json

    from diffsem.scenarios.datasets import size_of_test_set
    from diffsem.scenarios.schema import ONE_STEP, Scenario, load_scenario, transmitter_of

    if schema:
        typer.echo(json.dumps(Scenario.model_json_schema(), indent=2))
        return
    if scenario is None:
        raise InputError(f"check: needs a scenario or --schema; shipped: {', '.join(_shipped())}")
    resolved = load_scenario(scenario, set_ or [])
    if any(":" in attack.attack for attack in resolved.eavesdropper.attacks):
        # Shipped names were checked with the file; only those from outside must be imported to be found.
        _load_tensorflow()
        from diffsem.scenarios.attacks import listed_attacks

        listed_attacks(resolved.eavesdropper)
    points = len(resolved.timesteps) * len(resolved.legitimate.snr_db)
    rules, size = resolved.monte_carlo, size_of_test_set(resolved.dataset)
    images = points * min(rules.max_images, rules.passes * size)
    digital = len(resolved.digital) if "digital" in resolved.legitimate.receivers else 0
    analog = [system for system in resolved.legitimate.receivers if system != "digital"]
    systems = len(analog) + digital + len(resolved.bit_error_rates)
    steps = 1 if resolved.denoising.solver == "distilled" else resolved.denoising.steps
    calls = dict.fromkeys(ONE_STEP, 1) | {"diffsem": steps}
    guided = 2 if resolved.denoising.guidance else 1
    calls["e-diffsem"] = steps * resolved.denoising.max_rounds * guided
    worst = sum(calls.get(system, 0) for system in resolved.legitimate.receivers)
    eavesdropper = resolved.eavesdropper
    heard = len(eavesdropper.snr_db) if isinstance(eavesdropper.snr_db, tuple) else 1
    attacked = sum(
        # Looks at a scrambled transmission do not add up: each is attacked by itself.
        heard * (eavesdropper.looks if "scramble" in transmitter else 1)
        for transmitter in {transmitter_of(system) for system in analog}
        for attack in eavesdropper.attacks
        if attack.transmitters is None or transmitter in attack.transmitters
    )
    typer.echo(resolved.to_yaml(), nl=False)
    again = f", gone through {rules.passes} times" if rules.passes > 1 else ""
    typer.echo(f"# test set: {size:,} images{again}; a point ends there")
    typer.echo(
        f"# cost: {points} points, at most {images:,} images for each of {systems} systems, "
        f"at most {images * worst:,} U-Net calls, at most {images * attacked:,} evaluations of attacks"
    )


@app.command()
def scenarios() -> None:
    """List the shipped scenarios."""
    from diffsem.scenarios.schema import SHIPPED

    for name in _shipped():
        first = (SHIPPED / f"{name}.yaml").read_text(encoding="utf-8").splitlines()[0]
        typer.echo(f"{name:21} {first.removeprefix('# ')}")


@app.command()
def info() -> None:
    """Print versions, devices and shipped weights."""
    import platform

    _load_tensorflow()
    import tensorflow as tf

    from diffsem.scenarios.assembly import versions
    from diffsem.scenarios.networks import PRETRAINED
    from diffsem.scenarios.training import read_record

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
    from diffsem.scenarios.schema import shipped_scenarios

    return shipped_scenarios()


def _load_tensorflow() -> None:
    from diffsem.scenarios.quiet import load_tensorflow

    load_tensorflow()


def _check_csv(path: Path) -> None:
    from diffsem.link.files import check_output_file
    from diffsem.link.result_file import is_hdf5

    check_output_file(path, "csv file")
    try:
        if path.exists() and is_hdf5(path):
            raise InputError(f"csv file {path}: is a result table or weights, which are kept; give another file")
    except OSError as error:
        raise InputError(f"csv file {path}: cannot be read ({error.strerror})") from error


def _write_csv(frame, path: Path) -> None:
    from diffsem.link.escaping import escaped
    from diffsem.link.files import replace_file

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
    from diffsem.scenarios.report import setting

    try:
        return setting(str(rows.attrs["scenario"]), rows)
    except InputError as error:
        raise InputError(f"result file {path}: {error}") from error


def _print_table(path: Path) -> None:
    from diffsem.link.results import read_results
    from diffsem.scenarios.report import error_rate_table, terminal_table

    rows = read_results(path)
    state = "" if rows.attrs["complete"] else " (not complete: the same run command goes on)"
    if "mixed_versions" in rows.attrs:
        state += " (rows of several package versions)"
    if (rows["scored"] == "label").any() or rows.empty:
        _print(terminal_table(rows, f"{path}: {_setting(path, rows)}{state}"))
    if (rows["bits"] > 0).any():
        _print(error_rate_table(rows, f"{path}{state}: digital links"))


def main() -> None:
    """Entry point: bad input ends in one line on standard error and exit status 2."""
    try:
        app()
    except InputError as error:
        typer.echo(f"diffsem: {error}", err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
