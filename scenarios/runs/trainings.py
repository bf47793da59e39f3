"""The trainings of a scenario that asks for several: each from a seed of its own, all swept on the same draws."""

from dataclasses import dataclass
from pathlib import Path

from diffsem.link import InputError
from diffsem.scenarios.runs.plan import Plan
from diffsem.scenarios.runs.resolving import plan
from diffsem.scenarios.schema.scenario import Scenario

ONE = {"seeds": 1}


@dataclass(frozen=True)
class OneTraining:
    """One of several.

    Parameters
    ----------
    seed : int
        Of the training.
    trained : Scenario
        What is trained: with that seed.
    swept : Scenario
        What is swept: with the seed of the whole, so that all trainings meet the same draws, and its own weights.

    Examples
    --------
    >>> import diffsem
    >>> second = diffsem.trainings(diffsem.load_scenario("mnist-quick", ["training.seeds=2", "weights=mine"]))[1]
    >>> second.seed, second.trained.training.seeds, second.swept.weights
    (2, 1, 'mine/seed-2')
    """

    seed: int
    trained: Scenario
    swept: Scenario


def trainings(scenario: Scenario, folder: str | Path | None = None) -> list[OneTraining]:
    """The trainings of a scenario with `training.seeds`, from its own seed on.

    Parameters
    ----------
    scenario : Scenario
    folder : str or Path, optional
        Of the weights, a sub-folder seed-K a training; default: what the scenario says.

    Raises
    ------
    InputError
        If there are several, and the weights are those that ship, which are of one.

    Examples
    --------
    >>> import diffsem
    >>> scenario = diffsem.load_scenario("mnist-quick", ["training.seeds=3", "weights=mine"])
    >>> [(each.seed, each.trained.seed, each.swept.seed, each.swept.weights) for each in diffsem.trainings(scenario)]
    [(1, 1, 1, 'mine/seed-1'), (2, 2, 1, 'mine/seed-2'), (3, 3, 1, 'mine/seed-3')]
    """
    count, weights = scenario.training.seeds, str(scenario.weights if folder is None else folder)
    if count == 1:
        return [OneTraining(scenario.seed, scenario, scenario)]
    if weights == "pretrained":
        raise InputError(
            f"training.seeds {count}: the shipped weights are of one training; allowed: weights: FOLDER that "
            "`diffsem train` wrote for this scenario"
        )
    found = []
    for seed in range(scenario.seed, scenario.seed + count):
        training = scenario.training.model_copy(update=ONE)
        own = scenario.model_copy(update={"training": training, "weights": str(Path(weights) / place_of(seed))})
        found.append(OneTraining(seed, own.model_copy(update={"seed": seed}), own))
    return found


def trainings_of(planned: Plan, folder: Path) -> list[tuple[Plan, Path, bool]]:
    """What `diffsem train` trains: of each training its plan, its folder, and whether it is the first."""
    if planned.scenario.training.seeds == 1:
        return [(planned, folder, True)]
    found = trainings(planned.scenario, folder)
    return [(plan(each.trained), folder / place_of(each.seed), each is found[0]) for each in found]


def sweeps_of(planned: Plan, path: Path) -> list[tuple[Plan, Path]]:
    """What `diffsem run` sweeps: of each training its plan, and its result file."""
    if planned.scenario.training.seeds == 1:
        return [(planned, path)]
    return [
        (plan(each.swept), path.with_name(f"{path.stem}.{place_of(each.seed)}{path.suffix}"))
        for each in trainings(planned.scenario)
    ]


def place_of(seed: int) -> str:
    """The sub-folder of a training's weights, and the word that its table has in its name."""
    return f"seed-{seed}"


def check_one(scenario: Scenario) -> None:
    """Raises InputError if a scenario asks for several trainings where one is meant."""
    if scenario.training.seeds > 1:
        raise InputError(
            f"training.seeds {scenario.training.seeds}: is several trainings; allowed here: 1, or each of "
            "`diffsem.trainings(scenario)` in turn, as `diffsem train` and `diffsem run` do"
        )
