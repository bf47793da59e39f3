"""Text from outside, short enough for a message."""

LENGTH = 80


def shortened(text: str) -> str:
    """A text of at most 80 characters: a longer one is cut, and ends in dots.

    Examples
    --------
    >>> from diffsem.link import shortened
    >>> len(shortened("x" * 200)), shortened("x" * 200)[-5:], shortened("short")
    (80, 'xx...', 'short')
    """
    return text if len(text) <= LENGTH else f"{text[: LENGTH - 3]}..."
