"""The reference of result tables, from the declared columns."""

import numpy as np

from diffsem.link import RESULT_COLUMNS, Column

INTRODUCTION = """\
# Result tables

`diffsem run` writes one HDF5 file. `diffsem.read_results(FILE)` gives its rows as a `pandas.DataFrame`, one row a
point and a node. Counts are kept: every share can be worked out again.

Shares are of 1, not percent. Columns that came later are not in older tables: what is read in their place is said.
"""
TYPES = {str: "text", np.float64: "number", np.int64: "whole number", np.bool_: "true or false"}


def page() -> str:
    """The whole page, in Markdown."""
    return "\n".join([INTRODUCTION, *map(_entry, RESULT_COLUMNS)])


def _entry(column: Column) -> str:
    meaning = column.meaning.replace("|", "\\|").replace("*", "\\*")
    unit = f" *Unit:* {column.unit}." if column.unit else ""
    stands = column.when_missing.replace("nan", "NaN")
    older = "" if stands == "every table has it" else f" *In an older table:* {stands}."
    return f"`{column.name}`\n: {meaning}.\n  *Type:* {TYPES[column.dtype]}.{unit}{older}\n"
