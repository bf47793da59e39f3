"""Functions that single pages ask for, beside those that all of them have."""

from collections.abc import Callable

from rendering import (
    calibration,
    comparisons,
    defending,
    fading,
    guidance,
    qualities,
    records,
    retraining,
    speeds,
    step_rules,
    streets,
)

SEVERAL = (
    calibration,
    comparisons,
    defending,
    fading,
    guidance,
    qualities,
    records,
    retraining,
    speeds,
    step_rules,
    streets,
)
FUNCTIONS: dict[str, Callable] = {function.__name__: function for module in SEVERAL for function in module.FUNCTIONS}
