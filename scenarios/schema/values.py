"""Values of a scenario file that stand at several keys: numbers and their bounds, lists, unions told apart by form."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, Field

from diffsem.scenarios.schema.forgiving.lists import NUMBERS


def ascending(values: tuple) -> tuple:
    """The values. Raises ValueError if they do not rise."""
    if list(values) != sorted(set(values)):
        raise ValueError("must be in ascending order, each value once")
    return values


def distinct(values: tuple) -> tuple:
    """The values. Raises ValueError if one is there twice."""
    if len(set(values)) != len(values):
        raise ValueError("must name each entry once")
    return values


Decibel = Annotated[float, Field(ge=-50, le=100)]
# A tenth of a decibel apart over 100 dB.
Decibels = Annotated[tuple[Decibel, ...], Field(min_length=1, max_length=1000), AfterValidator(ascending), NUMBERS]
# Of a schedule: ten times those of the first diffusion models.
MOST_STEPS = 10_000
Timestep = Annotated[int, Field(ge=0, le=MOST_STEPS)]
SolverSteps = Annotated[int, Field(ge=1, le=MOST_STEPS)]
# Larger than most test sets: a batch is only there to fill the machine.
BatchSize = Annotated[int, Field(ge=1, le=65536)]
# Of random bits, enough for a block error rate of 1e-6; far more than there are images in any test set.
Images = Annotated[int, Field(ge=1, le=10**8)]
# Hundreds of times what any stage takes.
EpochCount = Annotated[int, Field(ge=1, le=100_000)]
# Systems or attacks of one sweep: a row each a point.
MOST_ENTRIES = 100

AntennaCount = Annotated[int, Field(ge=1, le=16)]
Modulation = Literal["bpsk", "qpsk", "16qam", "64qam", "256qam"]
# The code begins at 0.2.
CodeRate = Annotated[float, Field(ge=0.1, lt=1)] | None
Precision = Literal["float32", "mixed_bfloat16", "mixed_float16"]
# How images may be varied in training: left to right, or by up to an eighth.
Variation = Literal["mirror", "shift"]

# Values of a key that is a sweep axis.
MOST_VALUES = 100


def or_a_list(schema: dict[str, Any]) -> None:
    """In a JSON Schema: several values of a key are a sweep axis."""
    whole = {key: schema.pop(key) for key in list(schema) if key not in ("default", "description", "title")}
    schema["anyOf"] = [whole, {"type": "array", "items": dict(whole), "minItems": 1, "maxItems": MOST_VALUES}]


def or_traced(schema: dict[str, Any]) -> None:
    """In a JSON Schema: the word for a value that a trace tells, which is put in its place before it is checked."""
    forms = schema.pop("oneOf", None)
    if forms is None:
        kept = ("default", "description", "title")
        forms = [{key: schema.pop(key) for key in list(schema) if key not in kept}]
    schema["anyOf"] = [*forms, {"const": "traced"}]


def word_or_keys(value: Any) -> str | None:
    """word of a string, keys of a mapping; of anything else None."""
    if isinstance(value, str):
        return "word"
    return "keys" if isinstance(value, dict | BaseModel) else None


def number_or_keys(value: Any) -> str:
    """keys of a mapping, values of anything else."""
    return "keys" if isinstance(value, dict | BaseModel) else "values"
