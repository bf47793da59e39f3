"""What a worker answers, in plain bytes: nothing is unpickled where the sweep was started, so no answer runs code."""

import traceback
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import diffsem.link as link
from diffsem.link import InputError, Point, packed, packed_point, unpacked, unpacked_point


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
        return packed_point(simulate(point))
    except InputError as error:
        return packed({"refused": str(error)})
    except Exception as error:
        return packed({"failed": f"{type(error).__name__}: {error}", "traceback": traceback.format_exc()})


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
        text, _ = unpacked(content)
        if not {"refused", "failed"} & set(text):
            result, _ = unpacked_point(content)
            return replace(result, point=point)
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
