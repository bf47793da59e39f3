"""A worker compiles what it is sent once, whatever words a scenario is made of."""

from types import SimpleNamespace

import pytest

from diffsem.scenarios import load_scenario
from diffsem.scenarios.runs.parallel import worker


@pytest.fixture
def built(monkeypatch):
    """Scenarios that were built, each of the next origin; nothing is."""
    found = []

    def build(scenario, data_dir):
        found.append(scenario)
        return SimpleNamespace(origin=str(len(found)))

    monkeypatch.setattr(worker, "_kept", {})
    monkeypatch.setattr(worker, "_build", build)
    return found


@pytest.mark.parametrize("words", ["mnist", "{kind: 'mine:DATA', sizes: [1, 2]}"])
def test_a_scenario_is_built_once(words, built):
    first, again = (load_scenario("mnist-quick", [f"dataset={words}"]) for _ in range(2))
    assert worker._built(first, None, None) is worker._built(again, None, "1")
    assert built == [first]


def test_another_scenario_or_origin_is_built_anew(built):
    scenario, other = load_scenario("mnist-quick"), load_scenario("mnist-quick", ["seed=2"])
    asked = [(scenario, "1"), (other, "2"), (other, "another"), (scenario, "4")]
    assert [worker._built(each, None, origin).origin for each, origin in asked] == ["1", "2", "3", "4"]
