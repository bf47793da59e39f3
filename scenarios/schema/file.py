"""Scenario files: found, read, and changed by what is set beside them."""

import os
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from diffsem.link import InputError, shortened
from diffsem.scenarios.schema.strict_yaml import DEEPEST, MOST_BYTES, read_yaml

# Keys whose own keys a word may stand for, and which of them.
BY_WORD = {"channel": "kind", "schedule": "kind", "execution": "xla"}
SHIPPED = Path(__file__).parents[1] / "shipped"


def shipped_scenarios() -> list[str]:
    """Names of the scenarios inside the package."""
    return _names_in(SHIPPED)


def _names_in(folder: Path) -> list[str]:
    return sorted(path.stem for path in folder.glob("*.yaml"))


def read_words(
    scenario: str | Path | Mapping[str, Any],
    overrides: Sequence[str] = (),
    what: str = "scenario",
    shipped: Path = SHIPPED,
) -> tuple[dict[str, Any], str]:
    """Read a scenario's keys and values, which are not validated yet.

    Parameters
    ----------
    scenario : str, Path or mapping
        A shipped name, a path to a YAML file, or what such a file holds.
    overrides : sequence of str
        "key.sub=VALUE" pairs, VALUE in YAML.
    what : str
        What such a file is called, for errors.
    shipped : Path
        The folder of the shipped ones.

    Returns
    -------
    dict, str
        The content, and where it comes from, for errors.

    Raises
    ------
    InputError
        One line: what is wrong, where, what is allowed.
    """
    where = "given as keys" if isinstance(scenario, Mapping) else str(_find(scenario, what, shipped))
    try:
        content = read_yaml(_as_yaml(scenario) if isinstance(scenario, Mapping) else _text_of(Path(where)))
    except OSError as error:
        raise InputError(f"{what} {where}: {error.strerror}") from error
    except ValueError as error:
        raise InputError(f"{what} {where}: {error}") from error
    if not isinstance(content, dict):
        raise InputError(f"{what} {where}: must hold keys and values, such as 'name: {Path(where).stem}'")
    for override in overrides:
        _apply(content, override)
    return content, where


def _as_yaml(content: Mapping[str, Any]) -> str:
    """The same limits hold for what is given as for what a file holds. Raises ValueError."""
    try:
        return yaml.safe_dump(dict(content))
    except (yaml.YAMLError, RecursionError) as error:
        raise ValueError("holds what YAML cannot; allowed: texts, numbers, booleans, lists and keys") from error


def _find(scenario: str | Path, what: str, folder: Path) -> Path:
    path, shown, shipped = Path(scenario), shortened(str(scenario)), _names_in(folder)
    is_there = os.path.lexists(path)
    if path.suffix in {".yaml", ".yml"}:
        if not is_there:
            raise InputError(f"{what} {shown}: no such file")
        return path
    if is_there and (os.path.isfile(path) or str(scenario) not in shipped):
        return path
    if str(scenario) in shipped:
        return folder / f"{scenario}.yaml"
    raise InputError(f"{what} {shown}: neither a file nor a shipped one ({', '.join(shipped)})")


def _text_of(path: Path) -> str:
    """The text of a scenario file. Raises OSError, and ValueError if it is no regular file, too large or no UTF-8."""
    status = path.stat()
    # Before it is opened: a pipe would wait for a writer, a device might never end.
    if not stat.S_ISREG(status.st_mode):
        raise ValueError("is a folder, a device or a pipe; allowed: a YAML file")
    if status.st_size > MOST_BYTES:
        raise ValueError(f"has {status.st_size:,} bytes; allowed: at most {MOST_BYTES:,}")
    with path.open("rb") as file:
        content = file.read(MOST_BYTES + 1)  # some files of the system tell no size
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise ValueError(f"byte {error.start + 1} is no UTF-8") from error


def _apply(content: dict[str, Any], override: str) -> None:
    shown = shortened(override)
    key, equals, text = override.partition("=")
    if not equals or not key:
        raise InputError(f"--set {shown}: write KEY=VALUE, such as timesteps=[240] or legitimate.snr_db=[15]")
    *parents, leaf = key.split(".")
    if "" in (*parents, leaf):
        raise InputError(f"--set {shown}: an empty key beside a dot; write KEY.KEY=VALUE")
    if len(parents) >= DEEPEST:
        raise InputError(f"--set {shown}: {len(parents) + 1} keys deep; allowed: at most {DEEPEST}")
    try:
        value = read_yaml(text)
    except ValueError as error:
        raise InputError(f"--set {shown}: {error}") from error
    for parent in parents:
        child = content.setdefault(parent, {})
        if isinstance(child, str) and parent in BY_WORD:
            child = content[parent] = {BY_WORD[parent]: child}
        if not isinstance(child, dict):
            raise InputError(f"--set {shown}: {shortened(parent)} has no keys of its own")
        content = child
    content[leaf] = value
