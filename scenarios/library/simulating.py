"""A scenario's sweep and its training, as one call each."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Literal

import pandas as pd

from diffsem.link import Stopwatch
from diffsem.scenarios.reporting.progress import somebody_watches, sweep_progress, training_progress
from diffsem.scenarios.runs.parallel.machines import Machines
from diffsem.scenarios.runs.parallel.quiet import load_tensorflow
from diffsem.scenarios.runs.profile.profiling import IMPORTS
from diffsem.scenarios.runs.resolving import plan
from diffsem.scenarios.runs.sweep import Listeners, run_plan
from diffsem.scenarios.runs.train import Options, train_plan
from diffsem.scenarios.schema.scenario import Scenario


def run_scenario(
    scenario: Scenario,
    out: str | Path | None = None,
    overwrite: bool = False,
    workers: int | Literal["auto"] = 1,
    scheduler: str | None = None,
    data_dir: Path | None = None,
    on_points: Callable[[int, int], None] | None = None,
    on_images: Callable[[int], None] | None = None,
    mixed_versions: bool = False,
    log: Callable[[str], None] = lambda line: None,
    progress: bool | None = None,
    profile: bool = False,
) -> pd.DataFrame:
    """Run the sweep of a scenario.

    Parameters
    ----------
    scenario : Scenario
    out : str or Path, optional
        Result file. Every finished point reaches it at once; a file of the same scenario, weights and package versions
        is resumed. Without it nothing is written.
    overwrite : bool
        Replace the file instead, which has to be a result file, if a damaged one.
    workers : int or "auto"
        Processes of this machine that simulate points side by side; "auto": as many as are expected to end first, which
        is logged. They change no row. Each imports the script that calls this, so that in a script the call stands
        under ``if __name__ == "__main__":``.
    scheduler : str, optional
        Address of a Dask scheduler whose workers simulate the points instead, tcp://HOST:PORT. Both must be trusted.
    data_dir : Path, optional
        Where cifar10 is looked for first; on every worker's machine.
    on_points : callable
        (points done, points in all) at the start and after every point.
    on_images : callable
        Number of images counted since the call before.
    mixed_versions : bool
        Resume a file whose rows other package versions made, too; its attribute `mixed_versions` then lists all of
        them, in JSON.
    log : callable
        Takes a line of text on the shipped networks that are taken where the scenario's folder of weights lacks one
        (attribute `pretrained_networks` lists them, in JSON), and one for each attack that is run under other
        conditions than it was trained for (column `warning` says the same), before anything is simulated.
    progress : bool, optional
        Show bars. Default: in a terminal and in a notebook, unless on_points or on_images is given.
    profile : bool
        Measure where the time goes: the attribute `profile`, of the file too, holds seconds and those of each stage, in
        JSON. Every program is waited for, so that the sweep may take longer. Of one process alone.

    Returns
    -------
    pandas.DataFrame
        One row a point and a node, as `diffsem.link.read_results` gives it, sorted by timestep and receiver SNR.

    Raises
    ------
    InputError
        If weights, data, the result file, the workers or the cluster cannot be used, another run holds the file, two of
        workers, a scheduler and a profile are asked for, or the sweep needs more than this machine, which is to run it,
        has.

    Examples
    --------
    >>> import diffsem
    >>> least = ["timesteps=[240]", "legitimate.snr_db=[15]", "legitimate.receivers=[classifier]"]
    >>> few = ["monte_carlo.max_images=64", "eavesdropper.attacks=[task-classifier]"]
    >>> rows = diffsem.run_scenario(diffsem.load_scenario("mnist-quick", least + few))
    >>> print(rows[["system", "node", "attack", "total"]].to_string(index=False))
        system      node          attack  total
    classifier  receiver                     64
    classifier adversary task-classifier     64
    """
    stopwatch = Stopwatch(runs=profile)
    with stopwatch.stage(IMPORTS):
        load_tensorflow()
    told = on_points is not None or on_images is not None
    shown = somebody_watches() and not told if progress is None else progress
    bars = sweep_progress(scenario.monte_carlo.max_images) if shown else nullcontext((_nothing, _nothing))
    with bars as (count_points, count_images):

        def points(done: int, total: int) -> None:
            count_points(done, total)
            (on_points or _nothing)(done, total)

        def images(counted: int) -> None:
            count_images(counted)
            (on_images or _nothing)(counted)

        machines, listeners = Machines(workers, scheduler, data_dir), Listeners(points, images, log, stopwatch)
        return run_plan(plan(scenario), out, overwrite, mixed_versions, machines, listeners)


def train_scenario(
    scenario: Scenario,
    folder: str | Path,
    callbacks: Callable | None = None,
    log: Callable[[str], None] = lambda line: None,
    fresh: bool = False,
    start: str | Path | None = None,
    devices: Sequence[str] | None = None,
    data_dir: Path | None = None,
    renew: bool = False,
    mixed_versions: bool = False,
    progress: bool | None = None,
) -> dict:
    """Train every network that the scenario needs.

    A stage is finished if what it hangs on (scenario keys, training images, the networks that it starts from, package
    versions) is what it was trained with.

    Parameters
    ----------
    scenario : Scenario
    folder : str or Path
        Receives one `.weights.h5` a network and `training.json`, the record. Finished stages are kept; a stage
        that was cut off goes on after its last finished epoch.
    callbacks : callable
        (stage, epochs) -> Keras callbacks.
    log : callable
        Takes one line of text for each thing that happens.
    fresh : bool
        Delete first what the folder holds of the stages that the scenario needs: weights, states, entries of the
        record. Those of other stages stay.
    start : str or Path, optional
        Take finished stages, as far as the folder lacks them, from another folder that `diffsem train` wrote, or from
        the package's own weights: "pretrained". They are taken as they are; how the scenario differs from what they
        were trained with is logged.
    devices : sequence of str, optional
        TensorFlow devices that share every batch of a U-Net's training; default: all GPUs. Batch statistics are taken
        over each device's share, so that their number changes the weights a little.
    data_dir : Path, optional
        Where cifar10 is looked for first.
    renew : bool
        Train stages anew that hang on something else now, and those behind them, instead of ending.
    mixed_versions : bool
        Do not count package versions; the record tells those of every stage.
    progress : bool, optional
        Show a bar a stage. Default: in a terminal and in a notebook, unless callbacks are given.

    Returns
    -------
    dict
        The record: stage -> command, seed, date, machine, seconds, epochs, scores.

    Raises
    ------
    InputError
        If the folder cannot be written, its record cannot be read or does not tell of files that would be overwritten,
        a stage that is finished or was cut off hangs on something else now, the state of a stage that was cut off is
        broken, another training holds the folder, or the training needs more than this machine has.

    Examples
    --------
    >>> import tempfile, diffsem
    >>> least = ["legitimate.receivers=[classifier]", "eavesdropper.attacks=[linear-probe]"]
    >>> short = ["training.images=512", "training.epochs.pair=1", "training.epochs.adversary=1"]
    >>> scenario = diffsem.load_scenario("mnist-quick", least + short)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     record = diffsem.train_scenario(scenario, folder)
    >>> record["pair"]["epochs"]
    1
    """
    load_tensorflow()
    shown = somebody_watches() and callbacks is None if progress is None else progress
    with training_progress() if shown else nullcontext(_nothing) as bars:

        def of_stage(stage: str, epochs: int) -> list:
            return [*(bars(stage, epochs) or ()), *((callbacks or _nothing)(stage, epochs) or ())]

        options = Options(fresh, start, renew, mixed_versions)
        return train_plan(plan(scenario), folder, options, of_stage, log, devices, data_dir)


def _nothing(*told) -> None:
    """Stands for whoever does not want to be told."""
