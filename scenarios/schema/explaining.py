"""What is wrong with values that a model refuses, in one line."""

import difflib
from typing import Any

from pydantic import BaseModel, ValidationError

from diffsem.link import shortened
from diffsem.scenarios.schema.telling.phrases import phrase
from diffsem.scenarios.schema.telling.places import Place, full_keys
from diffsem.scenarios.schema.telling.showing import shown


def explain(error: ValidationError, model: type[BaseModel], prefix: str = "") -> str:
    """The first problem in one line; for an unknown key, the nearest known one, or where it stands.

    Parameters
    ----------
    error : ValidationError
    model : type of BaseModel
        That the values were validated by.
    prefix : str
        Dotted key of the scenario where the values stand; "": its top.
    """
    first = _first(error)
    if first["type"] == "extra_forbidden":
        return _unknown(first["loc"], model, prefix)
    location = tuple(part for part in first["loc"] if part != "[key]")
    place = Place(model, location)
    where = _dotted(prefix, place.keys)
    if first["type"] == "missing":
        if isinstance(location[-1], int):
            whole = Place(model, location[:-1])
            return f"{_dotted(prefix, whole.keys)}: {shown(first['input'])}: lacks an entry{_about(whole)}"
        return f"{where}: missing{_about(place)}"
    known = place.known_keys()
    if first["type"] in ("model_type", "model_attributes_type") and known:
        message = f"should be keys: {', '.join(known)}"
    else:
        message = phrase(first, place.description)
    if location and location[-1] == "word":
        union = Place(model, location[:-1])
        keys = Place(model, (*location[:-1], "keys")).known_keys()
        message += f", or keys: {', '.join(keys)}" if keys else ""
        message += ", or numbers" if union.takes_lists() else ""
    # What is wrong with several keys together is said of them, not of all that is beside them.
    together = first["type"] == "value_error" and isinstance(first["input"], dict)
    if together:
        # Of several sections it names the keys itself.
        return f"{where}: {message}" if place.keys or prefix else message
    return f"{where}: {shown(first['input'])}: {message}"


def place_of(error: ValidationError, model: type[BaseModel]) -> str:
    """Dotted key of the first problem; of an unknown one, too."""
    first = _first(error)
    if first["type"] == "extra_forbidden":
        return ".".join([*Place(model, first["loc"][:-1]).keys, str(first["loc"][-1])])
    return ".".join(Place(model, first["loc"]).keys)


def _first(error: ValidationError) -> dict[str, Any]:
    """The first problem; of a key that lacks where another one is unknown, that one: it may be misspelled."""
    errors: list[Any] = error.errors()
    first = errors[0]
    if first["type"] == "missing":
        beside = (
            each for each in errors if each["type"] == "extra_forbidden" and each["loc"][:-1] == first["loc"][:-1]
        )
        return next(beside, first)
    return first


def _unknown(location: tuple, model: type[BaseModel], prefix: str) -> str:
    """Of an unknown key; it may be called as a form or a kind is."""
    key, place = str(location[-1]), Place(model, location[:-1])
    where = _dotted(prefix, [*place.keys, key])
    here = _dotted("", [*place.keys, key])
    elsewhere = full_keys(model, key)
    if here in elsewhere:
        return f"{where}: unknown key of this kind; allowed: {', '.join(place.known_keys())}"
    if elsewhere:
        return f"{where}: did you mean {_either([_dotted(prefix, each.split('.')) for each in elsewhere])}?"
    allowed = place.known_keys()
    near = difflib.get_close_matches(key, allowed, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]}?" if near else f"allowed: {', '.join(allowed) or 'none'}"
    return f"{where}: unknown key; {hint}"


def _dotted(prefix: str, keys: list[str]) -> str:
    return ".".join(shortened(part) for part in (prefix, *keys) if part) or "top level"


def _about(place: Place) -> str:
    return f"; allowed: {place.description}" if place.description else ""


def _either(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
