"""Text from outside, safe to show: names in files may hold what a terminal takes for orders."""


def escaped(text: object) -> str:
    r"""A text on one line of printable characters; any other is written as in Python: \n, \x1b, \u202e.

    Examples
    --------
    >>> from diffsem.link import escaped
    >>> escaped("two" + chr(10) + "lines")
    'two\\nlines'
    """
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in str(text))
