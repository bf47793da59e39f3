"""A node of a JSON Schema in words: type, range, unit."""

from collections.abc import Iterable, Mapping
from typing import Any

# The unit is in the name of a key.
UNITS = {"_db": "dB", "_ns": "ns", "_ghz": "GHz", "_khz": "kHz", "_mps": "m/s"}
TYPES = {
    "integer": "whole number",
    "number": "number",
    "string": "text",
    "boolean": "`true` or `false`",
    "null": "`null`",
    "object": "keys",
}

Schema = Mapping[str, Any]


def unit_of(key: str) -> str:
    """The unit of a key by its ending; "" without one."""
    return next((unit for ending, unit in UNITS.items() if key.endswith(ending)), "")


def followed(node: Schema, schema: Schema) -> Schema:
    """A node, a reference replaced by what it points to, with what stands beside the reference on top."""
    if "$ref" not in node:
        return node
    target = schema["$defs"][node["$ref"].rsplit("/", 1)[-1]]
    return {**target, **{key: value for key, value in node.items() if key != "$ref"}}


def members(node: Schema, schema: Schema) -> list[Schema]:
    """What a value may be: the members of a union, or the node alone."""
    node = followed(node, schema)
    options = node.get("anyOf") or node.get("oneOf")
    return [each for option in options for each in members(option, schema)] if options else [node]


def type_in_words(node: Schema, schema: Schema) -> str:
    """The type of a value with its range, such as "whole number, 1 to 16"."""
    options = members(node, schema)
    lists = [member["items"] for member in options if member.get("type") == "array" and "items" in member]
    entries = {_one(member, schema) for items in lists for member in members(items, schema)}
    # The short form of a list: said in a word, not by its type once more.
    words = dict.fromkeys(_one(member, schema) for member in options)
    alone = ["one entry alone"] if entries & set(words) else []
    return ("; or " if lists else " or ").join([*(word for word in words if word not in entries), *alone])


def is_range(node: Schema) -> bool:
    """Whether a form is a range, which stands for a list of numbers wherever one does."""
    return set(node.get("properties", ())) == {"start", "stop", "step"}


def code(values: Iterable[Any]) -> str:
    """Values as code, separated by commas."""
    return ", ".join(f"`{yaml_word(value)}`" for value in values)


def yaml_word(value: Any) -> str:
    """A value as it is written in a scenario, on one line."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {yaml_word(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(yaml_word(each) for each in value) + "]"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _one(node: Schema, schema: Schema) -> str:
    if "const" in node:
        return code([node["const"]])
    if "enum" in node:
        return "one of " + code(node["enum"])
    if node.get("pattern") == ":":
        return "`module:NAME`"
    if node.get("type") == "array":
        return _list(node, schema)
    if is_range(node):
        return "range `{start: ..., stop: ..., step: ...}`"
    if node.get("type") == "object" or "properties" in node:
        return "keys (below)"
    return TYPES.get(node.get("type", ""), "anything") + _range(node)


def _list(node: Schema, schema: Schema) -> str:
    inner = type_in_words(node["items"], schema) if "items" in node else "anything"
    low, high = node.get("minItems"), node.get("maxItems")
    count = "" if high is None else f" of {'at least one, ' if low else ''}at most {high:,}"
    return f"list{count}, each: {inner}"


def _range(node: Schema) -> str:
    low, high = node.get("minimum"), node.get("maximum")
    above, below = node.get("exclusiveMinimum"), node.get("exclusiveMaximum")
    if low is not None and high is not None:
        bounds = [f"{low:,} to {high:,}"]
    else:
        bounds = [f"{word} {bound:,}" for word, bound in (("from", low), ("to", high)) if bound is not None]
    bounds += [f"{word} {bound:,}" for word, bound in (("above", above), ("below", below)) if bound is not None]
    if node.get("maxLength"):
        bounds.append(f"at most {node['maxLength']:,} characters")
    if node.get("multipleOf"):
        bounds.append(f"a multiple of {node['multipleOf']}")
    return "".join(f", {bound}" for bound in bounds)
