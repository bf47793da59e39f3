"""Ranges of numbers, {start: ..., stop: ..., step: ...}, in exact decimals."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

# As many as there are self-noising steps at most.
MOST_VALUES = 10_001

Bounded = Annotated[float, Field(ge=-1e6, le=1e6)]


class Range(BaseModel):
    """Evenly spaced numbers."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    start: Bounded = Field(description="the first number")
    stop: Bounded = Field(description="the last number, included")
    step: Annotated[float, Field(gt=0, le=1e6)] = Field(description="from one number to the next")

    @field_validator("*", mode="before")
    @classmethod
    def _no_boolean(cls, value: Any) -> Any:
        if isinstance(value, bool):
            raise ValueError("is a boolean, as yes, no, on and off are; allowed: a number")
        return value


def range_schema() -> dict[str, Any]:
    """The JSON Schema of a range."""
    return Range.model_json_schema() | {"description": "a range: start, start + step, ... up to stop, included"}


def expanded(words: Mapping[str, Any]) -> list[int | float]:
    """The numbers of a range: those nearest to the exact decimals, whole ones as integers.

    Parameters
    ----------
    words : mapping
        start, stop, step.

    Raises
    ------
    ValidationError
        If a key lacks, is unknown or holds no number within bounds.
    ValueError
        If the range falls, has more than `MOST_VALUES` numbers, or its steps do not lead to its stop.
    """
    asked = Range.model_validate(dict(words))
    start, stop, step = (_exact(value) for value in (asked.start, asked.stop, asked.step))
    if start > stop:
        raise ValueError("a range rises; allowed: a stop that is not under its start")
    steps = (stop - start) / step
    if steps >= MOST_VALUES:
        raise ValueError(f"a range of more than {MOST_VALUES:,} numbers; allowed: a larger step")
    if steps.denominator != 1:
        before = start + steps.__floor__() * step
        near = " or ".join(f"{_number(value)}" for value in (before, before + step))
        raise ValueError(f"steps of {_number(step)} do not lead to the stop {_number(stop)}; allowed: {near}")
    return [_number(start + place * step) for place in range(int(steps) + 1)]


def _exact(value: float) -> Fraction:
    """The decimal that was written: the shortest that reads back to the same number."""
    return Fraction(repr(value))


def _number(value: Fraction) -> int | float:
    return int(value) if value.denominator == 1 else float(value)
