"""A point's result in plain bytes: NumPy's .npz, with the rows as JSON in it. Nothing is unpickled to read it."""

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from diffsem.link.hits import hits_are_known
from diffsem.link.results.columns import COLUMNS, EXAMPLE_COLUMNS, STEP_BINS
from diffsem.link.results.point import Point, PointResult, as_pixels


def packed_point(result: PointResult, **more: str | float) -> bytes:
    """A result as bytes, and with it what else is to be said of it.

    Examples
    --------
    >>> import numpy as np
    >>> from diffsem.link import COLUMNS, Point, PointResult, packed_point, unpacked_point
    >>> row = {name: kind() for name, kind in COLUMNS.items()} | {"correct": 6, "total": 8}
    >>> result = PointResult(Point(240, 15.0, (15.0, 5.0)), [row], np.zeros([1, 2, 51], int), [], images=8)
    >>> back, more = unpacked_point(packed_point(result, seconds=2.5))
    >>> back.point == result.point, int(back.rows[0]["correct"]), more
    (True, 6, {'seconds': 2.5})
    """
    examples = [{key: value for key, value in example.items() if key != "images"} for example in result.examples]
    images = {f"images_{place}": as_pixels(example["images"]) for place, example in enumerate(result.examples)}
    text = {"point": asdict(result.point), "rows": result.rows, "examples": examples, "images": result.images}
    return packed({**text, "more": more}, by_step=result.by_step, hits=result.hits, **images)


def unpacked_point(content: bytes) -> tuple[PointResult, dict[str, Any]]:
    """A result out of its bytes, and what else is said of it.

    Raises
    ------
    ValueError
        If they are anything else, or would take more room than they do.

    Examples
    --------
    >>> from diffsem.link import unpacked_point
    >>> try:
    ...     unpacked_point(b"a pickle")
    ... except ValueError as error:
    ...     print(error)
    not the bytes of a result (BadZipFile: File is not a zip file)
    """
    text, arrays = unpacked(content)
    try:
        return _result(text, arrays), dict(text["more"])
    except (TypeError, KeyError, AttributeError, OverflowError) as error:
        raise ValueError(f"not the result of a point ({type(error).__name__}: {error})") from error


def packed(text: Mapping[str, Any], **arrays: np.ndarray) -> bytes:
    """What JSON can say, and arrays, as bytes.

    Examples
    --------
    >>> import numpy as np
    >>> from diffsem.link import packed, unpacked
    >>> text, arrays = unpacked(packed({"said": 1}, counted=np.arange(3)))
    >>> text, arrays["counted"].tolist()
    ({'said': 1}, [0, 1, 2])
    """
    content = io.BytesIO()
    letters = np.frombuffer(json.dumps(text, default=lambda value: value.item()).encode(), np.uint8)
    np.savez(content, allow_pickle=False, text=letters, **arrays)
    return content.getvalue()


def unpacked(content: bytes) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """The same out of its bytes. Raises ValueError if they are anything else.

    Examples
    --------
    >>> from diffsem.link import packed, unpacked
    >>> unpacked(packed({"refused": "other weights"}))
    ({'refused': 'other weights'}, {})
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as file:
            # As they were written: what is compressed may be a thousand times larger than it looks.
            if any(member.compress_type != zipfile.ZIP_STORED for member in file.infolist()):
                raise ValueError("compressed")
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            arrays = dict(file)
        text = json.loads(arrays.pop("text").tobytes())
    except Exception as error:
        raise ValueError(f"not the bytes of a result ({type(error).__name__}: {error})") from error
    if not isinstance(text, dict):
        raise ValueError("not the bytes of a result")
    return text, arrays


def _result(text: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> PointResult:
    point = text["point"]
    own = tuple(float(snr_db) for snr_db in point["eavesdropper_snr_db"])
    rows = [_of(row, COLUMNS) for row in text["rows"]]
    if not rows:
        raise ValueError("a point without rows")
    examples = [
        {**_of(example, EXAMPLE_COLUMNS), "images": arrays[f"images_{place}"]}
        for place, example in enumerate(text["examples"])
    ]
    by_step = arrays["by_step"].astype(np.int64)
    if by_step.shape != (len(rows), 2, STEP_BINS):
        raise ValueError(f"counts by step of shape {by_step.shape}")
    hits = arrays.get("hits", np.zeros([0, 0], np.uint8))
    if hits.dtype != np.uint8 or hits.ndim != 2 or len(hits) not in (0, len(rows)):
        raise ValueError(f"hits of type {hits.dtype} and shape {hits.shape}")
    if len(hits):
        hits_are_known(hits, *(np.array([row[name] for row in rows]) for name in ("correct", "total")))
    images = int(text["images"])
    places = tuple(int(place) for place in point.get("places", ()))
    return PointResult(
        Point(int(point["timestep"]), float(point["snr_db"]), own, places), rows, by_step, examples, images, hits
    )


def _of(row: Mapping[str, Any], columns: Mapping[str, type]) -> dict[str, Any]:
    """A row with these columns, each of its kind. Raises ValueError, TypeError or KeyError."""
    return {name: kind(_plain(row[name], kind)) for name, kind in columns.items()}


def _plain(value: Any, kind: type) -> Any:
    if isinstance(value, str) != (kind is str) or not isinstance(value, str | int | float):
        raise TypeError(f"{value!r} is no {kind.__name__}")
    return value
