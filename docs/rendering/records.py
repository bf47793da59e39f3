"""Training records of shipped weights: what a page says of how long networks were trained."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rendering.claims import PageError
from rendering.comparisons import Column
from rendering.markdown import listed
from rendering.measures import Accuracy, counted, number
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


def tested(record: Trainings, stage: str, images: int) -> Accuracy:
    """The accuracy of a judge on so many clean test images, with its interval."""
    return counted(round(record.stages[stage]["scores"]["test_accuracy_clean"] * images), images)


def lambda_lines(tried: Mapping[str, Any]) -> list[list[object]]:
    """IBAL's lambdas: system, lambda, validation accuracy, accuracies at the steps of the file; the one taken bold."""
    return [
        [f"`{one['system']}`", _lambda(one, tried), number(one["validation"]), *map(number, one["accuracy"])]
        for one in tried["trainings"]
    ]


def lambda_errors(tried: Mapping[str, Any]) -> list[list[object]]:
    """The mean squared error of the auxiliary decoder: lambda, IBAL's, IBAL-D's."""
    lines: dict[int, list[object]] = {}
    for one in tried["trainings"]:
        lines.setdefault(one["lambda"], [_lambda(one, tried)]).append(number(one["decoder_error"], 4))
    return list(lines.values())


def _lambda(one: Mapping[str, Any], tried: Mapping[str, Any]) -> str:
    own = [other for other in tried["trainings"] if other["system"] == one["system"]]
    taken = max(own, key=lambda other: other["validation"])
    return f"**{one['lambda']}**" if one is taken else str(one["lambda"])


def time_lines(timed: Mapping[str, Any], receivers: Sequence[str]) -> list[list[str]]:
    """Of every machine the time of some receivers: "346 [341, 362]"."""
    return [
        [one["what"], *(_spread(one["milliseconds"][name], one["device"]) for name in receivers)]
        for one in timed["machines"]
    ]


def _spread(times: Sequence[float], device: str) -> str:
    median, *ends = (number(time, 0 if device == "cpu" else 2) for time in times)
    return f"{median} [{', '.join(ends)}]" if ends else median


def added_milliseconds(timed: Mapping[str, Any], device: str) -> list[float]:
    """What the denoiser of `diffsem` adds to the time without one, a value a machine."""
    return [
        one["milliseconds"]["diffsem"][0] - one["milliseconds"]["no denoiser"][0]
        for one in timed["machines"]
        if one["device"] == device
    ]


def corrected(wrong: Mapping[str, Any], transmitter: str, right: Column) -> dict[int, str]:
    """The column of values that were wrong, at the steps of the right one."""
    old = dict(zip(wrong["steps"], wrong[transmitter], strict=True))
    return {
        t: f"{number(value)} [{number(low)}, {number(high)}]" for t, (value, low, high) in old.items() if t in right
    }


def most_missed(wrong: Mapping[str, Any], transmitter: str, right: Column) -> float:
    """By how many points the wrong values were too low, at the step where it was most."""
    old = dict(zip(wrong["steps"], wrong[transmitter], strict=True))
    return max(right[t].value - value for t, (value, *_) in old.items())


FUNCTIONS = (
    trainings,
    tested,
    lambda_lines,
    lambda_errors,
    time_lines,
    added_milliseconds,
    corrected,
    most_missed,
)
