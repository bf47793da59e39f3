"""What the README says of the reference pair and of the defences, with the shipped weights."""

import numpy as np
import pandas as pd
import pytest

from diffsem.link import ceiling_under_priors, simplex_ceiling
from diffsem.models import NoiseSchedule
from diffsem.scenarios import load_scenario, run_scenario, train_scenario
from diffsem.scenarios.datasets.mnist import load_mnist

FEWER = "monte_carlo.max_images=2560"


def run(name, *overrides):
    return run_scenario(load_scenario(name, overrides))


def strongest(rows, system):
    """The accuracy of the strongest attack, and whether every attack is under its ceiling within its interval."""
    attacks = rows[(rows["node"] == "adversary") & (rows["system"] == system)]
    assert len(attacks) >= 5
    return attacks["accuracy"].max(), (attacks["ci_low"] <= attacks["ceiling"]).all()


def receiver(rows, system):
    return rows[(rows["node"] == "receiver") & (rows["system"] == system)].iloc[0]


@pytest.mark.slow
def test_a_point_of_a_keyed_system_is_the_same_in_any_sweep():
    """Keystreams hang on the point, and not on what else is simulated."""
    few = ["monte_carlo.max_images=256", "eavesdropper.attacks=[linear-probe]", "eavesdropper.looks=2"]
    every = ["legitimate.receivers=[reference, keyed-self-noise, keyed-self-noise-scramble]", "timesteps=[400, 450]"]
    together = run("mnist-keyed-scramble", *few, *every)
    alone = run("mnist-keyed-scramble", *few, "legitimate.receivers=[keyed-self-noise-scramble]", "timesteps=[450]")
    same = together[(together["system"] == "keyed-self-noise-scramble") & (together["timestep"] == 450)]
    pd.testing.assert_frame_equal(same.reset_index(drop=True), alone, check_exact=True)


@pytest.mark.slow
def test_the_reference_pair_stands_at_the_ceiling_without_a_denoiser():
    rows = run(
        "mnist-reference",
        "timesteps=[0, 120, 184, 240, 300]",
        "legitimate.receivers=[reference]",
        "eavesdropper.attacks=[]",
    ).set_index("timestep")
    for step, least in {120: 0.985, 184: 0.985, 240: 0.98, 300: 0.935}.items():
        assert rows.loc[step, "accuracy"] >= least
        # What noise lets through, of the images that are read without any.
        most = simplex_ceiling(NoiseSchedule().esnr_db(step), 64, 10) * rows.loc[0, "ci_high"]
        assert most - 0.015 < rows.loc[step, "ci_high"]
        assert rows.loc[step, "ci_low"] <= most


@pytest.mark.slow
def test_a_key_keeps_the_suite_off_and_ten_looks_too_once_symbols_are_scrambled():
    once = run("mnist-keyed-self-noise", "timesteps=[450]", "legitimate.receivers=[keyed-self-noise]", FEWER)
    assert receiver(once, "keyed-self-noise")["accuracy"] >= 0.97
    accuracy, bounded = strongest(once, "keyed-self-noise")
    assert accuracy <= 0.40
    assert bounded
    receivers = "legitimate.receivers=[keyed-self-noise, keyed-self-noise-scramble]"
    often = run("mnist-keyed-scramble", "timesteps=[450]", receivers, FEWER)
    assert strongest(often, "keyed-self-noise")[0] > 0.9
    accuracy, bounded = strongest(often, "keyed-self-noise-scramble")
    assert accuracy <= 0.40
    assert bounded
    assert receiver(often, "keyed-self-noise-scramble")["accuracy"] >= 0.97


@pytest.mark.slow
def test_the_suite_notices_a_generator_that_repeats_itself(tmp_path):
    """An attack passes the ceiling of noise that nobody can predict; where the cipher is sound it does not."""
    weak = [
        "legitimate.key.generator=weak",
        "legitimate.receivers=[keyed-self-noise]",
        "eavesdropper.attacks=[pad-dictionary]",
        "training.epochs.adversary=8",
        "timesteps=[450]",
        FEWER,
        f"weights={tmp_path}",
    ]
    train_scenario(load_scenario("mnist-keyed-self-noise", weak), tmp_path, start="pretrained")
    priors = np.bincount(load_mnist()[1].labels) / 10_000
    for rows, noticed in (
        (run("mnist-keyed-self-noise", *weak), True),
        (run("mnist-keyed-self-noise", *weak[1:3], *weak[4:6]), False),
    ):
        (attack,) = rows[rows["node"] == "adversary"].to_dict("records")
        # No priors of the test images, and no code made for them, could explain it.
        assert (attack["ci_low"] > ceiling_under_priors(attack["ceiling"], priors)) == noticed
        assert (attack["accuracy"] > 0.9) == noticed


@pytest.mark.slow
def test_the_null_space_keeps_one_antenna_off_and_not_four():
    def of(antennas):
        return run(
            "mnist-null-space-noise",
            "timesteps=[480]",
            "legitimate.receivers=[null-space-noise]",
            f"eavesdropper.receive_antennas={antennas}",
            FEWER,
        )

    one, four = of(1), of(4)
    assert receiver(one, "null-space-noise")["accuracy"] >= 0.98
    accuracy, bounded = strongest(one, "null-space-noise")
    assert accuracy <= 0.38
    assert bounded
    assert strongest(four, "null-space-noise")[0] > 0.85
