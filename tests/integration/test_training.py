"""`diffsem train` on a toy budget: resumed to the same weights, used by a sweep."""

import json
import shutil
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace

import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf

from diffsem.link import InputError
from diffsem.scenarios import load_scenario, run_scenario, train_scenario
from diffsem.scenarios.datasets.splitting import load_dataset
from diffsem.scenarios.runs import provenance
from diffsem.scenarios.runs import train as training
from diffsem.scenarios.runs.resolving import plan
from diffsem.scenarios.training.checkpoints import load_network, weights_file
from diffsem.scenarios.training.session import TrainingSession

TOY = [
    "training.images=200",
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


# Every network of those systems, of their judge, and of what they are distilled from.
SHIPPED = {
    *(f"encoder{pair}" for pair in ("", "-noise-aware-pair", "-reference", "-ibal", "-ibal-d")),
    *(f"classifier{pair}" for pair in ("", "-noise-aware-pair", "-reference", "-ibal", "-ibal-d")),
    *(f"classifier-{receiver}" for receiver in ("noise-aware", "one-step", "reference-one-step")),
    *(f"classifier-{receiver}" for receiver in ("diffsem", "e-diffsem")),
    *(f"denoiser{kind}" for kind in ("", "-label", "-distilled", "-label-distilled", "-reference")),
    *("strong-classifier", "strong-classifier-clean"),
}


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


class CopyAt(keras.callbacks.Callback):
    """Leave in another folder what a training that is cut off as an epoch begins leaves in its own."""

    def __init__(self, epoch, progress, copy):
        super().__init__()
        self.epoch, self.progress, self.copy = epoch, progress, copy

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == self.epoch and not self.copy.exists():
            shutil.copytree(self.progress, self.copy)


def train_and_cut(scenario, whole, cut):
    """The record of a training, and in `cut` what each stage leaves if it is cut off as its second epoch begins."""

    def callbacks(stage, epochs):
        return [CopyAt(1, whole / ".progress" / stage, cut / stage)]

    return train_scenario(scenario, whole, callbacks)


def one_after_another(record, cut, folder):
    """A log of a training in `folder`: at its first call, and as a stage ends, the next one is there as it was cut off.

    Not all at once: a stage that hangs on networks that are not there yet was trained otherwise.
    """
    left = iter(record)

    def log(line=""):
        if stage := next(left, None):
            shutil.copytree(cut / stage, folder / ".progress" / stage)

    log()
    return log


def assert_same_weights(scenario, names, left, right):
    planned = plan(scenario)
    networks = {network.name: network for stage in planned.stages for network in stage.writes}
    for name in names:
        one, other = (load_network(networks[name], planned.setup.dimensions, folder) for folder in (left, right))
        for a, b in zip(one.get_weights(), other.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)


@contextmanager
def eagerly():
    """Of a step that is run four times, tracing its graph is most of the time; others train and resume with graphs."""
    tf.config.run_functions_eagerly(True)
    try:
        yield
    finally:
        tf.config.run_functions_eagerly(False)


@pytest.fixture(scope="module", autouse=True)
def few_test_images():
    """What a network is scored on says nothing here, and took a third of the time."""

    def load(*arguments):
        dataset = load_dataset(*arguments)
        return replace(dataset, test=dataset.test[:256])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "load_dataset", load)
        yield


@pytest.fixture(scope="module")
def every_stage(tmp_path_factory):
    """The record of a training of all that ships, and a folder that holds it and what it leaves if it is cut off."""
    folder = tmp_path_factory.mktemp("every-stage")
    with eagerly():
        return train_and_cut(load_scenario("mnist-awgn", TOY), folder / "whole", folder / "cut"), folder


