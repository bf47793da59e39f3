"""A whole sweep on the shipped weights: same rows always, resumed after anything."""

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import replace

import h5py
import numpy as np
import pandas as pd
import pytest
import yaml

from diffsem.link import InputError, read_results, read_table, sealed, wilson_interval
from diffsem.scenarios import load_scenario, run_scenario
from diffsem.scenarios.datasets import resolve_dataset
from diffsem.scenarios.datasets.splitting import load_dataset
from diffsem.scenarios.runs import sweep
from diffsem.scenarios.runs.resolving import plan
from diffsem.scenarios.runs.table import growing_table
from diffsem.scenarios.training.checkpoints import weights_file

COLUMNS = ["system", "node", "snr_db", "receiver_snr_db", "timestep", "correct", "total", "psnr_db", "ssim"]
SMALL = [
    "timesteps=[180, 240]",
    "legitimate.snr_db=[0, 15]",
    "legitimate.receivers=[classifier, one-step, noise-aware-pair, digital]",
    "digital=[{modulation: 16qam, bits: 1}]",
    "bit_error_rates=[{}]",
    "eavesdropper.attacks=[inversion-mlp]",
    "monte_carlo.max_images=256",
    # A pool of batches is one point then, and points are finished one by one.
    "monte_carlo.batch_size=16",
]


@pytest.fixture(scope="module")
def scenario():
    return load_scenario("mnist-awgn", SMALL)


@pytest.fixture(scope="module")
def whole(scenario, tmp_path_factory):
    path = tmp_path_factory.mktemp("whole") / "r.h5"
    run_scenario(scenario, path)
    return path


def test_a_table_has_every_point_and_node(whole):
    rows = read_results(whole)
    assert rows.attrs["complete"]
    assert len(rows) == 4 * (3 * 2 + 2)
    assert set(rows["node"]) == {"receiver", "adversary"}
    assert (rows["total"] == 256).all()
    assert rows.loc[rows["node"] == "receiver", "psnr_db"].isna().all()
    adversary = rows[rows["node"] == "adversary"]
    assert (adversary["psnr_db"] > 5).all()
    assert adversary["ssim"].between(0, 1).all()


@pytest.mark.slow
def test_few_test_images_are_counted_once_or_in_passes_clustered_by_image(monkeypatch):
    whole = load_dataset(resolve_dataset("mnist")[0])
    monkeypatch.setattr(sweep, "load_dataset", lambda *_: replace(whole, test=whole.test[:30]))
    few = ["timesteps=[240]", "legitimate.snr_db=[15]", "legitimate.receivers=[one-step]", "eavesdropper.attacks=[]"]
    (row,) = run_scenario(load_scenario("mnist-awgn", few)).to_dict("records")
    assert (row["total"], row["images"], row["stop_reason"]) == (30, 30, "test_set")
    assert (row["ci_low"], row["ci_high"]) == wilson_interval(row["correct"], 30)
    (many,) = run_scenario(load_scenario("mnist-awgn", [*few, "monte_carlo.passes=20"])).to_dict("records")
    assert (many["total"], many["images"], many["stop_reason"]) == (600, 30, "test_set")
    low, high = wilson_interval(many["correct"], 600)
    # The images are the same 30 all the while: more noise does not make as many images of them.
    assert many["effective_images"] < 300
    assert many["ci_high"] - many["ci_low"] > 1.4 * (high - low)


def test_accuracy_falls_with_the_step_and_stands_far_above_guessing(whole):
    rows = read_results(whole)
    receivers = rows[(rows["node"] == "receiver") & (rows["snr_db"] == 15)].set_index(["system", "timestep"])
    for system in ("classifier", "one-step", "noise-aware-pair"):
        assert receivers.loc[(system, 180), "accuracy"] > receivers.loc[(system, 240), "accuracy"] - 0.03
        assert receivers.loc[(system, 240), "accuracy"] > 0.4


@pytest.mark.slow
def test_a_second_run_gives_the_identical_table(scenario, whole, tmp_path, assert_same_table):
    run_scenario(scenario, tmp_path / "again.h5")
    assert_same_table(tmp_path / "again.h5", whole)


