"""How a node finds the step that what it hears stands at; `at_step` says what each word means."""

from typing import Literal

StepRule = Literal["matched", "mean", "transmitter"]
