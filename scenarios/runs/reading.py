"""Reading a scenario: from a file and --set to words that are checked, and filled in with the shipped defaults."""

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from diffsem.link import InputError
from diffsem.scenarios.attacks import default_attacks, shipped_attacks
from diffsem.scenarios.datasets import shipped_datasets
from diffsem.scenarios.links.streets import with_traced_snr
from diffsem.scenarios.parts.outside import find_code_beside
from diffsem.scenarios.runs.plan import Plan
from diffsem.scenarios.runs.resolving import outside_parts, plan, plan_without_imports
from diffsem.scenarios.schema.explaining import explain, place_of
from diffsem.scenarios.schema.file import read_words
from diffsem.scenarios.schema.forgiving.words import spelled
from diffsem.scenarios.schema.scenario import Scenario
from diffsem.scenarios.systems import default_systems, shipped_systems


def load_scenario(scenario: str | Path | Mapping[str, Any], overrides: Sequence[str] = ()) -> Scenario:
    """Read and check a scenario; nothing from outside of the package is imported.

    Parameters
    ----------
    scenario : str, Path or mapping
        A shipped name, a path to a YAML file, or what such a file holds.
    overrides : sequence of str
        "key.sub=VALUE" pairs, VALUE in YAML, applied before validation.

    Raises
    ------
    InputError
        One line: what is wrong, where, what is allowed.

    Examples
    --------
    >>> import diffsem
    >>> scenario = diffsem.load_scenario("mnist-quick", ["legitimate.snr_db=[5, 15]"])
    >>> scenario.legitimate.snr_db, scenario.monte_carlo.max_images
    ((5.0, 15.0), 1024)
    """
    words, _ = read_without_imports(scenario, overrides)
    return words


def read_without_imports(
    scenario: str | Path | Mapping[str, Any], overrides: Sequence[str] = ()
) -> tuple[Scenario, Plan | None]:
    """A scenario's words, and the plan of its shipped parts, as `plan_without_imports` has it. Raises InputError."""
    content, where = read_words(scenario, overrides)
    words = parse_words(content, where, overrides)
    try:
        return words, plan_without_imports(words)
    except InputError as error:
        raise InputError(f"scenario {where}: {error}") from error


def plan_of_file(
    scenario: str | Path, overrides: Sequence[str] = (), before_imports: Callable[[], None] = lambda: None
) -> Plan:
    """Read a scenario and resolve it; modules that it names are looked for beside its file, too.

    Parameters
    ----------
    scenario, overrides
        As for `load_scenario`.
    before_imports : callable
        What is to be done before code from outside of the package is imported, if it names any.

    Raises
    ------
    InputError
        As `load_scenario`; and if a part from outside is not there, or is none.
    """
    words, planned = read_without_imports(scenario, overrides)
    if planned is not None and not outside_parts(words):
        return planned
    before_imports()
    find_code_beside(scenario)
    return plan(words)


def parse_words(content: dict[str, Any], where: str, overrides: Sequence[str] = ()) -> Scenario:
    """Validate a scenario's keys and values, with the shipped defaults filled in, and shipped names in any case.

    `where` names their origin in errors, where it is none of the overrides. Raises InputError.
    """
    try:
        return Scenario.model_validate(with_traced_snr(_with_shipped_names(_with_defaults(content))))
    except InputError as error:
        raise InputError(f"scenario {where}: {error}") from error
    except ValidationError as error:
        set_here = {override.partition("=")[0] for override in overrides}
        origin = "--set" if place_of(error, Scenario) in set_here else f"scenario {where}:"
        raise InputError(f"{origin} {explain(error, Scenario)}") from error


def _with_defaults(content: Any) -> Any:
    """What is compared, and which attacks are run, where a scenario does not say."""
    if not isinstance(content, dict):
        return content
    filled = deepcopy(content)
    # Of a word in the place of keys, validation tells what is wrong.
    legitimate, eavesdropper = filled.get("legitimate"), filled.setdefault("eavesdropper", {})
    if isinstance(legitimate, dict):
        legitimate.setdefault("receivers", list(default_systems()))
    if isinstance(eavesdropper, dict):
        eavesdropper.setdefault("attacks", list(default_attacks()))
    return filled


def _with_shipped_names(content: Any) -> Any:
    """The names of shipped parts as they are spelled, in whatever case they are given."""
    if not isinstance(content, dict):
        return content
    named = {**content, "dataset": spelled(content.get("dataset"), shipped_datasets())}
    if "dataset" not in content:
        del named["dataset"]
    for node, key, shipped in (
        ("legitimate", "receivers", shipped_systems()),
        ("eavesdropper", "attacks", shipped_attacks()),
    ):
        words = named.get(node)
        if isinstance(words, dict) and key in words:
            named[node] = {**words, key: _with_names(words[key], "attack", shipped)}
    return named


def _with_names(value: Any, key: str, shipped: Mapping[str, Any]) -> Any:
    """A name, keys one of which holds a name, or a list of them, each name as it is spelled."""
    if isinstance(value, list):
        return [_with_names(entry, key, shipped) for entry in value]
    if isinstance(value, dict):
        return {each: spelled(entry, shipped) if each == key else entry for each, entry in value.items()}
    return spelled(value, shipped)


def scenario_schema() -> dict[str, Any]:
    """The JSON Schema of scenario files, with the shipped parts listed; one's own are written module:NAME."""
    schema = Scenario.model_json_schema()
    keys = schema["$defs"]
    _list_names(keys["ChosenAttack"]["anyOf"][1]["properties"]["attack"], shipped_attacks())
    for form in keys["Legitimate"]["properties"]["receivers"]["anyOf"]:
        _list_names(form.get("items", form), shipped_systems())
    keys["Legitimate"]["properties"]["receivers"]["default"] = list(default_systems())
    keys["Eavesdropper"]["properties"]["attacks"]["default"] = [{"attack": name} for name in default_attacks()]
    return schema


def _list_names(place: dict[str, Any], shipped: Mapping[str, Any]) -> None:
    """Where a shipped name or module:NAME may stand."""
    description: dict[str, Any] = {key: place[key] for key in ("description", "title") if key in place}
    outside = {"type": "string", "pattern": ":"}
    place.clear()
    place.update(description | {"anyOf": [{"enum": list(shipped)}, outside]})
