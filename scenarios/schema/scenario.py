"""A scenario: all that its file says."""

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    Discriminator,
    Field,
    ModelWrapValidatorHandler,
    PrivateAttr,
    Tag,
    ValidationError,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from diffsem.link import InputError
from diffsem.scenarios.schema.channels import ChannelKeys, EstimatedCsi, OutsideChannel
from diffsem.scenarios.schema.digital import BitErrorRate, DigitalLink
from diffsem.scenarios.schema.explaining import explain
from diffsem.scenarios.schema.forgiving.lists import NUMBERS, OneOrMore
from diffsem.scenarios.schema.forgiving.words import WordFor
from diffsem.scenarios.schema.keys import FolderPath, Keys, PartName, PlainValue
from diffsem.scenarios.schema.nodes import Distance, Eavesdropper, Legitimate, Offset, check_correlation, check_node
from diffsem.scenarios.schema.schedule import SCHEDULES, Schedule
from diffsem.scenarios.schema.simulation import Denoising, Execution, MonteCarlo
from diffsem.scenarios.schema.strict_yaml import write_yaml
from diffsem.scenarios.schema.training import Training
from diffsem.scenarios.schema.values import (
    MOST_ENTRIES,
    MOST_STEPS,
    MOST_VALUES,
    Timestep,
    ascending,
    distinct,
    or_a_list,
    word_or_keys,
)

# Values of an axis in a scenario's line.
MOST_SHOWN = 6
# What may have several values, and is a sweep axis then; the result table's column that tells a point's.
AXIS_KEYS = {
    "seed": "seed",
    "denoising.steps": "denoising_steps",
    "legitimate.transmit_antennas": "transmit_antennas",
    "legitimate.receive_antennas": "receiver_antennas",
    "eavesdropper.receive_antennas": "eavesdropper_antennas",
    "eavesdropper.looks": "eavesdropper_looks",
}
# dB that come of an eavesdropper's offset or distance.
LOUDEST = 200


