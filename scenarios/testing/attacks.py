"""What every attack has to pass."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from diffsem.scenarios.contracts.attack import AttackMethod, Eavesdropping, PlannedAttack
from diffsem.scenarios.runs.plan import Plan
from diffsem.scenarios.runs.resolving import attack_stages
from diffsem.scenarios.testing.small import small_plan
from diffsem.scenarios.testing.sweeping import train_and_sweep

# What an attack may ask for.
OPEN = tuple(name for name in vars(Eavesdropping) if not name.startswith("_"))


def run_attack_test(
    attack: str | Sequence[str],
    folder: Path,
    overrides: Sequence[str] = (),
    system: str = "classifier",
    scenario: str | Path = "mnist-quick",
) -> pd.DataFrame:
    """Train an attack, or several, on one transmitter for an epoch, sweep it, cut that off, and resume it.

    Parameters
    ----------
    attack : str or sequence of str
        As a scenario lists them: shipped names, or module:NAME.
    folder : Path
        Empty; receives weights and tables.
    overrides : sequence of str
        What else the scenario needs for it.
    system : str
        Whose transmitter is attacked.
    scenario : str or Path

    Returns
    -------
    pandas.DataFrame
        The rows.

    Raises
    ------
    AssertionError
        If an attack does not apply, asks for more than `Eavesdropping`, learns nothing, or its rows are missing, or
        other ones after a resume.
    InputError
        If it cannot be built, trained or swept.
    """
    names = [attack] if isinstance(attack, str) else list(attack)
    listed = ", ".join(f"'{name}'" for name in names)
    chosen = [f"legitimate.receivers=['{system}']", f"eavesdropper.attacks=[{listed}]", *overrides]
    plan = small_plan(scenario, folder / "weights", chosen)
    applied = {planned.attack.outside or planned.attack.name for planned in plan.attacks}
    left_out = [name for name in names if name not in applied]
    assert not left_out, f"against {system}, {', '.join(left_out)} does not apply"
    rows = train_and_sweep(watched(plan), folder)
    _check_rows(plan, rows)
    return rows


def watched(plan: Plan) -> Plan:
    """The plan, whose attacks end with an AssertionError if they ask for more than they may, or learn nothing."""
    attacks = tuple(_watched_attack(planned) for planned in plan.attacks)
    return replace(plan, attacks=attacks, attack_stages=attack_stages(attacks))


def _watched_attack(planned: PlannedAttack) -> PlannedAttack:
    method = _watched_method(planned.attack.method)
    before = tuple(_watched_attack(each) for each in planned.before)
    return replace(planned, attack=replace(planned.attack, method=method), before=before)


def _watched_method(method: AttackMethod) -> AttackMethod:
    train = method.train
    if train is None:
        return method

    def watch(eavesdropping: Eavesdropping, model: Any) -> list[dict[str, Any]]:
        start = [weights.copy() for weights in model.get_weights()]
        access: Any = _Watched(eavesdropping, method.name)
        history = train(access, model)
        changed = any(not np.array_equal(*pair) for pair in zip(start, model.get_weights(), strict=True))
        assert changed, f"{method.name}: its network is as it was before it was trained"
        return history

    return replace(method, train=watch)


class _Watched:
    """An eavesdropper's access that tells whoever asks for more."""

    def __init__(self, eavesdropping: Eavesdropping, attack: str) -> None:
        self.__eavesdropping, self.__attack = eavesdropping, attack

    def __getattr__(self, name: str) -> Any:
        assert name in OPEN, f"{self.__attack}: asks for {name}; allowed: {', '.join(OPEN)}"
        return getattr(self.__eavesdropping, name)


def _check_rows(plan: Plan, rows: pd.DataFrame) -> None:
    attacked = rows[rows["node"] == "adversary"]
    points = len(plan.scenario.legitimate.snr_db) * len(plan.scenario.timesteps)
    for planned in plan.attacks:
        name = planned.attack.name
        own = attacked[attacked["attack"] == name]
        assert len(own) == points, f"{name}: {len(own)} rows at {points} points"
        assert own["accuracy"].between(0, 1).all(), f"{name}: accuracies are {list(own['accuracy'])}"
        of_images = own["psnr_db"].notna().all()
        makes_images = planned.attack.method.output == "image"
        assert of_images == makes_images, f"{name}: its output is {planned.attack.method.output}, its rows say another"
        learnt = bool((own["training_images"] > 0).all())
        assert learnt == planned.network.trained, f"{name}: rows tell of {list(own['training_images'])} images"
