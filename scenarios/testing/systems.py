"""What every system has to pass."""

import contextlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from diffsem.link import read_table
from diffsem.scenarios.contracts.system import System
from diffsem.scenarios.reporting.figures.accuracy import accuracy_figure
from diffsem.scenarios.reporting.figures.all_figures import save_figures
from diffsem.scenarios.runs.plan import Plan
from diffsem.scenarios.runs.sweep import Listeners, run_plan
from diffsem.scenarios.runs.train import train_plan
from diffsem.scenarios.testing.small import small_plan


class _StopError(Exception):
    """Ends a sweep half-way."""


def run_system_test(
    system: str,
    folder: Path,
    overrides: Sequence[str] = (),
    scenario: str | Path = "mnist-quick",
    attack: str = "task-classifier",
) -> pd.DataFrame:
    """Train a system for one epoch, sweep it against one attack, cut that off, resume it, and draw it.

    Parameters
    ----------
    system : str
        As a scenario lists it: a shipped name, or module:NAME.
    folder : Path
        Empty; receives weights, tables and figures.
    overrides : sequence of str
        What else the scenario needs for it.
    scenario : str or Path
    attack : str

    Returns
    -------
    pandas.DataFrame
        The rows.

    Raises
    ------
    AssertionError
        If rows are missing, or other ones after a resume, calls of the denoiser are more than are declared, or a figure
        lacks its title or colour.
    InputError
        If it cannot be built, trained or swept.
    """
    chosen = [f"legitimate.receivers=['{system}']", f"eavesdropper.attacks=['{attack}']", *overrides]
    plan = small_plan(scenario, folder / "weights", chosen)
    record = train_plan(plan, folder / "weights")
    for stage in plan.stages:
        assert all(np.isfinite(epoch["val_loss"]) for epoch in record[stage.name]["history"]), stage.name
    (declared,) = plan.systems
    whole = run_plan(plan, folder / "whole.h5")
    _check_rows(plan, declared, whole)
    _check_resume(plan, folder, whole)
    _check_drawn(declared, folder)
    return whole


def _check_rows(plan: Plan, system: System, rows: pd.DataFrame) -> None:
    receivers = rows[rows["node"] == "receiver"]
    points = len(plan.scenario.legitimate.snr_db)
    names = {system.name} if system.digital is None else {link.named(system.name) for link in plan.scenario.digital}
    assert set(receivers["system"]) == names
    assert len(receivers) == points * len(names)
    assert receivers["accuracy"].between(0, 1).all()
    assert (receivers["total"] == plan.scenario.monte_carlo.max_images).all()
    attacked = rows[rows["node"] == "adversary"]
    assert len(attacked) == points * len(plan.attacks)
    assert attacked["accuracy"].between(0, 1).all()
    if system.transmitter is not None:
        assert set(rows["transmitter"]) == {system.transmitter.name}
        assert plan.attacks, "no attack makes sense against it"
        calls, most = receivers["denoiser_calls"], system.unet_calls(plan.setup)
        assert (calls <= most).all(), f"{calls.max():g} U-Net calls an image; declared: {most} at most"
        assert (calls > 0).all() == (most > 0)


def _check_resume(plan: Plan, folder: Path, whole: pd.DataFrame) -> None:
    """A sweep that is cut off after its first point and goes on gives the same rows; one that is done runs nothing."""

    def stop(done: int, total: int) -> None:
        if done == 1:
            raise _StopError

    with contextlib.suppress(_StopError):
        run_plan(plan, folder / "resumed.h5", listeners=Listeners(on_points=stop))
    simulated: list[int] = []
    resumed = run_plan(plan, folder / "resumed.h5", listeners=Listeners(on_images=simulated.append))
    pd.testing.assert_frame_equal(resumed, whole, check_exact=True)
    assert sum(simulated) <= plan.scenario.monte_carlo.max_images
    again: list[int] = []
    run_plan(plan, folder / "whole.h5", listeners=Listeners(on_images=again.append))
    assert not again


def _check_drawn(system: System, folder: Path) -> None:
    table = read_table(folder / "whole.h5")
    assert save_figures([table], folder / "figures", "test")
    if system.digital is not None:
        return
    figure = accuracy_figure(table, "receiver_snr_db", 240)
    lines = {line.get_label(): line for line in figure.axes[0].get_lines()}
    assert system.title in lines, f"{system.title} is not in the legend: {', '.join(map(str, lines))}"
    assert str(lines[system.title].get_color()).upper() == system.colour.upper()
