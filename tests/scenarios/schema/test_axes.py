"""Keys that may have several values: a scenario is then a sweep over scenarios of single values."""

import itertools
import pickle

import pytest

from diffsem.link import AXES, InputError
from diffsem.scenarios import load_scenario
from diffsem.scenarios.schema.scenario import (
    AXIS_KEYS,
    parse_scenario,
    settings,
    value_at,
    variants,
    with_single_values,
)
from diffsem.scenarios.schema.strict_yaml import read_yaml

LISTS = {"seed": (1, 4), "denoising.steps": (1, 2, 5), "eavesdropper.receive_antennas": (1, 2)}


def scenario(*overrides):
    return load_scenario("mnist-awgn", overrides)


def with_lists():
    return scenario(*(f"{key}={list(values)}" for key, values in LISTS.items()))


def test_the_variants_are_the_scenarios_that_single_values_give():
    found = variants(with_lists())
    expected = [
        scenario(*(f"{key}={value}" for key, value in zip(LISTS, values, strict=True)))
        for values in itertools.product(*LISTS.values())
    ]
    assert list(found) == expected
    assert all(each.axes == {} for each in found)
    assert with_lists().axes == LISTS
    assert (with_lists().seed, with_lists().denoising.steps) == (1, 1)


@pytest.mark.parametrize("key", AXIS_KEYS)
def test_every_axis_has_a_column_that_tells_its_value(key):
    streams = ["legitimate.receive_antennas=8"] if key == "legitimate.transmit_antennas" else []
    found = variants(scenario(*streams, "eavesdropper.equalizer=mmse", f"{key}=[2, 3]"))
    # Places are swept where a channel says `place: map`, not by a list.
    assert sorted([*AXIS_KEYS.values(), "place"]) == sorted(AXES)
    for role in ("receiver", "adversary"):
        assert [settings(each)[role][AXIS_KEYS[key]] for each in found] == [2, 3]


def test_a_node_says_its_own_antennas_pilots_and_equaliser():
    nodes = ["legitimate.receive_antennas=4", "eavesdropper.csi={pilots: 4, estimator: lmmse}"]
    told = settings(scenario(*nodes, "eavesdropper.equalizer=mmse"))
    assert [told[role]["receive_antennas"] for role in told] == [4, 1]
    assert [told[role]["csi"] for role in told] == ["perfect", "4 pilots, lmmse"]
    assert [told[role]["equalizer"] for role in told] == ["zf", "mmse"]


def test_lists_survive_yaml_copies_and_pickles_and_tell_scenarios_apart():
    words = with_lists()
    assert parse_scenario(read_yaml(words.to_yaml()), "stored") == words
    assert pickle.loads(pickle.dumps(words)).axes == words.model_copy(update={"name": "b"}).axes == LISTS
    assert words not in (variants(words)[0], scenario("seed=[1, 2]"), scenario("seed=[1, 3]"))


def test_one_value_stays_a_scalar():
    assert scenario("seed=[3]") == scenario("seed=3")
    assert scenario("seed=[3]").to_yaml() == scenario("seed=3").to_yaml()
    assert read_yaml(scenario("seed=3").to_yaml())["seed"] == 3


def test_a_key_loses_its_list_with_a_single_value():
    words = with_single_values(with_lists(), {"denoising.steps": 5})
    assert value_at(words, "denoising.steps") == 5
    assert set(words.axes) == set(LISTS) - {"denoising.steps"}


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("seed=[]", "seed: []: has no value"),
        ("seed=[2, 1]", "seed: [2, 1]: must be in ascending order"),
        ("eavesdropper.looks=[1, 1]", "eavesdropper.looks: [1, 1]: must be in ascending order"),
        ("seed=[1, true]", "seed: true: is a boolean"),
        ("eavesdropper.looks=[1, 101]", "eavesdropper.looks: 101: should be less than or equal to 100"),
        ("denoising.steps=[1, 501]", "denoising.steps: 501: allowed: at most schedule.steps, 500"),
        ("legitimate.transmit_antennas=[1, 2]", "2 streams, one a transmit antenna, need as many receive antennas"),
        (f"seed={list(range(101))}", "too many combinations of lists; allowed: 100 in all"),
        ("denoising.channels=[64, 128]", "denoising.channels"),
    ],
)
def test_a_wrong_value_anywhere_in_a_list_is_one_line(override, message):
    with pytest.raises(InputError) as error:
        scenario(override)
    assert message in str(error.value)
    assert "\n" not in str(error.value)