@pytest.mark.slow
def test_a_point_has_the_same_rows_in_any_sweep(whole):
    single = load_scenario("mnist-awgn", [*SMALL, "timesteps=[240]", "legitimate.snr_db=[15]"])
    rows = read_results(whole)
    expected = rows[(rows["timestep"] == 240) & (rows["receiver_snr_db"] == 15)].reset_index(drop=True)
    pd.testing.assert_frame_equal(run_scenario(single)[COLUMNS], expected[COLUMNS], check_exact=True)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("end", "overwrite"), [([signal.SIGINT], []), ([signal.SIGINT, signal.SIGINT], ["--overwrite"])]
)
def test_a_run_that_is_stopped_keeps_its_points_and_resumes_to_the_identical_table(
    end, overwrite, whole, tmp_path, assert_same_table
):
    path = tmp_path / "r.h5"
    # The entry point restores the handler of Ctrl-C, which a background shell may have switched off.
    code = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler);"
        "from diffsem.scenarios.command_line import main; sys.argv[0] = 'diffsem'; main()"
    )
    command = [sys.executable, "-c", code, "run", "mnist-awgn", "--out", str(path)]
    for override in SMALL:
        command += ["--set", override]
    with subprocess.Popen(
        [*command, *overwrite], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        deadline = time.time() + 180
        while time.time() < deadline and (not path.exists() or len(read_results(path)) < 8):
            time.sleep(0.05)
        for each in end:
            process.send_signal(each)
            time.sleep(0.3)
        _, err = process.communicate(timeout=120)
    kept = read_table(path)
    assert 8 <= len(kept.rows) < 32
    assert not kept.complete
    assert "Traceback" not in err
    assert process.returncode == 130
    if end == [signal.SIGINT]:
        assert err.splitlines()[-1].startswith("diffsem: interrupted; finished points are in ")
        assert f"r.h5, and `diffsem {shlex.join(command[3:])}` goes on from there" in err.splitlines()[-1]
    assert subprocess.run(command, capture_output=True, check=True, env=dict(os.environ)).returncode == 0
    assert_same_table(path, whole)


def test_a_point_that_was_being_written_when_the_run_was_stopped_is_told(tiny, tmp_path, monkeypatch):
    path, told, write = tmp_path / "r.h5", [], growing_table.write_table

    def interrupted_write(path, table):
        monkeypatch.setattr(growing_table, "write_table", write)
        raise KeyboardInterrupt

    def on_points(done, total):
        if not told:
            monkeypatch.setattr(growing_table, "write_table", interrupted_write)
        told.append((done, total))

    with pytest.raises(KeyboardInterrupt):
        sweep.run_plan(plan(tiny), path, listeners=sweep.Listeners(on_points))
    assert told == [(0, 2), (1, 2)]
    assert len(read_results(path)) == 1


def test_a_table_of_another_scenario_or_other_weights_is_left_alone(scenario, whole):
    before = whole.read_bytes()
    with pytest.raises(InputError, match="another scenario"):
        run_scenario(load_scenario("mnist-awgn", [*SMALL, "seed=2"]), whole)
    with edited(whole) as file:
        digest = file.attrs["weights_sha256"]
        file.attrs["weights_sha256"] = "0" * 64
    with pytest.raises(InputError, match="other weights"):
        run_scenario(scenario, whole)
    whole.write_bytes(before)
    assert read_results(whole).attrs["weights_sha256"] == digest


@contextmanager
def edited(path):
    """A result file to be changed as HDF5; its checksum is made anew."""
    with h5py.File(path, "a") as file:
        yield file
    path.write_bytes(sealed(path.read_bytes()))


TINY = [
    "legitimate={snr_db: [0, 15], receivers: [classifier]}",
    "eavesdropper.attacks=[]",
    "monte_carlo={max_images: 32, batch_size: 32}",
]


@pytest.fixture(scope="module")
def tiny():
    return load_scenario("mnist-quick", TINY)


@pytest.fixture(scope="module")
def halves(tiny, tmp_path_factory):
    """A table of two points, and the same one as it stood after the first."""
    path, half = tmp_path_factory.mktemp("halves") / "r.h5", []
    run_scenario(tiny, path, on_points=lambda done, total: half.append(path.read_bytes()))
    return path.read_bytes(), half[1]


@pytest.fixture
def stored(halves, tmp_path):
    """Write the whole or the half table with other attributes; None takes one away."""

    def write(whole=False, **attributes):
        path = tmp_path / "r.h5"
        path.write_bytes(halves[0 if whole else 1])
        with edited(path) as file:
            for key, value in attributes.items():
                del file.attrs[key]
                if value is not None:
                    file.attrs[key] = value
        return path

    return write


def older(**packages):
    from diffsem.scenarios.runs.assembly import versions

    return versions() | packages


def test_a_table_of_other_package_versions_is_not_resumed(tiny, stored):
    path = stored(versions=json.dumps(older(**{"sionna-no-rt": "1.1.0", "keras": "3.14.0"})))
    before = path.read_bytes()
    here = older()
    with pytest.raises(InputError) as error:
        run_scenario(tiny, path)
    assert f"(sionna-no-rt 1.1.0 there, {here['sionna-no-rt']} here, keras 3.14.0 there, " in str(error.value)
    assert "numpy" not in str(error.value)
    assert str(error.value).count("\n") == 0
    for allowed in ("--out", "--overwrite", "--mixed-versions"):
        assert allowed in str(error.value)
    assert path.read_bytes() == before


def test_a_table_from_before_versions_were_recorded_is_not_resumed(tiny, stored):
    with pytest.raises(InputError, match=r"numpy unknown there, .* here"):
        run_scenario(tiny, stored(versions=None))


def test_a_table_of_mixed_versions_says_which(tiny, stored, halves, tmp_path, assert_same_table):
    first = older(keras="3.14.0")
    path = stored(versions=json.dumps(first))
    run_scenario(tiny, path, mixed_versions=True)
    attributes = read_results(path).attrs
    assert json.loads(attributes["versions"]) == first
    assert json.loads(attributes["mixed_versions"]) == [first, older()]
    (tmp_path / "whole.h5").write_bytes(halves[0])
    assert_same_table(path, tmp_path / "whole.h5", same_bytes=False)


def test_a_mixed_table_that_is_cut_off_lists_each_version_once(tiny, stored):
    known = [older(keras="3.13.0"), older(), older(keras="3.14.0")]
    path = stored(versions=json.dumps(known[0]))
    with edited(path) as file:
        file.attrs["mixed_versions"] = json.dumps(known)
    with pytest.raises(InputError, match=rf"\(keras 3.13.0 and {known[1]['keras']} and 3.14.0 there, "):
        run_scenario(tiny, path)
    run_scenario(tiny, path, mixed_versions=True)
    assert json.loads(read_results(path).attrs["mixed_versions"]) == known


def test_a_run_of_one_version_does_not_speak_of_mixing(tiny, stored):
    path = stored()
    run_scenario(tiny, path, mixed_versions=True)
    assert len(read_results(path)) == 2
    assert "mixed_versions" not in read_results(path).attrs


def test_a_complete_table_of_other_versions_is_left_as_it_is(tiny, stored):
    path = stored(whole=True, versions=json.dumps(older(keras="3.14.0")))
    before = path.read_bytes()
    assert len(run_scenario(tiny, path)) == 2
    assert path.read_bytes() == before


def test_a_table_from_before_a_key_was_there_is_resumed(tiny, stored):
    content = yaml.safe_load(tiny.to_yaml())
    del content["eavesdropper"]["known_keys"], content["denoising"]["step"], content["training"]
    path = stored(scenario=yaml.safe_dump(content))
    run_scenario(tiny, path)
    assert read_table(path).complete
    for key, value in {"known_keys": 0.5, "no_key_of_ours": 1}.items():
        content["eavesdropper"][key] = value
        with pytest.raises(InputError, match="another scenario"):
            run_scenario(tiny, stored(scenario=yaml.safe_dump(content)))
        del content["eavesdropper"][key]


def test_weights_that_cannot_be_loaded_never_cost_the_table_to_be_overwritten(whole, tmp_path):
    before = whole.read_bytes()
    for name in [network.name for network in plan(load_scenario("mnist-awgn")).networks]:
        weights_file(tmp_path, name).write_text("not weights")
    with pytest.raises(InputError, match="not valid HDF5"):
        run_scenario(load_scenario("mnist-awgn", [*SMALL, f"weights={tmp_path}"]), whole, overwrite=True)
    assert whole.read_bytes() == before


@pytest.mark.parametrize(("images", "batch"), [(3, 128), (20, 4), (5, 2)])
def test_a_sweep_smaller_than_its_examples_still_has_a_table(images, batch, tmp_path):
    overrides = [
        *SMALL,
        "timesteps=[240]",
        "legitimate.snr_db=[15]",
        "legitimate.receivers=[classifier]",
        "bit_error_rates=[]",
    ]
    overrides += [f"monte_carlo.max_images={images}", f"monte_carlo.batch_size={batch}"]
    run_scenario(load_scenario("mnist-awgn", overrides), tmp_path / "r.h5")
    table = read_table(tmp_path / "r.h5")
    assert set(table.rows["total"]) == {images}
    assert table.examples.reconstructions.shape == (1, min(images, batch), 28, 28, 1)


@pytest.mark.slow
def test_the_eavesdropper_axis_gives_one_adversary_row_each(tmp_path):
    overrides = [
        *SMALL,
        "timesteps=[240]",
        "legitimate.snr_db=[15]",
        "legitimate.receivers=[classifier]",
        "bit_error_rates=[]",
    ]
    rows = run_scenario(load_scenario("mnist-awgn", [*overrides, "eavesdropper.snr_db=[-10, 0, 15]"]))
    adversary = rows[rows["node"] == "adversary"]
    assert list(adversary["snr_db"]) == [-10, 0, 15]
    assert list(adversary["receiver_snr_db"]) == [15] * 3
    assert adversary["matched_step"].is_monotonic_decreasing
    assert len(rows[rows["node"] == "receiver"]) == 1
    offset = run_scenario(load_scenario("mnist-awgn", [*overrides, "eavesdropper.snr_db={offset: -15}"]))
    at_zero = adversary[adversary["snr_db"] == 0]
    assert list(offset.loc[offset["node"] == "adversary", "correct"]) == list(at_zero["correct"])


@pytest.mark.slow
def test_every_system_runs_over_rayleigh_fading_against_many_looks():
    single = ["timesteps=[120]", "legitimate.snr_db=[10]", "monte_carlo.max_images=64", "denoising.steps=2"]
    single += ["eavesdropper.attacks=[inversion-mlp, task-classifier]"]
    rows = run_scenario(load_scenario("mnist-rayleigh", [*single, "eavesdropper.looks=3"]))
    once = run_scenario(
        load_scenario("mnist-rayleigh", [*single, "legitimate.receivers=[classifier, noise-aware-pair]"])
    )
    receivers = rows["node"] == "receiver"
    same = rows[rows["system"].isin(once["system"])].reset_index(drop=True)
    heard = same["node"] == "receiver"
    assert (set(same["eavesdropper_looks"]), set(once["eavesdropper_looks"])) == ({3}, {1})
    said = "eavesdropper_looks"
    pd.testing.assert_frame_equal(same[heard].drop(columns=said), once[heard].drop(columns=said))
    assert (same.loc[~heard, "matched_step"] < once.loc[~heard, "matched_step"] - 10).all()
    assert set(rows["channel"]) == {"rayleigh"}
    assert (rows.loc[rows["node"] == "receiver", "accuracy"] > 0.4).all()
    assert list(rows.loc[receivers & (rows["system"] == "diffsem"), "denoiser_calls"]) == [2]
    assert set(rows.loc[~receivers, "denoiser_calls"]) == {0}


@pytest.mark.slow
def test_digital_features_fall_off_a_cliff_that_the_features_themselves_do_not():
    overrides = ["legitimate.snr_db=[8, 22]", "legitimate.receivers=[classifier, digital]"]
    overrides += ["monte_carlo.max_images=1024", "digital=[{}]"]
    rows = run_scenario(load_scenario("mnist-digital", overrides)).set_index(["system", "receiver_snr_db"])
    for name in ("classifier", "digital"):
        assert rows.loc[(name, 22), "ci_high"] > 0.95
    assert rows.loc[("classifier", 8), "ci_low"] > 0.9
    assert rows.loc[("digital", 8), "ci_high"] < 0.7
    assert rows.loc[("digital", 8), "bler"] > 0.95
    assert rows.loc[("digital", 22), "block_errors"] == 0
    assert set(rows["channel_uses"]) == {32}


def noise_aware_at_10db(*overrides, name="mnist-rayleigh"):
    """The row of a receiver without a denoiser, 2,048 images."""
    single = ["timesteps=[120]", "legitimate.snr_db=[10]", "legitimate.receivers=[noise-aware]"]
    single += ["eavesdropper.attacks=[]", "monte_carlo.max_images=2048", "monte_carlo.ci_half_width=null"]
    return run_scenario(load_scenario(name, [*single, *overrides])).iloc[0]


@pytest.mark.slow
def test_a_channel_known_from_pilots_costs_accuracy_until_they_are_strong():
    perfect, weak, strong = (
        noise_aware_at_10db(f"legitimate.csi={csi}")
        for csi in ("perfect", "{pilots: 1, estimator: lmmse}", "{pilots: 1, estimator: lmmse, boost_db: 30}")
    )
    assert weak["ci_high"] < perfect["ci_low"]
    assert strong["accuracy"] == pytest.approx(perfect["accuracy"], abs=0.01)
    assert list(row["channel_uses"] for row in (perfect, weak, strong)) == [32, 33, 33]


@pytest.mark.slow
def test_where_noise_differs_inside_an_image_weighting_its_symbols_beats_one_step_for_all():
    matched, mean, transmitter = (
        noise_aware_at_10db(f"denoising.step={rule}", name="mnist-rayleigh-blocks")
        for rule in ("matched", "mean", "transmitter")
    )
    assert matched["ci_low"] > max(mean["ci_high"], transmitter["ci_high"])


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        "mnist-rayleigh-blocks",
        "mnist-rician",
        "mnist-tdl",
        "mnist-simo",
        "mnist-mimo",
        "mnist-correlated",
        "mnist-mismatch",
    ],
)
def test_every_shipped_channel_has_a_receiver_far_above_guessing_and_an_adversary(name):
    single = ["timesteps=[120]", "legitimate.snr_db=[15]", "legitimate.receivers=[classifier, one-step]"]
    single += ["monte_carlo.max_images=256", "eavesdropper.attacks=[inversion-mlp]"]
    rows = run_scenario(load_scenario(name, single))
    assert list(rows["node"]) == ["receiver", "adversary"] * 2
    assert (rows["accuracy"] > 0.7).all()
    assert set(rows["channel_uses"]) <= {16, 32, 40, 96}
    # Of the images that both read, no more than either read.
    adversary = rows[rows["node"] == "adversary"]
    receiver = rows[rows["node"] == "receiver"]
    assert (
        adversary["both_correct"].to_numpy() <= np.minimum(adversary["correct"], receiver["correct"].to_numpy())
    ).all()


