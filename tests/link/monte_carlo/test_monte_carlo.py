import gc
import math
from dataclasses import replace

import numpy as np
import psutil
import pytest
import tensorflow as tf
from scipy.special import log_softmax

from diffsem.channels import BlockFadingChannel
from diffsem.link import (
    STEP_BINS,
    STEPS_A_BIN,
    TEMPERATURES,
    Attack,
    BypassReceiver,
    DigitalLink,
    DigitalSystem,
    EDiffSemReceiver,
    Experiment,
    FeatureBits,
    InputError,
    Keying,
    Keystream,
    NetworkAttack,
    Point,
    Programs,
    RandomBits,
    Reception,
    StoppingRule,
    System,
    Transmitter,
    UniformQuantizer,
    WiretapLink,
    bit_error_rate,
    leaked_bits,
    share_interval,
    simulate_points,
    wilson_interval,
)
from diffsem.link.monte_carlo.tally import Tally
from diffsem.models import Denoise, NoiseSchedule, UNet, mnist

SCHEDULE = NoiseSchedule()
AWGN = Reception(BlockFadingChannel(math.inf), SCHEDULE)
POINT = Point(60, 10.0, (10.0, 0.0))


def experiment(rng, stopping, batch_size=32, images=200, **changes):
    link = WiretapLink(Transmitter(mnist.Encoder(), SCHEDULE), AWGN, AWGN)
    classifier = mnist.Classifier()
    return Experiment(
        links={"pair": link},
        systems=[System(name, "pair", BypassReceiver(classifier, batch_size=batch_size)) for name in ("one", "two")],
        attacks=[Attack("inversion", "pair", NetworkAttack(mnist.InversionMLP()))],
        judge=mnist.StrongClassifier(),
        clean_judge=mnist.StrongClassifier(),
        images=rng.random((images, 28, 28, 1), np.float32),
        labels=rng.integers(0, 10, images),
        schedule=SCHEDULE,
        stopping=stopping,
        batch_size=batch_size,
        seed=1,
        channels={"receiver": "awgn", "adversary": "awgn"},
        eavesdroppers=2,
        **changes,
    )


def rows_of(built, *points):
    results = simulate_points(built, Programs(built), points or [POINT])
    return [row for result in sorted(results, key=lambda result: result.point.timestep) for row in result.rows]


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


def test_images_that_both_read_are_counted_with_the_adversary(rng):
    """Two attacks that are right about one class each: both count what the receiver reads of it."""
    built = experiment(rng, StoppingRule(max_images=64), batch_size=32)

    def always(label):
        return lambda inputs: tf.one_hot(tf.fill([tf.shape(inputs[1])[0]], label), 10)

    def reader(inputs):
        """Right about classes 0 to 4: of the first 64 images the labels are known."""
        return tf.one_hot(tf.zeros(tf.shape(inputs[1])[:1], tf.int32), 10), tf.zeros_like(inputs[1])

    attacks = [Attack(f"guess-{label}", "pair", always(label), reconstructs=False) for label in (0, 3)]
    rows = rows_of(replace(built, systems=[System("zero", "pair", reader)], attacks=attacks))
    zeros = np.count_nonzero(built.labels[:64] == 0)
    both = {(row["node"], row["attack"]): row["both_correct"] for row in rows}
    assert both == {("receiver", ""): zeros, ("adversary", "guess-0"): zeros, ("adversary", "guess-3"): 0}


def test_hits_are_kept_draw_by_draw_and_say_what_is_counted(rng):
    built = experiment(rng, StoppingRule(max_images=100), batch_size=32)
    (result,) = simulate_points(built, Programs(built), [POINT])
    hits = [np.unpackbits(row, count=100).astype(bool) for row in result.hits]
    receivers = {row["system"]: own for row, own in zip(result.rows, hits, strict=True) if row["node"] == "receiver"}
    for row, own in zip(result.rows, hits, strict=True):
        assert own.sum() == row["correct"]
        assert (own & receivers[row["system"]]).sum() == row["both_correct"]
    assert any(0 < row["correct"] < 100 for row in result.rows)


