"""What attacks made of some images, as pictures that lie in the page itself."""

import base64
import io
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from diffsem.link import ResultTable, escaped
from diffsem.scenarios.reporting.axes import told, varying_axes
from diffsem.scenarios.reporting.page.wording import point

# Letters of all pictures of a table: with Plotly, the page has to stay small.
ROOM = 500_000
SPACE = 2


@dataclass(frozen=True)
class Strip:
    """Images side by side.

    Parameters
    ----------
    caption : str
    source : str
        PNG as a data address.
    width, height : int
        Pixels.
    """

    caption: str
    source: str
    width: int
    height: int


@dataclass(frozen=True)
class Pictures:
    """Reconstructions by point.

    Parameters
    ----------
    originals : Strip, optional
        None where there are no reconstructions.
    points : tuple of (str, tuple of Strip)
        The first is that of the headline, if it has any.
    left : int
        Strips for which there was no room.
    """

    originals: Strip | None
    points: tuple[tuple[str, tuple[Strip, ...]], ...]
    left: int


def pictures_of(table: ResultTable, line: dict[str, Any] | None, room: int = ROOM) -> Pictures:
    """The examples of a table, as many as there is room for.

    Parameters
    ----------
    table : ResultTable
    line : dict, optional
        Of `diffsem.scenarios.leakage`: examples of its point come first.
    room : int
        Letters.
    """
    index = table.examples.index
    if index.empty or not len(table.examples.originals):
        return Pictures(None, (), 0)
    originals = _strip("original", table.examples.originals)
    room -= len(originals.source)
    axes = varying_axes(table.rows)
    names = {"timestep": "timestep", "receiver_snr_db": "receiver_snr_db", "snr_db": "eavesdropper_snr_db"}
    names |= {axis: axis for axis in axes}
    lines = index.assign(
        picture=range(len(index)),
        off=sum((index[own] != (line or {}).get(other)).astype(int) for own, other in names.items()),
    )
    lines = lines.sort_values(["off", *names, "picture"], kind="stable")
    points: dict[str, list[Strip]] = {}
    for count, one in enumerate(lines.to_dict("records")):
        caption = f"{escaped(one['attack'])} on {escaped(one['transmitter'])}"
        strip = _strip(caption, table.examples.reconstructions[one["picture"]])
        room -= len(strip.source)
        if room < 0:
            return Pictures(originals, _by_point(points), len(lines) - count)
        own = None if one["snr_db"] == one["receiver_snr_db"] else one["snr_db"]
        variant = told({axis: one[axis] for axis in axes})
        points.setdefault(point(one["timestep"], one["receiver_snr_db"], own, variant), []).append(strip)
    return Pictures(originals, _by_point(points), 0)


def _by_point(points: dict[str, list[Strip]]) -> tuple[tuple[str, tuple[Strip, ...]], ...]:
    return tuple((name, tuple(strips)) for name, strips in points.items())


def _strip(caption: str, images: np.ndarray) -> Strip:
    """Images [n, height, width, channels] uint8 side by side, as a PNG."""
    spaced = np.pad(images, ((0, 0), (0, 0), (0, SPACE), (0, 0)), constant_values=255)
    row = np.concatenate(list(spaced), axis=1)[:, :-SPACE]
    picture = Image.fromarray(row[..., 0] if row.shape[-1] == 1 else row)
    content = io.BytesIO()
    picture.save(content, "PNG", optimize=True)
    source = f"data:image/png;base64,{base64.b64encode(content.getvalue()).decode()}"
    return Strip(caption, source, picture.width, picture.height)
