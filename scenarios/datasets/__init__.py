"""Data sets: from what a scenario says of one to the source of its images.

A module declares kinds of them as `DATASETS`; nobody else spells their names.
"""

import difflib
import functools
import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pydantic import TypeAdapter, ValidationError

from diffsem.link import InputError, shortened
from diffsem.scenarios.datasets.checking import checked_source
from diffsem.scenarios.datasets.source import DatasetKind, DataSource
from diffsem.scenarios.parts.finding import Found, Source, check_name, find_part, is_outside, shipped_parts
from diffsem.scenarios.parts.outside import guarded
from diffsem.scenarios.schema.explaining import explain
from diffsem.scenarios.schema.keys import Keys, PartName

# Key of a scenario, for errors.
WHERE = "dataset"
# What a scenario says of its data set: a word, or keys.
Words = str | Mapping[str, Any]
_PART_NAME = TypeAdapter(PartName)


@functools.cache
def shipped_datasets() -> dict[str, DatasetKind]:
    """The shipped kinds, by name."""
    return {kind.name: kind for kind in shipped_parts(sys.modules[__name__], "DATASETS")}


def find_dataset(words: Words) -> Found[DatasetKind]:
    """The kind of data set that a scenario means.

    Parameters
    ----------
    words : str or mapping
        A shipped name, module:NAME, keys among which is a shipped name, or {kind: module:NAME, ...}.

    Raises
    ------
    InputError
        If there is no such kind, or one from outside of the package cannot be imported or is none.
    """
    found = find_part(_name_and_keys(words)[0], shipped_datasets(), DatasetKind, WHERE)
    kind, source = found.part, found.source
    if source is None:
        return found
    check_name(kind.name, shipped_datasets(), source, WHERE)
    if not isinstance(kind.keys, type) or not issubclass(kind.keys, Keys):
        raise InputError(f"{WHERE}: {source.reference}: its keys are no sub-class of diffsem.scenarios.Keys")
    return replace(found, part=replace(kind, source=guarded(source.reference, kind.source, WHERE)))


def names_outside(words: Words) -> list[str]:
    """The module:NAME that a scenario's data set comes from, if it comes from outside of the package."""
    name = _name_and_keys(words)[0]
    return [name] if is_outside(name) else []


def resolve_dataset(words: Words) -> tuple[DataSource, Words, Source | None]:
    """The source of a scenario's images.

    Parameters
    ----------
    words : str or mapping
        As for `find_dataset`.

    Returns
    -------
    DataSource
        Nothing of it is read yet.
    str or dict
        The words with every default filled in.
    Source or None
        Where a kind from outside comes from.

    Raises
    ------
    InputError
        As `find_dataset`, and if a key is not known or holds what cannot be.
    """
    name, given = _name_and_keys(words)
    found = find_dataset(words)
    kind, source = found.part, found.source
    if source is None:
        keys = _validated(kind, given)
        resolved = keys.model_dump(mode="json")
        return kind.source(keys), resolved if name in resolved else name, None
    keys = guarded(name, _validated, WHERE)(kind, given)
    made = guarded(name, checked_source, WHERE)(kind.source(keys), name, WHERE)
    check_name(made.name, shipped_datasets(), source, WHERE)
    resolved = keys.model_dump(mode="json")
    return made, {"kind": name, **resolved} if resolved else name, source


def _validated(kind: DatasetKind, given: Mapping[str, Any]) -> Keys:
    try:
        return kind.keys.model_validate(given)
    except ValidationError as error:
        raise InputError(explain(error, kind.keys, WHERE)) from error


def _name_and_keys(words: Words) -> tuple[str, Mapping[str, Any]]:
    """The name of a kind, and its keys."""
    if isinstance(words, str):
        return words, {}
    if "kind" in words:
        name = words["kind"]
        if not _can_be_outside(name):
            raise InputError(
                f"{WHERE}.kind: {shortened(repr(name))}: allowed: module:NAME; a shipped data set is a word, or has "
                "its name among its keys"
            )
        return name, {key: value for key, value in words.items() if key != "kind"}
    named = [kind.name for kind in shipped_datasets().values() if kind.name in kind.keys.model_fields]
    for name in named:
        if name in words:
            return name, words
    if not words:
        raise InputError(f"{WHERE}: has no keys; allowed: {', '.join((*named, 'kind'))}")
    first = next(iter(words))
    near = difflib.get_close_matches(first, (*named, "kind"), n=1, cutoff=0.5)
    hint = f"did you mean {near[0]}?" if near else f"allowed: {', '.join((*named, 'kind'))}"
    raise InputError(f"{WHERE}.{shortened(first)}: unknown key; {hint}")


def _can_be_outside(name: Any) -> bool:
    """Whether a value is written as module:NAME; where a word stands alone, the schema sees to that."""
    try:
        return is_outside(_PART_NAME.validate_python(name))
    except ValidationError:
        return False