def test_images_are_counted_by_the_step_at_which_they_stood(rng):
    built = experiment(rng, StoppingRule(max_images=100))
    fading = WiretapLink(
        Transmitter(mnist.Encoder(), SCHEDULE),
        Reception(BlockFadingChannel(), SCHEDULE),
        Reception(BlockFadingChannel(), SCHEDULE),
    )
    changed = replace(built, links={"pair": fading})
    (result,) = simulate_points(changed, Programs(changed), [POINT])
    assert result.by_step.shape == (len(result.rows), 2, STEP_BINS)
    for row, (correct, total) in zip(result.rows, result.by_step, strict=True):
        assert (correct.sum(), total.sum()) == (row["correct"], 100)
        assert np.count_nonzero(total) > 5
        middle = (np.arange(STEP_BINS) + 0.5) * STEPS_A_BIN
        assert (middle * total).sum() / 100 == pytest.approx(row["matched_step"], abs=STEPS_A_BIN / 2)


def test_a_digital_link_has_a_row_of_error_rates_and_waits_for_its_errors(rng):
    def link(snr_db):
        point = Point(60, snr_db, (10.0, 0.0))
        digital = DigitalSystem(
            "bits", DigitalLink(BlockFadingChannel(math.inf), "zf", "qpsk", None, 50), RandomBits(50)
        )
        built = experiment(rng, StoppingRule(max_images=3200, target_errors=40), digital=[digital])
        return [row for row in rows_of(built, point) if row["system"] == "bits"]

    (row,) = link(4.0)
    assert (row["node"], row["scored"], row["transmitter"], row["channel_uses"]) == ("receiver", "block", "", 25)
    assert row["stop_reason"] == "target_errors"
    assert row["blocks"] == row["total"]
    assert row["block_errors"] == row["total"] - row["correct"]
    assert row["bits"] == 50 * row["total"]
    assert row["ber_low"] < bit_error_rate("qpsk", 4.0) < row["ber_high"]
    assert row["bler_low"] < 1 - (1 - bit_error_rate("qpsk", 4.0)) ** 50 < row["bler_high"]
    assert repr(link(4.0)) == repr([row])


def test_counts_do_not_depend_on_what_else_is_simulated(rng):
    built = experiment(rng, StoppingRule(max_images=64))
    alone = replace(built, systems=built.systems[:1], attacks=[], eavesdroppers=0)
    together = [row for row in rows_of(built) if row["system"] == "one" and row["node"] == "receiver"]
    assert repr(rows_of(alone, replace(POINT, eavesdropper_snr_db=()))) == repr(together)


def test_an_attack_without_images_is_scored_by_its_own_label_and_no_judge(rng):
    built = experiment(rng, StoppingRule(max_images=64))
    label = int(np.bincount(built.labels[:64]).argmax())

    def always(inputs):
        return tf.one_hot(tf.fill([tf.shape(inputs[1])[0]], label), 10)

    attack = Attack("guess", "pair", always, reconstructs=False, knows_step=False, surrogate="own", training_epochs=3)
    rows = [row for row in rows_of(replace(built, attacks=[*built.attacks, attack])) if row["attack"] == "guess"]
    assert len(rows) == 2 * 2
    for row in rows:
        assert row["correct"] == np.count_nonzero(built.labels[:64] == label)
        assert np.isnan([row["ssim"], row["psnr_db"], row["clean_judge_correct"], row["clean_judge_accuracy"]]).all()
        assert (row["knows_step"], row["surrogate"], row["training_epochs"]) == (False, "own", 3)
        # It is right about one class and wrong about all others.
        assert row["worst_class_correct"] == 0
        assert row["worst_class_total"] == np.count_nonzero(built.labels[:64] == row["worst_class"])


