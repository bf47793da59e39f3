"""What a training and a sweep of any plan have to pass."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd

from diffsem.link import journal_of
from diffsem.scenarios.runs.plan import Plan
from diffsem.scenarios.runs.sweep import Listeners, run_plan
from diffsem.scenarios.runs.train import train_plan


def train_and_sweep(plan: Plan, folder: Path) -> pd.DataFrame:
    """Train all that a plan needs, sweep it, and resume that behind its first point; all files go into the folder.

    Returns
    -------
    pandas.DataFrame
        The rows of the sweep, which are in whole.h5 of the folder.

    Raises
    ------
    AssertionError
        If a network has no stage that trains it, a loss is not finite, or a sweep that is resumed gives other rows.
    InputError
        If anything cannot be built, trained or swept.
    """
    train_all(plan, folder)
    whole = folder / "whole.h5"

    def keep(done: int, total: int) -> None:
        """What would be left if the sweep were cut off behind its first point."""
        if done == 1:
            for part, copy in ((whole, _cut(folder)), (journal_of(whole), journal_of(_cut(folder)))):
                if part.exists():
                    shutil.copyfile(part, copy)

    rows = run_plan(plan, whole, listeners=Listeners(on_points=keep))
    _check_resume(plan, folder, rows)
    return rows


def _cut(folder: Path) -> Path:
    return folder / "cut.h5"


def train_all(plan: Plan, folder: Path) -> None:
    """Train all that a plan needs. Raises AssertionError and InputError as `train_and_sweep` does."""
    made = {network.name for stage in plan.stages for network in stage.writes}
    untrained = [network.name for network in plan.networks if network.name not in made]
    assert not untrained, f"no stage writes {', '.join(untrained)}; stages: those that train all of its networks"
    record = train_plan(plan, folder / "weights")
    for stage in plan.stages:
        losses = [epoch["val_loss"] for epoch in record[stage.name]["history"]]
        assert losses, f"stage {stage.name}: its history has no epoch"
        assert np.isfinite(losses).all(), f"stage {stage.name}: its validation losses are {losses}"


def _check_resume(plan: Plan, folder: Path, whole: pd.DataFrame) -> None:
    """A sweep that is cut off after its first point and goes on gives the same rows; one that is done runs nothing."""
    simulated: list[int] = []
    resumed = run_plan(plan, _cut(folder), listeners=Listeners(on_images=simulated.append))
    differences = [name for name in whole.columns if not resumed[name].equals(whole[name])]
    assert not differences, f"a sweep that was cut off and resumed gives other values of {', '.join(differences)}"
    left = plan.scenario.monte_carlo.max_images
    assert sum(simulated) <= left, f"a resumed sweep of one more point counts {sum(simulated)} images, not {left}"
    again: list[int] = []
    run_plan(plan, folder / "whole.h5", listeners=Listeners(on_images=again.append))
    assert not again, f"a sweep that is done simulates {sum(again)} images when it is resumed"
