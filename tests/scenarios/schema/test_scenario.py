"""What a scenario may say, and what it is told that it may not."""

import re
from pathlib import Path

import h5py
import numpy as np
import pytest
import yaml

from diffsem.link import InputError
from diffsem.scenarios import load_scenario
from diffsem.scenarios.schema.channels import BlockFadingKeys, GridKeys
from diffsem.scenarios.schema.file import read_words, shipped_scenarios
from diffsem.scenarios.schema.scenario import check_nodes, default_at, parse_scenario, value_at
from diffsem.scenarios.schema.strict_yaml import read_yaml

MINIMAL = {
    "name": "mine",
    "dataset": "mnist",
    "timesteps": [240],
    "legitimate": {"snr_db": [10], "receivers": ["diffsem"]},
}


def load(scenario, overrides=()):
    return parse_scenario(*read_words(scenario, overrides))


def write(path, content):
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
    return path


@pytest.mark.parametrize("name", shipped_scenarios())
def test_shipped_scenarios_are_valid_and_read_back_from_their_resolved_form(name, tmp_path):
    # SNRs that a trace tells are numbers once a file is read.
    scenario = load_scenario(name)
    assert scenario.name == name
    assert load(write(tmp_path / "resolved.yaml", scenario.to_yaml())) == scenario


