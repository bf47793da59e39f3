"""The worked examples pass what shipped parts pass, and the scenario that uses all three does what the README says."""

import hashlib
import json
import math
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf
from scipy.integrate import quad
from scipy.stats import gamma, kstest, nakagami, norm

from diffsem.channels import Csi, Equalizer, reseed
from diffsem.link import InputError, read_results, read_table
from diffsem.scenarios import Antennas, Dimensions, load_scenario
from diffsem.scenarios.attacks import shipped_attacks
from diffsem.scenarios.parts.outside import find_code_beside
from diffsem.scenarios.runs.reading import plan_of_file
from diffsem.scenarios.testing import run_attack_test, run_channel_test, run_dataset_test, run_system_test

EXAMPLES = Path(__file__).parents[2] / "examples"
SCENARIO = EXAMPLES / "vq-nakagami.yaml"
MODULES = ("my_systems", "my_channels", "my_data")
# Standard errors that a mean may lie off.
SIGMAS = 4.5
# The whole scenario, as small as it gets.
SHRUNK = [
    "dataset.images=700",
    "timesteps=[240]",
    "legitimate.snr_db=[5, 15]",
    "training.batch_size=64",
    "training.epochs={pair: 1, adversary: 1, strong_classifier: 1}",
    "monte_carlo={batch_size: 32, max_images: 32, target_errors: null, ci_half_width: null}",
]


def forget():
    for name in MODULES:
        sys.modules.pop(name, None)


