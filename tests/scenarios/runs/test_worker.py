"""A worker compiles what it is sent once, whatever words a scenario is made of."""

import pytest

from diffsem.scenarios import load_scenario
from diffsem.scenarios.runs.parallel import worker


@pytest.fixture
def compiled(monkeypatch):
    """Scenarios that were compiled; nothing is."""
    found = []
    monkeypatch.setattr(worker, "_compiled", {})
    monkeypatch.setattr(worker, "_compile", lambda scenario, *rest: found.append(scenario) or len(found))
    return found


@pytest.mark.parametrize("words", ["mnist", "{kind: 'mine:DATA', sizes: [1, 2]}"])
def test_a_scenario_is_compiled_once(words, compiled):
    first, again = (load_scenario("mnist-quick", [f"dataset={words}"]) for _ in range(2))
    assert worker._programs_of(first, "origin", None) == worker._programs_of(again, "origin", None) == 1
    assert compiled == [first]


def test_another_scenario_or_origin_is_compiled_anew(compiled):
    scenario, other = load_scenario("mnist-quick"), load_scenario("mnist-quick", ["seed=2"])
    found = [
        worker._programs_of(*told, None) for told in ((scenario, "a"), (other, "a"), (other, "b"), (scenario, "a"))
    ]
    assert found == [1, 2, 3, 4]