@pytest.mark.slow
def test_both_judges_see_the_same_images(rng):
    built = experiment(rng, StoppingRule(max_images=64))
    same = {row["clean_judge_correct"] == row["correct"] for row in rows_of(replace(built, clean_judge=built.judge))}
    assert same == {True, False}  # false for the receivers, whom nobody judges

    def blind_judge(images):
        return tf.zeros([tf.shape(images)[0], 10])

    rows = [row for row in rows_of(replace(built, clean_judge=blind_judge)) if row["node"] == "adversary"]
    assert {row["clean_judge_correct"] for row in rows} == {float(np.count_nonzero(built.labels[:64] == 0))}


def test_judges_see_what_the_attack_made_and_pixels_are_measured_as_shown(rng):
    """An attack may leave [0, 1], as a noisy picture does; a screen does not."""
    built = experiment(rng, StoppingRule(max_images=32))
    seen = []

    def judge(images):
        tf.py_function(lambda value: seen.append(float(tf.reduce_max(value))), [images], [])
        return tf.zeros([tf.shape(images)[0], 10])

    loud = Attack("loud", "pair", lambda inputs: tf.fill([32, 28, 28, 1], 3.0))
    rows = rows_of(replace(built, attacks=[loud], judge=judge))
    assert seen
    assert set(seen) == {3.0}
    white = np.mean([10 * np.log10(1 / np.mean((1 - image) ** 2)) for image in built.images[:32]])
    assert rows[-1]["psnr_db"] == pytest.approx(white, rel=1e-4)


def test_many_looks_sharpen_what_the_eavesdropper_hears_and_leave_the_receiver_alone(rng):
    built = experiment(rng, StoppingRule(max_images=64))
    once, often = rows_of(built), rows_of(replace(built, looks=4))
    for left, right in zip(once, often, strict=True):
        if left["node"] == "receiver":
            assert left == {**right, "looks": 1} or repr(left) == repr(right)
        else:
            assert right["matched_step"] < left["matched_step"]
            assert (left["looks"], right["looks"]) == (1, 4)


def test_what_an_attack_on_labels_knows_is_told_in_bits(rng):
    seen = []

    def read(inputs):
        logits = 3 * tf.reshape(inputs[0], [tf.shape(inputs[0])[0], -1])[:, :10]
        tf.py_function(lambda value: seen.append(value.numpy()), [logits], [])
        return logits

    attack = Attack("reader", "pair", read, reconstructs=False)
    # The labels are what the attack reads at first: it knows something of them.
    built = replace(experiment(rng, StoppingRule(max_images=200), batch_size=40), attacks=[attack], eavesdroppers=1)
    point = Point(60, 10.0, (10.0,))
    rows_of(built, point)
    labels = np.concatenate(seen).argmax(axis=1)
    seen.clear()
    rows = rows_of(replace(built, labels=np.where(np.arange(200) % 4 < 2, labels, built.labels)), point)
    logits, labels = np.concatenate(seen), np.where(np.arange(200) % 4 < 2, labels, built.labels)
    shares = [log_softmax(logits / temperature, axis=1)[np.arange(200), labels] for temperature in TEMPERATURES]
    surprisal = -np.stack(shares, axis=1) / np.log(2)
    bits = leaked_bits(surprisal, labels, 200)
    assert bits.value > 0.1
    for row in rows:
        told = [row[name] for name in ("leaked_bits", "leaked_bits_low", "leaked_bits_high")]
        if row["node"] == "receiver":
            assert np.isnan(told).all()
        else:
            assert told == pytest.approx([bits.value, bits.low, bits.high], rel=1e-4, abs=6e-5)
            assert row["leaked_bits"] <= min(np.log2(10), row["channel_uses"] * np.log2(1 + 10**1.0))
    # Images have a judge, whose probabilities are no eavesdropper's.
    judged = rows_of(experiment(rng, StoppingRule(max_images=32)))
    assert all(np.isnan(row["leaked_bits"]) for row in judged)


