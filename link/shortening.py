"""Text from outside, short enough for a message."""

LENGTH = 80


def shortened(text: str) -> str:
    """A text of at most 80 characters: a longer one is cut, and ends in dots."""
    return text if len(text) <= LENGTH else f"{text[: LENGTH - 3]}..."
