"""Headlines, from counts that are made up: they say what the intervals say, and no more."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from diffsem.link import empty_table, gap_interval
from diffsem.scenarios import load_scenario
from diffsem.scenarios.contracts.appearance import SYSTEMS, SystemAppearance, TransmitterAppearance
from diffsem.scenarios.reporting.page.headline import headline_of


@pytest.fixture
def made(row, point_result):
    def make(*rows, scenario="mnist-awgn", complete=True, **attributes):
        words = {"scenario": load_scenario(scenario).to_yaml()} | attributes
        table = empty_table(words, np.zeros((1, 28, 28, 1), np.uint8))
        table = table.with_point(point_result(list(rows))) if rows else table
        return replace(table, complete=complete)

    return make


def said(table):
    return " ".join(headline_of(table).sentences)


@pytest.mark.parametrize(
    ("receiver", "heard", "told", "others"),
    [
        (800, 600, "It is told from 0: its interval lies above.", ("holds 0", "more than the receiver")),
        (610, 600, "It is not told from 0: its interval holds 0.", ("lies above", "more than the receiver")),
        (600, 610, "It is not told from 0: its interval holds 0.", ("lies above", "more than the receiver")),
        (600, 800, "the eavesdropper reads more than the receiver", ("lies above", "holds 0")),
    ],
)
def test_a_gap_is_told_from_0_as_its_interval_says(receiver, heard, told, others, row, made):
    text = said(made(row("diffsem", "receiver", 240, 15.0, receiver), row("diffsem", "adversary", 240, 15.0, heard)))
    low, high = gap_interval(receiver, 1000, heard, 1000)
    gap = f"The gap is {receiver / 10 - heard / 10:+.2f} [{100 * low:+.2f}, {100 * high:+.2f}] points"
    assert f"{gap}, with the interval of independent runs." in text
    assert f"reads {receiver / 10:.2f}%" in text
    assert f"inversion-mlp, reads {heard / 10:.2f}%" in text
    assert "At t = 240 and 15 dB DiffSem" in text
    assert told in text
    assert not any(other in text for other in others)


def test_the_row_is_the_one_whose_gap_is_surest_and_the_choice_is_said(row, made):
    # 60 of 100 images are more than 300 of 1,000 by 0.3; 560 of 1,000 by 0.26, and surer.
    few = {"total": 100, "images": 100, "effective_images": 100.0, "correct": 60, "ci_low": 0.5, "ci_high": 0.69}
    rows = [
        row("classifier", "receiver", 120, 15.0, 600) | few,
        row("classifier", "adversary", 120, 15.0, 300),
        row("diffsem", "receiver", 240, 15.0, 560),
        row("diffsem", "adversary", 240, 15.0, 200, 5.0, attack="task-classifier"),
        row("diffsem", "adversary", 240, 15.0, 300, 5.0),
    ]
    rows[0]["accuracy"] = 0.6
    text = said(made(*rows))
    assert "At t = 240 and 15 dB, the eavesdropper at 5 dB DiffSem reads 56.00%" in text
    assert "2 attacks were run on it there: inversion-mlp and task-classifier. Of others nothing is known." in text
    assert "Of 2 rows this is the one" in text
    assert "in the receiver's favour are 2 of them; if all gaps were 0, up to 0.1 would be by chance" in text


def denoised(row, gained, transmitter="clean-pair", calls=2.0):
    """A denoiser's receiver that reads `gained` images more than a control's 800; the strongest attack reads 500."""
    return [
        row("b", "receiver", 240, 15.0, 800, transmitter=transmitter),
        row("b", "adversary", 240, 15.0, 500, transmitter=transmitter),
        row("a", "receiver", 240, 15.0, 800 + gained, denoiser_calls=calls),
        row("a", "adversary", 240, 15.0, 500),
    ]


@pytest.mark.parametrize(("gained", "told"), [(100, "told from 0"), (10, "not told from 0")])
def test_the_gain_over_a_control_is_told_by_calls_and_transmitters_whatever_the_names(gained, told, row, made):
    text = said(made(*denoised(row, gained)))
    low, high = gap_interval(800 + gained, 1000, 800, 1000)
    gain = f"{gained / 10:+.2f} [{100 * low:+.2f}, {100 * high:+.2f}] points, {told}."
    assert f"without a denoiser behind the same transmitter (b, 80.00% [77.41, 82.36]) a gains {gain}" in text


def test_transmitters_are_those_of_the_appearance_attributes(row, made):
    rows = denoised(row, 100, transmitter="another column")
    assert "behind the same transmitter" not in said(made(*rows))
    shared = TransmitterAppearance(name="shared")
    systems = {name: SystemAppearance(title=f"{name}'s title", colour="#112233", transmitter=shared) for name in "ab"}
    text = said(made(*rows, systems=SYSTEMS.dump_json(systems).decode()))
    assert "behind the same transmitter (b's title, 80.00%" in text


def test_where_the_best_calls_no_denoiser_the_best_that_does_is_told_too(row, made):
    text = said(made(*denoised(row, -50)))
    assert "At t = 240 and 15 dB b reads 80.00%" in text
    assert "It calls no denoiser. Of those that do, a has the surest gap at t = 240 and 15 dB: +25.00" in text
    assert "a gains -5.00 [" in text
    assert "denoiser" not in said(made(*denoised(row, -50, calls=0.0)))


def test_without_an_attack_nothing_is_said_of_privacy(table):
    text = said(table(attacked=False))
    assert "reads 80.00%" in text
    assert "No attack was run: nothing here tells how private that is." in text
    assert "gap" not in text


def test_error_rates_have_a_headline_of_their_own(error_table):
    text = said(error_table())
    assert "2 digital links at 0 to 8 dB." in text
    assert "0.00e+00 [0.00e+00, 1.00e-04], 0 of 51,200 bits" in text
    assert "nothing here tells of privacy" in text


def test_what_is_missing_is_said(row, made):
    assert headline_of(made(complete=False)).sentences == (
        "This table has no rows yet.",
        "The table is not complete: points of its sweep are missing.",
    )
    rows = [row("diffsem", "receiver", 240, 15.0, 900), row("diffsem", "adversary", 240, 15.0, 500, warning="other")]
    text = said(made(*rows, complete=False))
    assert "points of its sweep are missing" in text
    assert "under other conditions than they were trained for" in text
    assert "missing" not in said(made(*rows))


def test_the_papers_attacker_is_told_where_another_is_stronger(attacked_table):
    text = said(attacked_table())
    assert "To the paper's attacker alone (inversion-mlp+blind) the gap would be +" in text


def test_the_variant_of_a_sweep_is_told_and_its_own_rows_are_compared(row, made):
    rows = []
    for steps, gained in ((1, 20), (2, 100)):
        for looks, heard in ((1, 500), (10, 550)):
            point = {"denoising_steps": steps, "eavesdropper_looks": looks}
            # The control differs with the variant, too.
            rows.append(row("b", "receiver", 240, 15.0, 700 + 10 * steps) | point)
            rows.append(row("a", "receiver", 240, 15.0, 800 + gained, denoiser_calls=1.0 * steps) | point)
            for system in "ab":
                rows.append(row(system, "adversary", 240, 15.0, heard) | point)
            if looks == 10:
                rows.append(row("a", "adversary", 240, 15.0, 100, attack="as-heard") | point)
    text = said(made(*rows))
    assert "At t = 240 and 15 dB (denoising steps 2, eavesdropper's looks 1) a reads 90.00%" in text
    assert "The gap is +40.00" in text
    assert "One attack was run on it there: inversion-mlp." in text
    assert "behind the same transmitter (b, 72.00% " in text
    assert "a gains +18.00 [" in text
    text = said(made(*(line for line in rows if line["node"] == "receiver")))
    assert "(denoising steps 2, eavesdropper's looks 1) a reads 90.00% [" in text


def test_error_rates_of_variants_tell_of_which_the_lowest_is(error_table):
    whole = error_table()
    rows = [whole.rows.assign(seed=seed) for seed in (1, 2)]
    rows[0]["ber_high"] += 0.1
    text = said(replace(whole, rows=pd.concat(rows, ignore_index=True)))
    assert "at 8 dB (seed 2): 0.00e+00" in text
