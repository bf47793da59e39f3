"""run, train, pack: the commands that compute for long, and lose nothing when they are interrupted."""

import shlex
import sys
import time
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from diffsem.link import STOPPED, Stopwatch, escaped
from diffsem.scenarios.commands.ending import say
from diffsem.scenarios.commands.interrupting import interruptible, same_command
from diffsem.scenarios.commands.options import (
    DataDir,
    Distill,
    Fresh,
    MixedVersions,
    Overrides,
    Profile,
    Renew,
    ScenarioArgument,
    Start,
    TlsFile,
    Workers,
)
from diffsem.scenarios.commands.tables import print_spread, print_table
from diffsem.scenarios.runs.parallel.quiet import load_tensorflow

# An attribute of a file holds 64 KiB at most.
LONGEST_COMMAND = 10_000


def run(
    scenario: ScenarioArgument,
    out: Annotated[Path | None, typer.Option(help="Result file; default results/NAME.h5.")] = None,
    set_: Overrides = None,
    overwrite: Annotated[bool, typer.Option(help="Replace the result file instead of resuming it.")] = False,
    workers: Workers = 1,
    scheduler: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Simulate on a Dask cluster instead (trust it): tcp://HOST:PORT or tls://HOST:PORT; same table.",
        ),
    ] = None,
    tls_ca_file: TlsFile = None,
    tls_cert: TlsFile = None,
    tls_key: TlsFile = None,
    data_dir: DataDir = None,
    mixed_versions: MixedVersions = False,
    profile: Profile = False,
) -> None:
    """Run a scenario's sweep and print receiver against adversary per SNR (dB, Es/N0). Resumes one that was cut off."""
    stopwatch = _stopwatch(profile)
    from diffsem.scenarios.runs.reading import plan_of_file
    from diffsem.scenarios.runs.trainings import sweeps_of

    plan = plan_of_file(scenario, set_ or [], load_tensorflow)
    sweeps = sweeps_of(plan, out or Path("results") / f"{plan.scenario.name}.h5")
    for each, path in sweeps:
        done: list[int] = []
        with interruptible(partial(_kept_rows, path, done)):
            from diffsem.scenarios.runs.parallel.machines import Certificates, Machines

            asked = Machines(workers, scheduler, data_dir, Certificates(tls_ca_file, tls_cert, tls_key))
            _sweep(each, path, overwrite, mixed_versions, asked, done, stopwatch)
        print_table(path)
    if len(sweeps) > 1:
        print_spread([path for _, path in sweeps])
    _print_profile(stopwatch)


def _kept_rows(path: Path, done: list[int]) -> str:
    if not done or not done[-1]:
        return ""
    return f"finished points are in {path}, and {same_command('--overwrite')} goes on from there"


def _sweep(plan, path: Path, overwrite: bool, mixed_versions: bool, asked, done: list[int], stopwatch) -> None:
    """Run a sweep with bars, and note how many points are done."""
    from diffsem.scenarios.runs.parallel.hiring import hired

    with hired(plan, asked, path, overwrite, say) as machines:
        # Behind the start of the workers, which do the same meanwhile.
        with stopwatch.stage("load: imports"):
            load_tensorflow()
            from diffsem.scenarios.reporting.progress import sweep_progress
            from diffsem.scenarios.runs.sweep import Listeners, run_plan

        with sweep_progress(plan.scenario.monte_carlo.max_images) as (on_points, on_images):

            def count(finished: int, total: int) -> None:
                done.append(finished)
                on_points(finished, total)

            listeners = Listeners(count, on_images, say, stopwatch)
            run_plan(plan, path, overwrite, mixed_versions, machines, listeners, _typed())


def train(
    scenario: ScenarioArgument,
    out: Annotated[Path | None, typer.Option(help="Folder for the weights; default weights/NAME.")] = None,
    set_: Overrides = None,
    fresh: Fresh = False,
    renew: Renew = False,
    mixed_versions: Annotated[
        bool, typer.Option(help="Keep stages that were trained with other versions of the packages.")
    ] = False,
    distill: Distill = False,
    start: Start = None,
    data_dir: DataDir = None,
) -> None:
    """Train every network that a scenario needs, stage by stage, resuming after the last finished epoch."""
    from diffsem.scenarios.runs.reading import plan_of_file
    from diffsem.scenarios.runs.trainings import trainings_of

    overrides = [*(set_ or []), *(["denoising.solver=distilled"] if distill else [])]
    plan = plan_of_file(scenario, overrides, load_tensorflow)
    for each, folder, is_first in trainings_of(plan, out or Path("weights") / plan.scenario.name):
        # What ships, or lies elsewhere, is of one training.
        _train(each, folder, fresh, start if is_first else None, renew, mixed_versions, data_dir)


def _train(plan, folder: Path, fresh: bool, start, renew: bool, mixed_versions: bool, data_dir: Path | None) -> None:
    """Train a plan with bars, and print what was trained."""
    begun: list[str] = []

    def kept() -> str:
        return f"finished epochs are in {folder}, and {same_command('--fresh')} goes on from there" if begun else ""

    with interruptible(kept):
        load_tensorflow()
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

    plan = plan_of_file(scenario, set_ or [], load_tensorflow)
    load_tensorflow()
    from diffsem.scenarios.runs.packing import pack_folder

    loss = pack_folder(plan.scenario, weights, out, data_dir, say)
    points = 100 * loss["loss"]
    typer.echo(loss.assign(loss=points).round(4).to_string(index=False))
    typer.echo(f"loss of accuracy, points: {points.mean():+.3f} on average, {points.max():+.3f} at most")


def _stopwatch(runs: bool) -> Stopwatch:
    """One that has run since this process was started."""
    if not runs:
        return STOPPED
    import psutil

    return Stopwatch(before={"load: imports": max(0.0, time.time() - psutil.Process().create_time())})


def _print_profile(stopwatch: Stopwatch) -> None:
    """On standard error: the results alone are what a pipe or a file gets."""
    from diffsem.scenarios.runs.profile.profiling import profile_lines

    for line in profile_lines(stopwatch.seconds()) if stopwatch.runs else ():
        typer.echo(escaped(line), err=True)


def _typed() -> str:
    """What the user typed, for the table; letters that are no UTF-8 as Python writes them."""
    return shlex.join(["diffsem", *sys.argv[1:]]).encode("utf-8", "backslashreplace").decode()[:LONGEST_COMMAND]
