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

    Examples
    --------
    >>> from diffsem.scenarios import Dimensions, NetworkSpec, Setup, load_scenario
    >>> sizes = Dimensions((28, 28, 1), (8, 8, 1), classes=10, pixel_rms=0.3)
    >>> setup = Setup(load_scenario("mnist-quick"), sizes, NetworkSpec("judge", lambda sizes: None))
    >>> setup.scenario.timesteps, round(float(setup.schedule.esnr_db(240)), 1)
    ((240,), -3.5)
    """

    scenario: Scenario
    dimensions: Dimensions
    judge: NetworkSpec

    @cached_property
    def schedule(self) -> "models.NoiseSchedule":
        return self.scenario.schedule.build()
