"""What the parts of a simulation may depend on."""

from dataclasses import dataclass
from functools import cached_property

import diffsem.models as models
from diffsem.scenarios.contracts.network import Dimensions, NetworkSpec
from diffsem.scenarios.schema.scenario import Scenario


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
    def schedule(self) -> "models.NoiseSchedule":
        return self.scenario.schedule.build()
