"""Scenario files, and what is set beside them."""

import pytest
import yaml

from diffsem.link import InputError
from diffsem.scenarios import load_scenario
from diffsem.scenarios.schema.file import read_words
from diffsem.scenarios.schema.scenario import parse_scenario


def load(scenario, overrides=()):
    return parse_scenario(*read_words(scenario, overrides))


def write(path, content):
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
    return path


@pytest.mark.parametrize(
    ("content", "word"),
    [
        ("name: [", "not valid YAML"),
        ("- 1\n- 2\n", "must hold keys"),
        ("", "must hold keys"),
        ({"name": "x"}, "missing"),
        ("name: x\nseed: 1\ntimesteps: [0]\nseed: 2\n", "bad.yaml: line 4: key seed is there twice, first in line 2"),
        ("legitimate:\n  snr_db: [1]\n  'snr_db': [2]\n", "line 3: key snr_db is there twice, first in line 2"),
    ],
)
def test_bad_files_end_in_one_line(content, word, tmp_path):
    with pytest.raises(InputError, match=word) as error:
        load(write(tmp_path / "bad.yaml", content))
    assert "\n" not in str(error.value)


def test_a_scenario_that_is_nowhere_names_the_shipped_ones(tmp_path):
    with pytest.raises(InputError, match="mnist-awgn"):
        load("mnist-agwn")
    with pytest.raises(InputError, match="no such file"):
        load(tmp_path / "none.yaml")


def test_overrides_reach_nested_keys_and_keep_the_rest(tmp_path):
    scenario = load("mnist-awgn", ["legitimate.snr_db=[15]", "monte_carlo.max_images=100", "timesteps=[240]"])
    assert scenario.legitimate.snr_db == (15.0,)
    assert scenario.monte_carlo.max_images == 100
    assert scenario.legitimate.receivers == load("mnist-awgn").legitimate.receivers != ()


def test_keys_that_are_merged_may_be_set_anew(tmp_path):
    text = """
    name: mine
    dataset: mnist
    timesteps: [240]
    legitimate: {snr_db: [10], channel: &fading {kind: rician, k_factor_db: 3}}
    eavesdropper: {channel: {<<: *fading, k_factor_db: 9}}
    """
    path = write(tmp_path / "mine.yaml", text)
    assert load(path).eavesdropper.channel.k_factor_db == 9
    assert load(path).legitimate.channel.k_factor_db == 3


def test_an_override_changes_nothing_beside_an_alias(tmp_path):
    text = """
    name: mine
    dataset: mnist
    timesteps: [240]
    legitimate: {snr_db: [10], channel: &fading {kind: rician}}
    eavesdropper: {channel: *fading}
    """
    scenario = load(write(tmp_path / "mine.yaml", text), ["legitimate.channel.k_factor_db=9"])
    assert scenario.legitimate.channel.k_factor_db == 9
    assert scenario.eavesdropper.channel.k_factor_db == 6


def test_keys_are_read_as_the_file_that_holds_them(tmp_path):
    words = {"name": "own", "dataset": "mnist", "timesteps": (0, 120), "legitimate": {"snr_db": [5.0, 15.0]}}
    path = tmp_path / "own.yaml"
    path.write_text("{name: own, dataset: mnist, timesteps: [0, 120], legitimate: {snr_db: [5.0, 15.0]}}")
    overrides = ["seed=3", "legitimate.snr_db=[10]"]
    assert load_scenario(words, overrides) == load_scenario(path, overrides)
    # What is set reaches no one else's keys.
    assert words["legitimate"] == {"snr_db": [5.0, 15.0]}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ({"timesteps": object()}, "given as keys: holds what YAML cannot"),
        ({1: 2}, "key 1 is no string"),
        ({}, "name: missing"),
    ],
)
def test_keys_that_no_file_could_hold_are_told(words, told):
    with pytest.raises(InputError, match=told):
        load_scenario(words)
