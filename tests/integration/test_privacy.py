"""What the README says of the shipped attacks and of IBAL, on all test images."""

import pytest

from diffsem.scenarios import load_scenario, run_scenario


def run(*overrides):
    return run_scenario(load_scenario("fig4-mnist", ["monte_carlo.max_images=10000", *overrides]))


@pytest.mark.slow
def test_an_attacker_that_does_the_task_comes_as_close_as_three_points_to_the_best_receiver():
    """And that receiver learnt from four times as many images."""
    rows = run(
        "timesteps=[180, 240, 300]",
        "legitimate.receivers=[classifier, noise-aware, one-step, diffsem, noise-aware-pair]",
        "eavesdropper.attacks=[task-classifier, schedule-aware]",
    )
    for (_, _), point in rows.groupby(["timestep", "transmitter"]):
        best = point.groupby("node")["accuracy"].max()
        assert best["adversary"] >= best["receiver"] - 0.03


@pytest.mark.slow
def test_ten_looks_at_t_184_are_as_good_as_one_at_t_66():
    overrides = ["legitimate.receivers=[classifier]", "eavesdropper.attacks=[inversion-mlp, task-classifier]"]
    once = run(*overrides, "timesteps=[66]").set_index("attack")
    often = run(*overrides, "timesteps=[184]", "eavesdropper.looks=10").set_index("attack")
    for attack in ("inversion-mlp", "task-classifier"):
        assert often.loc[attack, "accuracy"] >= once.loc[attack, "accuracy"] - 0.01
    # The receiver has no more than the one look.
    assert often.loc["", "accuracy"] < once.loc["", "accuracy"] - 0.05


@pytest.mark.slow
def test_ibal_reaches_its_authors_checkpoint_at_their_15_db():
    """Their noise is half as strong at the same nominal SNR: 18 dB here."""
    rows = run(
        "timesteps=[0]",
        "legitimate.snr_db=[18]",
        "legitimate.receivers=[ibal, ibal-d]",
        "eavesdropper.attacks=[linear-probe]",
    )
    receivers = rows[rows["node"] == "receiver"]
    assert (receivers["accuracy"] >= 0.945).all()
    # Labels lie open to a single linear layer.
    assert (rows[rows["node"] == "adversary"]["accuracy"] >= 0.85).all()
