"""What Sionna RT traces, against closed forms and its own other solver. Needs the environment that traces."""

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from diffsem.link import InputError
from diffsem.scenarios.streets.environment import VARIABLE, default_folder, tracing_python
from diffsem.scenarios.streets.street import parse_street
from diffsem.scenarios.streets.trace import read_trace
from diffsem.scenarios.streets.tracing import trace_street

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        VARIABLE not in os.environ and not (default_folder() / "made").exists(),
        reason="needs Sionna RT in an environment of its own, which `diffsem trace` makes",
    ),
]
WAVELENGTH = 299_792_458 / 3.5e9
CANYON = {
    "scene": "simple_street_canyon_with_cars",
    "transmitter": {"position_m": [-33, 0, 32], "array": {"columns": 4}},
    "receiver": {"position_m": [20, 1, 1.5]},
    "eavesdropper": {"area_m": [-60, -30, 60, 30], "spacing_m": 6},
}
GROUND = """<scene version="2.1.0">
<bsdf type="itu-radio-material" id="metal"><string name="type" value="metal"/></bsdf>
<shape type="rectangle" id="ground"><transform name="to_world"><scale x="5000" y="5000" z="1"/></transform>
<ref id="metal" name="bsdf"/></shape></scene>"""


def traced(folder, **words):
    street = parse_street({"name": "tried", "transmitter": {"position_m": [0, 0, 10]}, **words}, "street")
    path = folder / f"{len(list(folder.iterdir()))}.h5"
    trace_street(street, path, tracing_python(print), lambda done, total: None)
    return read_trace(path)


@pytest.fixture(scope="module")
def canyon(tmp_path_factory):
    return traced(tmp_path_factory.mktemp("canyon"), **CANYON)


def test_free_space_has_the_gain_of_friis(tmp_path):
    found = traced(
        tmp_path,
        scene="empty",
        receiver={"position_m": [5, 0, 10]},
        eavesdropper={"area_m": [50, 0, 500, 0], "spacing_m": 50, "height_m": 10},
    ).eavesdropper
    far = np.arange(50, 501, 50)
    np.testing.assert_allclose(found.path_gain_db, 20 * np.log10(WAVELENGTH / (4 * np.pi * far)), atol=0.1)
    np.testing.assert_allclose(found.paths.delays[:, 0], far / 299_792_458, rtol=1e-5)
    assert found.line_of_sight.all()


def test_a_ray_from_the_ground_makes_the_pattern_of_two_rays(tmp_path):
    """|1 / d1 + exp(-j k (d2 - d1)) / d2| over a conductor, which turns a vertical field by no phase."""
    (tmp_path / "ground.xml").write_text(GROUND)
    found = traced(
        tmp_path,
        scene=str(tmp_path / "ground.xml"),
        depth=1,
        diffraction=False,
        receiver={"position_m": [5, 0, 2]},
        eavesdropper={"area_m": [20, 0, 200, 0], "spacing_m": 2, "height_m": 2},
    ).eavesdropper
    along = found.positions[:, 0]
    direct, mirrored = np.hypot(along, 10 - 2), np.hypot(along, 10 + 2)
    turned = np.exp(-2j * np.pi * (mirrored - direct) / WAVELENGTH)
    expected = 20 * np.log10(WAVELENGTH / (4 * np.pi) * np.abs(1 / direct + turned / mirrored))
    gain = 20 * np.log10(np.abs(found.paths.responses(np.zeros(1))[:, 0, 0, 0]))
    assert np.ptp(expected) > 30
    assert np.median(np.abs(gain - expected)) < 0.05
    # In the deepest fades metal is no ideal conductor.
    assert np.abs(gain - expected).max() < 1


def test_gains_over_the_street_are_those_of_the_solvers_radio_map(canyon):
    """Its own Monte Carlo over cells around the positions, with the paths' powers added up as here."""
    program = Path(__file__).with_name("radio_map.py")
    question = json.dumps({**CANYON, "positions": canyon.eavesdropper.positions.tolist()})
    done = subprocess.run(
        [str(tracing_python(print)), "-I", str(program)], input=question, capture_output=True, text=True, check=True
    )
    of_map = np.array(json.loads(done.stdout.splitlines()[-1]))
    both = of_map > 0
    assert both.sum() > 100
    difference = canyon.eavesdropper.path_gain_db[both] - 10 * np.log10(of_map[both])
    assert np.median(np.abs(difference)) < 1


def test_a_position_alone_is_as_it_is_beside_others(canyon, tmp_path):
    places = np.random.default_rng(2).choice(len(canyon.eavesdropper.positions), 3, replace=False)
    for place in places:
        x, y, _ = canyon.eavesdropper.positions[place]
        alone = traced(tmp_path, **{**CANYON, "eavesdropper": {"area_m": [x, y, x, y], "spacing_m": 1}})
        assert alone.eavesdropper.path_gain_db[0] == pytest.approx(canyon.eavesdropper.path_gain_db[place], abs=0.3)
        assert alone.eavesdropper.line_of_sight[0] == canyon.eavesdropper.line_of_sight[place]


def test_another_seed_changes_gains_by_little(canyon, tmp_path):
    again = traced(tmp_path, **CANYON, seed=2).eavesdropper
    np.testing.assert_array_equal(again.positions, canyon.eavesdropper.positions)
    one, other = canyon.eavesdropper.path_gain_db, again.path_gain_db
    both = np.isfinite(one) & np.isfinite(other)
    assert both.mean() > 0.98
    assert np.median(np.abs(one - other)[both]) < 0.05
    assert not np.array_equal(one, other)


def test_positions_in_buildings_are_left_out_and_corners_hide_the_mast(canyon):
    x, y, _ = canyon.eavesdropper.positions.T
    # Buildings 3 and 4 of the scene, whose corners are known.
    in_building = ((x > -62.4) & (x < -31.3) & (y > 9.6) & (y < 37.4)) | (
        (x > -15.1) & (x < 16) & (y > 9.6) & (y < 37.4)
    )
    assert not in_building.any()
    seen = canyon.eavesdropper.line_of_sight
    assert seen[np.abs(y) < 3].mean() > 0.9
    assert not seen[(np.abs(y) > 20) & (x > 16) & (x < 31)].any()
    assert np.median(canyon.eavesdropper.path_gain_db[seen]) > np.median(canyon.eavesdropper.path_gain_db[~seen]) + 6


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            {"scene": "no_such_scene"},
            "street: scene: no_such_scene: no file, and no scene of Sionna RT; allowed: a Mitsuba",
        ),
        ({"receiver": {"position_m": [0, 20, 1.5]}}, "street: receiver.position_m: lies inside of a building or a car"),
        ({"transmitter": {"position_m": [0, 20, 9]}}, "street: transmitter.position_m: lies inside of a building"),
    ],
)
def test_a_scene_that_is_none_and_a_node_in_a_wall_are_told_in_one_line(words, said, tmp_path):
    with pytest.raises(InputError, match=said) as error:
        traced(tmp_path, **{**CANYON, **words})
    assert str(error.value).count("\n") == 0