def test_a_minimal_file_gets_documented_defaults(tmp_path):
    scenario = load(write(tmp_path / "mine.yaml", MINIMAL))
    assert scenario.eavesdropper.snr_db == "same"
    assert scenario.denoising.step == "matched"
    assert scenario.monte_carlo.max_images == 10000


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (["timestep=[240]"], ["timestep: unknown key", "did you mean timesteps?"]),
        (["legitimate.snr=[5]"], ["legitimate.snr: unknown key", "did you mean snr_db?"]),
        (["legitimate.channel={kind: awgn, taps: 3}"], ["taps", "unknown key", "allowed: coherence, kind"]),
        (["eavesdropper.snr_db={ofset: 3}"], ["eavesdropper.snr_db"]),
        (["legitimate.snr_db=[high]"], ["legitimate.snr_db", "'high'", "should be a number"]),
        (["legitimate.snr_db=high"], ["legitimate.snr_db", "'high'"]),
        (["legitimate.snr_db=[]"], ["legitimate.snr_db", "at least 1"]),
        (["legitimate.snr_db=[.nan]"], ["legitimate.snr_db", "finite"]),
        (["timesteps=[501]"], ["timesteps: 501", "allowed: at most schedule.steps, 500"]),
        (["timesteps=[-1]"], ["timesteps", "greater than or equal to 0"]),
        (["timesteps=[300, 240]"], ["timesteps", "ascending"]),
        (["timesteps=[240.5]"], ["timesteps", "240.5", "integer"]),
        (["legitimate.channel={kind: vacuum}"], ["legitimate.channel: kind vacuum", "awgn, rayleigh", "module:NAME"]),
        (["legitimate.channel={kind: raylegh}"], ["legitimate.channel", "did you mean rayleigh?"]),
        (["legitimate.channel={coherence: 3}"], ["legitimate.channel: kind: missing; allowed: awgn"]),
        (["legitimate.channel={kind: 'a b:X'}"], ["legitimate.channel", "module:NAME"]),
        (["legitimate.channel={kind: 'mine:X', taps: {a: 1}}"], ["taps", "allowed: a word, a number"]),
        (["legitimate.channel={kind: 'mine:X', taps: [.inf]}"], ["taps", "finite"]),
        (["legitimate.receivers=[diffsem, diffsem]"], ["receivers", "once"]),
        (["legitimate.receivers=['a-b:X']"], ["legitimate.receivers.0", "module:NAME"]),
        (["legitimate.receivers=['']"], ["legitimate.receivers.0", "at least 1 character"]),
        (["eavesdropper.judge='x:y:z'"], ["eavesdropper.judge", "module:NAME"]),
        (
            ["eavesdropper.attacks=[{attack: inversion-mlp, know_step: no}]"],
            ["attacks.0.know_step", "did you mean knows_step?"],
        ),
        (["eavesdropper.attacks=[linear-probe, linear-probe]"], ["attacks", "once"]),
        (["eavesdropper.attacks=[3]"], ["attacks.0", "3"]),
        (["eavesdropper.surrogate={images: 3}"], ["surrogate.images: 3", "string"]),
        (["eavesdropper.surrogate={share: 0}"], ["surrogate.share", "greater than 0"]),
        (["eavesdropper.looks=0"], ["eavesdropper.looks", "greater than or equal to 1"]),
        (["legitimate.transmit_antennas=2"], ["legitimate", "2 streams", "there are 1"]),
        (
            ["legitimate.transmit_antennas=2", "legitimate.receive_antennas=2", "legitimate.equalizer=mrc"],
            ["legitimate", "equalizer mrc", "allowed: zf, mmse"],
        ),
        (
            ["legitimate.channel.kind=rayleigh", "legitimate.transmit_antennas=2", "legitimate.receive_antennas=2"],
            ["eavesdropper", "cannot separate 2 streams", "allowed: mmse"],
        ),
        (
            ["legitimate.precoding=beam", "bit_error_rates=[{}]"],
            ["bit_error_rates", "allowed: legitimate.precoding streams"],
        ),
        (
            [
                "legitimate.precoding=beam",
                "legitimate.transmit_antennas=2",
                "legitimate.channel={kind: tdl}",
                "legitimate.csi={pilots: 1}",
            ],
            ["csi", "beams over tdl need it perfect"],
        ),
        (["legitimate.key.generator=rot13"], ["legitimate.key.generator", "'chacha20' or 'weak'"]),
        (["legitimate.equalizer=dfe"], ["legitimate.equalizer", "'zf', 'mmse' or 'mrc'"]),
        (["legitimate.csi=good"], ["legitimate.csi", "'perfect', or keys: boost_db", "pilots"]),
        (["eavesdropper.snr_db=low"], ["eavesdropper.snr_db", "'same' or 'traced', or keys: offset"]),
        (["legitimate.csi={pilots: 0}"], ["legitimate.csi.pilots", "greater than or equal to 1"]),
        (["legitimate.csi={pilots: 1, estimator: guess}"], ["csi.estimator", "'ls' or 'lmmse'"]),
        (
            ["legitimate.channel={kind: rayleigh, coherence: 2}", "legitimate.csi={pilots: 2}"],
            ["channel.coherence 2", "no channel use for data", "allowed: more than 2"],
        ),
        (["legitimate.channel={kind: tdl, model: F}"], ["legitimate.channel.model", "'A', 'B', 'C', 'D' or 'E'"]),
        (["legitimate.snr_estimate_error_db={deviation: -1}"], ["snr_estimate_error_db.deviation", "greater than"]),
        (["digital=[{modulation: 8psk}]"], ["digital.0.modulation", "'256qam'"]),
        (
            ["bit_error_rates=[{code_rate: 0.5, information_bits: 9000}]"],
            ["bit_error_rates.0", "9000 information bits", "allowed: 12 to 8448"],
        ),
        (["bit_error_rates=[{}, {}]"], ["bit_error_rates", "once"]),
        (["legitimate.receivers=[]"], ["legitimate.receivers", "nothing to simulate"]),
        (["eavesdropper.snr_db={distance: 0}"], ["snr_db.distance", "greater than 0"]),
        (["eavesdropper.fading_correlation=1.5"], ["fading_correlation", "less than or equal to 1"]),
        (["eavesdropper.fading_correlation=0.5"], ["fading_correlation", "allowed: rayleigh, rician"]),
        (["denoising.step=best"], ["denoising.step", "'matched', 'mean' or 'transmitter'"]),
        (["monte_carlo.max_images=0"], ["monte_carlo.max_images", "greater than or equal to 1"]),
        (["dataset=3"], ["dataset: 3", "name of a data set, or keys"]),
        (["dataset='a b:X'"], ["dataset", "module:NAME"]),
        (["dataset={folder: {a: 1}}"], ["dataset.folder", "allowed: a word, a number"]),
        (["schedule.steps=0"], ["schedule.steps", "greater than or equal to 1"]),
        (["schedule.steps=100", "timesteps=[101]"], ["timesteps: 101", "at most schedule.steps, 100"]),
        (["schedule={beta_start: 0.03}"], ["schedule: beta_start 0.03", "at most beta_end, 0.02"]),
        (["schedule={beta_start: 0}"], ["schedule.beta_start", "greater than 0"]),
        (["schedule={kind: cosine, beta_end: 0.03}"], ["schedule: beta_end", "allowed with kind linear only"]),
        (["schedule={kind: sigmoid}"], ["schedule.kind", "'linear' or 'cosine'"]),
        (["compression=0"], ["compression", "greater than or equal to 1"]),
        (["seed=one"], ["seed", "'one'"]),
        (["seed"], ["KEY=VALUE"]),
        (["seed=[1"], ["not valid YAML"]),
        (["seed.deep=1"], ["seed has no keys"]),
        (["legitimate.snr_db=[yes]"], ["legitimate.snr_db.0: true", "boolean", "allowed: a number"]),
        (["legitimate.snr_db=[-5, off]"], ["legitimate.snr_db.1: false", "boolean"]),
        (["legitimate.snr_db=[1:30]"], ["legitimate.snr_db.0", "'1:30'", "should be a number"]),
        (["legitimate.snr_db=[1:30.5]"], ["legitimate.snr_db.0", "'1:30.5'", "should be a number"]),
        (["timesteps=[true]"], ["timesteps.0: true", "boolean"]),
        (["timesteps=[1:30]"], ["timesteps.0", "'1:30'", "should be an integer"]),
        (["seed=yes"], ["seed: true", "boolean"]),
        (["eavesdropper.snr_db=[yes]"], ["eavesdropper.snr_db", "boolean"]),
        (["eavesdropper.snr_db={offset: yes}"], ["eavesdropper.snr_db.offset", "boolean"]),
        (["eavesdropper.snr_db={distance: yes}"], ["eavesdropper.snr_db.distance", "boolean"]),
        (["legitimate.snr_estimate_error_db=yes"], ["legitimate.snr_estimate_error_db", "boolean"]),
        (["legitimate.snr_estimate_error_db={deviation: yes}"], ["snr_estimate_error_db.deviation", "boolean"]),
        (["legitimate.channel={kind: rayleigh, coherence: yes}"], ["legitimate.channel.coherence", "boolean"]),
        (["training.images=yes"], ["training.images", "boolean"]),
        (["training.snr_db=[no, yes]"], ["training.snr_db", "boolean"]),
        (["training.epochs.pair=yes"], ["training.epochs.pair", "boolean"]),
        (["digital=[{code_rate: yes}]"], ["digital.0.code_rate", "boolean"]),
        (["schedule={beta_end: yes}"], ["schedule.beta_end", "boolean"]),
        (["legitimate={snr_db: [1], snr_db: [2]}"], ["--set legitimate=", "key snr_db is there twice"]),
        (["training.augmentation=[mirror, mirror]"], ["training.augmentation", "once"]),
        (["training.augmentation=[flip]"], ["training.augmentation.0", "'mirror' or 'shift'"]),
        (["name=" + "x" * 65], ["name", "at most 64 characters"]),
        (["name='" + "/" * 10_000 + "'"], ["name: '//", "...: string should have at most 64"]),
        (
            ["monte_carlo.batch_size=1000000000"],
            ["monte_carlo.batch_size", "1000000000", "less than or equal to 65536"],
        ),
        (["denoising.steps=501"], ["denoising.steps: 501", "at most schedule.steps, 500"]),
        (["training.teacher_steps=501"], ["training.teacher_steps: 501", "at most schedule.steps, 500"]),
        (["legitimate.csi={pilots: 1000000000}"], ["csi.pilots", "less than or equal to 1024"]),
        (["denoising.channels=8000000000"], ["denoising.channels", "less than or equal to 1024"]),
        (["eavesdropper.snr_db={distance: 1e-30}"], ["eavesdropper.snr_db: 910 dB", "allowed: -200 to 200 dB"]),
        (["weights=" + "x" * 5000], ["weights: 'xxx", "..."]),
        (["weights=" + "x" * 300], ["weights", "longer than 255 bytes"]),
        (['weights="a\\0b"'], ["weights", "NUL"]),
        (["weights=~"], ["weights: null", "should be a string"]),
        (["eavesdropper.attacks=['a b:X']"], ["attacks.0.attack", "module:NAME"]),
        (["a..b=1"], ["--set a..b=1: an empty key"]),
        (["=1"], ["KEY=VALUE"]),
        (["timesteps=" + "9" * 10**6], ["--set timesteps=999", "...: ", "more than 256 KiB"]),
        (["legitimate.snr_db.0=1"], ["snr_db has no keys"]),
        ([".".join("a" * 1000) + "=1"], ["1000 keys deep; allowed: at most 32"]),
        (["legitimate.channel={kind: " + "x" * 1000 + "}"], ["channel: kind xxx", "...", "awgn, rayleigh"]),
        (["timesteps=[010]"], ["--set timesteps=[010]", "line 1: 010"]),
        (["values=1"], ["values: unknown key", "allowed: bit_error_rates"]),
        (["legitimate.csi={pilots: 1, keys: 2}"], ["legitimate.csi.keys: unknown key", "allowed: boost_db"]),
    ],
)
def test_bad_values_end_in_one_line_that_says_what_where_and_what_is_allowed(overrides, words, tmp_path):
    path = write(tmp_path / "mine.yaml", MINIMAL | {"seed": 1})
    with pytest.raises(InputError) as error:
        load(path, overrides)
    message = str(error.value)
    assert "\n" not in message
    assert len(message) < 1000
    for word in words:
        assert word in message, message


