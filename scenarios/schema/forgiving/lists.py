"""One entry where a list is due, and a range where numbers are."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import BaseModel, GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationError
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError, core_schema

from diffsem.scenarios.schema.forgiving.ranges import expanded, range_schema


@dataclass(frozen=True)
class OneOrMore:
    """Of a list, put behind all else that is said of it: one entry alone stands for a list of it.

    Parameters
    ----------
    ranges : bool
        Whether {start: ..., stop: ..., step: ...} stands for a list, too; entries are then numbers.
    """

    ranges: bool = False

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_wrap_validator_function(self._listed, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        entries = handler(schema)
        forms = [entries, {"description": "one alone: a list of it", **entries["items"]}]
        return {"anyOf": [*forms, range_schema()] if self.ranges else forms}

    def _listed(self, value: Any, validate: core_schema.ValidatorFunctionWrapHandler) -> Any:
        if self.ranges and isinstance(value, Mapping):
            return validate(expanded(value))
        if not isinstance(value, str | int | float | Mapping | BaseModel):
            return validate(value)
        try:
            return validate([value])
        except ValidationError as error:
            raise _without_first_place(error) from None


# A list of numbers: one alone or a range stands for it, too.
NUMBERS = OneOrMore(ranges=True)


def _without_first_place(error: ValidationError) -> ValidationError:
    """The same errors where a value stood alone: it has no place in a list."""
    known = get_args(core_schema.ErrorType)
    details = []
    for each in error.errors():
        kind: Any = each["type"] if each["type"] in known else PydanticCustomError(each["type"], each["msg"])
        place = each["loc"][1:] if each["loc"][:1] == (0,) else each["loc"]
        details.append(InitErrorDetails(type=kind, loc=place, input=each["input"], ctx=each.get("ctx", {})))
    return ValidationError.from_exception_data(error.title, details)