def test_a_test_set_smaller_than_a_batch_is_gone_through_as_often_as_is_asked(tmp_path, monkeypatch):
    whole = load_dataset(resolve_dataset("mnist")[0])
    monkeypatch.setattr(sweep, "load_dataset", lambda *_: replace(whole, test=whole.test[:5]))
    overrides = [*SMALL, "timesteps=[240]", "legitimate.snr_db=[15]", "legitimate.receivers=[classifier]"]
    overrides += ["bit_error_rates=[]", "monte_carlo.passes=51"]
    rows = run_scenario(load_scenario("mnist-awgn", overrides), tmp_path / "r.h5")
    assert set(rows["total"]) == {255}
    assert set(rows["images"]) == {5}
    examples = read_table(tmp_path / "r.h5").examples
    assert examples.originals.shape == examples.reconstructions.shape[1:] == (10, 28, 28, 1)
    np.testing.assert_array_equal(examples.originals[:5], examples.originals[5:])


BLIND = "{attack: task-classifier, knows_step: false}"


@pytest.mark.parametrize(
    ("attack", "conditions", "words"),
    [
        (BLIND, [], ""),
        (
            BLIND,
            ["eavesdropper.channel={kind: rayleigh}"],
            "not told the noise level; trained with another eavesdropper.channel",
        ),
        (
            BLIND,
            ["eavesdropper.snr_db={offset: -5}"],
            "not told the noise level; trained with another eavesdropper.snr_db",
        ),
        (BLIND, ["eavesdropper.looks=2"], "not told the noise level; trained with another eavesdropper.looks"),
        ("task-classifier", ["eavesdropper.channel={kind: rayleigh}", "eavesdropper.snr_db={offset: -5}"], ""),
        ("task-classifier", ["eavesdropper.channel={kind: rayleigh, coherence: 100}"], ""),
        (
            "task-classifier",
            ["eavesdropper.channel={kind: rayleigh, coherence: 8}"],
            "noise differs from symbol to symbol",
        ),
        ("task-classifier", ["eavesdropper.channel={kind: tdl}"], "noise differs from symbol to symbol"),
    ],
)
def test_an_attack_that_was_not_trained_for_what_it_hears_says_so_in_the_table(attack, conditions, words):
    small = ["timesteps=[240]", "legitimate.snr_db=[15]", "legitimate.receivers=[classifier]"]
    small += ["monte_carlo.max_images=16", "monte_carlo.batch_size=16", f"eavesdropper.attacks=[{attack}]"]
    rows = run_scenario(load_scenario("mnist-awgn", [*small, *conditions])).set_index("node")
    assert rows.loc["receiver", "warning"] == ""
    assert words in rows.loc["adversary", "warning"]
    assert bool(words) == bool(rows.loc["adversary", "warning"])
