"""Sionna RT's radio map of a street's positions, in the environment that traces: a question as JSON, an answer."""

import json
import sys

import numpy as np
import sionna.rt as rt
from mitsuba import Point2f, Point3f

CELL, SAMPLES = 1.0, 10**7


def array(words):
    """As `tracer.py` has it, with defaults."""
    return rt.PlanarArray(
        num_rows=1,
        num_cols=words.get("columns", 1),
        vertical_spacing=0.5,
        horizontal_spacing=0.5,
        pattern="iso",
        polarization="V",
    )


asked = json.load(sys.stdin)
scene = rt.load_scene(getattr(rt.scene, asked["scene"]))
scene.frequency = 3.5e9
# A radio map has one antenna: its precoding is the mean over the array's.
scene.tx_array, scene.rx_array = array({}), array({})
receiver = rt.Receiver("aim", asked["receiver"]["position_m"])
transmitter = rt.Transmitter("transmitter", asked["transmitter"]["position_m"])
transmitter.look_at(receiver)
scene.add(transmitter)
positions = np.array(asked["positions"])
x_from, y_from, z = positions.min(axis=0)
x_to, y_to, _ = positions.max(axis=0)
found = rt.RadioMapSolver()(
    scene,
    center=Point3f(float(x_from + x_to) / 2, float(y_from + y_to) / 2, float(z)),
    orientation=Point3f(0, 0, 0),
    size=Point2f(float(x_to - x_from) + CELL, float(y_to - y_from) + CELL),
    cell_size=Point2f(CELL, CELL),
    max_depth=3,
    samples_per_tx=SAMPLES,
    diffraction=True,
    refraction=False,
)
gains = np.array(found.path_gain)[0]  # [rows along y, columns along x]
rows = np.rint((positions[:, 1] - y_from) / CELL).astype(int)
columns = np.rint((positions[:, 0] - x_from) / CELL).astype(int)
print(json.dumps(gains[rows, columns].tolist()))
