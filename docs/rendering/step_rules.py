"""How a receiver finds its step: accuracies by the rule, and what the matched step gains."""

from collections.abc import Iterable, Sequence

from rendering.markdown import lines
from rendering.measures import Accuracy, Difference
from rendering.tables import Table, table

RULES = ("matched", "mean", "transmitter")


def step_table(rule: str, scenario: str) -> Table:
    """The table of a rule: matched, mean or transmitter."""
    return table(f"notebooks/channels/step-{rule}-{scenario}.h5")


def step_cells(scenario: str, systems: Iterable[str]) -> str:
    """A row a step and system, a column a rule."""
    several = [step_table(rule, scenario) for rule in RULES]
    rows = [
        [t, f"`{system}`", *(one.receiver(system, t=t) for one in several)]
        for t in several[0].steps
        for system in systems
    ]
    return lines(["t", "system", *(f"`{rule}`" for rule in RULES)], rows)


def step_gain(scenario: str, system: str, over: str, t: int) -> Difference:
    """What the matched step gains over another rule, points."""
    return _cell("matched", scenario, system, t) - _cell(over, scenario, system, t)


def step_gains(scenarios: Iterable[str], systems: Sequence[str], over: str) -> str:
    """A row a scenario and step, a column a system: what the matched step gains over another rule, in points."""
    rows = [
        [f"`{scenario}`", t, *(step_gain(scenario, system, over, t).text(2, sign=True) for system in systems)]
        for scenario in scenarios
        for t in step_table(over, scenario).steps
    ]
    return lines(["scenario", "t", *(f"`{system}`" for system in systems)], rows)


def step_differences(
    scenarios: Iterable[str], systems: Sequence[str], over: str, steps: Sequence[int] | None = None
) -> list[Difference]:
    """All of these gains; steps: those of the tables."""
    return [
        step_gain(scenario, system, over, t)
        for scenario in scenarios
        for system in systems
        for t in steps or step_table(over, scenario).steps
    ]


def step_disjoint(
    scenarios: Iterable[str], systems: Sequence[str], over: str, steps: Sequence[int] | None = None
) -> bool:
    """Whether the interval of the matched step lies above that of the other rule in all of them."""
    pairs = [
        (_cell("matched", scenario, system, t), _cell(over, scenario, system, t))
        for scenario in scenarios
        for system in systems
        for t in steps or step_table(over, scenario).steps
    ]
    return bool(pairs) and all(first.low > second.high for first, second in pairs)


def step_overlap(scenario: str, systems: Sequence[str], over: str) -> bool:
    """Whether at every step the intervals of the matched step and of the other rule overlap."""
    pairs = [
        (_cell("matched", scenario, system, t), _cell(over, scenario, system, t))
        for system in systems
        for t in step_table(over, scenario).steps
    ]
    return bool(pairs) and all(first.low <= second.high and second.low <= first.high for first, second in pairs)


def rules_by_scenario(scenarios: Iterable[str]) -> dict[str, dict[str, Table]]:
    """Scenario -> rule -> table."""
    return {scenario: {rule: step_table(rule, scenario) for rule in RULES} for scenario in scenarios}


def _cell(rule: str, scenario: str, system: str, t: int) -> Accuracy:
    return step_table(rule, scenario).receiver(system, t=t)


FUNCTIONS = (
    step_table,
    step_cells,
    step_gain,
    step_gains,
    step_differences,
    step_disjoint,
    step_overlap,
    rules_by_scenario,
)
