"""Training records of shipped weights: what a page says of how long networks were trained."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rendering.claims import PageError
from rendering.markdown import listed
from rendering.sources import json_of


@dataclass(frozen=True)
class Trainings:
    """A record of trainings.

    Parameters
    ----------
    path : str
        From the repository's root.
    stages : mapping
        Stage -> what the record says of it.
    """

    path: str
    stages: Mapping[str, Mapping[str, Any]]

    def minutes(self, *commands: str) -> str:
        """Of all stages whose command starts with one of these, together. Raises PageError if there is none."""
        seconds = [stage["seconds_training"] for stage in self.stages.values() if stage["command"].startswith(commands)]
        if not seconds:
            raise PageError(f"{self.path}: no stage by {listed(commands)}")
        return f"{sum(seconds) / 60:.0f}"

    def epochs(self, *stages: str) -> str:
        """That all of these have in common. Raises PageError if they differ."""
        counts = {self.stages[stage]["epochs"] for stage in stages}
        if len(counts) != 1:
            raise PageError(f"{self.path}: epochs of {listed(stages)} differ: {sorted(counts)}")
        return str(counts.pop())

    def history(self, stage: str, measure: str) -> list[float]:
        """A measure of a stage, epoch by epoch."""
        return [epoch[measure] for epoch in self.stages[stage]["history"]]


def trainings(dataset: str) -> Trainings:
    """The record of the weights that ship for a data set."""
    path = f"scenarios/weights/{dataset}/training.json"
    return Trainings(path, json_of(path))
