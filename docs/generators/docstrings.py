"""Docstrings are written for people: shapes such as [B, *image_shape] are no mark-up."""

import importlib
import inspect
import re

from pydantic import BaseModel

from generators.api import PACKAGES, public_names

# A star before a word that has no partner behind one; a bar; a line beneath that ends a word.
_STAR = re.compile(r"(?<![\w*`\\])\*(?=[A-Za-z_]+\b(?!\*))")
_BAR = re.compile(r"(?<!\\)\|")
_TRAILING = re.compile(r"(?<=[A-Za-z])_(?=[\s,.;:)\]]|$)")
_HEADING = re.compile(r"-{3,}$")
_OF_LAYERS = ("Input", "Output")


def _escape(app, what, name, described, options, lines):
    for place, line in enumerate(lines):
        pieces = line.split("`")
        # Inside backticks, which stand at the odd places, everything is code.
        for odd in range(0, len(pieces), 2):
            pieces[odd] = _BAR.sub(r"\\|", _TRAILING.sub(r"\\_", _STAR.sub(r"\\*", pieces[odd])))
        lines[place] = "`".join(pieces)
    _list_inputs(lines)
    if what in ("attribute", "property"):
        # Napoleon takes what stands before a colon of the first line for a type: it gets an empty comment first.
        lines[:0] = ["..", ""]


def _list_inputs(lines: list[str]) -> None:
    """What a layer is called with stands in lines of its own, below one another."""
    section = ""
    for place, line in enumerate(lines):
        if _HEADING.fullmatch(line.strip()) and place:
            section = lines[place - 1].strip()
        elif section in _OF_LAYERS and re.match(r"    \w+ : ", line):
            lines[place] = f"    - {line.strip()}"
        elif section in _OF_LAYERS and line.startswith("    "):
            lines[place] = f"  {line}"


def _shorten(app, what, name, described, options, signature, returned):
    """Keys of a scenario have a page of their own, with their defaults."""
    return ("(**keys)", None) if inspect.isclass(described) and issubclass(described, BaseModel) else None


def setup(app):
    """Escape before napoleon reads sections."""
    # Autodoc imports modules as a type checker sees them, which closes circles; not those that are there already.
    for package in PACKAGES:
        for name in public_names(package):
            getattr(importlib.import_module(package), name)
    app.connect("autodoc-process-docstring", _escape, priority=1)
    app.connect("autodoc-process-signature", _shorten)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