def test_an_eavesdropper_farther_away_hears_less_by_the_path_loss(tmp_path):
    path = write(tmp_path / "mine.yaml", MINIMAL | {"eavesdropper": {"snr_db": {"distance": 10}}})
    assert load(path).eavesdropper.snr_db.after(20.0) == pytest.approx(20 - 30)
    path = write(
        tmp_path / "mine.yaml", MINIMAL | {"eavesdropper": {"snr_db": {"distance": 0.5, "path_loss_exponent": 2}}}
    )
    assert load(path).eavesdropper.snr_db.after(20.0) == pytest.approx(26.02, abs=0.01)


def test_numbers_may_be_whole_or_in_powers_of_ten_and_booleans_stay_where_they_belong():
    scenario = load(
        "mnist-awgn",
        [
            "legitimate.snr_db=[-5, 1.5, 1e1]",
            "training.ibal.beta=1e-3",
            "training.images=null",
            "execution.xla=yes",
            "eavesdropper.attacks=[{attack: linear-probe, knows_step: no}]",
        ],
    )
    assert scenario.legitimate.snr_db == (-5.0, 1.5, 10.0)
    assert scenario.training.ibal.beta == 0.001
    assert scenario.training.images is None
    assert scenario.execution.xla is True
    assert scenario.eavesdropper.attacks[0].knows_step is False