@pytest.mark.parametrize(("scramble", "observations"), [(True, 4), (False, 1)])
def test_an_attack_may_read_all_looks_at_once_that_do_not_add_up(rng, scramble, observations):
    keying = Keying(Keystream(bytes(32)), self_noise=False, scramble=scramble)
    link = WiretapLink(Transmitter(mnist.Encoder(), SCHEDULE), AWGN, AWGN, keying=keying)
    seen = []

    def read(inputs):
        received, step = inputs
        tf.py_function(lambda *heard: seen.append([value.numpy() for value in heard]), [received, step], [])
        return tf.zeros([tf.shape(received)[0], 10])

    attack = Attack("reader", "pair", read, reconstructs=False, all_looks=True)
    built = replace(experiment(rng, StoppingRule(max_images=32)), links={"pair": link}, attacks=[attack], looks=4)
    rows_of(built)
    assert {tuple(received.shape) for received, _ in seen} == {(32, observations, 8, 8, 1)}
    assert all(step.shape == (32,) for _, step in seen)
    # Of the transmissions of an image, at 10 dB, the magnitudes go together only once they are in order.
    ranked = np.concatenate([np.sort(np.abs(received).reshape(32, observations, -1), axis=-1) for received, _ in seen])
    plain = np.concatenate([np.abs(received).reshape(32, observations, -1) for received, _ in seen])
    for looks, least, most in ((ranked, 0.1, 1), (plain, -0.05, 0.05)) if scramble else ():
        deviation = looks - looks.mean(axis=(0, 1))
        together = (deviation[:, 0] * deviation[:, 1]).mean() / (deviation**2).mean()
        assert least < together < most


def test_two_runs_give_the_same_rows(rng):
    built = experiment(rng, StoppingRule(max_images=64))
    assert repr(rows_of(built)) == repr(rows_of(built))


def test_a_point_ends_at_the_end_of_its_test_set(rng):
    """30 images are 30 images, however many are allowed, and the interval is that of 30."""
    rows = rows_of(experiment(rng, StoppingRule(max_images=10_000, target_errors=500), images=30))
    for row in rows:
        assert row["total"] == row["images"] == row["effective_images"] == 30
        assert (row["ci_low"], row["ci_high"]) == wilson_interval(row["correct"], 30)
        assert row["stop_reason"] == "test_set"


def test_whoever_says_the_commonest_class_does_not_pass_its_ceiling(rng):
    """At a signal that tells nothing the ceiling is the largest class of the test set, not one in ten."""
    built = experiment(rng, StoppingRule(max_images=200), batch_size=40)
    labels = np.where(np.arange(200) < 60, 3, built.labels)

    def always(inputs):
        return tf.one_hot(tf.fill([tf.shape(inputs[1])[0]], 3), 10)

    built = replace(built, labels=labels, attacks=[Attack("always", "pair", always, reconstructs=False)])
    for row in rows_of(built, Point(500, -20.0, (-20.0, -30.0))):
        if row["node"] == "adversary":
            share = np.mean(labels == 3)
            assert row["accuracy"] == share
            assert share - 1e-9 <= row["ceiling"] < share + 0.02


def test_random_bits_do_not_run_out_with_the_test_set(rng):
    built = experiment(rng, StoppingRule(max_images=128), images=30)
    link = DigitalLink(BlockFadingChannel(math.inf), "zf", "qpsk", None, 64)
    rows = rows_of(replace(built, attacks=[], digital=[DigitalSystem("bits", link, RandomBits(64))]))
    assert {row["system"]: (row["total"], row["stop_reason"]) for row in rows} == {
        "one": (30, "test_set"),
        "two": (30, "test_set"),
        "bits": (128, "max_images"),
    }


