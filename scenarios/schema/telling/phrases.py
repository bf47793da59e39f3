"""What is allowed instead of a refused value, in a few words for each kind of error that pydantic knows."""

from typing import Any

NUMBER, INTEGER, BOOLEAN, STRING = (
    "should be a number",
    "should be an integer",
    "should be true or false",
    "should be a string",
)
# Of those that are told with other words than pydantic's.
PHRASES = {
    "bool_parsing": BOOLEAN,
    "bool_type": BOOLEAN,
    "dict_type": "should be keys and values",
    "float_parsing": NUMBER,
    "float_type": NUMBER,
    "invalid_key": "a key should be a string",
    "int_from_float": INTEGER,
    "int_parsing": INTEGER,
    "int_parsing_size": "has too many digits; allowed: an integer of fewer",
    "int_type": INTEGER,
    "mapping_type": "should be keys and values",
    "model_attributes_type": "should be keys and values",
    "model_type": "should be keys and values",
    "recursion_loop": "holds itself; allowed: keys and values of its own",
    "string_sub_type": STRING,
    "string_type": STRING,
    "string_unicode": "holds half of a character; allowed: a string",
    "too_long": "has {actual_length} entries; allowed: at most {max_length}",
    "too_short": "has {actual_length} entries; allowed: at least {min_length}",
    "tuple_type": "should be a list",
}
# Of those whose message says "should be ..." in words that a scenario file has, too; and of the house's own.
PLAIN = {
    "axis",
    "boolean",
    "finite_number",
    "form",
    "greater_than",
    "greater_than_equal",
    "less_than",
    "less_than_equal",
    "literal_error",
    "multiple_of",
    "string_too_long",
    "string_too_short",
    "value_error",
}
ELSE = "is not allowed here"


def phrase(error: dict[str, Any], description: str = "") -> str:
    """What is allowed.

    Parameters
    ----------
    error : dict
        One of `ValidationError.errors()`.
    description : str
        Of the key; told where nothing else is known of it.
    """
    kind = error["type"]
    if kind in PHRASES:
        return PHRASES[kind].format(**error.get("ctx", {}))
    if kind not in PLAIN:
        return f"allowed: {description}" if description else ELSE
    message = error["msg"].removeprefix("Value error, ").removeprefix("Input ")
    return message[:1].lower() + message[1:]
