"""`diffsem run --profile`: where the time of a sweep went."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from diffsem.link import InputError, Stopwatch, read_table, write_table

# Stages beside those of the programs, and how they are told.
IMPORTS = "load: imports"
CHECKS = "checks"
WRITING = "writing"
ATTRIBUTE = "profile"


@dataclass(frozen=True)
class Profile:
    """What the stopwatch of a sweep says, if it runs, for its rows, its file and people.

    Parameters
    ----------
    stopwatch : Stopwatch
    """

    stopwatch: Stopwatch

    def check_alone(self, others: bool) -> None:
        """Refuse to measure this process where others simulate. Raises InputError."""
        if self.stopwatch.runs and others:
            raise InputError("--profile: measures this process alone; allowed: --workers 1, and no --scheduler")

    def told_by(self, rows: pd.DataFrame, path: Path | None = None) -> pd.DataFrame:
        """The rows with the attribute `profile` (JSON: seconds and the seconds of each stage), and their file too."""
        if not self.stopwatch.runs:
            return rows
        if path is not None:
            with self.stopwatch.stage(WRITING):
                table = read_table(path)
                write_table(path, replace(table, attributes={**table.attributes, ATTRIBUTE: self._json()}))
        rows.attrs[ATTRIBUTE] = self._json()
        return rows

    def _json(self) -> str:
        stages = self.stopwatch.seconds()
        return json.dumps(
            {"seconds": round(sum(stages.values()), 3), "stages": {k: round(v, 3) for k, v in stages.items()}}
        )


def profile_lines(stages: Mapping[str, float]) -> list[str]:
    """Seconds of stages and their share of all, as lines of a table."""
    total = sum(stages.values())
    width = max(map(len, stages))
    told = {**stages, "all": total}
    return [f"{name:<{width}} {value:9.2f} s {value / total if total else 0:6.1%}" for name, value in told.items()]