def test_several_passes_are_clustered_by_image():
    """Right about the same half of the images in each of two passes: 40 draws are worth 20 images."""
    tally, labels = Tally(images=20, passes=2), np.arange(40) % 20 % 10
    hits = np.arange(40) % 20 < 10
    for batch in (slice(0, 16), slice(16, 32), slice(32, 40)):
        tally.add(hits[batch], labels[batch])
    assert (tally.correct, tally.total, tally.images) == (20, 40, 20)
    assert 16 < tally.effective < 20
    assert tally.interval() == pytest.approx(share_interval(0.5, tally.effective))
    once = Tally(images=20)
    once.add(hits[:20], labels[:20])
    assert (once.effective, once.interval()) == (20, wilson_interval(10, 20))


def test_each_pass_over_the_test_set_has_noise_of_its_own(rng):
    seen = []

    def receiver(inputs):
        tf.py_function(lambda y: seen.extend(y.numpy().reshape(-1, 32, 8, 8, 1)), [inputs[0]], [])
        return tf.zeros([tf.shape(inputs[1])[0], 10]), tf.zeros_like(inputs[1])

    built = replace(experiment(rng, StoppingRule(max_images=96), images=32), passes=3)
    rows_of(replace(built, systems=[System("one", "pair", receiver)], attacks=[]))
    assert len(seen) == 3
    assert np.abs(seen[0] - seen[1]).max() > 0.01
    # The same images: what their features have in common outweighs the noise at t = 60.
    assert np.corrcoef(seen[0].ravel(), seen[1].ravel())[0, 1] > 0.5


@pytest.mark.slow
@pytest.mark.parametrize("pool", [pytest.param(1, marks=pytest.mark.slow), 3, pytest.param(16, marks=pytest.mark.slow)])
def test_rows_do_not_depend_on_the_pool_or_on_the_other_points(rng, pool):
    """Nor do stopping rules: a batch that was simulated ahead of the one that ends a point is not counted."""
    points = [replace(POINT, timestep=timestep) for timestep in (0, 60, 300)]
    built = experiment(rng, StoppingRule(max_images=500, target_errors=150), pool=pool)
    alone = [row for point in points for row in rows_of(replace(built, pool=2), point)]
    assert repr(rows_of(built, *points)) == repr(alone)
    assert {row["stop_reason"] for row in alone} == {"target_errors"}


def test_each_program_is_traced_once_for_all_points_pools_and_rounds(rng):
    guided = Denoise(UNet(channels=8, context=10), SCHEDULE, 2)
    built = experiment(rng, StoppingRule(max_images=100, target_errors=80), pool=3)
    steered = EDiffSemReceiver(mnist.Classifier(), guided, max_rounds=3, batch_size=32)
    built = replace(built, systems=[*built.systems, System("e-diffsem", "pair", steered)])
    points = [Point(timestep, snr_db, (snr_db, 0.0)) for timestep in (0, 60, 300) for snr_db in (-5.0, 20.0)]
    programs = Programs(built)
    results = list(simulate_points(built, programs, points))
    assert len(results) == 6
    assert programs.traces() == {"pair": 1, "one": 1, "two": 1, "e-diffsem": 1, "inversion on pair": 1}


def test_a_point_with_another_number_of_eavesdroppers_is_refused(rng):
    built = experiment(rng, StoppingRule(max_images=32))
    with pytest.raises(ValueError, match="needs 2 eavesdropper SNRs"):
        rows_of(built, replace(POINT, eavesdropper_snr_db=(1.0,)))


def broken(network):
    network.set_weights([np.full_like(weights, np.nan) for weights in network.get_weights()])
    return network


def spoilt(inputs):
    """Logits of an attack that rules nine labels out."""
    received, _ = inputs
    return tf.one_hot(tf.zeros(tf.shape(received)[:1], tf.int32), 10, off_value=float("-inf"))


def with_broken_encoder(built):
    links = {"pair": WiretapLink(Transmitter(broken(mnist.Encoder()), SCHEDULE), AWGN, AWGN)}
    return replace(built, links=links, attacks=[])


