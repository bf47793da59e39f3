from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

from diffsem.channels import AwgnChannel
from diffsem.link import (
    Attack,
    BypassReceiver,
    Experiment,
    InversionAttack,
    Point,
    Reception,
    StoppingRule,
    System,
    Transmitter,
    WiretapLink,
    compile_nodes,
    simulate_point,
    wilson_interval,
)
from diffsem.link.monte_carlo import derive_seed
from diffsem.models import NoiseSchedule, mnist

SCHEDULE = NoiseSchedule()
POINT = Point(60, 10.0, (10.0, 0.0))


def experiment(rng, stopping, batch_size=32, images=200):
    link = WiretapLink(
        Transmitter(mnist.Encoder(), SCHEDULE), Reception(AwgnChannel(), SCHEDULE), Reception(AwgnChannel(), SCHEDULE)
    )
    classifier = mnist.Classifier()
    return Experiment(
        links={"pair": link},
        systems=[System(name, "pair", BypassReceiver(classifier)) for name in ("one", "two")],
        attacks=[Attack("inversion", "pair", InversionAttack(mnist.InversionMLP()))],
        judge=mnist.StrongClassifier(),
        images=rng.random((images, 28, 28, 1), np.float32),
        labels=rng.integers(0, 10, images),
        schedule=SCHEDULE,
        stopping=stopping,
        batch_size=batch_size,
        seed=1,
        channels={"receiver": "awgn", "adversary": "awgn"},
    )


def rows_of(built, point=POINT):
    return simulate_point(built, compile_nodes(built), point).rows


def test_a_point_has_a_row_for_every_node_with_whole_counts(rng):
    rows = rows_of(experiment(rng, StoppingRule(max_images=100)))
    assert len(rows) == 2 * (1 + 2)
    for row in rows:
        assert row["total"] == 100  # three batches of 32 and four images of the last
        assert 0 <= row["correct"] <= 100
        assert (row["ci_low"], row["ci_high"]) == wilson_interval(row["correct"], 100)
        assert row["stop_reason"] == "max_images"
        assert np.isnan(row["psnr_db"]) == (row["node"] == "receiver")
    receiver = {row["system"]: row for row in rows if row["node"] == "receiver"}
    assert receiver["one"]["correct"] == receiver["two"]["correct"]


def test_counts_do_not_depend_on_what_else_is_simulated(rng):
    built = experiment(rng, StoppingRule(max_images=64))
    alone = replace(built, systems=built.systems[:1], attacks=[])
    together = [row for row in rows_of(built) if row["system"] == "one" and row["node"] == "receiver"]
    assert repr(rows_of(alone, replace(POINT, eavesdropper_snr_db=()))) == repr(together)


def test_two_runs_give_the_same_rows(rng):
    built = experiment(rng, StoppingRule(max_images=64))
    assert repr(rows_of(built)) == repr(rows_of(built))


def test_the_test_set_is_repeated_with_new_noise_when_it_runs_out(rng):
    built = experiment(rng, StoppingRule(max_images=96), batch_size=32, images=32)
    seen = []
    built = replace(
        built, systems=[System("one", "pair", lambda inputs: (seen.append(inputs[0]) or tf.zeros([32, 10]), 0.0))]
    )
    compiled = ({"one": lambda received, step: built.systems[0].receiver([received, step])}, {})
    simulate_point(built, compiled, replace(POINT, eavesdropper_snr_db=()))
    assert len(seen) == 3
    assert np.abs(seen[0] - seen[1]).max() > 0.01


@pytest.mark.parametrize(
    ("rule", "correct", "total", "reason"),
    [
        (StoppingRule(1000), 5, 999, ""),
        (StoppingRule(1000), 5, 1000, "max_images"),
        (StoppingRule(1000, target_errors=10), 90, 100, "target_errors"),
        (StoppingRule(1000, target_errors=10), 91, 100, ""),
        (StoppingRule(10**6, ci_half_width=0.01), 5000, 10_000, "ci_half_width"),
        (StoppingRule(10**6, ci_half_width=0.01), 4500, 9000, ""),
    ],
)
def test_stopping_rules(rule, correct, total, reason):
    assert rule.reason(correct, total) == reason


def test_a_point_goes_on_until_its_last_node_is_known(rng):
    """Random networks are wrong nine times in ten: 60 errors are there after about 67 images, in batches of 32."""
    rows = rows_of(experiment(rng, StoppingRule(max_images=1000, target_errors=60)))
    assert {row["stop_reason"] for row in rows} == {"target_errors"}
    assert min(row["total"] - row["correct"] for row in rows) >= 60
    assert {row["total"] for row in rows} <= {64, 96, 128}


def test_seeds_differ_by_point_batch_and_role_but_not_by_eavesdropper():
    base = derive_seed(1, POINT, 0, "legitimate")
    assert base == derive_seed(1, replace(POINT, eavesdropper_snr_db=(3.0,)), 0, "legitimate")
    others = {
        derive_seed(2, POINT, 0, "legitimate"),
        derive_seed(1, replace(POINT, timestep=61), 0, "legitimate"),
        derive_seed(1, replace(POINT, snr_db=11.0), 0, "legitimate"),
        derive_seed(1, POINT, 1, "legitimate"),
        derive_seed(1, POINT, 0, "eavesdropper"),
    }
    assert len(others | {base}) == 6
    assert all(0 <= seed < 2**31 for seed in others)