@pytest.mark.slow
def test_every_stage_trains_resumes_to_the_same_weights_and_feeds_a_sweep(every_stage):
    scenario, (record, folder) = load_scenario("mnist-awgn", TOY), every_stage
    written = {name for entry in record.values() for name in entry["sha256"]}
    blind = {
        f"{transmitter}.inversion-mlp+blind"
        for transmitter in ("clean-pair", "noise-aware-pair", "ibal", "ibal-d", "permutation", "reference")
    }
    assert written == SHIPPED | blind == {network.name for stage in plan(scenario).stages for network in stage.writes}
    assert all(len(entry["history"]) == entry["epochs"] == 2 for entry in record.values())

    epochs = []
    seen = keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: epochs.append(epoch))
    log = one_after_another(record, folder / "cut", folder / "resumed")
    with eagerly():
        resumed = train_scenario(scenario, folder / "resumed", lambda name, epochs: [seen], log)
    assert epochs == [1] * len(record)
    assert {name: entry["scores"] for name, entry in resumed.items()} == {
        name: entry["scores"] for name, entry in record.items()
    }
    assert_same_weights(scenario, written, folder / "whole", folder / "resumed")

    rows = run_scenario(load_scenario("mnist-awgn", [*TOY, f"weights={folder / 'whole'}"]))
    assert len(rows) == 22
    assert set(rows.loc[rows["node"] == "adversary", "training_images"]) == {38}
    assert set(rows.loc[rows["node"] == "adversary", "training_epochs"]) == {2}
    with pytest.raises(InputError, match="seed 1, now 2"):
        train_scenario(load_scenario("mnist-awgn", [*TOY, "seed=2"]), folder / "whole")


@pytest.mark.slow
def test_an_attack_in_two_parts_resumes_to_the_same_weights(tmp_path):
    overrides = [*TOY, "legitimate.receivers=[classifier]", "eavesdropper.attacks=[schedule-aware]"]
    scenario = load_scenario("mnist-awgn", overrides)
    names = ["pair", "clean-pair.denoise-invert", "clean-pair.schedule-aware"]
    record = train_and_cut(scenario, tmp_path / "whole", tmp_path / "cut")
    assert list(record) == names
    # Two epochs for the U-Net, two for the decoder, and two more if so short a training has taught it nothing.
    assert record[names[1]]["epochs"] in (4, 6)
    # Cut off in the U-Net's second epoch, it is cut off once more in the decoder's.
    resumed, stops = tmp_path / "resumed", [StopAtCall(3)]
    log = one_after_another(record, tmp_path / "cut", resumed)
    with pytest.raises(Stop):
        train_scenario(scenario, resumed, lambda name, epochs: stops if name == names[1] else [], log)
    train_scenario(scenario, resumed, log=log)
    assert_same_weights(scenario, names[1:], tmp_path / "whole", resumed)


@pytest.mark.slow
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


ONE_EPOCH = [*TOY, "training.epochs.pair=1", "training.epochs.denoiser=1", "training.epochs.classifiers=1"]
ONE_EPOCH += ["training.epochs.adversary=1", "denoising.solver=ddim"]


