"""`diffsem train` on a toy budget: resumed to the same weights, used by a sweep."""

import subprocess
import sys

import keras
import numpy as np
import pytest

from diffsem.link import InputError
from diffsem.scenarios import load_scenario, run_scenario, train_scenario
from diffsem.scenarios.networks import NETWORKS, WEIGHTLESS, load_network, weights_file

TOY = [
    "training.images=400",
    "denoising.channels=8",
    "training.teacher_steps=2",
    "denoising.solver=distilled",
    "monte_carlo.max_images=32",
    "monte_carlo.batch_size=32",
    "timesteps=[120]",
    "legitimate.snr_db=[15]",
    "legitimate.receivers=[classifier,noise-aware,noise-aware-pair,one-step,diffsem,e-diffsem,ibal,ibal-d,permutation,"
    "reference,reference-one-step]",
    "eavesdropper.attacks=[{attack: inversion-mlp, knows_step: false}]",
    *(
        f"training.epochs.{stage}=2"
        for stage in (
            "pair",
            "noise_aware_pair",
            "reference",
            "denoiser",
            "distillation",
            "classifiers",
            "adversary",
            "strong_classifier",
            "ibal",
        )
    ),
]


class Stop(Exception):
    pass


class StopAt(keras.callbacks.Callback):
    def __init__(self, epoch):
        super().__init__()
        self.epoch = epoch

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == self.epoch:
            raise Stop


class StopAtCall(keras.callbacks.Callback):
    """Stop at the beginning of the n-th epoch that it sees, of whichever part."""

    def __init__(self, epochs):
        super().__init__()
        self.left = epochs

    def on_epoch_begin(self, epoch, logs=None):
        self.left -= 1
        if self.left == 0:
            raise Stop


@pytest.mark.slow
def test_every_stage_trains_resumes_to_the_same_weights_and_feeds_a_sweep(tmp_path):
    scenario = load_scenario("mnist-awgn", TOY)
    record = train_scenario(scenario, tmp_path / "whole")
    written = {name for entry in record.values() for name in entry["sha256"]}
    blind = {
        f"{transmitter}.inversion-mlp+blind"
        for transmitter in ("clean-pair", "noise-aware-pair", "ibal", "ibal-d", "permutation", "reference")
    }
    assert written == set(NETWORKS) - set(WEIGHTLESS) | blind
    assert all(len(entry["history"]) == entry["epochs"] == 2 for entry in record.values())

    for stage in record:
        with pytest.raises(Stop):
            train_scenario(
                scenario, tmp_path / "cut", lambda name, epochs, stage=stage: [StopAt(1)] if name == stage else []
            )
    resumed = train_scenario(scenario, tmp_path / "cut")
    assert {name: entry["scores"] for name, entry in resumed.items()} == {
        name: entry["scores"] for name, entry in record.items()
    }
    for name in written:
        left, right = (load_network(scenario, tmp_path / folder, name) for folder in ("whole", "cut"))
        for a, b in zip(left.get_weights(), right.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)

    rows = run_scenario(load_scenario("mnist-awgn", [*TOY, f"weights={tmp_path / 'whole'}"]))
    assert len(rows) == 22
    assert set(rows.loc[rows["node"] == "adversary", "training_images"]) == {75}
    assert set(rows.loc[rows["node"] == "adversary", "training_epochs"]) == {2}
    with pytest.raises(InputError, match="trained with seed 1"):
        train_scenario(load_scenario("mnist-awgn", [*TOY, "seed=2"]), tmp_path / "whole")


@pytest.mark.slow
def test_an_attack_in_two_parts_resumes_to_the_same_weights(tmp_path):
    overrides = [*TOY, "legitimate.receivers=[classifier]", "eavesdropper.attacks=[schedule-aware]"]
    scenario = load_scenario("mnist-awgn", overrides)
    names = ["pair", "clean-pair.denoise-invert", "clean-pair.schedule-aware"]
    record = train_scenario(scenario, tmp_path / "whole")
    assert list(record) == names
    # Two epochs for the U-Net, two for the decoder, and two more if so short a training has taught it nothing.
    assert record[names[1]]["epochs"] in (4, 6)
    for stops in ([StopAt(1)], [StopAtCall(3)]):
        with pytest.raises(Stop):
            train_scenario(
                scenario, tmp_path / "cut", lambda name, epochs, stops=stops: stops if name == names[1] else []
            )
    train_scenario(scenario, tmp_path / "cut")
    for name in names[1:]:
        left, right = (load_network(scenario, tmp_path / folder, name) for folder in ("whole", "cut"))
        for a, b in zip(left.get_weights(), right.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)


def test_fresh_forgets_a_former_training(tmp_path):
    overrides = [*TOY, "legitimate.receivers=[classifier]", "eavesdropper.attacks=[]", "training.epochs.pair=1"]
    scenario = load_scenario("mnist-awgn", overrides)
    train_scenario(scenario, tmp_path)
    before = weights_file(tmp_path, "encoder").read_bytes()
    lines: list[str] = []
    train_scenario(scenario, tmp_path, log=lines.append)
    assert lines == ["pair: finished before"]
    other = load_scenario("mnist-awgn", [*overrides, "seed=2"])
    train_scenario(other, tmp_path, fresh=True)
    assert weights_file(tmp_path, "encoder").read_bytes() != before


@pytest.mark.parametrize(
    ("content", "words"), [("{", "not valid JSON"), ("[]", "not one that"), ('{"pair": 3}', "not one that")]
)
def test_a_broken_record_ends_in_one_line(content, words, tmp_path):
    (tmp_path / "training.json").write_text(content)
    with pytest.raises(InputError, match=words) as error:
        train_scenario(load_scenario("mnist-awgn", TOY), tmp_path)
    assert "\n" not in str(error.value)


SPREAD = """
import sys
import tensorflow as tf
(cpu,) = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
from diffsem.scenarios import load_scenario, train_scenario
scenario = load_scenario("mnist-awgn", sys.argv[2:])
record = train_scenario(scenario, sys.argv[1], devices=["CPU:0", "CPU:1"])
assert list(record) == ["pair", "denoiser-label", "noise-aware", "e-diffsem"], list(record)
print(record["denoiser-label"]["scores"]["validation_mse_float32"])
"""


@pytest.mark.slow
def test_two_devices_train_nearly_the_same_unet_as_one(tmp_path):
    """Two logical devices of one CPU stand for two GPUs; only the batch statistics differ."""
    overrides = [*TOY, "legitimate.receivers=[e-diffsem]", "eavesdropper.attacks=[]", "denoising.solver=ddim"]
    alone = train_scenario(load_scenario("mnist-awgn", overrides), tmp_path / "one")
    command = [sys.executable, "-c", SPREAD, str(tmp_path / "two"), *overrides]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    expected = alone["denoiser-label"]["scores"]["validation_mse_float32"]
    assert float(done.stdout.splitlines()[-1]) == pytest.approx(expected, rel=0.1)
