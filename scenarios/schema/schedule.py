"""The noise schedule of the diffusion."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

import diffsem.models as models
from diffsem.scenarios.schema.keys import Keys
from diffsem.scenarios.schema.values import MOST_STEPS

SCHEDULES = ("linear", "cosine")
Beta = Annotated[float, Field(gt=0, lt=1)]


class Schedule(Keys):
    """The noise schedule that transmitter and receiver share."""

    steps: Annotated[int, Field(ge=1, le=MOST_STEPS)] = Field(default=500, description="T, the last step")
    beta_start: Beta = Field(default=1e-4, description="beta_1 of a linear schedule")
    beta_end: Beta = Field(default=0.02, description="beta_T of a linear schedule")
    kind: Literal["linear", "cosine"] = Field(
        default="linear", description="linear: from beta_1 to beta_T; cosine: has betas of its own"
    )

    @model_validator(mode="after")
    def _goes_together(self):
        if self.beta_start > self.beta_end:
            raise ValueError(f"beta_start {self.beta_start:g}: allowed: at most beta_end, {self.beta_end:g}")
        for key in ("beta_start", "beta_end"):
            # Of a schedule that was written with all defaults they are there, too.
            if self.kind == "cosine" and getattr(self, key) != Schedule.model_fields[key].default:
                raise ValueError(f"{key}: a cosine schedule has betas of its own; allowed with kind linear only")
        return self

    def build(self) -> "models.NoiseSchedule":
        """The schedule as networks and links take it."""
        return models.NoiseSchedule(self.steps, beta_first=self.beta_start, beta_last=self.beta_end, kind=self.kind)
