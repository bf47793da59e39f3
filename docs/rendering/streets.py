"""Maps of streets: in which share of the places how much is read."""

from functools import cache

import pandas as pd

from diffsem.scenarios.reporting.street.maps import area_interval, street_map
from diffsem.scenarios.streets.street import Street, read_street
from rendering.markdown import lines
from rendering.measures import Measure
from rendering.tables import Table

LEVELS = (0.2, 0.5, 0.9)


@cache
def _lines(one: Table) -> pd.DataFrame:
    return street_map(one.rows)


def area(one: Table, system: str, t: int, more_than: float = 0.5, where: str = "") -> Measure:
    """Percent of the places where the strongest attack on a system reads more than a share of the images.

    `where` chooses places by a condition on the columns of `street_map`, as `pandas.DataFrame.query` has it.
    """
    chosen = _lines(one)
    chosen = chosen[(chosen["system"] == system) & (chosen["timestep"] == t)]
    if where:
        chosen = chosen.query(where)
    above = (chosen["accuracy"] > more_than).to_numpy()
    share, low, high = area_interval(above, chosen["x_m"].to_numpy(), chosen["y_m"].to_numpy())
    return Measure(100 * share, 100 * low, 100 * high)


def area_lines(one: Table, systems: list[str], t: int) -> str:
    """A Markdown table: a line a system, a column a share of the images."""
    rows = []
    for system in systems:
        own = one.receiver(system, t=t, place=int(one.rows["place"].min()))
        rows.append([f"`{system}`", own.text(), *(area(one, system, t, level).text() for level in LEVELS)])
    return lines(["system", "receiver, %", *(f"over {100 * level:.0f}%" for level in LEVELS)], rows)


def places(one: Table) -> str:
    """How many the eavesdropper stands at."""
    return f"{one.rows['place'].nunique():,}"


def snr_range(one: Table, quantile: float) -> float:
    """A quantile of the eavesdropper's SNR over the places, dB."""
    heard = one.rows[one.rows["node"] == "adversary"].drop_duplicates("place")
    return float(heard["snr_db"].quantile(quantile))


def in_sight(one: Table) -> str:
    """Places that see the transmitter."""
    heard = one.rows[one.rows["node"] == "adversary"].drop_duplicates("place")
    return f"{(heard['line_of_sight'] == 1).sum():,}"


def street_of(name: str) -> Street:
    """A street that ships."""
    return read_street(name)


FUNCTIONS = (street_of, area, area_lines, places, snr_range, in_sight)