@pytest.fixture(autouse=True)
def examples(monkeypatch):
    """The examples, imported as beside their scenario; nothing of them stays."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    find_code_beside(SCENARIO)
    yield
    forget()


def channel(m, receive_antennas=1):
    from my_channels import NAKAGAMI

    return NAKAGAMI.build(NAKAGAMI.keys(kind="my_channels:NAKAGAMI", m=m), Antennas(1, 1, receive_antennas), Csi())


@pytest.mark.parametrize("words", [{}, {"m": 0.5}, {"m": 3.0, "coherence": 4}])
def test_nakagami_passes_what_channels_do(words):
    run_channel_test({"kind": "my_channels:NAKAGAMI", **words})


@pytest.mark.parametrize("m", [0.5, 1.0, 4.0])
def test_amplitudes_have_the_nakagami_distribution(m):
    reseed(5)
    gain = channel(m).fading(20_000, 2).numpy().ravel()
    assert kstest(np.abs(gain), nakagami(m).cdf).pvalue > 1e-3


@pytest.mark.parametrize(("m", "antennas"), [(0.5, 1), (2.0, 1), (2.0, 2)])
def test_the_bit_error_rate_is_the_integral_over_nakagami_fading(m, antennas, rng):
    """QPSK: a bit is wrong with probability Q(sqrt(G Es/N0)); G over two antennas is the sum of two gammas."""
    snr, count = 10**0.4, 100_000
    signs = 1 - 2 * rng.integers(0, 2, (count, 2))
    symbols = tf.constant(((signs[:, :1] + 1j * signs[:, 1:]) / np.sqrt(2)).astype(np.complex64))
    reseed(2)
    decided, _ = Equalizer()(channel(m, antennas)([symbols, tf.fill([count], np.float32(1 / snr))]))
    wrong = (np.sign(decided.numpy().real[:, 0]) != signs[:, 0]).mean()
    energy = gamma(m * antennas, scale=1 / m)
    expected, _ = quad(lambda level: norm.sf(np.sqrt(snr * energy.ppf(level))), 0, 1)
    assert wrong == pytest.approx(expected, abs=SIGMAS * np.sqrt(expected / count))


@pytest.mark.parametrize("words", ["{kind: 'my_channels:NAKAGAMI', m: 0.4}", "{kind: 'my_channels:NAKAGAMI', n: 1}"])
def test_keys_that_the_channel_does_not_know_end_in_one_line(words):
    with pytest.raises(InputError, match=r"legitimate\.channel") as error:
        plan_of_file(SCENARIO, [f"legitimate.channel={words}"])
    assert "\n" not in str(error.value)


@pytest.mark.slow
def test_fashion_passes_what_data_sets_do(tmp_path):
    run_dataset_test({"kind": "my_data:FASHION", "images": 1400}, tmp_path)


def test_clothes_differ_within_a_class_and_more_between_classes():
    from my_data import fashion

    training, test = fashion(700)
    assert (len(training), len(test)) == (600, 100)
    assert sorted(set(test.labels[:10])) == list(range(10))
    pictures = training.as_float().reshape(len(training), -1)
    means = np.stack([pictures[training.labels == label].mean(axis=0) for label in range(10)])
    assert pictures[training.labels == 0].std(axis=0).max() > 0.1
    # The mean of each class's training images tells most test images.
    distance = np.linalg.norm(test.as_float().reshape(len(test), 1, -1) - means, axis=-1)
    assert (distance.argmin(axis=1) == test.labels).mean() > 0.6


def codes(sizes=None):
    from my_systems import CodePayload, build_encoder

    encoder = build_encoder(sizes or Dimensions((28, 28, 1), (8, 8, 1), 10, 0.5))
    return encoder, CodePayload(encoder)


def test_bits_stand_for_the_nearest_code_vectors(rng):
    encoder, payload = codes()
    images = rng.random((6, 28, 28, 1), np.float32)
    bits = payload.bits(images, 0).numpy()
    assert bits.shape == (6, payload.bits_count) == (6, 64)
    vectors = encoder.get_layer("codebook").get_weights()[0]
    own = np.asarray(encoder.get_layer("front")(images)).reshape(6, 16, 4)
    nearest = np.linalg.norm(own[:, :, None] - vectors, axis=-1).argmin(axis=-1)
    numbers = bits.reshape(6, 16, 4) @ [8, 4, 2, 1]
    np.testing.assert_array_equal(numbers, nearest)
    np.testing.assert_allclose(payload.feature(bits), vectors[nearest].reshape(6, 8, 8, 1), atol=1e-6)
    np.testing.assert_allclose(encoder(images), payload.feature(bits), atol=1e-5)


def test_a_feature_that_is_not_finite_has_no_bits(rng):
    _, payload = codes()
    images = rng.random((2, 28, 28, 1), np.float32)
    images[1, 3, 3] = np.nan
    bits = payload.bits(images, 0).numpy()
    assert np.isfinite(bits[0]).all()
    assert np.isnan(bits[1]).all()


def test_gradients_pass_straight_through_and_move_code_vectors(rng):
    encoder, _ = codes()
    codebook = encoder.get_layer("codebook")
    feature = tf.constant(rng.standard_normal((3, 8, 8, 1)), tf.float32)
    weight = tf.constant(rng.standard_normal((3, 8, 8, 1)), tf.float32)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(feature)
        score = tf.reduce_sum(weight * codebook(feature))
        of_vectors, of_encoder = codebook.losses
    np.testing.assert_allclose(tape.gradient(score, feature), weight, atol=1e-6)
    quantised = codebook.feature(codebook.nearest(feature), (8, 8, 1))
    # d/dz of mean((z - e)^2) / 4; the other loss leaves the encoder alone.
    expected = 0.25 * 2 * (feature - quantised) / tf.size(feature, tf.float32)
    np.testing.assert_allclose(tape.gradient(of_encoder, feature), expected, atol=1e-6)
    assert tape.gradient(of_vectors, feature) is None
    assert np.abs(tf.convert_to_tensor(tape.gradient(of_vectors, codebook.vectors))).max() > 0


def test_beams_for_a_system_that_sends_bits_end_in_one_line():
    with pytest.raises(InputError, match=r"my_systems:VQ: legitimate\.precoding: vq sends bits.*streams") as error:
        plan_of_file(SCENARIO, ["legitimate.precoding=beam", "legitimate.transmit_antennas=2"])
    assert "\n" not in str(error.value)


def test_a_feature_that_cannot_be_cut_into_vectors_ends_in_one_line():
    from my_systems import check

    setup = SimpleNamespace(
        scenario=load_scenario(SCENARIO), dimensions=Dimensions((28, 28, 1), (3, 3, 1), 10, pixel_rms=0.5)
    )
    with pytest.raises(ValueError, match="compression: vq cuts features into vectors; allowed: multiples of 4"):
        check(setup)


@pytest.mark.slow
def test_vq_passes_what_systems_do(tmp_path):
    rows = run_system_test("my_systems:VQ", tmp_path)
    assert set(rows.loc[rows["node"] == "receiver", "channel_uses"]) == {math.prod((8, 8, 1)) // 2}


@pytest.mark.slow
def test_every_attack_that_makes_sense_learns_from_its_bits(tmp_path):
    # All but those on keys, on Table II's features and on pictures.
    elsewhere = {"as-heard", "sorted-magnitudes", "sorted-looks", "pad-dictionary"}
    elsewhere |= {"inversion-residual", "residual-classifier"}
    names = [name for name in shipped_attacks() if name not in elsewhere]
    rows = run_attack_test(names, tmp_path, system="my_systems:VQ")
    assert set(rows["transmitter"]) == {"vq"}


def test_the_scenario_says_what_it_is_for_and_is_checked_without_its_code():
    assert SCENARIO.read_text().startswith("# ")
    forget()
    load_scenario(SCENARIO)
    assert not set(MODULES) & set(sys.modules)
    plan = plan_of_file(SCENARIO)
    assert [system.name for system in plan.systems] == ["classifier", "vq"]
    assert {source.reference for source in plan.outside} == {
        "my_systems:VQ",
        "my_channels:NAKAGAMI",
        "my_data:FASHION",
    }


def command(folder, *arguments):
    """The command as a user types it, beside the examples: exit status, standard output, standard error."""
    code = "from diffsem.scenarios.command_line import main; main()"
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=folder,
        env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        check=False,
    )


def told(readme):
    """The commands of the README, without the name of the program."""
    lines = re.findall(r"^diffsem .*$", readme, flags=re.MULTILINE)
    return [shlex.split(line, comments=True)[1:] for line in lines]


@pytest.mark.slow
def test_the_commands_of_the_readme(tmp_path, assert_same_table):
    """check, train, run, a resume and plot on a copy, shrunk; two workers make the same table; edits are refused."""
    folder = tmp_path / "copied"
    shutil.copytree(EXAMPLES, folder, ignore=shutil.ignore_patterns("__pycache__", "weights", "results"))
    shrunk = [part for override in SHRUNK for part in ("--set", override)]
    commands = told((folder / "README.md").read_text())
    assert [arguments[0] for arguments in commands] == ["check", "check", "train", "run", "plot"]
    for arguments in commands:
        ended = command(folder, *arguments, *(shrunk if arguments[0] != "plot" else []))
        assert ended.returncode == 0, ended.stderr
    table = folder / "results" / "vq-nakagami.h5"
    rows = read_results(table)
    assert set(rows.loc[rows["node"] == "receiver", "system"]) == {"classifier", "vq"}
    assert set(rows["channel"]) == {"nakagami"}
    assert len(list(folder.rglob("*.png"))) > 0

    stored = json.loads(read_table(table).attributes["sources_sha256"])
    expected = {"my_systems:VQ": "my_systems.py", "my_channels:NAKAGAMI": "my_channels.py"}
    expected["my_data:FASHION"] = "my_data.py"
    assert stored == {
        reference: hashlib.sha256((folder / name).read_bytes()).hexdigest() for reference, name in expected.items()
    }

    run = ["run", "vq-nakagami.yaml", *shrunk]
    before = table.read_bytes()
    ended = command(folder, *run)
    assert ended.returncode == 0, ended.stderr
    assert table.read_bytes() == before
    ended = command(folder, *run, "--workers", "2", "--out", "two.h5")
    assert ended.returncode == 0, ended.stderr
    assert_same_table(folder / "two.h5", table, same_bytes=False)

    with (folder / "my_channels.py").open("a") as file:
        file.write("# Edited.\n")
    ended = command(folder, *run)
    assert ended.returncode == 2
    assert "holds results of other code from outside of the package" in ended.stderr
    assert len(ended.stderr.strip().splitlines()) == 1
    assert table.read_bytes() == before
