"""Several trainings of one scenario: what each accuracy hangs on them, and which differences outlive them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import pandas as pd

import diffsem
from diffsem.scenarios.reporting.selection import select_table
from rendering.markdown import lines
from rendering.measures import Difference, number
from rendering.tables import Table

NODES = {"receiver": "receiver", "adversary": "strongest attack"}


@dataclass(frozen=True)
class OverTrainings(Difference):
    """A mean difference of two receivers in points; its interval is over trainings and test images.

    Parameters
    ----------
    lowest, highest : float
        Of the trainings, points.
    same_sign, trainings : int
        How many of how many have the sign of the mean.
    """

    lowest: float = 0.0
    highest: float = 0.0
    same_sign: int = 0
    trainings: int = 0

    @property
    def outlives(self) -> bool:
        """Whether the interval leaves out 0, and every training says the same."""
        return self.told and self.same_sign == self.trainings

    @property
    def seen(self) -> str:
        """From the lowest training to the highest, and whether it outlives them, as a cell."""
        ends = " to ".join(number(end, 1, sign=True) for end in (self.lowest, self.highest))
        return f"{ends}: {'yes' if self.outlives else 'no'}"

    @property
    def verdict(self) -> str:
        """As the end of a sentence that begins with the difference."""
        if self.outlives:
            return "which outlives training again"
        if self.same_sign == self.trainings:
            return "which all trainings share, but whose interval holds 0: undecided"
        return f"which does not outlive training again: {self.same_sign} of {self.trainings} trainings have its sign"


def over_trainings(several: Sequence[Table], first: str, second: str, t: int) -> OverTrainings:
    """One receiver less another at a step. Raises InputError if a table has no such two."""
    return _over(tuple(several), first, second, t)


@cache
def _over(several: tuple[Table, ...], first: str, second: str, t: int) -> OverTrainings:
    results = [select_table(one.result, (), f"t={t}") for one in several]
    line = diffsem.spread_of_differences(results, [first, second]).iloc[0]
    mean, low, high, lowest, highest = (100 * line[name] for name in ("mean", "low", "high", "lowest", "highest"))
    return OverTrainings(mean, low, high, True, lowest, highest, int(line["same_sign"]), len(several))


def trained_again_lines(several: Sequence[Table], t: int) -> str:
    """A Markdown table of accuracies at a step: mean and deviation of the trainings, and the half width over images."""
    found = diffsem.spread([one.result for one in several])
    rows = [
        [
            f"`{line['system']}`",
            NODES[line["node"]],
            *(number(100 * line[name], 2) for name in ("mean", "deviation", "lowest", "highest", "half_width")),
        ]
        for line in _in_order(found[found["timestep"] == t], several[0])
    ]
    return lines(["system", "node", "mean", "deviation", "lowest", "highest", "half width over images"], rows)


def _in_order(found: pd.DataFrame, first: Table) -> list[dict]:
    """Systems in the order of the scenario, receiver before attack."""
    places = {name: place for place, name in enumerate(dict.fromkeys(first.rows["system"]))}
    return sorted(found.to_dict("records"), key=lambda line: (places[line["system"]], list(NODES).index(line["node"])))


def comparison_lines(several: Sequence[Table], pairs: Sequence[tuple[str, str]], t: int) -> str:
    """A Markdown table of differences of receivers at a step: over all trainings, and whether they outlive them."""
    found = {pair: over_trainings(several, *pair, t) for pair in pairs}
    rows = [
        [
            f"`{first}` over `{second}`",
            one.text(2, sign=True),
            f"{number(one.lowest, 2, True)} to {number(one.highest, 2, True)}",
            "yes" if one.outlives else "no",
        ]
        for (first, second), one in found.items()
    ]
    return lines(["", "mean, points", "trainings", "outlives them"], rows)


def gap_lines(several: Sequence[Table], systems: Sequence[str], t: int) -> str:
    """A Markdown table of receivers less the strongest attack on them at a step, a column a training."""
    headings = ["system", *(f"training {count}" for count in range(1, len(several) + 1))]
    return lines(
        headings, [[f"`{name}`", *(gap.text(2, sign=True) for gap in gaps_of(several, name, t))] for name in systems]
    )


def gaps_of(several: Sequence[Table], system: str, t: int) -> list[Difference]:
    """A receiver less the strongest attack on it at a step, a value a training."""
    found = [(one, one.receiver(system, t=t)) for one in several]
    return [receiver - one.strongest(receiver.row["transmitter"], t=t) for one, receiver in found]


def none_stronger(one: Table, attacks: Sequence[str], transmitters: Sequence[str], steps: Sequence[int]) -> bool:
    """Whether on each of those transmitters, at each of those steps, one of these attacks reads most of all images."""
    rows = one.rows[(one.rows["node"] == "adversary") & (one.rows["scored"] == "label")]
    found = [rows[(rows["transmitter"] == name) & (rows["timestep"] == t)] for name in transmitters for t in steps]
    return all(here.loc[here["attack"].isin(attacks), "accuracy"].max() >= here["accuracy"].max() for here in found)


FUNCTIONS = (over_trainings, trained_again_lines, comparison_lines, gap_lines, gaps_of, none_stronger)
