"""Whether each draw of each row was read right: a bit each, packed into bytes."""

from collections.abc import Sequence
from typing import Any

import numpy as np


def even_draws(total: Any, images: Any) -> Any:
    """Draws of every other image, from the first, of so many draws in which so many images come in turn.

    Examples
    --------
    Of three images in seven draws the first and the third, of which the first came three times.

    >>> from diffsem.link import even_draws
    >>> even_draws(total=7, images=3)
    5
    """
    rounds, rest = total // images, total % images
    return rounds * ((images + 1) // 2) + (rest + 1) // 2


def packed_hits(hits: Sequence[np.ndarray]) -> np.ndarray:
    """[rows, bytes] uint8 of as many [draws] bool, which may be of different numbers; no draws are none that are known.

    Examples
    --------
    >>> import numpy as np
    >>> from diffsem.link import packed_hits
    >>> packed_hits([np.array([True, False, True]), np.zeros(9, bool), np.zeros(0, bool)]).tolist()
    [[160, 0], [0, 0], [0, 0]]
    """
    packed = [np.packbits(np.asarray(row, bool)) for row in hits]
    return stacked_hits([row[None] for row in packed], [1] * len(packed))


def stacked_hits(packed: Sequence[np.ndarray], rows: Sequence[int]) -> np.ndarray:
    """Packed hits below one another, as wide as the widest; `rows` says of how many rows each is, known or not."""
    width = max((part.shape[1] for part in packed), default=0)
    stacked = np.zeros([sum(rows), width], np.uint8)
    begin = 0
    for part, count in zip(packed, rows, strict=True):
        stacked[begin : begin + len(part), : part.shape[1]] = part
        begin += count
    return stacked


def hits_are_known(packed: np.ndarray, correct: np.ndarray, total: np.ndarray) -> np.ndarray:
    """[rows] bool: whether the hits of a row are there. None are, of a row from before they were kept.

    Parameters
    ----------
    packed : [rows, bytes], uint8
    correct, total : [rows], int

    Raises
    ------
    ValueError
        If the hits of a row are others than it counts.

    Examples
    --------
    The second row is of an older table.

    >>> import numpy as np
    >>> from diffsem.link import hits_are_known, packed_hits
    >>> packed = packed_hits([np.array([True, False, True]), np.zeros(0, bool)])
    >>> hits_are_known(packed, correct=np.array([2, 2]), total=np.array([3, 3])).tolist()
    [True, False]
    """
    counted = np.bitwise_count(packed).sum(axis=1, dtype=np.int64)
    last = _last_hit(packed)
    wrong = (counted > 0) & ((counted != correct) | (last >= total))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise ValueError(
            f"/draws/hits, row {row}: {counted[row]} hits, the last of draw {last[row] + 1}; "
            f"allowed: {correct[row]} of {total[row]}, or none"
        )
    return counted == correct


def _last_hit(packed: np.ndarray) -> np.ndarray:
    """[rows] int: the place of the last hit of each row, -1 if it has none."""
    if not packed.size:
        return np.full(len(packed), -1)
    there = packed != 0
    last = packed.shape[1] - 1 - np.argmax(there[:, ::-1], axis=1)
    value = packed[np.arange(len(packed)), last]
    # The lowest bit of a byte is its last draw.
    lowest = value & (~value + np.uint8(1))
    place = 8 * last + 7 - np.bitwise_count(lowest - np.uint8(1))
    return np.where(there.any(axis=1), place, -1)
