"""The reference of result tables, from the declared columns."""

import numpy as np

from diffsem.link import RESULT_COLUMNS, Column

INTRODUCTION = """\
# Result tables

`diffsem run` writes one HDF5 file. `diffsem show` prints it, `diffsem report` makes a page of it, `diffsem export`
writes it as CSV.

`diffsem.read_results(FILE)` gives its rows as a `pandas.DataFrame`, one row a point and a node. Counts are kept: every
share can be worked out again.

Shares are of 1, not percent. Columns that came later are not in older tables: what is read in their place is said.
"""

ATTRIBUTES = """## Attributes

The file keeps what its rows come from. `rows.attrs` of `read_results` has it, too, and so has the frame of
`run_scenario`.

| attribute | what it is |
|---|---|
| `scenario` | the resolved scenario, as YAML |
| `seed` | of the scenario, if it has a single one |
| `versions`, `environment` | of the packages; of the machine |
| `weights_sha256`, `data_sha256`, `sources_sha256` | of the weights, of the test images, of parts of one's own |
| `systems`, `attacks` | titles, colours and what else tells them apart |
| `mixed_versions`, `pretrained_networks` | where versions were mixed; shipped networks in the place of missing ones |
| `classes`, `feature_symbols` | of the data set; real numbers in a feature |
| `created` | when the sweep began, in UTC |
| `command` | what was typed first |
| `wall_seconds` | time spent, over all resumes |
| `execution_measured` | why it was computed as it was, where the scenario left that to a measurement |
| `profile` | of a run with `--profile`: seconds, and those of each stage (JSON) |
| `complete` | whether every point is there |

Two runs of one scenario differ in `created`, `command` and `wall_seconds` alone, and in `execution_measured` and
`profile` if these were asked for.

In the file each column is a data set of the group `results`, with the attributes `unit` and `meaning`: the ones below.
In Python they are in `diffsem.link.RESULT_COLUMNS`.

## Columns
"""

TYPES = {str: "text", np.float64: "number", np.int64: "whole number", np.bool_: "true or false"}


def page() -> str:
    """The whole page, in Markdown."""
    return "\n".join([INTRODUCTION, ATTRIBUTES, *map(_entry, RESULT_COLUMNS)])


def _entry(column: Column) -> str:
    meaning = column.meaning.replace("|", "\\|").replace("*", "\\*")
    unit = f" *Unit:* {column.unit}." if column.unit else ""
    stands = column.when_missing.replace("nan", "NaN")
    older = "" if stands == "every table has it" else f" *In an older table:* {stands}."
    return f"`{column.name}`\n: {meaning}.\n  *Type:* {TYPES[column.dtype]}.{unit}{older}\n"