@pytest.mark.parametrize("name", ["010", "08", "0o10", "1e3", "2026-01-01", "1", "null", "yes", "1.5", "0x1F"])
def test_names_that_look_like_numbers_read_back(name, tmp_path):
    scenario = parse_scenario(MINIMAL | {"name": name, "weights": name}, "mine")
    assert load(write(tmp_path / "resolved.yaml", scenario.to_yaml())) == scenario


@pytest.mark.parametrize("folder", ["channels", "defences", "solvers"])
def test_scenarios_in_tables_of_earlier_versions_are_valid(folder):
    tables = sorted((Path(__file__).parents[3] / "notebooks" / folder).glob("*.h5"))
    assert tables
    for path in tables:
        with h5py.File(path) as file:
            text = str(file.attrs["scenario"])
        assert read_yaml(text) == yaml.safe_load(text)
        assert parse_scenario(read_yaml(text), str(path)).name


def test_what_comes_from_outside_is_only_spelled_here():
    """Whether it is there, and what its keys mean, is for whoever imports it."""
    content = MINIMAL | {
        "dataset": {"kind": "no_such_module:DATA", "side": 20, "names": ["a", "b"], "grey": True},
        "legitimate": {
            "snr_db": [10],
            "channel": {"kind": "no_such_module:FADING", "shape": 2.5},
            "receivers": ["no_such_module:MINE", "diffsem"],
        },
        "eavesdropper": {"judge": "no_such_module:JUDGE", "attacks": ["no_such_module.inner:ATTACK"]},
    }
    scenario = parse_scenario(content, "mine")
    assert value_at(scenario, "dataset") == content["dataset"]
    assert value_at(scenario, "legitimate.channel") == content["legitimate"]["channel"]
    assert parse_scenario(read_yaml(scenario.to_yaml()), "again") == scenario


