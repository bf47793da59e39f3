"""The trace that ships, against what geometry alone says of it."""

from pathlib import Path

import numpy as np
import pytest

import diffsem.scenarios.streets as streets
from diffsem.scenarios.streets.street import read_street
from diffsem.scenarios.streets.trace import read_trace

FILE = Path(streets.__file__).parent / "shipped" / "street-canyon.channels.h5"
SPEED_OF_LIGHT = 299_792_458
# Sionna's house fronts along the street, and the mast's height over the places.
SOUTH, NORTH = -8.6133, 9.5716


@pytest.fixture(scope="module")
def trace():
    return read_trace(FILE)


@pytest.fixture(scope="module")
def far(trace):
    return np.linalg.norm(trace.eavesdropper.positions - trace.street.transmitter.position_m, axis=1)


def first_metres(trace, places):
    """How far the first ray has come to each place, m."""
    paths = trace.eavesdropper.paths
    there = np.abs(paths.gains[places, 0, 0]) > 0
    return SPEED_OF_LIGHT * np.where(there, paths.delays[places], np.inf).min(axis=1)


def test_it_is_the_street_of_the_shipped_file_and_small(trace):
    assert trace.street == read_street("street-canyon")
    assert FILE.stat().st_size < 3 * 2**20
    assert len(trace.eavesdropper.positions) >= 1500
    assert trace.versions["sionna-rt"] == "2.2.0"


def test_what_is_seen_arrives_first_after_the_distance_with_the_gain_of_friis(trace, far):
    seen = np.flatnonzero(trace.eavesdropper.line_of_sight)
    np.testing.assert_allclose(first_metres(trace, seen), far[seen], rtol=1e-4)
    paths = trace.eavesdropper.paths
    # What bends around a corner arrives with it where it passes the corner closely, and is fainter.
    straight = np.abs(paths.delays[seen] * SPEED_OF_LIGHT - far[seen, None]) < 1e-4 * far[seen, None]
    gain = np.where(straight, np.abs(paths.gains[seen, 0, 0]), 0).max(axis=1)
    friis = SPEED_OF_LIGHT / (trace.street.carrier_ghz * 1e9) / (4 * np.pi * far[seen])
    # The array is tilted towards the receiver: close to the mast its field is not vertical.
    along = np.hypot(*(trace.eavesdropper.positions[seen] - trace.street.transmitter.position_m)[:, :2].T)
    assert (along > 20).sum() > 400
    np.testing.assert_allclose(20 * np.log10(gain / friis)[along > 20], 0, atol=0.3)


def test_what_is_not_seen_takes_longer_and_is_fainter(trace, far):
    hidden = np.flatnonzero(~trace.eavesdropper.line_of_sight)
    assert (first_metres(trace, hidden) > far[hidden] * (1 - 1e-6)).all()
    friis_db = 20 * np.log10(SPEED_OF_LIGHT / 3.5e9 / (4 * np.pi * far))
    below = trace.eavesdropper.path_gain_db - friis_db
    seen = trace.eavesdropper.line_of_sight
    assert np.median(below[hidden]) < np.median(below[seen]) - 15


def test_nobody_stands_in_a_house_and_the_street_is_seen(trace):
    x, y, z = trace.eavesdropper.positions.T
    assert set(z) == {trace.street.eavesdropper.height_m}
    for west, east in ((-15.1, 16), (-62.4, -31.3)):
        assert not ((west < x) & (x < east) & (y > NORTH) & (y < 37)).any()
    on_the_street = (y > SOUTH + 2) & (y < NORTH - 4)
    assert trace.eavesdropper.line_of_sight[on_the_street].mean() > 0.9


def test_each_pair_of_antennas_has_the_same_path_in_another_phase(trace):
    """Half a wavelength apart, far fields differ by no more than their phase."""
    gains = np.abs(trace.eavesdropper.paths.gains[:, 0])
    np.testing.assert_allclose(gains, np.broadcast_to(gains[:, :1], gains.shape), rtol=1e-3, atol=1e-12)
