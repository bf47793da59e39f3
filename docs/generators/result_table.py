"""The reference of result tables, from the declared columns."""

import numpy as np

from diffsem.link import ADDED, COLUMNS

INTRODUCTION = """\
# Result tables

`diffsem run` writes one HDF5 file. `diffsem.read_results(FILE)` gives its rows as a `pandas.DataFrame`, one row a
point and a node. Counts are kept: every share can be worked out again.
"""
TYPES = {str: "text", np.float64: "number", np.int64: "whole number", np.bool_: "true or false"}


def page() -> str:
    """The whole page, in Markdown."""
    return "\n".join([INTRODUCTION, *(_column(name) for name in COLUMNS)])


def _column(name: str) -> str:
    missing = f" *In older tables:* `{ADDED[name]!r}`." if name in ADDED else ""
    return f"`{name}`\n: *Type:* {TYPES[COLUMNS[name]]}.{missing}\n"
