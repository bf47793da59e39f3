"""Values as a scenario file writes them."""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from diffsem.link import shortened
from diffsem.link.shortening import LENGTH


def shown(value: Any) -> str:
    """A value on one short line, as YAML has it, strings in quotes."""
    text = ""
    for piece in _pieces(value):
        text += piece
        if len(text) > LENGTH:
            break
    return shortened(text)


def _pieces(value: Any) -> Iterator[str]:
    """The text piece by piece: no more of a large value, or of one that holds itself, is looked at than is shown."""
    if isinstance(value, BaseModel):
        value = value.model_dump(mode="json")
    if isinstance(value, Mapping):
        yield "{"
        for place, (key, entry) in enumerate(value.items()):
            yield ", " if place else ""
            yield f"{key if isinstance(key, str) else _scalar(key)}: "
            yield from _pieces(entry)
        yield "}"
    elif isinstance(value, list | tuple):
        yield "["
        for place, entry in enumerate(value):
            yield ", " if place else ""
            yield from _pieces(entry)
        yield "]"
    else:
        yield _scalar(value)


def _scalar(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        return repr(str(value))
    if isinstance(value, int | float):
        try:
            return str(value)
        except ValueError:  # from Python, of an integer
            return "a number of thousands of digits"
    return "what no scenario file can hold"
