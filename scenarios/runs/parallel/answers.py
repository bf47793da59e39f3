"""What a worker answers, in plain bytes: nothing is unpickled where the sweep was started, so no answer runs code."""

import io
import json
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

import diffsem.link as link
from diffsem.link import COLUMNS, EXAMPLE_COLUMNS, InputError, Point

# Bytes that tell how long an answer among several is.
LENGTH = 8


@dataclass(frozen=True)
class Answer:
    """A point's result, and the seconds that it took behind the one before it.

    Parameters
    ----------
    result : PointResult
    seconds : float
        Of a group's first, also those of loading and compiling.
    """

    result: "link.PointResult"
    seconds: float


def answers(
    simulate: "Callable[[Sequence[Point]], Iterable[link.PointResult]]", points: Sequence[Point]
) -> Iterator[bytes]:
    """The results of a group of points, each as soon as it is there, and what went wrong; `answer_of` reads each.

    Parameters
    ----------
    simulate : callable
    points : sequence of Point

    Yields
    ------
    bytes
        NumPy's .npz with the rows as JSON in it.
    """
    begun = time.perf_counter()
    try:
        for result in simulate(points):
            now = time.perf_counter()
            yield _packed_result(result, points.index(result.point), now - begun)
            begun = now
    except InputError as error:
        yield _packed({"refused": str(error)})
    except Exception as error:
        yield _packed({"failed": f"{type(error).__name__}: {error}", "traceback": traceback.format_exc()})


def joined(contents: Iterable[bytes]) -> bytes:
    """Several answers in one; `parts_of` takes them apart."""
    return b"".join(len(content).to_bytes(LENGTH, "big") + content for content in contents)


def parts_of(content: Any) -> list[bytes]:
    """The answers that `joined` has put into one. Raises InputError if it has not."""
    found = []
    place = 0
    while isinstance(content, bytes) and place < len(content):
        length = int.from_bytes(content[place : place + LENGTH], "big")
        found.append(content[place + LENGTH : place + LENGTH + length])
        place += LENGTH + length
    if not found or place != len(content):
        raise _no_answer("a group of points")
    return found


def answer_of(content: Any, points: Sequence[Point]) -> Answer:
    """Read a worker's answer about one of a group's points.

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
            seconds = float(_plain(text["seconds"], float))
            return Answer(_result(text, arrays, points[range(len(points))[_plain(text["place"], int)]]), seconds)
        refused, failed, where = text.get("refused"), text.get("failed"), text.get("traceback")
    except Exception as error:
        first = f"t = {points[0].timestep}, {points[0].snr_db:g} dB"
        raise _no_answer(f"{first}{' and others' if len(points) > 1 else ''}") from error
    if refused is not None:
        raise InputError(str(refused))
    failure = RuntimeError(f"worker process: {failed}")
    failure.add_note(f"In the worker:\n{where}")
    raise failure


def _no_answer(about: str) -> InputError:
    return InputError(
        f"worker: its answer about {about} is not the plain bytes of a result; "
        "nothing of it was taken; allowed: workers with this version of diffsem"
    )


def _packed_result(result: "link.PointResult", place: int, seconds: float) -> bytes:
    examples = [{key: value for key, value in example.items() if key != "images"} for example in result.examples]
    images = {f"images_{number}": example["images"] for number, example in enumerate(result.examples)}
    text = {"place": place, "seconds": seconds, "rows": result.rows, "examples": examples, "images": result.images}
    return _packed(text, by_step=result.by_step, **images)


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
