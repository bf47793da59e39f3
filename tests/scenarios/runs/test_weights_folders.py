"""Weights of one's own, and the shipped ones for what they lack: only those that belong together."""

import json
import shutil
from pathlib import Path

import pytest

from diffsem.link import InputError, read_results
from diffsem.scenarios import load_scenario
from diffsem.scenarios.datasets.splitting import load_dataset
from diffsem.scenarios.runs.assembly import attack_warnings, origin_of, weights_sha256
from diffsem.scenarios.runs.provenance import sha256_of
from diffsem.scenarios.runs.resolving import plan
from diffsem.scenarios.runs.sweep import Listeners, run_plan
from diffsem.scenarios.runs.weights_folders import pretrained_networks, trained_with, weights_folders
from diffsem.scenarios.training.checkpoints import PRETRAINED, save_network

SHIPPED = PRETRAINED / "mnist"
RECORD = json.loads((SHIPPED / "training.json").read_text())


def sweep(folder, receivers="classifier, diffsem", attacks="linear-probe", *more):
    overrides = [
        f"weights={folder}",
        f"legitimate.receivers=[{receivers}]",
        f"eavesdropper.attacks=[{attacks}]",
        "timesteps=[240]",
        "legitimate.snr_db=[15]",
        "monte_carlo.max_images=32",
        "monte_carlo.batch_size=32",
        *more,
    ]
    return plan(load_scenario("mnist-quick", overrides))


def copied(folder, *names, record=RECORD):
    folder.mkdir(exist_ok=True)
    for name in names:
        shutil.copy(SHIPPED / f"{name}.weights.h5", folder)
    (folder / "training.json").write_text(json.dumps(record))
    return folder


def entry(folder, name, *needs):
    """The record of a training of one network behind others of the folder."""
    networks = {need: sha256_of(folder / f"{need}.weights.h5") for need in needs}
    made = RECORD["pair"] | {"sha256": {name: sha256_of(folder / f"{name}.weights.h5")}}
    return made | {"hangs_on": RECORD["pair"]["hangs_on"] | {"networks": networks}}


def trained_anew(folder, name, *needs):
    """Another network of that name, trained behind others of the folder."""
    folder.mkdir(exist_ok=True)
    planned = sweep(folder, "diffsem", "linear-probe, inversion-mlp")
    networks = [*planned.networks, *(network for stage in planned.stages for network in stage.writes)]
    spec = next(network for network in networks if network.name == name)
    save_network(spec.build(planned.setup.dimensions), folder, name)
    return entry(folder, name, *needs)


def refusal(planned):
    with pytest.raises(InputError) as error:
        weights_folders(planned)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.slow
def test_what_a_folder_lacks_is_the_shipped_network_and_the_table_and_the_log_say_so(tmp_path):
    own = copied(tmp_path / "own", "encoder", "denoiser")
    lines: list[str] = []
    rows = run_plan(sweep(own), tmp_path / "a.h5", listeners=Listeners(log=lines.append))
    taken = ["classifier", "classifier-diffsem", "clean-pair.linear-probe"]
    assert lines == [f"weights {own}: lacks {', '.join(taken)}; taken from the shipped ones"]
    assert json.loads(read_results(tmp_path / "a.h5").attrs["pretrained_networks"]) == taken
    whole = run_plan(sweep("pretrained"), tmp_path / "b.h5")
    assert rows.equals(whole)
    assert "pretrained_networks" not in read_results(tmp_path / "b.h5").attrs


def test_only_own_weights_are_taken_where_the_scenario_says_so(tmp_path):
    own = copied(tmp_path, "encoder")
    assert "classifier" in refusal(sweep(own, "classifier, diffsem", "linear-probe", "weights_only=true"))
    assert weights_folders(sweep(own))["classifier"] == SHIPPED


@pytest.mark.parametrize("there", [True, False])
def test_a_folder_without_any_weights_is_an_error(there, tmp_path):
    if there:
        (tmp_path / "none").mkdir()
    assert "no such file" in refusal(sweep(tmp_path / "none"))


def test_a_network_that_neither_has_is_missed_in_the_folder(tmp_path):
    own = copied(tmp_path, "encoder")
    assert str(own) in refusal(sweep(own, "classifier", "{attack: linear-probe, surrogate: {share: 0.5}}"))


