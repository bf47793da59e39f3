"""Messages about refused values: in the words of a scenario file, for every key and every kind of value."""

import re
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diffsem.link import InputError
from diffsem.scenarios.runs.reading import load_scenario, parse_words
from diffsem.scenarios.schema.scenario import Scenario
from diffsem.scenarios.schema.telling.places import full_keys
from diffsem.scenarios.schema.telling.showing import shown

MINIMAL = {"name": "mine", "dataset": "mnist", "timesteps": [240], "legitimate": {"snr_db": [10]}}
# Words of Python and of pydantic that no scenario file has.
FOREIGN = re.compile(
    r"\b(None|True|False|dict|dictionary|tuple|list_type|str|int|bool|NoneType|object|instance|Input|validation|parse|"
    r"parsing|model|pydantic|unable|class|Value error|valid (tuple|string|integer|number|boolean|dictionary))\b"
    r"|\^|function|" + "|".join(rf"\b{name}\b" for name in Scenario.model_json_schema()["$defs"])
)
WRONG = [None, True, 3, -1, 10**30, 2.5, float("nan"), float("inf"), "no such word", "", [], {}, [None], [[]], [True]]
WRONG += [{"a": 1}, {3: 4}, {"kind": None}, {"start": None}, {"start": 1, "stop": 0, "step": 1}, ["a", 3], 10**5000]
WRONG += ["x" * 10_000, [{"b": None}], "a:b:c", object(), b"bytes", {"attack": None}, {"pilots": None}]


@cache
def all_keys():
    """Every dotted key of a scenario."""
    schema = Scenario.model_json_schema()
    names = {key for node in (schema, *schema["$defs"].values()) for key in node.get("properties", {})}
    return sorted({key for name in names for key in full_keys(Scenario, name)})


def with_value(key, value):
    content = {**MINIMAL, "legitimate": dict(MINIMAL["legitimate"])}
    *parents, last = key.split(".")
    node = content
    for parent in parents:
        node = node.setdefault(parent, {})
    node[last] = value
    return content


def told(content):
    """The message about a content; "" if nothing is wrong with it."""
    try:
        parse_words(content, "mine")
    except InputError as error:
        return str(error).removeprefix("scenario mine: ")
    return ""


def assert_in_words_of_a_scenario(message, key, value):
    assert "\n" not in message
    assert len(message) < 700
    assert key.split(".")[0] in message, message
    # What was given is shown, and may hold any word.
    assert not FOREIGN.search(message.replace(shown(value), "")), message
    assert re.search(r"should|allowed|must|missing|did you mean|boolean|need|range|no part's name|end|lead", message), (
        message
    )


def test_there_are_keys_to_look_at():
    assert {"seed", "legitimate.snr_db", "legitimate.channel.model", "training.epochs.pair"} <= set(all_keys())
    assert len(all_keys()) > 70


@pytest.mark.parametrize("key", all_keys())
def test_wrong_values_of_every_key_are_told_in_words_of_a_scenario(key):
    refused = 0
    for value in WRONG:
        message = told(with_value(key, value))
        if message:
            refused += 1
            assert_in_words_of_a_scenario(message, key, value)
    assert refused > 3


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abckdin", max_size=4), inner, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from(all_keys()), VALUES)
def test_any_value_is_taken_or_told_in_one_line(key, value):
    message = told(with_value(key, value))
    assert "\n" not in message
    assert len(message) < 700
    if message:
        assert key.split(".")[0] in message


@pytest.mark.parametrize(
    ("override", "told"),
    [
        ("max_images=500", "--set max_images: did you mean monte_carlo.max_images?"),
        ("legitimate.max_images=500", "--set legitimate.max_images: did you mean monte_carlo.max_images?"),
        ("coherence=3", "did you mean legitimate.channel.coherence or eavesdropper.channel.coherence?"),
        ("equalizer=zf", "--set equalizer: did you mean legitimate.equalizer or eavesdropper.equalizer?"),
        (
            "kind=awgn",
            "did you mean schedule.kind, legitimate.channel.kind or eavesdropper.channel.kind?",
        ),
        ("modulation=qpsk", "--set modulation: did you mean digital.modulation or bit_error_rates.modulation?"),
        ("transmitters=x", "--set transmitters: did you mean eavesdropper.attacks.transmitters?"),
        ("eavesdropper.transmit_antennas=2", "did you mean legitimate.transmit_antennas?"),
        ("sed=1", "--set sed: unknown key; did you mean seed?"),
        ("seed=one", "--set seed: 'one': should be an integer"),
        ("legitimate.channel.k_factor_db=3", "--set legitimate.channel.k_factor_db: unknown key of this kind; allowed"),
    ],
)
def test_a_set_key_is_answered_by_its_full_key(override, told):
    with pytest.raises(InputError) as error:
        load_scenario("mnist-quick", [override])
    assert told in str(error.value)


@pytest.mark.parametrize(("key", "value"), [("max_images", 500), ("equalizer", "mmse"), ("modulation", "qpsk")])
def test_a_full_key_that_is_offered_can_be_set(key, value):
    for full in full_keys(Scenario, key):
        assert told(with_value(full, value)) == ""


def test_a_key_at_the_wrong_place_of_a_file_is_answered_so_too(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("name: mine\ndataset: mnist\ntimesteps: 240\nlegitimate: {snr_db: 10, looks: 3}\n")
    with pytest.raises(InputError, match=r"mine\.yaml: legitimate\.looks: did you mean eavesdropper\.looks\?"):
        load_scenario(path)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        ("a", "'a'"),
        ([1, None, {"a": False}], "[1, null, {a: false}]"),
        ({3: "b"}, "{3: 'b'}"),
        (10**5000, "a number of thousands of digits"),
        (object(), "what no scenario file can hold"),
    ],
    ids=lambda each: each if isinstance(each, str) else type(each).__name__,
)
def test_values_are_shown_as_a_scenario_writes_them(value, text):
    assert shown(value) == text


def test_large_values_are_cut():
    itself = []
    itself.append(itself)
    for value in (itself, [[0] * 1000] * 1000, "x" * 10**6, {str(place): place for place in range(1000)}):
        assert len(shown(value)) == 80
