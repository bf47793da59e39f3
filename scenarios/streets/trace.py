"""What was traced of a street, and the file that holds it: plain HDF5, whole or not at all, with its SHA-256."""

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from diffsem.channels import TracedPaths, subcarrier_offsets
from diffsem.link import Content, InputError, check_plain, opened, replace_file
from diffsem.scenarios.schema.strict_yaml import read_yaml
from diffsem.scenarios.streets.street import Street, parse_street

FORMAT = "diffsem trace 1"
# Larger than 100,000 positions are.
LARGEST_FILE = 2**31
NODES = ("receiver", "eavesdropper")


@dataclass(frozen=True)
class Traced:
    """What was traced to a node's places.

    Parameters
    ----------
    positions : [P, 3], float64
        m.
    paths : TracedPaths
    line_of_sight : [P], bool
        Whether a path goes straight.
    """

    positions: np.ndarray
    paths: TracedPaths
    line_of_sight: np.ndarray

    @property
    def path_gain_db(self) -> np.ndarray:
        """[P], dB, received over radiated power: mean over antennas and phases of the paths; -inf: no path."""
        with np.errstate(divide="ignore"):
            return 10 * np.log10(self.paths.power_gains)


@dataclass(frozen=True)
class Trace:
    """A street as it was traced.

    Parameters
    ----------
    street : Street
    receiver, eavesdropper : Traced
        The receiver's one place, and those of the eavesdropper.
    outline : [S, 2, 2], float64
        Segments of walls at the eavesdropper's height, m.
    versions : mapping
        Of the packages that traced.
    sha256 : str
        Of all of that; "" before it is written.
    """

    street: Street
    receiver: Traced
    eavesdropper: Traced
    outline: np.ndarray
    versions: Mapping[str, str] = field(default_factory=dict)
    sha256: str = ""

    @property
    def frequencies(self) -> np.ndarray:
        """Of the subcarriers off the carrier, Hz."""
        return subcarrier_offsets(self.street.subcarriers, self.street.subcarrier_spacing_khz * 1e3)


def write_trace(path: Path, trace: Trace) -> str:
    """Put a file in the place of `path`, and give its SHA-256. Raises OSError, and then leaves what was there."""
    content = io.BytesIO()
    arrays = _arrays(trace)
    with h5py.File(content, "w") as file:
        file.attrs["format"] = FORMAT
        file.attrs["street"] = trace.street.to_yaml()
        file.attrs["versions"] = json.dumps(dict(trace.versions))
        sha256 = file.attrs["sha256"] = _digest(file.attrs, arrays)
        for name, (values, unit, meaning) in arrays.items():
            packing = {"compression": "gzip", "compression_opts": 9, "shuffle": True} if len(values) > 1 else {}
            dataset = file.create_dataset(name, data=values, **packing)
            dataset.attrs["unit"], dataset.attrs["meaning"] = unit, meaning
    replace_file(path, content.getvalue())
    return sha256


def _arrays(trace: Trace) -> dict[str, tuple[np.ndarray, str, str]]:
    """By name: values, unit, meaning."""
    arrays = {"outline": (trace.outline.astype(np.float32), "m", "segments of walls at the eavesdropper's height")}
    for node in NODES:
        traced: Traced = getattr(trace, node)
        response = traced.paths.responses(trace.frequencies)
        arrays |= {
            f"{node}/positions": (traced.positions.astype(np.float64), "m", "[position, 3]"),
            f"{node}/gains": (traced.paths.gains, "amplitude", "[position, rx antenna, tx antenna, path]"),
            f"{node}/delays": (traced.paths.delays, "s", "[position, path]"),
            f"{node}/responses": (response, "amplitude", "[position, rx antenna, tx antenna, subcarrier]"),
            f"{node}/path_gain_db": (traced.path_gain_db.astype(np.float32), "dB", "[position]"),
            f"{node}/line_of_sight": (traced.line_of_sight.astype(bool), "", "[position]"),
        }
    return arrays


def _digest(attributes: Mapping[str, Any], arrays: Mapping[str, tuple[np.ndarray, str, str]]) -> str:
    """Of what was traced and of what; what follows from it is not in it."""
    digest = hashlib.sha256()
    for name in ("format", "street", "versions"):
        digest.update(f"{name}\0{attributes[name]}\0".encode())
    for name, (values, _, _) in arrays.items():
        if not name.endswith(("responses", "path_gain_db")):
            digest.update(f"{name}\0{values.dtype}\0{values.shape}\0".encode() + np.ascontiguousarray(values).tobytes())
    return digest.hexdigest()


def read_trace(path: Path) -> Trace:
    """What `diffsem trace` wrote.

    Raises
    ------
    InputError
        If there is no such file, it is none, or its content is not what was written.
    """
    what = f"trace {path}"
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise InputError(f"{what}: allowed: at most {LARGEST_FILE:,} bytes")
        content = path.read_bytes()
    except FileNotFoundError:
        raise InputError(f"{what}: no such file; `diffsem trace STREET.yaml --out {path.name}` makes one") from None
    except OSError as error:
        raise InputError(f"{what}: cannot be read ({error.strerror})") from error
    try:
        with opened(content) as file:
            return _read(file, content)
    except ValueError as error:
        raise InputError(f"{what}: {error}; allowed: a file that `diffsem trace` wrote") from error


def _read(file: h5py.File, content: bytes) -> Trace:
    """Raises ValueError."""
    check_plain(file, Content(content))
    if file.attrs.get("format") != FORMAT:
        raise ValueError(f"is no {FORMAT}")
    street = parse_street(read_yaml(file.attrs["street"]), "its street")
    found = {node: _traced(file[node]) for node in NODES}
    trace = Trace(
        street,
        **found,
        outline=file["outline"][()],
        versions=json.loads(file.attrs["versions"]),
        sha256=file.attrs["sha256"],
    )
    if _digest(file.attrs, _arrays(trace)) != trace.sha256:
        raise ValueError("its content is not what was written (SHA-256)")
    return trace


def _traced(group: h5py.Group) -> Traced:
    paths = TracedPaths(group["gains"][()], group["delays"][()])
    positions, line_of_sight = group["positions"][()], group["line_of_sight"][()]
    if positions.shape != (len(paths.gains), 3) or line_of_sight.shape != (len(positions),):
        raise ValueError(f"{group.name}: positions of shape {positions.shape}")
    return Traced(positions, paths, line_of_sight)
