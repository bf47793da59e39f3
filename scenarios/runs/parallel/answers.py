"""What a worker answers, in plain bytes: nothing is unpickled where the sweep was started, so no answer runs code."""

import io
import json
import traceback
from collections.abc import Callable
from typing import Any

import numpy as np

import diffsem.link as link
from diffsem.link import COLUMNS, EXAMPLE_COLUMNS, InputError, Point


def answer(simulate: "Callable[[Point], link.PointResult]", point: Point) -> bytes:
    """A point's result, or what went wrong with it; `result_of` reads it.

    Parameters
    ----------
    simulate : callable
    point : Point

    Returns
    -------
    bytes
        NumPy's .npz with the rows as JSON in it.
    """
    try:
        result = simulate(point)
    except InputError as error:
        return _packed({"refused": str(error)})
    except Exception as error:
        return _packed({"failed": f"{type(error).__name__}: {error}", "traceback": traceback.format_exc()})
    examples = [{key: value for key, value in example.items() if key != "images"} for example in result.examples]
    images = {f"images_{place}": example["images"] for place, example in enumerate(result.examples)}
    text = {"rows": result.rows, "examples": examples, "images": result.images}
    return _packed(text, by_step=result.by_step, **images)


def result_of(content: Any, point: Point) -> "link.PointResult":
    """Read a worker's answer about a point.

    Raises
    ------
    InputError
        If the worker could not use what it was given, or this is no answer.
    RuntimeError
        If it failed; the worker's traceback is a note of the error.
    """
    try:
        text, arrays = _unpacked(content)
        if not {"refused", "failed"} & set(text):
            return _result(text, arrays, point)
        refused, failed, where = text.get("refused"), text.get("failed"), text.get("traceback")
    except Exception as error:
        raise InputError(
            f"worker: its answer about t = {point.timestep}, {point.snr_db:g} dB is not the plain bytes of a result; "
            "nothing of it was taken; allowed: workers with this version of diffsem"
        ) from error
    if refused is not None:
        raise InputError(str(refused))
    failure = RuntimeError(f"worker process: {failed}")
    failure.add_note(f"In the worker:\n{where}")
    raise failure


def _result(text: dict[str, Any], arrays: dict[str, np.ndarray], point: Point) -> "link.PointResult":
    rows = [_of(row, COLUMNS) for row in text["rows"]]
    examples = [
        {**_of(example, EXAMPLE_COLUMNS), "images": arrays[f"images_{place}"]}
        for place, example in enumerate(text["examples"])
    ]
    return link.PointResult(point, rows, arrays["by_step"].astype(np.int64), examples, int(text["images"]))


def _of(row: dict[str, Any], columns: dict[str, type]) -> dict[str, Any]:
    """A row with these columns, each of its kind. Raises ValueError, TypeError or KeyError."""
    return {name: kind(_plain(row[name], kind)) for name, kind in columns.items()}


def _plain(value: Any, kind: type) -> Any:
    if isinstance(value, str) != (kind is str) or not isinstance(value, str | int | float):
        raise TypeError(f"{value!r} is no {kind.__name__}")
    return value


def _unpacked(content: bytes) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    with np.load(io.BytesIO(content), allow_pickle=False) as file:
        arrays = dict(file)
    return json.loads(arrays.pop("text").tobytes()), arrays


def _packed(text: dict[str, Any], **arrays: np.ndarray) -> bytes:
    content = io.BytesIO()
    letters = np.frombuffer(json.dumps(text, default=lambda value: value.item()).encode(), np.uint8)
    np.savez(content, allow_pickle=False, text=letters, **arrays)
    return content.getvalue()
