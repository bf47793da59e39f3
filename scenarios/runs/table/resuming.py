"""A table that is there already: whether a sweep may go on in it, or take its place."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from diffsem.link import ADDED, AXES, InputError, ResultTable, is_result_file, read_table
from diffsem.scenarios.runs.reading import parse_words
from diffsem.scenarios.schema.scenario import Scenario, settings
from diffsem.scenarios.schema.strict_yaml import read_yaml

# Of a table from before they were recorded, as of one without a street.
NO_TRACES = "{}"


def check_overwritable(path: Path) -> None:
    """Raises InputError unless a file is a result file: with a checksum, even a wrong one, or one that can be read."""
    try:
        if not is_result_file(path):
            read_table(path)
    except (OSError, InputError) as error:
        raise InputError(
            f"result file {path}: not a result table, which alone --overwrite replaces; delete it, or give another "
            "--out"
        ) from error


def resumed(path: Path, table: ResultTable, scenario: Scenario, fresh: ResultTable) -> ResultTable:
    """The table of a file, if it is of the same scenario, weights and test images; the fresh one if it has no rows."""
    # A table from before these were recorded does not say: of the test images, that they are MNIST's.
    recorded_later = {name: fresh.attributes[name] for name in ("data_sha256", "sources_sha256")}
    stored = {**recorded_later, **table.attributes}
    same = {
        "another scenario": _is_stored(scenario, table),
        "other weights": stored.get("weights_sha256") == fresh.attributes["weights_sha256"],
        "other test images": stored["data_sha256"] == fresh.attributes["data_sha256"],
        "another trace": stored.get("traces_sha256", NO_TRACES) == fresh.attributes.get("traces_sha256", NO_TRACES),
        "other code from outside of the package": stored["sources_sha256"] == fresh.attributes["sources_sha256"],
    }
    for what, is_same in same.items():
        if not is_same:
            raise InputError(f"result file {path}: holds results of {what}; give another --out, or --overwrite")
    return table if len(table.rows) else fresh


def _is_stored(scenario: Scenario, table: ResultTable) -> bool:
    """Whether a table is of a scenario. One from before a key was there means what is the key's default now."""
    try:
        return parse_words(read_yaml(str(table.attributes.get("scenario"))), "stored") == scenario
    except ValueError:
        return False


def with_settings(table: ResultTable, scenario: Scenario) -> ResultTable:
    """A table from before its rows said how the sweep was set up; it is of a scenario of single values, and says so."""
    rows, index = table.rows.copy(), table.examples.index.copy()
    older = rows["transmit_antennas"] == 0
    if not older.any():
        return table
    told = settings(scenario)
    for role, values in told.items():
        for name, value in values.items():
            rows.loc[older & (rows["node"] == role), name] = value
    for name in AXES:
        index[name] = told["adversary"].get(name, ADDED[name])
    return replace(table, rows=rows, examples=replace(table.examples, index=index))


def with_versions(path: Path, table: ResultTable, here: Mapping[str, str], mixed: bool) -> ResultTable:
    """A table that is to have more rows, saying so if their package versions are not those of the rows it has."""
    # A table from before versions were recorded is of unknown ones.
    first = json.loads(str(table.attributes.get("versions", "{}")))
    there = json.loads(str(table.attributes.get("mixed_versions", json.dumps([first]))))
    if there == [here]:
        return table
    if not mixed:
        pairs = ", ".join(
            f"{package} {' and '.join(dict.fromkeys(known.get(package, 'unknown') for known in there))} there, "
            f"{here.get(package, 'unknown')} here"
            for package in dict.fromkeys(package for known in [here, *there] for package in known)
            if any(known.get(package) != here.get(package) for known in there)
        )
        raise InputError(
            f"result file {path}: its rows were made with other package versions ({pairs}); give another --out, "
            "--overwrite, or --mixed-versions to go on all the same"
        )
    distinct = there if here in there else [*there, here]
    return replace(table, attributes={**table.attributes, "mixed_versions": json.dumps(distinct)})
