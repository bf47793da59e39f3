"""Where keys stand in a model: found by walking its JSON Schema."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from pydantic import BaseModel

from diffsem.scenarios.schema.telling.forms import FORMS

Node = dict[str, Any]
ENTRY = "[]"
RANGE = {"start", "stop", "step"}


@lru_cache(maxsize=16)
def _schema(model: type[BaseModel]) -> Node:
    return model.model_json_schema()


class Place:
    """A place of a model that an error names.

    Parameters
    ----------
    model : type of BaseModel
    location : tuple
        Of a pydantic error: keys, places in lists, and the tags of members of unions.
    """

    def __init__(self, model: type[BaseModel], location: tuple):
        self._schema = _schema(model)
        self._nodes = [self._schema]
        self.keys: list[str] = []
        for part in location:
            self._enter(part)

    def _enter(self, part: Any) -> None:
        options = self._options()
        if isinstance(part, int):
            self.keys.append(str(part))
            self._nodes = [node["items"] for node in options if "items" in node]
            return
        inner = [node["properties"][part] for node in options if part in node.get("properties", {})]
        kinds = [node for node in options if "kind" in node.get("properties", {})]
        tagged = [node for node in kinds if node["properties"]["kind"].get("const") == part]
        if part in FORMS and not inner:
            self._nodes = [node for node in options if _form(node) == part]
        elif tagged or (len(kinds) > 1 and not inner):
            # One from outside is tagged by no word of its own.
            self._nodes = tagged or [node for node in kinds if "const" not in node["properties"]["kind"]]
        else:
            self.keys.append(str(part))
            self._nodes = inner

    def _options(self) -> list[Node]:
        return [option for node in self._nodes for option in _options(node, self._schema)]

    def known_keys(self) -> list[str]:
        """The keys that are allowed there."""
        return sorted({key for option in self._options() for key in option.get("properties", {})})

    def takes_lists(self) -> bool:
        """Whether a list may stand there."""
        return any("items" in option for option in self._options())

    @property
    def description(self) -> str:
        """What the schema says of it, or nothing."""
        return next((node["description"] for node in self._nodes if "description" in node), "")


def full_keys(model: type[BaseModel], key: str) -> list[str]:
    """The dotted keys of a model that end in a key, in its order: those in no list, or the others if none is."""
    schema = _schema(model)
    found = list(dict.fromkeys(".".join(path) for path in _paths(schema, schema) if path[-1] == key))
    return [path for path in found if ENTRY not in path] or [path.replace(f".{ENTRY}", "") for path in found]


def _paths(node: Node, schema: Node, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    options = _options(node, schema)
    # One of them may stand where a list is due.
    entries = [each for option in options if "items" in option for each in _options(option["items"], schema)]
    for option in [*(option for option in options if option not in entries), *entries]:
        inside = (*path, ENTRY) if option in entries else path
        properties = option.get("properties", {})
        if set(properties) == RANGE:
            continue
        for key, inner in properties.items():
            yield (*inside, key)
            yield from _paths(inner, schema, (*inside, key))


def _form(node: Node) -> str:
    """The form of a member of a union that is told apart by it."""
    properties = node.get("properties")
    if properties is None:
        return "word" if node.get("type") == "string" else "values"
    if set(properties) == RANGE:
        return "values"
    return "ratio" if "distance" in properties else "keys"


def _options(node: Node, schema: Node) -> list[Node]:
    """What a value may be: the members of a union, theirs in turn, and no references."""
    if "$ref" in node:
        return _options(schema["$defs"][node["$ref"].rsplit("/", 1)[-1]], schema)
    members = [*node.get("allOf", []), *node.get("anyOf", []), *node.get("oneOf", [])]
    return [option for member in members for option in _options(member, schema)] if members else [node]
