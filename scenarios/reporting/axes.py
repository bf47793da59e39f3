"""What the axes of a sweep beyond t and SNR are called: in options, names of files, heads of tables and sentences."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from diffsem.link import AXES


@dataclass(frozen=True)
class Names:
    """Of one axis.

    Parameters
    ----------
    short : str
        In names of files and, where no other axis is called so, in `--at`.
    head : str
        Over a narrow column.
    title : str
        In sentences, and over a column that may be wide.
    """

    short: str
    head: str
    title: str


NAMES = {
    "seed": Names("seed", "seed", "seed"),
    "denoising_steps": Names("steps", "steps", "denoising steps"),
    "transmit_antennas": Names("tx", "tx", "transmit antennas"),
    "receiver_antennas": Names("rx", "rx", "receive antennas"),
    "eavesdropper_antennas": Names("everx", "eve rx", "eavesdropper's antennas"),
    "eavesdropper_looks": Names("looks", "looks", "eavesdropper's looks"),
    "place": Names("place", "place", "eavesdropper's place"),
    # A node's own: of tables that were put together out of older ones, which do not record the point's.
    "looks": Names("looks", "looks", "looks"),
    "receive_antennas": Names("receive_antennas", "node rx", "node's antennas"),
}
OLDER = tuple(name for name in NAMES if name not in AXES)


def varying_axes(rows: pd.DataFrame) -> list[str]:
    """Of the axes of a sweep beyond t and SNR those of which a table's rows, or lines of a statistic, have several."""
    return [name for name in AXES if name in rows and rows[name].nunique() > 1]


def swept_columns(rows: pd.DataFrame) -> list[str]:
    """`varying_axes`, and columns of the nodes that vary among rows of one node where none of those tells it."""
    varying = varying_axes(rows)
    groups = rows.groupby(["node", *varying])
    return [*varying, *(name for name in OLDER if (groups[name].nunique() > 1).any())]


def variant_of(line: Mapping[Any, Any]) -> dict[str, int]:
    """The axes that a line of a statistic tells: those that vary in its table."""
    return {name: int(line[name]) for name in AXES if name in line}


def suffix_of(values: Mapping[str, int]) -> str:
    """The values of a variant's axes, for names of files: "seed2-looks10"."""
    return "-".join(f"{NAMES[name].short}{value}" for name, value in values.items())


def told(values: Mapping[str, int]) -> str:
    """The same for sentences: "seed 2, eavesdropper's looks 10"; "" without axes."""
    return ", ".join(f"{NAMES[name].title} {int(value)}" for name, value in values.items())
