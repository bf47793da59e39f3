"""All of mnist-quick: one sweep of ours against a tutorial's model for each system and for each attack."""

import time
from collections.abc import Callable, Mapping

import numpy as np
from measuring import ratio
from tutorials import TutorialModel, attack_model, system_model

from diffsem.link import Programs, simulate_points
from diffsem.scenarios.datasets.splitting import load_dataset
from diffsem.scenarios.runs.assembly import assemble
from diffsem.scenarios.runs.plan import Plan
from diffsem.scenarios.runs.reading import plan_of_file
from diffsem.scenarios.runs.sweep import sweep_points

# (system, "") or (attack, transmitter).
Node = tuple[str, str]


class QuickSweep:
    """Both ways through a scenario, each built anew when it is called: seconds traced, and of a second run.

    Parameters
    ----------
    plan : Plan
    """

    def __init__(self, plan: Plan):
        self.experiment, self.scenario = assemble(plan, load_dataset(plan.source)), plan.scenario
        self.points = sweep_points(plan.scenario)
        self.seconds: dict[str, list[float]] = {}
        self.accuracy: dict[str, dict[Node, float]] = {}

    def ours(self) -> None:
        programs: list[Programs] = []

        def run():
            if not programs:
                programs.append(Programs(self.experiment))
            results = list(simulate_points(self.experiment, programs[0], self.points))
            # Systems behind one transmitter have a row each of the same attack.
            by_point = [{node_of(row): row["accuracy"] for row in result.rows} for result in results]
            return {node: float(np.mean([point[node] for point in by_point])) for node in by_point[0]}

        self._twice("ours", run)

    def theirs(self) -> None:
        experiment, rules, steps = self.experiment, self.scenario.monte_carlo, self.scenario.denoising.steps
        models: dict[Node, TutorialModel] = {}
        models |= {(system.name, ""): system_model(experiment, system, steps) for system in experiment.systems}
        models |= {(attack.name, attack.transmitter): attack_model(experiment, attack) for attack in experiment.attacks}
        grid = self.scenario.timesteps, self.scenario.legitimate.snr_db
        stopping = rules.batch_size, rules.max_images, rules.target_errors
        self._twice("theirs", lambda: {node: 1 - model.sweep(*grid, *stopping) for node, model in models.items()})

    def _twice(self, who: str, run: Callable[[], Mapping[Node, float]]) -> None:
        for state in ("traced", "warm"):
            started = time.perf_counter()
            self.accuracy[who] = dict(run())
            self.seconds.setdefault(f"{who} {state}", []).append(time.perf_counter() - started)

    def counts(self) -> dict[str, float]:
        """What was simulated, and how far the accuracies are apart: noise is drawn otherwise, nothing else differs."""
        ours, theirs = self.accuracy["ours"], self.accuracy["theirs"]
        return {
            "systems": len(self.experiment.systems),
            "attacks": len(self.experiment.attacks),
            "points": len(self.points),
            "images_a_point": self.scenario.monte_carlo.max_images,
            "accuracies_compared": len(theirs),
            "largest_difference_of_accuracy": round(max(abs(ours[node] - theirs[node]) for node in theirs), 4),
        }


def node_of(row: Mapping) -> Node:
    return (row["attack"], row["transmitter"]) if row["node"] == "adversary" else (row["system"], "")


def bench_quick(repeats: int, overrides: tuple[str, ...] = ()) -> dict:
    """Ratios with and without tracing; the two ways take turns."""
    sweep = QuickSweep(plan_of_file("mnist-quick", list(overrides)))
    for repeat in range(repeats):
        for loop in (sweep.ours, sweep.theirs) if repeat % 2 == 0 else (sweep.theirs, sweep.ours):
            loop()
    seconds = sweep.seconds
    return {
        "mnist-quick": sweep.counts(),
        "ratios": {
            "mnist-quick": ratio(seconds["ours warm"], seconds["theirs warm"]),
            "mnist-quick-traced": ratio(seconds["ours traced"], seconds["theirs traced"]),
        },
    }
