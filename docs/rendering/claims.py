"""What prose claims of its tables: a page is not rendered if they do not say so."""

from rendering.measures import Difference


class PageError(Exception):
    """A page cannot be rendered: what is wrong, and where."""


def assert_that(holds: object, claim: str) -> str:
    """Let a claim stand only while it holds.

    Parameters
    ----------
    holds : bool
    claim : str
        As the prose has it.

    Returns
    -------
    str
        Empty: it leaves nothing on the page.

    Raises
    ------
    PageError
        If it does not hold, or is not a truth value: something that is merely not empty proves nothing.
    """
    if not (isinstance(holds, bool) or type(holds).__name__ == "bool"):
        raise PageError(f"claim {claim!r}: {holds!r} is neither true nor false")
    if not holds:
        raise PageError(f"the tables no longer say: {claim}")
    return ""


def apart(difference: Difference) -> str:
    """Whether an interval tells a difference from 0, in words that cannot contradict its numbers."""
    return "told from 0" if difference.told else "not told from 0"
