"""Docstrings are written for people: shapes such as [B, *image_shape] are no mark-up."""

import re

# A star or a bar that stands before a word and has no partner behind one.
_STAR = re.compile(r"(?<![\w*`\\])\*(?=[A-Za-z_]+\b(?!\*))")
_TRAILING = re.compile(r"(?<=[A-Za-z])_(?=[\s,.;:)\]]|$)")


def _escape(app, what, name, objekt, options, lines):
    if what in ("attribute", "property"):
        # Napoleon takes what stands before a colon of the first line for a type.
        lines.insert(0, "")
    for place, line in enumerate(lines):
        pieces = line.split("`")
        # Inside backticks, which stand at the odd places, everything is code.
        pieces[::2] = [_TRAILING.sub(r"\\_", _STAR.sub(r"\\*", piece)) for piece in pieces[::2]]
        lines[place] = "`".join(pieces)


def setup(app):
    """Escape before napoleon reads sections."""
    app.connect("autodoc-process-docstring", _escape, priority=1)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
