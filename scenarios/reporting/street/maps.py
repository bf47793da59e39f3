"""Maps of a street: what the strongest attack reads at every place, and in which share of the area how much."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from diffsem.link import AXES, effective_images, share_interval
from diffsem.scenarios.reporting.statistics import POINT, strongest_adversary
from diffsem.scenarios.reporting.street.scene import Scene

# Neighbouring places see the same walls: those of a square of this side count as one sample of the area, m.
BLOCK_M = 10.0
# What tells a map: one colour a place.
MAP = ["system", *POINT]
PLACE = ("place", "x_m", "y_m", "snr_db", "path_gain_db", "line_of_sight")
# Of a place: what is read there.
READ = ("accuracy", "ci_low", "ci_high", "attack", "leaked_bits")


def is_map(rows: pd.DataFrame) -> bool:
    """Whether a table's eavesdropper stands at several places of a street."""
    places = rows.get("place")
    return places is not None and places.nunique() > 1


def street_map(rows: pd.DataFrame) -> pd.DataFrame:
    """Of each system, point and place what the strongest attack reads.

    Parameters
    ----------
    rows : pandas.DataFrame
        A result table whose eavesdropper stands at several places.

    Returns
    -------
    pandas.DataFrame
        In the order of the table's systems: system, timestep, receiver_snr_db, the axes that vary, place, x_m, y_m,
        snr_db, path_gain_db, line_of_sight;
        accuracy, ci_low, ci_high and attack of the strongest, as `strongest_adversary` chooses it; leaked_bits, the
        most of any attack; receiver, the system's own accuracy.

    Examples
    --------
    >>> import diffsem
    >>> lines = diffsem.street_map(diffsem.read_results("notebooks/street/street-canyon.h5"))
    >>> here = lines.query("x_m == 20 and y_m == 0 and timestep == 450")
    >>> here[["system", "line_of_sight"]].values.tolist()
    [['diffsem', 1], ['reference', 1], ['keyed-self-noise', 1], ['null-space-noise', 1]]
    """
    lines = strongest_adversary(rows).reset_index()
    axes = [name for name in AXES if name != "place" and rows[name].nunique() > 1]
    where = [*MAP, *axes, "place"]
    adversary = rows[rows["node"] == "adversary"]
    bits = adversary.groupby(where)["leaked_bits"].max().rename("leaked_bits")
    receivers = rows[(rows["node"] == "receiver") & (rows["scored"] == "label")]
    own = receivers.set_index(where)["accuracy"].rename("receiver")
    lines = lines.drop(columns="leaked_bits").join(bits, on=where).join(own, on=where)
    columns = [*MAP, *axes, *PLACE, *READ, "receiver"]
    order = {name: place for place, name in enumerate(rows["system"].drop_duplicates())}
    lines = lines.sort_values(
        where, kind="stable", key=lambda values: values.map(order) if values.name == "system" else values
    )
    return lines[columns].reset_index(drop=True)


def share_of_area(lines: pd.DataFrame, more_than: float) -> pd.DataFrame:
    """In which share of a map's places more than a share of the images is read.

    Places of a square of 10 m are read or not together, so the interval is that of squares, not of places: Wilson's,
    with as many independent places as they are worth (`diffsem.link.effective_images`).

    Parameters
    ----------
    lines : pandas.DataFrame
        As `street_map` gives them.
    more_than : float
        0..1.

    Returns
    -------
    pandas.DataFrame
        system, timestep, receiver_snr_db, the axes that vary; places, share, share_low, share_high; receiver.

    Examples
    --------
    Of four places in two squares, those of one are read.

    >>> import diffsem
    >>> import pandas as pd
    >>> point = {"system": "mine", "timestep": 240, "receiver_snr_db": 15.0, "receiver": 0.9}
    >>> read = [(0.8, 1.0), (0.7, 3.0), (0.2, 61.0), (0.1, 63.0)]
    >>> lines = pd.DataFrame([{**point, "accuracy": one, "x_m": x, "y_m": 0.0} for one, x in read])
    >>> diffsem.share_of_area(lines, 0.5)[["places", "share", "share_low", "share_high"]].round(2).values.tolist()
    [[4.0, 0.5, 0.01, 0.99]]
    """
    axes = [name for name in lines.columns if name in AXES and name != "place"]
    found = []
    for key, here in lines.groupby([*MAP, *axes], sort=False):
        above = (here["accuracy"] > more_than).to_numpy()
        share, low, high = area_interval(above, here["x_m"].to_numpy(), here["y_m"].to_numpy())
        own = here["receiver"].iloc[0]
        found.append([*key, len(here), share, low, high, own])
    return pd.DataFrame(found, columns=[*MAP, *axes, "places", "share", "share_low", "share_high", "receiver"])


def area_interval(above: np.ndarray, x_m: np.ndarray, y_m: np.ndarray) -> tuple[float, float, float]:
    """A share of places with its 95% interval over squares of `BLOCK_M`; [P] bool, [P] and [P] float."""
    square = np.stack([np.floor(x_m / BLOCK_M), np.floor(y_m / BLOCK_M)], axis=1)
    _, of_square = np.unique(square, axis=0, return_inverse=True)
    counts = np.bincount(of_square.ravel())
    read = np.bincount(of_square.ravel(), weights=above).astype(int)
    share = float(above.mean())
    return share, *share_interval(share, effective_images(read, counts))


def grid_of(lines: pd.DataFrame, column: str, spacing_m: float) -> tuple[np.ndarray, tuple[float, float, float, float]]:
    """The values of one map as an image: [rows along y, columns along x], NaN where no place is; and its extent, m."""
    corner = lines[["x_m", "y_m"]].min().to_numpy()
    columns, rows = np.rint((lines[["x_m", "y_m"]].to_numpy() - corner) / spacing_m).astype(int).T
    image = np.full([rows.max() + 1, columns.max() + 1], np.nan)
    image[rows, columns] = lines[column]
    west, south = corner - spacing_m / 2
    return image, (west, west + spacing_m * image.shape[1], south, south + spacing_m * image.shape[0])


def spacing_of(lines: pd.DataFrame, scene: Scene | None) -> float:
    """Between places, m; of a table that does not tell it the smallest distance along x or y."""
    if scene is not None:
        return scene.spacing_m
    apart = [np.diff(np.unique(lines[name].round(6))) for name in ("x_m", "y_m")]
    return float(min((each.min() for each in apart if len(each)), default=1.0))


def one_map(lines: pd.DataFrame, system: str, timestep: int, snr_db: float) -> pd.DataFrame:
    """The lines of one system at one point."""
    chosen = (lines["system"] == system) & (lines["timestep"] == timestep) & (lines["receiver_snr_db"] == snr_db)
    return lines[chosen]


def shares_of_area(lines: pd.DataFrame, levels: Sequence[float]) -> pd.DataFrame:
    """`share_of_area` at several levels side by side: share_0.5, share_0.5_low, share_0.5_high, ..."""
    whole: pd.DataFrame | None = None
    for level in levels:
        name = f"share_{level:g}"
        found = share_of_area(lines, level).rename(
            columns={"share": name, "share_low": f"{name}_low", "share_high": f"{name}_high"}
        )
        whole = (
            found
            if whole is None
            else whole.assign(**{end: found[end] for end in (name, f"{name}_low", f"{name}_high")})
        )
    assert whole is not None
    return whole