class Scenario(Keys):
    name: Annotated[str, Field(max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")] = Field(
        description="letters, digits, . _ -"
    )
    seed: Annotated[int, Field(ge=0, lt=2**31)] = Field(
        default=1,
        description="every random draw derives from it; a list is a sweep axis, of which the first trains",
        json_schema_extra=or_a_list,
    )
    dataset: Annotated[
        Annotated[PartName, Tag("word")]
        | Annotated[dict[Annotated[str, Field(max_length=64)], PlainValue], Tag("keys")],
        Discriminator(word_or_keys, "form", "should be the name of a data set, or keys such as {folder: PATH}"),
    ] = Field(
        description="mnist | cifar10 | {folder: PATH, image_size: pixels, compression: symbols a value} | module:NAME "
        "of a DatasetKind of one's own, with keys {kind: module:NAME, ...}"
    )
    compression: Annotated[int, Field(ge=1, le=10**6)] | None = Field(
        default=None,
        description="real symbols of a feature an image; null: as many as the data set's own networks have",
    )
    weights: FolderPath = Field(default="pretrained", description="pretrained, or a folder that `diffsem train` wrote")
    weights_only: bool = Field(default=False, description="take no shipped network in the place of one that they lack")
    timesteps: Annotated[
        tuple[Timestep, ...], Field(min_length=1, max_length=MOST_STEPS + 1), AfterValidator(ascending), NUMBERS
    ] = Field(description="self-noising steps t, 0 to schedule.steps; a sweep axis")
    schedule: Annotated[Schedule, WordFor("kind", SCHEDULES)] = Field(
        default=Schedule(), description="of the self-noise: linear | cosine, or its keys"
    )
    legitimate: Legitimate
    eavesdropper: Eavesdropper = Eavesdropper()
    denoising: Denoising = Denoising()
    digital: Annotated[
        tuple[DigitalLink, ...], Field(min_length=1, max_length=MOST_ENTRIES), AfterValidator(distinct), OneOrMore()
    ] = Field(
        default=(DigitalLink(),),
        description="links that carry features as bits, a system each; no self-noise, no attacks",
    )
    bit_error_rates: Annotated[
        tuple[BitErrorRate, ...], Field(max_length=MOST_ENTRIES), AfterValidator(distinct), OneOrMore()
    ] = Field(default=(), description="bit and block error rates of these over the legitimate channel, a system each")
    monte_carlo: MonteCarlo = MonteCarlo()
    execution: Annotated[Execution, WordFor("xla", ("auto",))] = Field(
        default=Execution(), description="how the machine computes it: auto, or its keys"
    )
    training: Training = Training()

    _axes: dict[str, tuple[int, ...]] = PrivateAttr(default_factory=dict)

    @property
    def axes(self) -> dict[str, tuple[int, ...]]:
        """The values of each key of `AXIS_KEYS` that has several; the key itself has the first."""
        return dict(self._axes)

    @model_validator(mode="after")
    def _goes_together(self):
        # Receivers that are left out are filled in later.
        given = "receivers" in self.legitimate.model_fields_set
        if given and not self.legitimate.receivers and not self.bit_error_rates:
            raise ValueError(
                "legitimate.receivers and bit_error_rates are both empty: nothing to simulate; allowed: one of either"
            )
        self._check_steps()
        channels = self.legitimate.channel, self.eavesdropper.channel
        if not any(isinstance(channel, OutsideChannel) for channel in channels):
            check_nodes(self, *channels)
        own = self.eavesdropper.snr_db
        if isinstance(own, Offset | Distance):
            for snr_db in self.legitimate.snr_db:
                # A float32 holds noise down to -370 dB.
                if not -LOUDEST <= own.after(snr_db) <= LOUDEST:
                    raise ValueError(
                        f"eavesdropper.snr_db: {own.after(snr_db):.0f} dB where the receiver has {snr_db:g} dB; "
                        f"allowed: -{LOUDEST} to {LOUDEST} dB"
                    )
        if self.bit_error_rates and self.legitimate.precoding == "beam":
            raise ValueError("bit_error_rates: digital links send streams; allowed: legitimate.precoding streams")
        return self

    # Behind the other checks: pydantic puts a later validator around those before it.
    @model_validator(mode="wrap")
    @classmethod
    def _take_lists(cls, content: Any, validate: ModelWrapValidatorHandler["Scenario"]) -> "Scenario":
        """Check every combination of the values of keys that have several, each as a scenario of its own."""
        lists = _lists_in(content) if isinstance(content, dict) else {}
        if not lists:
            return validate(content)
        combinations = [dict(zip(lists, values, strict=True)) for values in itertools.product(*lists.values())]
        scenarios = [validate(_with_values(content, values)) for values in combinations]
        # As they were validated: what a list says may be converted.
        found = {key: tuple(dict.fromkeys(_at(scenario, key) for scenario in scenarios)) for key in lists}
        for key, values in found.items():
            if len(values) != len(lists[key]) or list(values) != sorted(values):
                raise _wrong_list(key, lists[key], "must be in ascending order, each value once")
        scenarios[0]._axes = {key: values for key, values in found.items() if len(values) > 1}
        return scenarios[0]

    def _check_steps(self) -> None:
        most = self.schedule.steps
        # A solver that takes more steps than the schedule has goes through some of them twice.
        asked = {
            "timesteps": self.timesteps[-1],
            "denoising.steps": self.denoising.steps,
            "training.teacher_steps": self.training.teacher_steps,
        }
        for key, step in asked.items():
            if step > most:
                raise ValueError(f"{key}: {step}: allowed: at most schedule.steps, {most}")

    def __repr__(self) -> str:
        """One line; `to_yaml` has all of it."""
        kind = self.dataset if isinstance(self.dataset, str) else self.dataset.get("kind", next(iter(self.dataset), ""))
        axes = f"t {_numbers(self.timesteps)}, {_numbers(self.legitimate.snr_db)} dB"
        listeners = f"{len(self.legitimate.receivers)} receivers, {len(self.eavesdropper.attacks)} attacks"
        return f"<Scenario {self.name}: {kind}, {axes}, {listeners}>"

    def to_yaml(self) -> str:
        """The resolved scenario, defaults included, as the YAML that reads back to it.

        Examples
        --------
        >>> import diffsem
        >>> print(diffsem.load_scenario("mnist-quick").to_yaml())  # doctest: +ELLIPSIS
        name: mnist-quick
        seed: 1
        dataset: mnist
        ...
        """
        content = self.model_dump(mode="json")
        return write_yaml(_with_values(content, {key: list(values) for key, values in self._axes.items()}))


def variants(scenario: Scenario) -> tuple[Scenario, ...]:
    """The scenarios of single values that a scenario is a sweep over; itself, if no key has several.

    Parameters
    ----------
    scenario : Scenario

    Returns
    -------
    tuple of Scenario
        Every combination of the values of its `axes`; the last axis changes first.
    """
    axes = scenario.axes
    if not axes:
        return (scenario,)
    return tuple(
        with_single_values(scenario, dict(zip(axes, values, strict=True)))
        for values in itertools.product(*axes.values())
    )


def with_single_values(scenario: Scenario, values: Mapping[str, int]) -> Scenario:
    """A copy with one value of each of these keys of `AXIS_KEYS`."""
    changed = scenario
    for key, value in values.items():
        *parents, leaf = key.split(".")
        if parents:
            group = getattr(changed, parents[0]).model_copy(update={leaf: value})
            changed = changed.model_copy(update={parents[0]: group})
        else:
            changed = changed.model_copy(update={leaf: value})
    changed._axes = {key: each for key, each in scenario.axes.items() if key not in values}
    return changed


def settings(scenario: Scenario) -> dict[str, dict[str, str | int]]:
    """What the rows of a scenario of single values say of it, by node: the result table's columns `SETTINGS`."""
    axes = {column: _at(scenario, key) for key, column in AXIS_KEYS.items()}
    nodes: dict[str, Legitimate | Eavesdropper] = {
        "receiver": scenario.legitimate,
        "adversary": scenario.eavesdropper,
    }
    return {
        role: {
            **axes,
            "receive_antennas": node.receive_antennas,
            "csi": node.csi.in_words if isinstance(node.csi, EstimatedCsi) else node.csi,
            "equalizer": node.equalizer,
        }
        for role, node in nodes.items()
    }


def _lists_in(content: dict[str, Any]) -> dict[str, list]:
    """By key of `AXIS_KEYS`: the list that stands there, if one does. Raises ValidationError."""
    found: dict[str, list] = {}
    for key in AXIS_KEYS:
        value: Any = content
        for part in key.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        if isinstance(value, list | tuple):
            found[key] = list(value)
            if not value:
                raise _wrong_list(key, found[key], "has no value; allowed: one, or a list of several")
            if math.prod(map(len, found.values())) > MOST_VALUES:
                raise _wrong_list(key, found[key], f"too many combinations of lists; allowed: {MOST_VALUES} in all")
    return found


def _wrong_list(key: str, values: list, message: str) -> ValidationError:
    wrong = InitErrorDetails(
        type=PydanticCustomError("axis", "{message}", {"message": message}), loc=tuple(key.split(".")), input=values
    )
    return ValidationError.from_exception_data(Scenario.__name__, [wrong])


def _with_values(content: dict[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of a scenario's content with other values of dotted keys that are there."""
    changed = dict(content)
    for key, value in values.items():
        *parents, leaf = key.split(".")
        if parents:
            changed[parents[0]] = {**changed[parents[0]], leaf: value}
        else:
            changed[leaf] = value
    return changed


def _at(scenario: Scenario, key: str) -> Any:
    value: Any = scenario
    for part in key.split("."):
        value = getattr(value, part)
    return value


def _numbers(values: Sequence[float]) -> str:
    """A few numbers as they are, of many the ends."""
    if len(values) <= MOST_SHOWN:
        return ", ".join(f"{value:g}" for value in values)
    return f"{values[0]:g} to {values[-1]:g} ({len(values)} values)"


def check_nodes(scenario: Scenario, receiver_keys: ChannelKeys, eavesdropper_keys: ChannelKeys) -> None:
    """Whether the nodes' antennas, pilots, equalisers and channels go together.

    Parameters
    ----------
    scenario : Scenario
    receiver_keys, eavesdropper_keys : ChannelKeys
        Of their channels; of a kind from outside as its own model has them.

    Raises
    ------
    ValueError
        One line: what is wrong, where, what is allowed.
    """
    legitimate, eavesdropper = scenario.legitimate, scenario.eavesdropper
    _check_named("legitimate", legitimate, receiver_keys, legitimate)
    _check_named("eavesdropper", eavesdropper, eavesdropper_keys, legitimate)
    if eavesdropper.fading_correlation > 0:
        check_correlation(legitimate, eavesdropper, receiver_keys, eavesdropper_keys)


def _check_named(name: str, node: Legitimate | Eavesdropper, channel: ChannelKeys, transmitter: Legitimate) -> None:
    try:
        check_node(node, channel, transmitter)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


def value_at(scenario: Scenario, key: str) -> Any:
    """The value of a dotted key of a scenario, as JSON holds it."""
    value: Any = scenario.model_dump(mode="json")
    for part in key.split("."):
        value = value[part]
    return value


def default_at(key: str) -> Any:
    """The value of a dotted key, as JSON holds it, where a scenario does not say; of one that need not be there."""
    return value_at(Scenario(name="any", dataset="any", timesteps=(0,), legitimate=Legitimate(snr_db=(0,))), key)


def parse_scenario(content: Any, where: str) -> Scenario:
    """Validate a scenario's keys and values; `where` names their origin in errors. Raises InputError."""
    try:
        return Scenario.model_validate(content)
    except ValidationError as error:
        raise InputError(f"scenario {where}: {explain(error, Scenario)}") from error
