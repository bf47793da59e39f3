"""The table of a map: in which share of the area how much is read."""

from collections.abc import Sequence
from functools import partial

import pandas as pd

from diffsem.link import AXES
from diffsem.scenarios.reporting.axes import NAMES
from diffsem.scenarios.reporting.street.maps import shares_of_area, street_map
from diffsem.scenarios.reporting.tables import cells
from diffsem.scenarios.reporting.tables.fields import Field, Part
from diffsem.scenarios.reporting.tables.sheet import Sheet

# Of images; where nobody asks for another.
LEVELS = (0.2, 0.5, 0.9)


def map_table(rows: pd.DataFrame, title: str, more_than: Sequence[float] = LEVELS) -> Sheet:
    """Of each system and point the share of places where the strongest attack reads more than these shares.

    Parameters
    ----------
    rows : pandas.DataFrame
        A result table whose eavesdropper stands at several places.
    title : str
    more_than : sequence of float
        0..1.
    """
    lines = shares_of_area(street_map(rows), more_than)
    axes = [name for name in lines.columns if name in AXES]
    keys = {"t": "timestep", "SNR dB": "receiver_snr_db"} | {NAMES[axis].head: axis for axis in axes}
    fields = {
        "receiver": Field(lambda line: cells.share_in_hundredths(line["receiver"])),
        "places": Field(lambda line: f"{line['places']:,}"),
    }
    for level in more_than:
        fields[f"over {100 * level:g}%"] = Field(partial(cells.percent, key=f"share_{level:g}"))
    shares = [Part(name) for name in fields if name.startswith("over")]
    return Sheet(
        title,
        "percent of the area in which the strongest attack reads more, with 95% intervals over squares of 10 m",
        lines,
        {
            **{title: Field(partial(cells.value, name=column)) for title, column in keys.items()},
            "system": Field(lambda line: cells.name(line["system"]), is_name=True),
        },
        fields,
        (([Part("receiver"), Part("places")], shares),),
        sections=list(keys.values()),
    )
