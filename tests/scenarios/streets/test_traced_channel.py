"""Nodes in a traced street: where they stand, how loud they hear, and a sweep over all places."""

import json

import numpy as np
import pytest

import diffsem
from diffsem.link import InputError, read_results, read_table
from diffsem.scenarios import load_scenario, run_scenario
from diffsem.scenarios.links.checks import check_places
from diffsem.scenarios.links.points import PLACES_A_POINT, sweep_points
from diffsem.scenarios.runs.resolving import plan
from diffsem.scenarios.runs.sweep import Listeners, run_plan
from diffsem.scenarios.streets.tracing import trace_street
from diffsem.scenarios.testing import run_channel_test

BOLTZMANN = 1.380649e-23


@pytest.fixture
def plane(street, tracer, tmp_path, monkeypatch):
    """A plane without walls, traced; a scenario on it."""
    monkeypatch.chdir(tmp_path)
    trace_street(street(), tmp_path / "plane.h5", tracer(), lambda done, total: None)

    def scenario(place="map", *overrides, **eavesdropper):
        channel = {"kind": "traced", "file": "plane.h5", "noise_figure_db": 5, "place": place}
        words = {
            "name": "plane",
            "dataset": "mnist",
            "timesteps": [240],
            "legitimate": {
                "snr_db": "traced",
                "channel": {"kind": "traced", "file": "plane.h5", "transmit_power_dbm": -20, "noise_figure_db": 9},
                "transmit_antennas": 2,
                "precoding": "beam",
                "receivers": ["classifier"],
            },
            "eavesdropper": {"snr_db": "traced", "channel": channel, "attacks": ["linear-probe"], **eavesdropper},
            "monte_carlo": {"max_images": 64, "batch_size": 32},
        }
        return load_scenario(words, list(overrides))

    return scenario


def link_budget_db(far, power_dbm, figure_db):
    """Friis' gain over thermal noise at 290 K in 16 subcarriers of 60 kHz."""
    gain_db = 20 * np.log10(299_792_458 / 3.5e9 / (4 * np.pi * far))
    return power_dbm + gain_db - (10 * np.log10(BOLTZMANN * 290 * 16 * 60e3 * 1e3) + figure_db)


def test_the_snr_at_a_place_is_that_of_its_link_budget(plane):
    scenario = plane({"x_m": 31, "y_m": 9})
    here, there = np.hypot(100, 8.5), np.linalg.norm([30, 10, 8.5])
    snr_db = link_budget_db(here, -20, 9)
    assert scenario.legitimate.snr_db == pytest.approx([snr_db], abs=1e-3)
    assert scenario.eavesdropper.snr_db.offset == pytest.approx(link_budget_db(there, -20, 5) - snr_db, abs=1e-3)


def test_every_place_of_a_map_is_an_eavesdropper_with_the_snr_of_its_link_budget(plane):
    (point,) = sweep_points(plane())
    assert len(point.places) == 11 <= PLACES_A_POINT
    positions = [(x, y) for y in (0, 10, 20) for x in (10, 20, 30, 40) if (x, y) != (20, 0)]
    far = np.array([np.linalg.norm([x, y, 8.5]) for x, y in positions])
    np.testing.assert_allclose(point.eavesdropper_snr_db, link_budget_db(far, -20, 5), atol=1e-3)


def test_rows_of_a_map_say_where_the_eavesdropper_stood_and_what_it_heard(plane, tmp_path):
    rows = run_scenario(plane(), tmp_path / "r.h5")
    rows = read_results(tmp_path / "r.h5")
    adversary, receiver = (rows[rows["node"] == node] for node in ("adversary", "receiver"))
    assert adversary["place"].tolist() == receiver["place"].tolist() == list(range(11))
    assert adversary["x_m"].tolist() == [10, 30, 40, 10, 20, 30, 40, 10, 20, 30, 40]
    assert adversary["y_m"].tolist() == [0] * 3 + [10] * 4 + [20] * 4
    far = np.sqrt(adversary["x_m"] ** 2 + adversary["y_m"] ** 2 + 8.5**2)
    np.testing.assert_allclose(adversary["snr_db"], link_budget_db(far, -20, 5), atol=1e-3)
    assert set(adversary["line_of_sight"]) == {1}
    # One receiver, which hears the same whoever listens elsewhere.
    assert receiver["correct"].nunique() == 1
    assert set(receiver["x_m"]) == {100}
    assert list(json.loads(rows.attrs["traces_sha256"])) == ["plane.h5"]


def test_a_place_has_the_same_row_by_itself_and_on_the_map(plane, monkeypatch):
    """Its noise hangs on its own number, not on who is simulated beside it."""
    import diffsem.scenarios.links.points as points

    whole = run_scenario(plane())
    monkeypatch.setattr(points, "PLACES_A_POINT", 4)
    parts = run_scenario(plane())
    columns = ["place", "correct", "snr_db", "matched_step", "x_m"]
    for node in ("adversary", "receiver"):
        one, other = (rows[rows["node"] == node].sort_values("place")[columns] for rows in (whole, parts))
        np.testing.assert_allclose(one.to_numpy(float), other.to_numpy(float), rtol=1e-5)