def with_broken_receiver(built):
    receiver = BypassReceiver(broken(mnist.Classifier()), batch_size=32)
    return replace(built, systems=[built.systems[0], System("two", "pair", receiver)], attacks=[])


def with_attack(attack):
    return lambda built: replace(built, systems=built.systems[:1], attacks=[*built.attacks, attack])


def with_broken_digital_link(built):
    payload = FeatureBits(mnist.Encoder(), UniformQuantizer(1), BypassReceiver(broken(mnist.Classifier())))
    link = DigitalLink(BlockFadingChannel(math.inf), "zf", "qpsk", None, 64)
    return replace(built, systems=built.systems[:1], attacks=[], digital=[DigitalSystem("bits", link, payload)])


@pytest.mark.parametrize("xla", [False, pytest.param(True, marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    ("spoil", "what"),
    [
        (with_broken_encoder, "transmitter pair: what the receiver hears is"),
        (with_broken_receiver, "system two behind transmitter pair: its logits are"),
        (
            with_attack(Attack("mirror", "pair", NetworkAttack(broken(mnist.InversionMLP())))),
            "attack mirror on transmitter pair at 10 dB: its images, or the judges' logits of them, are",
        ),
        (
            with_attack(Attack("label", "pair", spoilt, reconstructs=False)),
            "attack label on transmitter pair at 10 dB: its logits are",
        ),
        (
            lambda built: replace(built, clean_judge=broken(mnist.StrongClassifier())),
            "attack inversion on transmitter pair at 10 dB: its images, or the judges' logits of them, are",
        ),
        (with_broken_digital_link, "digital link bits: its features or logits are"),
    ],
)
def test_what_is_not_finite_is_told_in_one_line_and_never_counted(spoil, what, xla, rng):
    built = spoil(experiment(rng, StoppingRule(max_images=32), xla=xla))
    with pytest.raises(InputError) as error:
        rows_of(built)
    assert str(error.value) == (
        f"t = 60, 10 dB: {what} NaN or infinite; allowed: finite numbers (are the weights whole?)"
    )


@pytest.mark.parametrize("pool", [1, 16])
def test_points_that_are_done_come_before_the_one_that_is_not_finite(pool, rng):
    def fragile(inputs):
        _, step = inputs
        logits = tf.where(step[:, None] > 200, float("nan"), tf.zeros([tf.shape(step)[0], 10]))
        return logits, tf.zeros_like(step)

    built = experiment(rng, StoppingRule(max_images=64), pool=pool)
    built = replace(built, systems=[System("fragile", "pair", fragile)], attacks=[])
    results = simulate_points(built, Programs(built), [replace(POINT, timestep=timestep) for timestep in (60, 300)])
    assert next(results).point.timestep == 60
    with pytest.raises(InputError, match=r"^t = 300, 10 dB: system fragile"):
        next(results)


@pytest.mark.slow
def test_memory_is_flat_over_500_batches(rng):
    built = experiment(rng, StoppingRule(max_images=32), pool=5)
    programs = Programs(built)
    resident = []
    for _ in range(6):
        points = [Point(60, float(snr_db), (0.0, 5.0)) for snr_db in range(100)]
        assert len(list(simulate_points(built, programs, points))) == 100
        gc.collect()
        resident.append(psutil.Process().memory_info().rss)
    assert max(resident[1:]) <= 1.02 * resident[0], resident


def test_a_point_goes_on_until_its_last_node_is_known(rng):
    """Random networks are wrong nine times in ten: 60 errors are there after about 67 images, in batches of 32."""
    rows = rows_of(experiment(rng, StoppingRule(max_images=1000, target_errors=60)))
    assert {row["stop_reason"] for row in rows} == {"target_errors"}
    assert min(row["total"] - row["correct"] for row in rows) >= 60
    assert {row["total"] for row in rows} <= {64, 96, 128}
