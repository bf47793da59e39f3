"""How many sessions a key has, and how many transmissions a session."""

from numbers import Integral

from diffsem.link.errors import InputError

LAST_SESSION = 2**64 - 1
LAST_NUMBER = 2**32 - 1


def in_range(what: str, value: int, last: int) -> int:
    """The value as an int. Raises InputError unless it is an integer, NumPy's included, from 0 to `last`."""
    # Not rounded: two transmissions would have one number.
    if not isinstance(value, Integral) or not 0 <= value <= last:
        raise InputError(f"{what} {value}: allowed: integers from 0 to {last}")
    return int(value)