def test_more_steps_of_the_schedule_allow_more_steps_everywhere():
    content = MINIMAL | {
        "schedule": {"steps": 1000},
        "timesteps": [0, 1000],
        "denoising": {"steps": 1000},
        "training": {"teacher_steps": 1000},
    }
    assert parse_scenario(content, "mine").timesteps == (0, 1000)


@pytest.mark.parametrize("schedule", [{}, {"steps": 7, "beta_end": 0.5}, {"kind": "cosine", "steps": 100}])
def test_a_schedule_is_built_as_it_reads_and_reads_back(schedule):
    content = MINIMAL | {"timesteps": [0], "schedule": schedule}
    scenario = parse_scenario(content | {"training": {"teacher_steps": 2}}, "mine")
    assert parse_scenario(read_yaml(scenario.to_yaml()), "again") == scenario
    built = scenario.schedule.build()
    assert len(built.alpha_bar) == scenario.schedule.steps + 1
    betas = 1 - built.alpha_bar[1:] / built.alpha_bar[:-1]
    if scenario.schedule.kind == "linear":
        expected = np.linspace(scenario.schedule.beta_start, scenario.schedule.beta_end, scenario.schedule.steps)
        np.testing.assert_allclose(betas, expected, rtol=1e-9)
    else:
        assert built.alpha_bar[50] == pytest.approx(0.5, abs=0.02)


def test_what_is_left_out_has_its_default():
    assert default_at("schedule.steps") == 500
    assert default_at("compression") is None
    assert default_at("training.epochs.pair") == value_at(parse_scenario(MINIMAL, "mine"), "training.epochs.pair")


class Blocks(BlockFadingKeys):
    """Of a kind from outside."""


class Grid(GridKeys):
    """Of a kind from outside, which does not scatter."""

    @property
    def scatters(self):
        return False


@pytest.mark.parametrize(
    ("changes", "receiver", "eavesdropper", "told"),
    [
        ({}, Blocks(kind="m:B", coherence=2), Blocks(kind="m:B"), "legitimate: channel.coherence 2: 2 pilots"),
        ({}, Blocks(kind="m:B", coherence=3), Blocks(kind="m:B", coherence=1), ""),
        ({"transmit_antennas": 3}, Grid(kind="m:G"), Blocks(kind="m:B"), "legitimate: channel.subcarriers 16: must be"),
        ({"precoding": "beam"}, Grid(kind="m:G"), Grid(kind="m:G"), "legitimate: csi: beams over m:G need it perfect"),
        ({"correlation": 0.5}, Grid(kind="m:G"), Grid(kind="m:G"), "eavesdropper.fading_correlation: needs a channel"),
        ({"correlation": 0.5}, Blocks(kind="m:B"), Blocks(kind="m:C"), "eavesdropper.fading_correlation: receiver and"),
        ({"correlation": 0.5}, Blocks(kind="m:B"), Blocks(kind="m:B"), ""),
    ],
)
def test_nodes_are_checked_once_the_keys_of_their_channels_are_known(changes, receiver, eavesdropper, told):
    antennas = changes.get("transmit_antennas", 1)
    content = MINIMAL | {
        "legitimate": {
            "snr_db": [10],
            "channel": {"kind": receiver.kind},
            "csi": {"pilots": 2},
            "transmit_antennas": antennas,
            "receive_antennas": antennas,
            "precoding": changes.get("precoding", "streams"),
        },
        "eavesdropper": {
            "channel": {"kind": eavesdropper.kind},
            "receive_antennas": antennas,
            "fading_correlation": changes.get("correlation", 0.0),
        },
    }
    scenario = parse_scenario(content, "mine")
    if told:
        with pytest.raises(ValueError, match=re.escape(told)):
            check_nodes(scenario, receiver, eavesdropper)
    else:
        check_nodes(scenario, receiver, eavesdropper)
