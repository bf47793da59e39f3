"""Where a result table comes from, and how to make it again."""

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from diffsem.link import ResultTable, escaped
from diffsem.version import __version__

MISSING = "not recorded"
# Of an attribute, which may be anything.
LONGEST = 10_000
# What the page says elsewhere, or what only programs read.
ELSEWHERE = ("scenario", "systems", "attacks")
# Attributes that every page tells of, by their titles; other ones that are there come behind.
TITLES = {
    "created": "begun",
    "wall_seconds": "duration, s",
    "command": "command",
    "seed": "seed",
    "versions": "versions",
    "environment": "environment",
    "weights_sha256": "SHA-256 of the weights",
    "data_sha256": "SHA-256 of the test images",
    "sources_sha256": "SHA-256 of code from outside of the package",
}


@dataclass(frozen=True)
class Provenance:
    """Where a table comes from.

    Parameters
    ----------
    facts : tuple of (str, str)
        Titles and what is recorded under them.
    warnings : tuple of (str, int)
        Of attacks, each once, and in how many rows it stands.
    scenario : str
        YAML.
    commands : str
        For a shell: how to run it again.
    """

    facts: tuple[tuple[str, str], ...]
    warnings: tuple[tuple[str, int], ...]
    scenario: str
    commands: str


def provenance_of(table: ResultTable, name: str) -> Provenance:
    """The provenance of a table; `name` is its file's."""
    attributes = table.attributes
    facts = [("file", escaped(name)), ("complete", "yes" if table.complete else "no: points of its sweep are missing")]
    facts += [(title, _shown(attributes.get(key))) for key, title in TITLES.items()]
    others = [key for key in attributes if key not in (*TITLES, *ELSEWHERE)]
    facts += [(escaped(key), _shown(attributes[key])) for key in sorted(others, key=str)]
    warned = table.rows[(table.rows["node"] == "adversary") & (table.rows["warning"] != "")]
    warnings = [(escaped(text), int(count)) for text, count in sorted(warned["warning"].value_counts().items())]
    scenario = str(attributes.get("scenario", ""))
    shown = "\n".join(escaped(line) for line in scenario.splitlines())
    return Provenance(tuple(facts), tuple(warnings), shown, _commands(attributes, name, scenario, shown))


def _shown(value: Any) -> str:
    """An attribute on a line; a JSON object as names and values."""
    if value is None or pd.isna(value):
        return MISSING
    try:
        read = json.loads(value) if isinstance(value, str) else value
    except (ValueError, RecursionError):
        read = value
    if isinstance(read, Mapping):
        return escaped(", ".join(f"{key} {_plain(one)}" for key, one in read.items()))[:LONGEST] or "none"
    return escaped(_plain(read) if isinstance(read, list) else value)[:LONGEST]


def _plain(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _commands(attributes: Mapping[str, Any], name: str, scenario: str, shown: str) -> str:
    versions = json.loads(str(attributes.get("versions", "{}")))
    version = escaped(versions.get("diffsem", "of an unknown version"))
    install = [
        f"# In the sources of diffsem {version} (this page: {__version__}), whose lock file holds its packages:",
        "pip install --constraint requirements.lock .",
    ]
    if shown == scenario.rstrip("\n"):
        # A line of the scenario must not end it, or what follows would be commands.
        end = "END"
        while end in scenario:
            end += "_OF_SCENARIO"
        write = [f"cat > scenario.yaml <<'{end}'", shown, end]
    else:
        code = "import sys, diffsem; print(diffsem.read_table(sys.argv[1]).attributes['scenario'], end='')"
        write = [
            "# The scenario holds letters that do not show on this page: out of the file itself.",
            f"python -c {shlex.quote(code)} {shlex.quote(escaped(name))} > scenario.yaml",
        ]
    again = shlex.quote(f"again-{Path(escaped(name)).name}")
    run = [
        "diffsem check scenario.yaml",
        f"diffsem run scenario.yaml --out {again}",
        f"diffsem report {again}",
    ]
    return "\n".join([*install, *write, *run])