def test_a_map_that_is_cut_off_goes_on_behind_its_last_places(plane, tmp_path, monkeypatch, assert_same_table):
    import diffsem.scenarios.links.points as points

    monkeypatch.setattr(points, "PLACES_A_POINT", 4)
    path, told = tmp_path / "r.h5", []

    def stop(done, total):
        told.append((done, total))
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_plan(plan(plane()), path, listeners=Listeners(stop))
    assert len(read_table(path).points()) == 8
    again = []
    run_plan(plan(plane()), path, listeners=Listeners(lambda *counts: again.append(counts)))
    assert (told[0], again) == ((0, 3), [(2, 3), (3, 3)])
    run_plan(plan(plane()), tmp_path / "whole.h5")
    assert_same_table(path, tmp_path / "whole.h5")


def test_another_trace_of_the_same_name_is_another_sweep(plane, street, tracer, tmp_path):
    path = tmp_path / "r.h5"
    run_scenario(plane({"x_m": 30, "y_m": 0}), path)
    trace_street(street(seed=2), tmp_path / "plane.h5", tracer(), lambda done, total: None)
    with pytest.raises(InputError, match="holds results of another trace; give another --out, or --overwrite"):
        run_scenario(plane({"x_m": 30, "y_m": 0}), path)


def test_the_share_of_the_area_counts_places(plane):
    lines = diffsem.street_map(run_scenario(plane()))
    assert len(lines) == 11
    share = diffsem.share_of_area(lines, float(np.sort(lines["accuracy"])[3]))
    above = (lines["accuracy"] > np.sort(lines["accuracy"])[3]).mean()
    assert share["share"].item() == pytest.approx(above)
    assert share["share_low"].item() < above < share["share_high"].item()
    assert share["places"].item() == 11


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (
            ["eavesdropper.channel.file=none.h5"],
            "eavesdropper.channel.file none.h5: trace none.h5: no such file",
        ),
        (
            ["eavesdropper.channel.place={x_m: 20, y_m: 0}"],
            "nothing was traced around x 20 m, y 0 m: it lies in a",
        ),
        (["eavesdropper.channel.place={x_m: 500, y_m: 0}"], "the nearest place is x 40 m, y 0 m"),
        (["eavesdropper.channel.place=eavesdropper"], "the street has no eavesdropper.place_m"),
        (["eavesdropper.channel.place=here"], "should be 'receiver', 'eavesdropper' or 'map', or keys: x_m, y_m"),
        (["eavesdropper.channel=awgn"], "eavesdropper.snr_db traced: needs eavesdropper.channel {kind: traced"),
        (["legitimate.channel=awgn"], "legitimate.snr_db traced: needs legitimate.channel {kind: traced"),
        (["legitimate.channel.transmit_power_dbm=null"], "legitimate.channel.transmit_power_dbm: missing"),
        (
            ["legitimate.channel.place=map", "legitimate.snr_db=15"],
            "channel.place: map is the eavesdropper's",
        ),
        (["eavesdropper.snr_db=same"], "eavesdropper.snr_db: of a map each place has its own; allowed: traced"),
        (["eavesdropper.channel.file=other.h5"], "other.h5: traced with carrier_ghz 28, the receiver's with 3.5"),
        (
            ["eavesdropper.channel.file=plane.yaml"],
            "channel.file plane.yaml: trace plane.yaml: not valid",
        ),
    ],
)
def test_what_does_not_go_together_is_told_in_one_line(overrides, said, plane, street, tracer, tmp_path):
    (tmp_path / "plane.yaml").write_text(street().to_yaml())
    if "other.h5" in said:
        trace_street(street(carrier_ghz=28), tmp_path / "other.h5", tracer(), lambda done, total: None)
    with pytest.raises(InputError) as error:
        plan(plane("map", *overrides))
    assert said in str(error.value)
    assert str(error.value).count("\n") == 0


def test_antennas_are_those_that_were_traced(plane):
    with pytest.raises(InputError, match="was traced from 2 transmit to 1 receive antennas; the scenario has 3"):
        diffsem.run_scenario(plane("map", "legitimate.transmit_antennas=3"))


@pytest.mark.slow
def test_workers_give_the_map_of_one_process(plane, tmp_path, monkeypatch, assert_same_table):
    import diffsem.scenarios.links.points as points

    monkeypatch.setattr(points, "PLACES_A_POINT", 4)
    run_scenario(plane(), tmp_path / "one.h5")
    run_scenario(plane(), tmp_path / "two.h5", workers=2)
    assert_same_table(tmp_path / "two.h5", tmp_path / "one.h5")


@pytest.mark.parametrize("place", ["receiver", "map"])
def test_its_moments_are_those_of_theory(place, street, tracer, tmp_path):
    alone = street(transmitter={"position_m": [0, 0, 10]})
    trace_street(alone, tmp_path / "echoes.h5", tracer(paths=3), lambda done, total: None)
    run_channel_test({"kind": "traced", "file": str(tmp_path / "echoes.h5"), "place": place})


def test_a_link_that_knows_no_places_is_told(plane):
    with pytest.raises(ValueError, match="map: own has a link of its own, which knows no places; allowed: one place"):
        check_places("own", plane().eavesdropper)
    check_places("own", plane({"x_m": 30, "y_m": 0}).eavesdropper)
