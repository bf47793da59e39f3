"""How a sweep computes: denoisers, Monte Carlo, arithmetic."""

from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, ValidatorFunctionWrapHandler, WrapValidator
from pydantic_core import PydanticCustomError

from diffsem.scenarios.schema.keys import Keys
from diffsem.scenarios.schema.values import BatchSize, Images, Precision, SolverSteps, or_a_list


class Denoising(Keys):
    solver: Literal["ddim", "dpm-solver++", "distilled"] = Field(
        default="ddim", description="ddim | dpm-solver++ | distilled: the U-Nets' one-call students"
    )
    steps: SolverSteps = Field(
        default=2,
        description="steps of the solver from t' down to 0; a list is a sweep axis",
        json_schema_extra=or_a_list,
    )
    guidance: Annotated[float, Field(ge=0, le=20)] = Field(
        default=0.0, description="w of eq. 18, of denoisers that take a label"
    )
    step: Literal["matched", "mean", "transmitter"] = Field(
        default="matched",
        description="of the receiver. matched: the step that fits the noise, symbol by symbol; mean: that of the mean "
        "noise of all symbols; transmitter: t, as in the paper",
    )
    # Labels that have not settled by then go round in a circle.
    max_rounds: Annotated[int, Field(ge=1, le=100)] = Field(
        default=5, description="rounds of denoiser and classifier at most; a label that settles ends them"
    )
    # 64 times the weights of the paper's 128.
    channels: Annotated[int, Field(ge=8, le=1024, multiple_of=8)] = Field(
        default=128, description="U-Net channels; must fit the weights"
    )


class MonteCarlo(Keys):
    batch_size: BatchSize = Field(default=256, description="images a batch")
    max_images: Images = Field(
        default=10000, description="images a point at most; a point ends at the end of its test set, too"
    )
    # Of 10,000 test images as many as `max_images` may be.
    passes: Annotated[int, Field(ge=1, le=10_000)] = Field(
        default=1,
        description="times that a point may go through its test set, with new noise; intervals are then clustered by "
        "image",
    )
    target_errors: Images | None = Field(
        default=500, description="a node is done after this many wrong labels; null: never"
    )
    # A hundredth of what the most images come to.
    ci_half_width: Annotated[float, Field(ge=1e-6, lt=1)] | None = Field(
        default=0.005, description="a node is done once its 95% interval is this narrow (half width); null: never"
    )


def _boolean_or_auto(value: Any, validate: ValidatorFunctionWrapHandler) -> bool | str:
    try:
        return validate(value)
    except ValidationError:
        raise PydanticCustomError("form", "should be true, false or auto") from None


# Mixed precision is no matter of speed alone: no calibration batch shows that it moves no accuracy.
class Execution(Keys):
    precision: Precision = Field(
        default="float32", description="arithmetic of the denoisers; Keras' names of mixed precision"
    )
    xla: Annotated[bool | Literal["auto"], WrapValidator(_boolean_or_auto)] = Field(
        default=False,
        description="compile receivers and attacks by XLA; auto: if that is measured to end the sweep sooner",
    )
