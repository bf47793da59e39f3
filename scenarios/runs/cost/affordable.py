"""Whether this machine can do what is asked of it, and which key asks for most of it."""

from collections.abc import Callable, Mapping
from typing import Any

from diffsem.link import InputError
from diffsem.scenarios.runs.cost.machine import gibibytes, this_machine
from diffsem.scenarios.runs.cost.need import YEAR, Need, estimate
from diffsem.scenarios.runs.cost.sweep import Cost, cost_of, need_of_sweep
from diffsem.scenarios.runs.cost.training import need_of_training
from diffsem.scenarios.runs.plan import Plan
from diffsem.scenarios.runs.resolving import plan
from diffsem.scenarios.schema.scenario import AXIS_KEYS, with_single_values
from diffsem.scenarios.schema.training import Epochs

LONGEST_YEARS = 10


def affordable_sweep(planned: Plan) -> Cost:
    """The cost of a sweep, unless this machine cannot hold it, or it would not end in ten years.

    Raises
    ------
    InputError
        With the estimate, what the machine has, and the key that asks for most of it.
    """
    cost = cost_of(planned)
    _refuse_too_much("sweep", planned, cost.need, lambda other: need_of_sweep(other, cost.test_images), SWEEP_KEYS)
    return cost


def affordable_workers(cost: Cost, workers: int) -> None:
    """Whether the memory of this machine holds a sweep's worker processes. Raises InputError if it does not."""
    machine, each, busy = this_machine(), cost.need.memory, min(workers, cost.points)
    if busy * each > machine.memory:
        raise InputError(
            f"--workers {workers}: each of {busy} needs about {gibibytes(each)} of memory; this machine has {machine}; "
            f"allowed: at most {max(1, int(machine.memory / each))}"
        )


def affordable_training(planned: Plan) -> Need:
    """The same for the training of all that a scenario needs. Raises InputError."""
    test_images = planned.source.test_images()
    need = need_of_training(planned, test_images)
    _refuse_too_much("training", planned, need, lambda other: need_of_training(other, test_images), TRAINING_KEYS)
    return need


# What each key is set to, to tell how much of an estimate it is behind.
SWEEP_KEYS: dict[str, Any] = {
    "monte_carlo.batch_size": 64,
    "monte_carlo.max_images": 10_000,
    "monte_carlo.passes": 1,
    "denoising.channels": 128,
    "denoising.steps": 2,
    "denoising.max_rounds": 5,
    "seed": 1,
    "timesteps": (0,),
    "legitimate.snr_db": (0.0,),
    "legitimate.csi.pilots": 1,
    "legitimate.channel.coherence": None,
    "legitimate.channel.subcarriers": 16,
    "legitimate.transmit_antennas": 1,
    "legitimate.receive_antennas": 1,
    "eavesdropper.csi.pilots": 1,
    "eavesdropper.channel.coherence": None,
    "eavesdropper.channel.subcarriers": 16,
    "eavesdropper.receive_antennas": 1,
    "eavesdropper.looks": 1,
    "eavesdropper.snr_db": "same",
    "eavesdropper.attacks": (),
    "dataset.image_size": 32,
    "dataset.compression": 1 / 16,
    "bit_error_rates": (),
    "digital": (),
}
TRAINING_KEYS: dict[str, Any] = {
    "training.batch_size": 64,
    "training.images": 1000,
    "training.teacher_steps": 3,
    **{f"training.epochs.{name}": 1 for name in Epochs.model_fields},
    "denoising.channels": 128,
    "eavesdropper.attacks": (),
    "dataset.image_size": 32,
    "dataset.compression": 1 / 16,
}


def _refuse_too_much(
    what: str, planned: Plan, need: Need, need_of: Callable[[Plan], Need], keys: dict[str, Any]
) -> None:
    machine, scenario = this_machine(), planned.scenario
    if need.memory > machine.memory:
        too_much, allowed = "memory", f"this machine has {machine}"
    elif need.core_seconds > LONGEST_YEARS * YEAR * machine.cores:
        too_much, allowed = "core_seconds", f"allowed on this machine ({machine}): {LONGEST_YEARS} years"
    else:
        return
    others: dict[str, float] = {}
    for key, value in keys.items():
        if _has(scenario, key):
            try:
                other = with_single_values(scenario, {key: value}) if key in AXIS_KEYS else _with(scenario, key, value)
                others[key] = getattr(need_of(plan(other)), too_much)
            except InputError:  # that value does not go with the others
                continue
    key = min(others, key=lambda key: others[key])
    raise InputError(
        f"scenario {scenario.name}: its {what} needs {estimate(need, machine)}; {allowed}; {key} asks for most of it"
    )


def _has(model: Any, key: str) -> bool:
    first, _, rest = key.partition(".")
    if isinstance(model, Mapping):
        return first in model
    return first in getattr(type(model), "model_fields", {}) and (not rest or _has(getattr(model, first), rest))


def _with(model: Any, key: str, value: Any) -> Any:
    """A copy of a scenario, or of a part of it, with another value of a key that it has."""
    first, _, rest = key.partition(".")
    if isinstance(model, Mapping):
        return {**model, first: value}
    return model.model_copy(update={first: _with(getattr(model, first), rest, value) if rest else value})
