"""Groups of keys of a scenario file, and what names parts and folders in it."""

import math
from typing import Annotated, Any, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, WithJsonSchema, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from diffsem.scenarios.schema.forgiving.words import spelled

# What Linux allows, less what is put behind a folder; four bytes a character at most.
LONGEST_PATH, LONGEST_NAME = 900, 255
NO_NUMBER = PydanticCustomError("boolean", "is a boolean, as yes, no, on and off are; allowed: a number")


class Keys(BaseModel):
    """A group of keys of a scenario file: no others, and none may change later.

    Examples
    --------
    >>> from diffsem.scenarios import Keys
    >>> class Ring(Keys):
    ...     points: int = 8
    >>> try:
    ...     Ring(points=16, point=4)
    ... except ValueError as error:
    ...     print(error.errors()[0]["loc"], error.errors()[0]["msg"])
    ('point',) Extra inputs are not permitted
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _words_in_any_case(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        return {
            key: spelled(value, _words(cls.model_fields[key].annotation)) if key in cls.model_fields else value
            for key, value in values.items()
        }

    @model_validator(mode="before")
    @classmethod
    def _no_boolean_for_a_number(cls, values: Any) -> Any:
        """Pydantic takes true for 1, and YAML yes, no, on and off for booleans."""
        for key, value in values.items() if isinstance(values, dict) else ():
            if key in cls.model_fields and _is_for_numbers(cls.model_fields[key].annotation):
                entries = enumerate(value) if isinstance(value, list | tuple) else [(None, value)]
                wrong = [
                    InitErrorDetails(type=NO_NUMBER, loc=(key,) if place is None else (key, place), input=entry)
                    for place, entry in entries
                    if isinstance(entry, bool)
                ]
                if wrong:
                    raise ValidationError.from_exception_data(cls.__name__, wrong)
        return values


def _words(annotation: Any) -> list[str]:
    """The words of a fixed set that values, or entries of lists, may be."""
    return [part for part in _parts(annotation) if isinstance(part, str)]


def _is_for_numbers(annotation: Any) -> bool:
    """Whether values, or entries of lists, may be numbers and not booleans."""
    kinds = _parts(annotation)
    return bool not in kinds and (int in kinds or float in kinds)


def _parts(annotation: Any) -> list[Any]:
    return [annotation, *(kind for part in get_args(annotation) for kind in _parts(part))]


def _usable_path(path: str) -> str:
    if "\0" in path:
        raise ValueError("holds a NUL character; allowed: a path")
    if any(len(part.encode()) > LONGEST_NAME for part in path.split("/")):
        raise ValueError(f"a name in it is longer than {LONGEST_NAME} bytes")
    return path


FolderPath = Annotated[str, Field(min_length=1, max_length=LONGEST_PATH), AfterValidator(_usable_path)]


def _part_name(name: str) -> str:
    if ":" in name and not all(part.isidentifier() for part in name.replace(":", ".", 1).split(".")):
        raise ValueError("no part's name; one of your own is written module:NAME")
    return name


# A shipped part's name, or module:NAME. Whether there is such a part is not known here.
PartName = Annotated[str, Field(min_length=1, max_length=256), AfterValidator(_part_name)]


def _plain(value: Any) -> Any:
    for entry in value if isinstance(value, list) else [value]:
        if entry is not None and not isinstance(entry, str | bool | int | float):
            raise ValueError("allowed: a word, a number, a boolean, null, or a list of them")
        if isinstance(entry, float) and not math.isfinite(entry):
            raise ValueError("should be a finite number")
    return value


# Of keys that are only known to a part from outside of the schema.
PlainValue = Annotated[Any, AfterValidator(_plain), WithJsonSchema({})]
