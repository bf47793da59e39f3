from dataclasses import replace

import numpy as np
import pytest

from diffsem.link import empty_table, simplex_ceiling
from diffsem.models import NoiseSchedule
from diffsem.scenarios import load_scenario
from diffsem.scenarios.reporting.ceilings import ceiling_over, ceilings
from diffsem.scenarios.reporting.statistics import (
    leakage,
)

SCHEDULE = NoiseSchedule()


def test_ceilings_of_an_eavesdropper_axis_are_one_each(swept_table):
    built = swept_table()
    drawn = ceilings(built, built.rows[built.rows["transmitter"] == "clean-pair"], "timestep")
    assert {label: list(np.round(curve, 6)) for label, curve in drawn.items()} == {
        "ceiling: receiver of clean-pair": [0.99, 0.99],
        "ceiling: eavesdropper on clean-pair, 0 dB": [0.7, 0.7],
        "ceiling: eavesdropper on clean-pair, 5 dB": [0.8, 0.8],
        "ceiling: eavesdropper on clean-pair, 10 dB": [0.9, 0.9],
    }


def test_pictures_do_not_blur_the_ceiling_of_64_symbols(attacked_table):
    built = attacked_table()
    noisy = built.rows.copy()
    noisy.loc[noisy["transmitter"] == "direct", "matched_step"] = 499.0
    ceiling = ceiling_over(built, noisy, "timestep")
    assert ceiling[240] == pytest.approx(simplex_ceiling(SCHEDULE.esnr_db(240), 64, 10), abs=1e-6)


def test_the_ceiling_is_that_of_the_noise_the_receiver_faces(table):
    built = table()
    ceiling = ceiling_over(built, built.rows, "timestep")
    assert ceiling[240] == pytest.approx(simplex_ceiling(SCHEDULE.esnr_db(240), 64, 10), abs=1e-6)
    for other in (table(channel="rayleigh"), table(step="transmitter")):
        assert ceiling_over(other, other.rows, "timestep").empty


def test_ceilings_are_those_of_each_node_and_equal_ones_are_drawn_once(row, point_result):
    rows = []
    for timestep in (120, 240):
        for transmitter, receiver, adversary in (("reference", 0.9, 0.9), ("keyed-self-noise", 0.99, 0.9)):
            shared = {"transmitter": transmitter}
            rows.append(row("reference", "receiver", timestep, 15.0, 800, ceiling=receiver, **shared))
            rows.append(row("reference", "adversary", timestep, 15.0, 700, ceiling=adversary, **shared))
    scenario = load_scenario("mnist-keyed-scramble")
    built = empty_table({"scenario": scenario.to_yaml()}, np.zeros((1, 28, 28, 1), np.uint8)).with_point(
        point_result(rows)
    )
    drawn = ceilings(built, built.rows, "timestep")
    assert {label: list(curve) for label, curve in drawn.items()} == {
        "ceiling: receiver of reference (and 2 like it)": [0.9, 0.9],
        "ceiling: receiver of keyed-self-noise": [0.99, 0.99],
    }
    line = leakage(built.rows).iloc[0]
    assert (line["receiver_ceiling"], line["adversary_ceiling"]) == (0.9, 0.9)


@pytest.mark.parametrize(
    "overrides",
    [
        ["legitimate.csi={pilots: 1}"],
        ["legitimate.snr_estimate_error_db={deviation: 3}"],
        ["denoising.step=transmitter"],
    ],
)
def test_there_is_no_ceiling_where_the_noise_differs_between_images_or_is_not_known(overrides, table):
    built = table()
    scenario = load_scenario("mnist-awgn", overrides)
    other = replace(built, attributes={"scenario": scenario.to_yaml()})
    assert len(ceiling_over(built, built.rows, "timestep")) == 2
    assert ceiling_over(other, built.rows, "timestep").empty
