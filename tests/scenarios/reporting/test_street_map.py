"""Maps as images, as shares of an area whose interval covers, and as figures."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diffsem.link import InputError, read_table
from diffsem.scenarios.reporting.figures import street_map_figure
from diffsem.scenarios.reporting.street.maps import BLOCK_M, area_interval, grid_of, street_map
from diffsem.scenarios.reporting.street.scene import scene_of


@given(
    st.lists(st.tuples(st.integers(-5, 5), st.integers(-4, 9)), min_size=2, max_size=40, unique=True), st.floats(0.3, 7)
)
def test_a_map_is_an_image_with_nothing_where_nobody_stands(places, spacing):
    x, y = (np.array(each) * spacing for each in zip(*places, strict=True))
    values = np.arange(len(places)) + 1.0
    lines = pd.DataFrame({"x_m": x, "y_m": y, "seen": values})
    image, (west, east, south, north) = grid_of(lines, "seen", spacing)
    assert sorted(image[~np.isnan(image)]) == sorted(values)
    step_x, step_y = (east - west) / image.shape[1], (north - south) / image.shape[0]
    assert step_x == pytest.approx(step_y, rel=1e-6)
    for at_x, at_y, value in zip(x, y, values, strict=True):
        column, row = int((at_x - west) / step_x), int((at_y - south) / step_y)
        assert image[row, column] == value


def test_the_interval_of_an_area_covers_though_neighbours_are_read_together():
    """Squares of 10 m that are read or not as a whole; as many independent places would cover far less."""
    rng = np.random.default_rng(1)
    x, y = (each.ravel() for each in np.meshgrid(np.arange(0, 200, 2.5), np.arange(0, 60, 2.5)))
    square = (x // BLOCK_M + 20 * (y // BLOCK_M)).astype(int)
    covered = covered_as_independent = 0
    for _ in range(400):
        above = (rng.random(120) < 0.3)[square]
        share, low, high = area_interval(above, x, y)
        covered += low <= 0.3 <= high
        spread = 1.96 * np.sqrt(share * (1 - share) / len(x))
        covered_as_independent += abs(share - 0.3) <= spread
    assert 0.92 < covered / 400 < 0.99
    assert covered_as_independent / 400 < 0.6


def test_places_far_from_each_other_count_each():
    above = np.arange(50) % 5 == 0
    share, low, high = area_interval(above, 30.0 * np.arange(50), np.zeros(50))
    assert share == 0.2
    # Wilson's, of 10 in 50.
    assert (low, high) == pytest.approx((0.1124, 0.3304), abs=1e-4)


def test_a_street_that_is_none_is_told():
    street = {"outline": [[0, 0, 1, 0]], "transmitter": [0, 0, 9], "receiver": [1, 1, 1], "spacing_m": 2, "silent": 3}
    assert scene_of({}) is None
    assert scene_of({"street": json.dumps(street)}).silent == 3
    for broken in (street | {"outline": [[0, 0, 1]]}, street | {"spacing_m": 0}, {}, [1]):
        with pytest.raises(InputError, match="attribute street is not the JSON"):
            scene_of({"street": json.dumps(broken)})


@pytest.mark.parametrize(
    ("measure", "limits"), [("accuracy", (0.1, 1.0)), ("leaked_bits", (0.0, 3.3219281))], ids=["images", "bits"]
)
def test_a_figure_colours_each_place_by_what_is_read_there(measure, limits):
    table = read_table("notebooks/street/street-canyon.h5")
    lines = street_map(table.rows).query("timestep == 450 and x_m == 20 and y_m == 0").set_index("system")
    figure = street_map_figure(table, 450, table.rows["receiver_snr_db"].max(), measure)
    panels = [panel for panel in figure.axes if panel.get_title()]
    assert [panel.get_title().split(":")[0] for panel in panels] == lines.index.tolist()
    for panel, value in zip(panels, lines[measure], strict=True):
        (image,) = panel.get_images()
        west, east, south, north = image.get_extent()
        drawn = image.get_array()
        row = int((0 - south) / (north - south) * drawn.shape[0])
        column = int((20 - west) / (east - west) * drawn.shape[1])
        assert drawn[row, column] == pytest.approx(value)
        assert image.get_clim() == pytest.approx(limits)
