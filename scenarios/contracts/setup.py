"""What the parts of a simulation may depend on."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from diffsem.scenarios.contracts.network import Dimensions, NetworkSpec
from diffsem.scenarios.schema.scenario import Scenario

if TYPE_CHECKING:  # a scenario is checked without it
    from diffsem.models import NoiseSchedule


@dataclass(frozen=True)
class Setup:
    """What the parts of a simulation may depend on: the scenario's words, and what follows from them.

    Parameters
    ----------
    scenario : Scenario
    dimensions : Dimensions
    judge : NetworkSpec
        The strong classifier that labels images.
    """

    scenario: Scenario
    dimensions: Dimensions
    judge: NetworkSpec

    @cached_property
    def schedule(self) -> "NoiseSchedule":
        return self.scenario.schedule.build()
