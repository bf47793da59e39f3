"""Values as a scenario file writes them."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from diffsem.link import shortened


def shown(value: Any) -> str:
    """A value on one short line, as YAML has it, strings in quotes."""
    try:
        return shortened(_flow(value))
    except (ValueError, RecursionError):  # from Python: an integer of thousands of digits, a thousand lists
        return "a number of thousands of digits" if isinstance(value, int) else "what is nested too deep"


def _flow(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        return repr(str(value))
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, BaseModel):
        value = value.model_dump(mode="json")
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(key)}: {_flow(entry)}" for key, entry in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return "what no scenario file can hold"


def _key(key: Any) -> str:
    return key if isinstance(key, str) else _flow(key)
