"""What the benchmarks record, against values worked out by hand; none of them runs here."""

import json

import numpy as np
import pytest
from measuring import in_turns, merge, ratio
from scaling import AXES, exponent, long_settings

from diffsem.scenarios import load_scenario
from diffsem.scenarios.runs.resolving import plan
from diffsem.scenarios.runs.sweep import sweep_points


def test_functions_take_turns_and_another_begins_each_time():
    called = []
    functions = {name: lambda name=name: called.append(name) or len(called) for name in "abc"}
    assert in_turns(functions, 2) == {"a": [1, 6], "b": [2, 4], "c": [3, 5]}
    assert "".join(called) == "abcbca"


def test_a_ratio_is_the_median_over_turns_with_its_ends():
    found = ratio([1.0, 2.0, 4.0], [3.0, 3.0, 4.0])
    assert (found["ratio"], found["low"], found["high"], found["repeats"]) == (1.5, 1.0, 3.0, 3)
    assert (found["ours"], found["theirs"]) == (1.0, 3.0)


def test_a_part_takes_its_place_in_the_record_and_leaves_the_others(tmp_path):
    record = tmp_path / "r.json"
    merge(record, {"unet": 1, "ratios": {"a": 1, "b": 1}})
    merge(record, {"startup": 2, "ratios": {"b": 2}})
    assert json.loads(record.read_text()) == {"unet": 1, "startup": 2, "ratios": {"a": 1, "b": 2}}


@pytest.mark.parametrize("power", [1.0, 1.5])
def test_an_exponent_is_that_of_the_law(power):
    work = [1, 2, 4, 8, 16]
    assert exponent(work, [3 * value**power for value in work]) == {"exponent": power, "low": power, "high": power}


def test_the_interval_of_an_exponent_holds_it_as_often_as_it_says(rng):
    work, held = np.array([1, 2, 4, 8]), 0
    for _ in range(400):
        found = exponent(work, work * np.exp(0.1 * rng.standard_normal(4)))
        held += found["low"] <= 1 <= found["high"]
    # 380 of 400, within four standard deviations.
    assert 362 <= held <= 398


@pytest.mark.parametrize("points", [500, 5000])
def test_a_long_sweep_has_as_many_points_as_it_is_asked_for(points):
    assert len(sweep_points(load_scenario("mnist-awgn", long_settings(points)))) == points


@pytest.mark.parametrize("axis", AXES, ids=lambda axis: axis.name)
def test_an_axis_makes_a_sweep_larger_and_changes_nothing_else(axis):
    """Sizes are at least four, over a factor of eight; what grows is what its name says."""
    assert len(axis.sizes) >= 4
    assert axis.sizes[-1] >= 8 * axis.sizes[0]
    for size in axis.sizes:
        planned = plan(load_scenario(axis.scenario, axis.settings(size)))
        points = sweep_points(planned.scenario)
        images = planned.scenario.monte_carlo.max_images
        assert images <= 10_000 * planned.scenario.monte_carlo.passes
        measured = {
            "points": len(points),
            "images": len(points) * images,
            "systems": len(planned.systems),
            "positions": len(points[0].eavesdropper_snr_db),
            "places": sum(len(point.places) for point in points),
        }
        assert measured[axis.name] == size
