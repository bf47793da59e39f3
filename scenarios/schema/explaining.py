"""What is wrong with values that a model refuses, in one line."""

import difflib
from typing import Any

from pydantic import BaseModel, ValidationError

from diffsem.link import shortened
from diffsem.scenarios.schema.values import FORMS


def explain(error: ValidationError, model: type[BaseModel], prefix: str = "") -> str:
    """The first problem in one line; for an unknown key, the nearest known one.

    Parameters
    ----------
    error : ValidationError
    model : type of BaseModel
        That the values were validated by.
    prefix : str
        Dotted key of the scenario where the values stand; "": its top.
    """
    first = error.errors()[0]
    location = first["loc"]
    parents, last = location[:-1], location[-1] if location else ""
    unknown = first["type"] == "extra_forbidden"
    # An unknown key may be called as a form is.
    parts = [part for part in parents if part not in FORMS]
    if location and (unknown or last not in FORMS):
        parts.append(last)
    where = ".".join(shortened(str(part)) for part in (prefix, *parts) if part != "") or "top level"
    if unknown:
        allowed = _known_keys(model, parents)
        near = difflib.get_close_matches(str(last), allowed, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]}?" if near else f"allowed: {', '.join(allowed) or 'none'}"
        return f"{where}: unknown key; {hint}"
    if first["type"] == "missing":
        return f"{where}: missing"
    message = first["msg"].removeprefix("Value error, ").removeprefix("Input ")
    if first["type"] == "union_tag_invalid":
        message = message.replace(first["ctx"]["tag"], shortened(first["ctx"]["tag"]))
    message = message[:1].lower() + message[1:]
    if last == "word" and (known := _known_keys(model, (*parents, "keys"))):
        message += f", or keys: {', '.join(known)}"
    # What is wrong with several keys together is said of them, not of all that is beside them.
    together = first["type"] == "value_error" and isinstance(first["input"], dict)
    return f"{where}: {message}" if together else f"{where}: {_shown(first['input'])}: {message}"


def _shown(value: Any) -> str:
    try:
        return shortened(repr(value))
    except (ValueError, RecursionError):  # from Python: an integer of thousands of digits, a thousand lists
        return f"a {type(value).__name__}"


def _known_keys(model: type[BaseModel], location: tuple) -> list[str]:
    """Keys allowed at a place, found by walking the JSON Schema."""
    schema = model.model_json_schema()
    nodes: list[dict[str, Any]] = [schema]
    for part in location:
        options = [option for node in nodes for option in _options(node, schema)]
        if isinstance(part, int):
            nodes = [node["items"] for node in options if "items" in node]
        elif part in FORMS:  # members of a union that are told apart by their form
            nodes = [
                node
                for node in options
                if "properties" in node and ("distance" in node["properties"]) == (part == "ratio")
            ]
        elif tagged := [node for node in options if node.get("properties", {}).get("kind", {}).get("const") == part]:
            nodes = tagged  # those that are told apart by a tag
        else:
            nodes = [node["properties"][part] for node in options if part in node.get("properties", {})]
    return sorted({key for node in nodes for option in _options(node, schema) for key in option.get("properties", {})})


def _options(node: dict[str, Any], schema: dict[str, Any]) -> list[dict[str, Any]]:
    """What a value may be: the members of a union, theirs in turn, and no references."""
    if "$ref" in node:
        return _options(schema["$defs"][node["$ref"].rsplit("/", 1)[-1]], schema)
    members = [*node.get("allOf", []), *node.get("anyOf", []), *node.get("oneOf", [])]
    return [option for member in members for option in _options(member, schema)] if members else [node]
