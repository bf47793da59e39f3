"""What channels let through and keep, against closed forms."""

import math

import numpy as np
import pytest
import tensorflow as tf
from scipy.integrate import dblquad

from diffsem.channels import BlockFadingChannel
from diffsem.link import (
    Attack,
    BypassReceiver,
    Experiment,
    Keying,
    Keystream,
    Point,
    Programs,
    Reception,
    StoppingRule,
    System,
    Transmitter,
    WiretapLink,
    simulate_points,
)
from diffsem.models import NoiseSchedule, mnist

SCHEDULE = NoiseSchedule()
IMAGES = 512
COMPLEX_SYMBOLS = 32


def rows_of(rng, k_factor, eavesdropper_snr_db=(5.0,), keying=None, **changes):
    node = Reception(BlockFadingChannel(k_factor), SCHEDULE)
    labels = np.repeat([0, 1, 2, 2], IMAGES // 4)
    reader = Attack("reader", "pair", lambda inputs: tf.zeros([tf.shape(inputs[1])[0], 10]), reconstructs=False)
    built = Experiment(
        links={"pair": WiretapLink(Transmitter(mnist.Encoder(), SCHEDULE), node, node, keying=keying)},
        systems=[System("one", "pair", BypassReceiver(mnist.Classifier(), batch_size=128))],
        attacks=[reader],
        judge=mnist.StrongClassifier(),
        clean_judge=mnist.StrongClassifier(),
        images=rng.random((IMAGES, 28, 28, 1), np.float32),
        labels=labels,
        schedule=SCHEDULE,
        stopping=StoppingRule(max_images=IMAGES),
        batch_size=128,
        seed=1,
        channels={"receiver": "awgn", "adversary": "awgn"},
        eavesdroppers=len(eavesdropper_snr_db),
        **changes,
    )
    (result,) = simulate_points(built, Programs(built), [Point(240, 15.0, eavesdropper_snr_db)])
    return result.rows


def bits(snr_db):
    return math.log2(1 + 10 ** (snr_db / 10))


KEYED = Keying(Keystream(bytes(32)), self_noise=True, scramble=True)


@pytest.mark.parametrize(("keying", "looks"), [(None, 1), (None, 3), (KEYED, 1), (KEYED, 3)])
def test_without_fading_it_is_that_of_gaussian_noise_whatever_the_transmitter_adds(rng, keying, looks):
    """At t = 240: neither self-noise nor a key is the channel's, and every look is another use of it."""
    receiver, *heard = rows_of(rng, math.inf, (5.0, 15.0), keying, looks=looks)
    assert receiver["capacity"] == pytest.approx(COMPLEX_SYMBOLS * bits(15), abs=1e-3)
    assert np.isnan(receiver["secrecy_capacity"])
    for row in heard:
        assert row["capacity"] == pytest.approx(looks * COMPLEX_SYMBOLS * bits(row["snr_db"]), abs=1e-3)
        kept = max(0.0, bits(15) - looks * bits(row["snr_db"]))
        ends = [row[f"secrecy_capacity{end}"] for end in ("", "_low", "_high")]
        assert ends == pytest.approx([kept] * 3, abs=1e-3)


def test_over_rayleigh_fading_it_is_the_integral_over_both_channels(rng):
    def density(gain, other):
        kept = math.log2((1 + 10**1.5 * gain) / (1 + 10**1.2 * other))
        return max(0.0, kept) * math.exp(-gain - other)

    expected, _ = dblquad(density, 0, 30, 0, 30, epsabs=1e-4)
    _, row = rows_of(rng, 0.0, (12.0,))
    assert row["secrecy_capacity_low"] < expected < row["secrecy_capacity_high"]
    assert row["secrecy_capacity_high"] - row["secrecy_capacity_low"] < 0.5
    # More than the means of both channels would keep: good blocks make up for bad ones.
    assert expected > bits(15) - bits(12)


def test_labels_are_told_by_how_common_they_are(rng):
    for row in rows_of(rng, math.inf):
        assert (row["largest_class"], row["label_entropy"]) == (0.5, 1.5)
