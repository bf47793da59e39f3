"""What a worker answers, in plain bytes: nothing is unpickled where the sweep was started, so no answer runs code."""

import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import diffsem.link as link
from diffsem.link import InputError, Point, packed, packed_point, unpacked, unpacked_point

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
            yield packed_point(result, place=points.index(result.point), seconds=now - begun)
            begun = now
    except InputError as error:
        yield packed({"refused": str(error)})
    except Exception as error:
        yield packed({"failed": f"{type(error).__name__}: {error}", "traceback": traceback.format_exc()})


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
        text, _ = unpacked(content)
        if not {"refused", "failed"} & set(text):
            result, more = unpacked_point(content)
            point = points[range(len(points))[more["place"]]]
            return Answer(replace(result, point=point), float(more["seconds"]))
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
