"""What to simulate: scenarios, data, training, figures and the command line.

Names are loaded when they are first used: a scenario can be checked without TensorFlow.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from diffsem.scenarios.attacks import AttackMethod, Target
    from diffsem.scenarios.eavesdropping import Eavesdropping
    from diffsem.scenarios.report import leakage, outage, private_share
    from diffsem.scenarios.runner import run_scenario
    from diffsem.scenarios.schema import Scenario, load_scenario
    from diffsem.scenarios.training import train_scenario

_HOME = {
    "AttackMethod": "attacks",
    "Eavesdropping": "eavesdropping",
    "Scenario": "schema",
    "load_scenario": "schema",
    "Target": "attacks",
    "leakage": "report",
    "outage": "report",
    "private_share": "report",
    "run_scenario": "runner",
    "train_scenario": "training",
}

__all__ = [
    "AttackMethod",
    "Eavesdropping",
    "Scenario",
    "Target",
    "leakage",
    "load_scenario",
    "outage",
    "private_share",
    "run_scenario",
    "train_scenario",
]


def __getattr__(name: str):
    if name in _HOME:
        return getattr(import_module(f"diffsem.scenarios.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