def one_epoch(receivers, attacks, *overrides):
    which = [f"legitimate.receivers=[{receivers}]", f"eavesdropper.attacks=[{attacks}]"]
    return load_scenario("mnist-awgn", [*ONE_EPOCH, *which, *overrides])


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A folder with a finished training: pair, denoiser, receiver and an attack."""
    folder = tmp_path_factory.mktemp("finished")
    train_scenario(one_epoch("diffsem", "linear-probe"), folder)
    return folder


@pytest.mark.parametrize(
    ("stage", "change", "words"),
    [
        ("pair", "training.epochs.pair=2", "training.epochs.pair 1, now 2"),
        ("pair", "seed=2", "seed 1, now 2"),
        ("pair", "training.images=300", "training.images 200, now 300"),
        ("pair", "training.learning_rate=cosine", "training.learning_rate plateau, now cosine"),
        ("denoiser", "denoising.channels=16", "denoising.channels 8, now 16"),
        ("diffsem", "training.teacher_steps=3", "training.teacher_steps 2, now 3"),
        ("diffsem", "training.fresh_draws=true", "training.fresh_draws False, now True"),
        ("clean-pair.linear-probe", "training.snr_db=[0, 10]", r"training.snr_db \[-10.0, 25.0\], now \[0.0, 10.0\]"),
        ("clean-pair.linear-probe", "eavesdropper.channel={kind: rayleigh}", "{kind: awgn}, now {kind: rayleigh}"),
        ("clean-pair.linear-probe", "legitimate.channel={kind: rayleigh}", "{kind: awgn}, now {kind: rayleigh}"),
        ("clean-pair.linear-probe", "eavesdropper.looks=4", "eavesdropper.looks 1, now 4"),
    ],
)
def test_a_stage_that_was_trained_otherwise_is_never_taken_for_finished(stage, change, words, finished):
    before = {path.name: path.read_bytes() for path in finished.iterdir() if path.is_file()}
    lines: list[str] = []
    with pytest.raises(InputError, match=f"stage {stage} was trained otherwise: .*{words}") as error:
        train_scenario(one_epoch("diffsem", "linear-probe", change), finished, log=lines.append)
    assert "\n" not in str(error.value)
    assert not lines
    assert {path.name: path.read_bytes() for path in finished.iterdir() if path.is_file()} == before


def test_what_changes_nothing_of_a_training_leaves_it_finished(finished):
    lines: list[str] = []
    same = one_epoch("diffsem", "linear-probe", "timesteps=[60]", "legitimate.snr_db=[0, 5]", "denoising.steps=7")
    train_scenario(same, finished, log=lines.append)
    assert lines == [
        f"{stage}: finished before" for stage in ("pair", "denoiser", "diffsem", "clean-pair.linear-probe")
    ]


@pytest.mark.slow
def test_renewing_trains_what_differs_and_all_that_stands_behind_it(finished, tmp_path):
    folder = tmp_path / "renewed"
    shutil.copytree(finished, folder)
    lines: list[str] = []
    train_scenario(
        one_epoch("diffsem", "linear-probe", "training.epochs.denoiser=2"), folder, log=lines.append, renew=True
    )
    said = [line.split(";")[0] for line in lines if "{" not in line]
    assert said == [
        "pair: finished before",
        "denoiser: trained anew",
        "diffsem: trained anew",
        "clean-pair.linear-probe: finished before",
    ]
    assert any("another network denoiser" in line for line in lines)


def test_another_version_of_a_package_is_told_and_can_be_allowed(finished, monkeypatch):
    scenario, lines = one_epoch("diffsem", "linear-probe"), []
    ours = provenance.training_versions()
    monkeypatch.setattr(provenance, "training_versions", lambda: ours | {"keras": "4.0"})
    with pytest.raises(InputError, match=f"keras version {ours['keras']}, now 4.0"):
        train_scenario(scenario, finished)
    train_scenario(scenario, finished, log=lines.append, mixed_versions=True)
    assert all(line.endswith("finished before") for line in lines)


@pytest.mark.slow
def test_denoised_features_of_another_training_are_not_taken_from_the_cache(finished, tmp_path):
    """Cut off in its first epoch, a fine-tuning leaves z^ on the disk: of the channels and steps of that time."""
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
    record = json.loads((tmp_path / "training.json").read_text())
    del record["diffsem"]
    (tmp_path / "training.json").write_text(json.dumps(record))
    weights_file(tmp_path, "classifier-diffsem").unlink()
    with pytest.raises(Stop):
        train_scenario(
            one_epoch("diffsem", ""), tmp_path, lambda name, epochs: [StopAt(0)] if name == "diffsem" else []
        )
    assert list((tmp_path / ".progress" / "diffsem").glob("denoised-*.npz"))
    with pytest.raises(InputError, match=r"stage diffsem was trained otherwise: training.teacher_steps 2, now 3"):
        train_scenario(one_epoch("diffsem", "", "training.teacher_steps=3"), tmp_path)
    train_scenario(one_epoch("diffsem", ""), tmp_path)


def test_stages_taken_from_elsewhere_say_how_the_scenario_differs_from_them(finished, tmp_path):
    lines: list[str] = []
    other = one_epoch("diffsem", "linear-probe", "eavesdropper.channel={kind: rayleigh}")
    record = train_scenario(other, tmp_path, log=lines.append, start=finished)
    assert record["clean-pair.linear-probe"]["taken_from"] == str(finished)
    assert lines[0] == f"pair: taken from {finished}"
    assert "eavesdropper.channel {kind: awgn}, now {kind: rayleigh}" in lines[-1]
    # Asked for once more without --start, they are what they are: trained otherwise.
    with pytest.raises(InputError, match=r"clean-pair.linear-probe was trained otherwise"):
        train_scenario(other, tmp_path)


def test_a_record_that_does_not_say_what_it_hangs_on_is_not_taken_for_finished(finished, tmp_path):
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
    record = json.loads((tmp_path / "training.json").read_text())
    del record["pair"]["hangs_on"]
    (tmp_path / "training.json").write_text(json.dumps(record))
    with pytest.raises(InputError, match=r"stage pair .* did not keep what it hung on"):
        train_scenario(one_epoch("diffsem", "linear-probe"), tmp_path)


def test_weights_that_no_record_tells_of_are_not_overwritten(tmp_path):
    scenario = load_scenario("mnist-awgn", [*TOY, "legitimate.receivers=[classifier]", "eavesdropper.attacks=[]"])
    weights_file(tmp_path, "encoder").write_bytes(b"months of work")
    for options in ({}, {"renew": True}, {"start": "pretrained"}):
        with pytest.raises(
            InputError, match=r"holds encoder.weights.h5, which no entry .*restore the record.* --fresh"
        ) as error:
            train_scenario(scenario, tmp_path, **options)
        assert "\n" not in str(error.value)
        assert weights_file(tmp_path, "encoder").read_bytes() == b"months of work"
    assert not (tmp_path / "training.json").exists()


def test_fresh_deletes_what_it_trains_and_nothing_else(finished, tmp_path):
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
    record = json.loads((tmp_path / "training.json").read_text())
    others = [path for path in tmp_path.glob("*.weights.h5") if path.name.startswith(("denoiser", "clean-pair"))]
    before = {path: path.read_bytes() for path in others}
    lines: list[str] = []
    anew = train_scenario(one_epoch("classifier", "", "seed=2"), tmp_path, log=lines.append, fresh=True)
    assert lines[0].endswith("--fresh deletes encoder.weights.h5, classifier.weights.h5; other files stay")
    assert len(others) == 2
    assert {path: path.read_bytes() for path in others} == before
    assert anew["denoiser"] == record["denoiser"]
    assert anew["pair"]["seed"] == 2


@pytest.mark.parametrize("wrong", ["data", "start"])
def test_fresh_deletes_nothing_if_it_cannot_train(wrong, finished, tmp_path):
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
    before = {path.name for path in tmp_path.iterdir()}
    scenario = one_epoch("diffsem", "linear-probe")
    if wrong == "data":
        scenario = scenario.model_copy(update={"dataset": {"folder": "/nowhere"}})
    with pytest.raises(InputError):
        train_scenario(scenario, tmp_path, fresh=True, start="/nowhere" if wrong == "start" else None)
    assert {path.name for path in tmp_path.iterdir()} == before


def test_fresh_makes_do_with_a_record_that_cannot_be_read(finished, tmp_path):
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
    (tmp_path / "training.json").write_text("[")
    lines: list[str] = []
    record = train_scenario(one_epoch("classifier", ""), tmp_path, log=lines.append, fresh=True)
    assert "--fresh deletes its training.json, which cannot be read" in lines[0]
    assert list(record) == ["pair"]
    assert weights_file(tmp_path, "denoiser").exists()


def test_an_entry_that_is_missing_beside_its_files_is_told(finished, tmp_path):
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
    record = json.loads((tmp_path / "training.json").read_text())
    del record["denoiser"]
    (tmp_path / "training.json").write_text(json.dumps(record))
    with pytest.raises(InputError, match=r"holds denoiser.weights.h5, which no entry of training.json tells of"):
        train_scenario(one_epoch("diffsem", "linear-probe"), tmp_path)
    # Unless the stage was under way: its files are then its own.
    (tmp_path / ".progress" / "denoiser").mkdir(parents=True)
    hangs_on = json.loads((finished / "training.json").read_text())["denoiser"]["hangs_on"]
    (tmp_path / ".progress" / "denoiser" / "hangs_on.json").write_text(json.dumps(hangs_on))
    with pytest.raises(Stop):
        train_scenario(
            one_epoch("diffsem", "linear-probe", "seed=1"),
            tmp_path,
            lambda name, epochs: [StopAt(0)] if name == "denoiser" else [],
        )


@pytest.mark.parametrize("moment", ["pair", "copy"])
def test_a_training_that_was_cut_off_before_its_record_goes_on(moment, tmp_path, monkeypatch):
    scenario = one_epoch("classifier", "")
    start = {"start": "pretrained"} if moment == "copy" else {}

    def cut_off(folder, record):
        raise Stop

    with monkeypatch.context() as patched:
        patched.setattr(training, "_write_record", cut_off)
        with pytest.raises(Stop):
            train_scenario(scenario, tmp_path, **start)
    assert weights_file(tmp_path, "encoder").exists()
    assert list(train_scenario(scenario, tmp_path, **start)) == ["pair"]


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
assert set(record) == {"pair", "denoiser-label", "noise-aware", "e-diffsem"}, list(record)
print(record["denoiser-label"]["scores"]["validation_mse_float32"])
"""