@pytest.mark.parametrize(("receivers", "lacking"), [("classifier", "classifier"), ("diffsem", "classifier-diffsem")])
def test_no_shipped_network_stands_behind_an_encoder_that_it_was_not_trained_with(receivers, lacking, tmp_path):
    """The shipped classifier comes from one training with the shipped encoder; its record names no network at all."""
    (tmp_path / "training.json").write_text(json.dumps({"pair": trained_anew(tmp_path, "encoder")}))
    message = refusal(sweep(tmp_path, receivers, ""))
    assert f"lacks {lacking}, and the shipped" in message
    assert "trained with another encoder; train it: diffsem train" in message


def test_the_shipped_judge_goes_with_attacks_of_ones_own_unless_it_has_learnt_from_others_of_that_name(tmp_path):
    copied(tmp_path, "encoder")
    record = {"pair": RECORD["pair"], "probe": trained_anew(tmp_path, "clean-pair.linear-probe", "encoder")}
    (tmp_path / "training.json").write_text(json.dumps(record))
    planned = sweep(tmp_path, "classifier", "linear-probe, inversion-mlp")
    assert weights_folders(planned)["strong-classifier"] == SHIPPED
    assert weights_folders(planned)["clean-pair.linear-probe"] == tmp_path
    record["mlp"] = trained_anew(tmp_path, "clean-pair.inversion-mlp", "encoder")
    (tmp_path / "training.json").write_text(json.dumps(record))
    assert "lacks strong-classifier, and the shipped one was trained with another clean-pair" in refusal(planned)


def test_a_network_of_ones_own_stands_behind_the_one_that_it_was_trained_on(tmp_path):
    record = {"pair": trained_anew(tmp_path, "encoder")}
    shutil.copy(SHIPPED / "classifier.weights.h5", tmp_path)
    record["pair"]["sha256"]["classifier"] = sha256_of(tmp_path / "classifier.weights.h5")
    record["denoiser"] = trained_anew(tmp_path, "denoiser", "encoder")
    record["diffsem"] = trained_anew(tmp_path, "classifier-diffsem", "encoder", "classifier", "denoiser")
    (tmp_path / "training.json").write_text(json.dumps(record))
    planned = sweep(tmp_path, "diffsem", "")
    assert set(weights_folders(planned).values()) == {Path(tmp_path)}
    # Trained anew since, behind the same encoder: the receiver is not fit for it.
    shutil.copy(SHIPPED / "denoiser.weights.h5", tmp_path)
    assert "denoiser.weights.h5: not the file of the training record" in refusal(planned)
    record["denoiser"] = entry(tmp_path, "denoiser", "encoder")
    (tmp_path / "training.json").write_text(json.dumps(record))
    assert "classifier-diffsem.weights.h5: was trained with another denoiser" in refusal(planned)


def test_a_network_of_unknown_origin_does_not_stand_beside_shipped_ones(tmp_path):
    trained_anew(tmp_path, "classifier-diffsem")
    planned = sweep(tmp_path, "diffsem", "")
    assert "no training record says" in refusal(planned)
    # The shipped one is known wherever it lies.
    shutil.copy(SHIPPED / "classifier-diffsem.weights.h5", tmp_path)
    assert weights_folders(planned)["encoder"] == SHIPPED


def test_what_a_network_was_trained_with_is_followed_all_the_way():
    origins = trained_with("clean-pair.schedule-aware", RECORD)
    # denoise-invert before it, the encoder before both, and the classifier that was trained with that.
    assert set(origins) == {"clean-pair.denoise-invert", "encoder", "classifier"}
    assert trained_with("nobody", RECORD) is None


def test_hashes_cover_the_files_that_are_really_used(tmp_path):
    own = copied(tmp_path, "encoder", "denoiser")
    dataset = load_dataset(sweep("pretrained").source)
    assert weights_sha256(sweep(own)) == weights_sha256(sweep("pretrained"))
    assert origin_of(sweep(own), dataset) == origin_of(sweep("pretrained"), dataset)
    assert pretrained_networks(sweep("pretrained")) == []
    record = {"clean-pair.linear-probe": trained_anew(tmp_path, "clean-pair.linear-probe", "encoder")}
    (tmp_path / "training.json").write_text(json.dumps(RECORD | record))
    assert weights_sha256(sweep(own)) != weights_sha256(sweep("pretrained"))


def test_warnings_are_those_of_the_record_that_each_attack_comes_with(tmp_path):
    fading = "eavesdropper.channel={kind: rayleigh, coherence: 4}"
    own = copied(tmp_path, "encoder", record={"pair": RECORD["pair"]})
    (warning,) = attack_warnings(sweep(own, "classifier", "linear-probe", fading)).values()
    assert "trained with another eavesdropper.channel" in warning
