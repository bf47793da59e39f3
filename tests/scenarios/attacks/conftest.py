"""The plan of a small scenario with attacks to choose."""

import pytest

from diffsem.scenarios import load_scenario
from diffsem.scenarios.runs.resolving import plan


@pytest.fixture
def planned():
    """Call with attacks as a scenario lists them, and overrides: gives its plan."""

    def make(attacks, *overrides):
        return plan(load_scenario("mnist-quick", [f"eavesdropper.attacks={attacks}", *overrides]))

    return make
