"""Words of a fixed set, in upper or lower case, and words that stand for keys."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema


def spelled(value: Any, allowed: Iterable[str]) -> Any:
    """A word as the set has it that it is one of but for its case; anything else as it is; of a list, each entry."""
    if isinstance(value, list | tuple):
        allowed = list(allowed)
        return type(value)([spelled(entry, allowed) for entry in value])
    if not isinstance(value, str) or value in (allowed := list(allowed)):
        return value
    same = [word for word in allowed if word.casefold() == value.casefold()]
    return same[0] if len(same) == 1 else value


@dataclass(frozen=True)
class WordFor:
    """Of keys, put behind all else that is said of them: a word alone stands for {KEY: word}.

    Parameters
    ----------
    key : str
    words : tuple of str
        Those of a fixed set.
    pattern : str
        Regular expression of any others; "": there are none.
    """

    key: str
    words: tuple[str, ...]
    pattern: str = ""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self._keys, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        about = f"a word alone: {{{self.key}: word}}"
        forms: list[dict[str, Any]] = [{"description": about, "enum": list(self.words)}]
        if self.pattern:
            forms.append({"description": about, "type": "string", "maxLength": 256, "pattern": self.pattern})
        return {"anyOf": [*forms, handler(schema)]}

    def _keys(self, value: Any) -> Any:
        return {self.key: value} if isinstance(value, str) else value
