"""What every system has to pass."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from matplotlib import pyplot as plt

from diffsem.link import read_table
from diffsem.scenarios.contracts.system import System
from diffsem.scenarios.reporting.figures.accuracy import accuracy_figure
from diffsem.scenarios.reporting.figures.all_figures import save_figures
from diffsem.scenarios.runs.plan import Plan
from diffsem.scenarios.testing.small import TIMESTEP, small_plan
from diffsem.scenarios.testing.sweeping import train_and_sweep


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
    (declared,) = plan.systems
    whole = train_and_sweep(plan, folder)
    _check_receivers(plan, declared, whole)
    _check_adversaries(plan, declared, whole)
    _check_drawn(declared, folder)
    return whole


def _check_receivers(plan: Plan, system: System, rows: pd.DataFrame) -> None:
    receivers, rules = rows[rows["node"] == "receiver"], plan.scenario.monte_carlo
    points = len(plan.scenario.legitimate.snr_db) * len(plan.scenario.timesteps)
    names = {system.name} if system.digital is None else {link.named(system.name) for link in plan.scenario.digital}
    there = set(receivers["system"])
    assert there == names, f"rows are of systems {sorted(there)}; declared: {sorted(names)}"
    assert len(receivers) == points * len(names), f"{len(receivers)} rows of receivers at {points} points"
    assert receivers["accuracy"].between(0, 1).all(), f"accuracies are {list(receivers['accuracy'])}"
    counted = sorted(set(receivers["total"]))
    assert counted == [rules.max_images], f"points count {counted} images; asked for: {rules.max_images}"
    if system.transmitter is None:
        return
    calls, most = receivers["denoiser_calls"], system.unet_calls(plan.setup)
    assert (calls <= most).all(), f"{calls.max():g} U-Net calls an image; declared: {most} at most"
    assert (calls > 0).all() == (most > 0), f"no U-Net call; declared: {most} at most"


def _check_adversaries(plan: Plan, system: System, rows: pd.DataFrame) -> None:
    attacked = rows[rows["node"] == "adversary"]
    points = len(plan.scenario.legitimate.snr_db) * len(plan.scenario.timesteps)
    assert len(attacked) == points * len(plan.attacks), f"{len(attacked)} rows of attacks at {points} points"
    assert attacked["accuracy"].between(0, 1).all(), f"accuracies of attacks are {list(attacked['accuracy'])}"
    if system.transmitter is not None:
        assert plan.attacks, "no attack makes sense against it"
        there = set(rows["transmitter"])
        assert there == {system.transmitter.name}, f"rows are of transmitters {sorted(there)}"


def _check_drawn(system: System, folder: Path) -> None:
    table = read_table(folder / "whole.h5")
    assert save_figures([table], folder / "figures", "test"), "nothing is drawn of its table"
    if system.digital is not None:
        return
    figure = accuracy_figure(table, "receiver_snr_db", TIMESTEP)
    lines = {line.get_label(): line for line in figure.axes[0].get_lines()}
    plt.close(figure)
    assert system.name in lines, f"{system.name} is not in the legend: {', '.join(map(str, lines))}"
    drawn = str(lines[system.name].get_color())
    assert drawn.upper() == system.colour.upper(), f"{system.name} is drawn in {drawn}; declared: {system.colour}"