@pytest.mark.slow
def test_a_pair_trains_in_bfloat16_and_keeps_its_weights_in_single_precision(tmp_path):
    record = train_scenario(one_epoch("classifier", "", "training.precision=mixed_bfloat16"), tmp_path)
    assert 0 < record["pair"]["history"][0]["loss"] < 10
    with h5py.File(weights_file(tmp_path, "classifier")) as file:
        kinds = set()
        file.visititems(lambda name, item: kinds.add(str(item.dtype)) if isinstance(item, h5py.Dataset) else None)
    assert kinds == {"float32"}


@pytest.mark.slow
def test_two_devices_train_nearly_the_same_unet_as_one(every_stage, tmp_path):
    """Two logical devices of one CPU stand for two GPUs; only the batch statistics differ."""
    overrides = [*TOY, "legitimate.receivers=[e-diffsem]", "eavesdropper.attacks=[]", "denoising.solver=ddim"]
    alone, _ = every_stage
    command = [sys.executable, "-c", SPREAD, str(tmp_path / "two"), *overrides]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    expected = alone["denoiser-label"]["scores"]["validation_mse_float32"]
    assert float(done.stdout.splitlines()[-1]) == pytest.approx(expected, rel=0.1)


@pytest.mark.parametrize("name", ["noise-aware-pair", "reference", "ibal", "ibal-d"])
def test_held_out_samples_are_the_same_whenever_they_are_asked(name, tmp_path, monkeypatch):
    """The same weights have the same validation loss, noise and all: plateaus must not follow a draw."""
    losses = []

    def fit(session, stage, epochs, model, loss, draw_epoch, validation, metrics=(), part="", **plan):
        model.compile(loss=loss)
        losses.extend(model.evaluate(*validation, verbose=0, return_dict=True)["loss"] for _ in range(3))
        raise Stop

    monkeypatch.setattr(TrainingSession, "fit", fit)
    with pytest.raises(Stop):
        train_scenario(one_epoch(name, ""), tmp_path)
    assert len(losses) == 3
    assert len(set(losses)) == 1
