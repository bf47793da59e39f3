"""What the attributes of a result table tell: its scenario, and how its systems and attacks appear."""

import math
from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from diffsem.link import InputError, ResultTable
from diffsem.scenarios.attacks import shipped_attacks
from diffsem.scenarios.contracts.appearance import (
    ATTACKS,
    SYSTEMS,
    AttackAppearance,
    SystemAppearance,
    attack_appearances,
    system_appearances,
    usual_attacks,
)
from diffsem.scenarios.datasets import resolve_dataset
from diffsem.scenarios.schema.scenario import Scenario, parse_scenario
from diffsem.scenarios.schema.strict_yaml import read_yaml
from diffsem.scenarios.systems import shipped_systems

Appearances = TypeVar("Appearances")


def scenario_of(table: ResultTable) -> Scenario:
    """The scenario of a table. Raises InputError if what it says is none."""
    try:
        return parse_scenario(read_yaml(str(table.attributes["scenario"])), "stored")
    except InputError:
        raise
    except ValueError as error:
        raise InputError(f"scenario stored: {error}") from error


def symbols_of(table: ResultTable) -> int:
    """Real symbols of a feature: as the table says, or an older one's shipped data set does. Raises InputError."""
    if "feature_symbols" in table.attributes:
        return int(table.attributes["feature_symbols"])
    source, _, _ = resolve_dataset(scenario_of(table).dataset)
    return math.prod(source.sizes.feature_shape)


def systems_in(attributes: Mapping[Any, Any]) -> dict[str, SystemAppearance]:
    """How systems appear, by name: as the table says, or an older one as shipped systems do.

    Parameters
    ----------
    attributes : mapping
        `ResultTable.attributes`, or `DataFrame.attrs` of its rows.

    Raises
    ------
    InputError
        If the attribute is not what `diffsem run` writes.
    """
    if "systems" not in attributes:
        return system_appearances(shipped_systems().values())
    return _checked(attributes, "systems", SYSTEMS)


def attacks_in(attributes: Mapping[Any, Any]) -> dict[str, AttackAppearance]:
    """The same of attacks, by the names in column `attack`."""
    if "attacks" not in attributes:
        return attack_appearances(usual_attacks(shipped_attacks().values()))
    return _checked(attributes, "attacks", ATTACKS)


def _checked(attributes: Mapping[Any, Any], name: str, model: TypeAdapter[Appearances]) -> Appearances:
    try:
        return model.validate_json(str(attributes[name]))
    except ValidationError as error:
        raise InputError(
            f"result table: attribute {name} is not the JSON that `diffsem run` writes; restore the file, or run again"
        ) from error
