"""A tracer that is none: free space by Friis' formula, spoken in the tracer's own words."""

import stat
import sys
import textwrap

import pytest

from diffsem.scenarios.streets.street import parse_street

FREE_SPACE = """
import json, sys, time
import numpy as np
from pathlib import Path

asked = json.load(sys.stdin)
folder, mast = Path(asked["folder"]), np.array(asked["transmitter"]["position_m"])
wavelength = 299792458 / asked["carrier_hz"]
def say(**answer):
    print(json.dumps(answer), flush=True)
def trace(node, place, position):
    far = float(np.linalg.norm(np.array(position) - mast))
    array, sent = asked[node]["array"], asked["transmitter"]["array"]
    shape = [array["rows"] * array["columns"], sent["rows"] * sent["columns"], PATHS]
    paths = 1 + np.arange(PATHS)
    gain = wavelength / (4 * np.pi * far) * np.exp(-2j * np.pi * far / wavelength) / paths
    with open(folder / node / f"{place}.npz", "wb") as file:
        np.savez(file, gains=np.broadcast_to(gain, shape), delays=paths * far / 299792458, line_of_sight=np.array(True))
    say(traced=1)
    with open(folder.parent / "asked.txt", "a") as file:
        file.write(f"{place} ")
say(versions={"sionna-rt": "none"}, outline=[[[0, 0], [1, 0]]])
outside = [place for place, (x, y, z) in enumerate(asked["grid_m"]) if not (x == 20 and y == 0)]
say(positions=outside)
for place in [-1, *outside]:
    if place not in asked["done"]:
        trace("receiver" if place < 0 else "eavesdropper", place, asked["receiver"]["position_m"] if place < 0 else
              asked["grid_m"][place])
    STOP
"""


@pytest.fixture
def tracer(tmp_path):
    """A program in the place of the tracer's Python; `stop` is a line of its own that is run behind each position.

    Of several paths, each is as faint and as long as its number says.
    """

    def make(stop="pass", program=FREE_SPACE, paths=1):
        path = tmp_path / "tracer"
        written = textwrap.dedent(program).replace("STOP", stop).replace("PATHS", str(paths))
        path.write_text(f"#!{sys.executable}\n{written}")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return path

    return make


@pytest.fixture
def street():
    """Twelve positions on a plane, of which one lies in a building."""

    def make(**changed):
        words = {
            "name": "plane",
            "scene": "empty",
            "transmitter": {"position_m": [0, 0, 10], "array": {"columns": 2}},
            "receiver": {"position_m": [100, 0, 1.5]},
            "eavesdropper": {"area_m": [10, 0, 40, 20], "spacing_m": 10},
        }
        return parse_street({**words, **changed}, "street")

    return make
