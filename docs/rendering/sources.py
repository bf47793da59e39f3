"""Where a number comes from: the table that holds it and its command, or a measurement that no table keeps."""

import json
from functools import cache
from typing import Any

import yaml

from diffsem.link import InputError
from diffsem.scenarios import load_scenario
from diffsem.scenarios.reporting.table_attributes import scenario_of
from rendering.claims import PageError
from rendering.measures import number
from rendering.tables import ROOT, Table

# A longer command is none that anybody would type.
LONGEST = 300


def source(*several: Table, command: str | None = None) -> str:
    """Of a section: "Table: `notebooks/fig4-mnist.h5`, made by `diffsem run fig4-mnist`"; of several, an item each.

    Parameters
    ----------
    *several : Table
    command : str, optional
        That makes them all; default: as the tables tell.
    """
    sentences = [f"Table: `{one.path}`, {_made(one, command)}." for one in several]
    return sentences[0] if len(sentences) == 1 else "\n".join(f"- {sentence}" for sentence in sentences)


def _made(one: Table, command: str | None) -> str:
    command = command or command_of(one)
    if command:
        return f"made by `{command}`"
    return f"made by `diffsem run {scenario_of(one.result).name}` with the settings in its attribute `scenario`"


@cache
def command_of(one: Table) -> str | None:
    """The command that makes a table anew, as its scenario tells; None where that is no shipped one, or much differs.

    What the stored scenario has otherwise than the shipped one of that name stands behind `--set`. How networks are
    trained is left out: a sweep takes them as they are.
    """
    stored = scenario_of(one.result)
    try:
        shipped = load_scenario(stored.name)
    except InputError:
        return None
    settings = _differing(*(_plain(scenario.model_dump(mode="json")) for scenario in (stored, shipped)))
    data = " --data-dir DIR" if stored.dataset == "cifar10" else ""
    command = " ".join([f"diffsem run {stored.name}{data}", *(f"--set {setting}" for setting in settings)])
    return command if len(command) <= LONGEST else None


def _plain(words: dict[str, Any]) -> dict[str, Any]:
    """A scenario without what a sweep does not hang on; an attack of which only the name is said, as its name."""
    words = {key: value for key, value in words.items() if key != "training"}
    attacks = words["eavesdropper"].get("attacks")
    if attacks is not None:
        words["eavesdropper"]["attacks"] = [_plain_attack(attack) for attack in attacks]
    return words


def _plain_attack(attack: dict[str, Any]) -> dict[str, Any] | str:
    said = {key: value for key, value in attack.items() if value is not None}
    return said if len(said) > 1 else said["attack"]


def _differing(stored: Any, shipped: Any, path: str = "") -> list[str]:
    """Settings "key.sub=VALUE" that make one of the other."""
    if isinstance(stored, dict) and isinstance(shipped, dict):
        return [
            setting
            for key in stored
            for setting in _differing(stored[key], shipped.get(key), f"{path}.{key}" if path else key)
        ]
    if stored == shipped:
        return []
    words = yaml.safe_dump(stored, default_flow_style=True, sort_keys=False, width=10_000).replace("\n...", "").strip()
    setting = f"{path}={words}"
    return [f'"{setting}"' if " " in setting and "{" in setting else setting.replace(", ", ",")]


def measured(value: object, command: str, date: str) -> str:
    """A value that no table keeps, with the command that gave it and the day.

    Parameters
    ----------
    value : str
        As the prose has it, with its unit.
    command, date : str

    Returns
    -------
    str
        As "38 s (`diffsem run mnist-solvers`, measured on 2026-11-25)".
    """
    return f"{value} (`{command}`, measured on {date})"


def stated(value: object) -> str:
    """A value that the paper states, not one of ours."""
    return str(value)


def json_of(path: str) -> Any:
    """What a JSON file holds, by its path from the repository's root. Raises PageError if there is none."""
    try:
        return json.loads((ROOT / path).read_text())
    except OSError as error:
        raise PageError(f"{path}: cannot be read ({error.strerror})") from error


def share(value: float, digits: int = 1) -> str:
    """A share in percent, without the sign."""
    return number(100 * value, digits)
