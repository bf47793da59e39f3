"""Tracing a street: asks the tracer in its own process, keeps each position, and makes the file of them all."""

import contextlib
import hashlib
import json
import shutil
import signal
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from diffsem.channels import TracedPaths
from diffsem.link import InputError, check_output_file
from diffsem.scenarios.streets.street import Street
from diffsem.scenarios.streets.trace import NODES, Trace, Traced, write_trace

PROGRAM = Path(__file__).with_name("tracer.py")
# The receiver's among the places: behind none of the eavesdropper's.
RECEIVER = -1
NEEDS = "install libllvm19, or set DRJIT_LIBLLVM_PATH to the library of LLVM 16 or later"


@dataclass(frozen=True)
class Said:
    """What the tracer said of the scene before it traced.

    Parameters
    ----------
    versions : dict
    outline : [S, 2, 2]
    places : [P], int
        Of the grid, those that lie outside of buildings.
    """

    versions: dict[str, str]
    outline: np.ndarray
    places: np.ndarray


def trace_street(street: Street, out: Path, python: Path, on_positions: Callable[[int, int], None]) -> Trace:
    """Trace a street into a file; what an earlier call of the same street has traced is taken from it.

    Parameters
    ----------
    street : Street
    out : Path
        The file of channels.
    python : Path
        A Python with Sionna RT.
    on_positions : callable
        (positions done, positions in all) at the start and after every batch.

    Raises
    ------
    InputError
        One line: what of the street, the scene, the file or the tracer's environment is wrong.
    """
    check_output_file(out, "trace")
    parts = _parts_of(street, out)
    grid = street.eavesdropper.positions()
    done = {name: _place(name) for name in sorted(parts.glob("*/*.npz")) if _is_whole(name)}
    question = _question(street, grid, sorted(done.values()), parts)
    said = _ask(python, question, len(done), on_positions)
    if not len(said.places):
        raise InputError("street: eavesdropper.area_m: every position lies inside of a building or a car")
    receiver = np.array([street.receiver.position_m])
    trace = Trace(
        street,
        _assembled(parts, receiver, "receiver", np.array([RECEIVER])),
        _assembled(parts, grid[said.places], "eavesdropper", said.places),
        said.outline,
        said.versions,
    )
    _check_heard(street, trace)
    sha256 = write_trace(out, trace)
    shutil.rmtree(parts)
    return replace(trace, sha256=sha256)


def kept_positions(street: Street, out: Path) -> int:
    """How many positions of a street an interrupted tracing has left beside its file."""
    folder = _folder(street, out)
    return len(list(folder.glob("eavesdropper/*.npz")))


def _folder(street: Street, out: Path) -> Path:
    """Another street, another folder: what differs is not mixed."""
    digest = hashlib.sha256(street.to_yaml().encode()).hexdigest()[:16]
    return out.with_name(f".{out.name}.{digest}.parts")


def _parts_of(street: Street, out: Path) -> Path:
    folder = _folder(street, out)
    try:
        for node in NODES:
            (folder / node).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"trace {out}: cannot be written ({error.strerror})") from error
    return folder


def _place(part: Path) -> int:
    return int(part.stem)


def _is_whole(part: Path) -> bool:
    with contextlib.suppress(OSError, ValueError, zipfile.BadZipFile), np.load(part, allow_pickle=False) as file:
        return {"gains", "delays", "line_of_sight"} <= set(file)
    return False


def _question(street: Street, grid: np.ndarray, done: list[int], folder: Path) -> dict[str, Any]:
    return {
        "scene": street.scene,
        "carrier_hz": street.carrier_ghz * 1e9,
        "transmitter": street.transmitter.model_dump(mode="json"),
        "receiver": street.receiver.model_dump(mode="json"),
        "eavesdropper": {"array": street.eavesdropper.array.model_dump(mode="json")},
        "height_m": street.eavesdropper.height_m,
        "grid_m": grid.tolist(),
        "depth": street.depth,
        "samples": street.samples,
        "refraction": street.refraction,
        "diffraction": street.diffraction,
        "seed": street.seed,
        "done": done,
        "folder": str(folder),
    }


def _ask(python: Path, question: dict[str, Any], done: int, on_positions: Callable[[int, int], None]) -> Said:
    """Run the tracer to its end."""
    said: dict[str, Any] = {}
    for answer in _answers(python, question):
        if "refused" in answer:
            raise InputError(f"street: {answer['refused']}")
        said |= answer
        if "traced" in answer:
            done += answer["traced"]
        if "positions" in said:
            on_positions(done, len(said["positions"]) + 1)
    if "positions" not in said:
        raise InputError(f"ray tracing: {python} said nothing of the scene; {NEEDS}")
    return Said(said["versions"], np.array(said["outline"]).reshape(-1, 2, 2), np.array(said["positions"], int))


def _answers(python: Path, question: dict[str, Any]) -> Iterator[dict[str, Any]]:
    try:
        process = subprocess.Popen(
            [str(python), "-I", str(PROGRAM)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    except OSError as error:
        raise InputError(f"ray tracing: {python}: {error.strerror}") from error
    with process:
        try:
            assert process.stdin is not None
            assert process.stdout is not None
            assert process.stderr is not None
            with contextlib.suppress(BrokenPipeError), process.stdin:
                json.dump(question, process.stdin)
            for line in process.stdout:
                if line.startswith("{"):
                    yield json.loads(line)
            complaint = process.stderr.read().strip().splitlines()
        except BaseException:
            process.kill()
            raise
    if process.returncode < 0:
        name = signal.Signals(-process.returncode).name
        raise InputError(f"ray tracing: {python} was ended by {name}; {NEEDS}")
    if process.returncode:
        why = complaint[-1][:300] if complaint else f"status {process.returncode}"
        raise InputError(f"ray tracing: {python} failed ({why})")


def _assembled(parts: Path, positions: np.ndarray, node: str, places: np.ndarray) -> Traced:
    """One array of paths out of a file a position; those with fewer paths than others have zeros behind them."""
    found = []
    for place in places:
        with np.load(parts / node / f"{place}.npz", allow_pickle=False) as file:
            found.append({name: file[name] for name in ("gains", "delays", "line_of_sight")})
    most = max(1, *(len(each["delays"]) for each in found))
    gains = np.stack([_padded(each["gains"], most) for each in found]).astype(np.complex64)
    delays = np.stack([_padded(each["delays"], most) for each in found]).astype(np.float32)
    return Traced(positions, TracedPaths(gains, delays), np.array([bool(each["line_of_sight"]) for each in found]))


def _padded(values: np.ndarray, length: int) -> np.ndarray:
    return np.pad(values, [(0, 0)] * (values.ndim - 1) + [(0, length - values.shape[-1])])


def _check_heard(street: Street, trace: Trace) -> None:
    if trace.receiver.paths.power_gains[0] == 0:
        raise InputError(
            f"street: no path reaches receiver.position_m {list(street.receiver.position_m)}; allowed: more depth or "
            "samples, or another place"
        )
