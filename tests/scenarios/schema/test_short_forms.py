"""Short forms of values: each is read as its long one."""

import math
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from diffsem.link import InputError
from diffsem.scenarios import load_scenario
from diffsem.scenarios.runs.reading import parse_words, scenario_schema
from diffsem.scenarios.schema.forgiving.ranges import MOST_VALUES, expanded
from diffsem.scenarios.schema.strict_yaml import read_yaml
from diffsem.scenarios.schema.values import Decibels

TEXT = "name: mine\ndataset: mnist\ntimesteps: [240]\nlegitimate: {snr_db: [10]}\n"


def read(**changed):
    """A scenario, one of whose keys, dots written as two underscores, holds the value of a YAML text."""
    (name, text), *none = changed.items()
    assert not none
    return parse_words(with_text(name, text), "mine")


def with_text(name, text):
    content = read_yaml(TEXT)
    *parents, last = name.split("__")
    node = content
    for parent in parents:
        node = node.setdefault(parent, {})
    node[last] = read_yaml(text)
    return content


SHORT = [
    ("legitimate__snr_db", "10", "[10]"),
    ("legitimate__snr_db", "-2.5", "[-2.5]"),
    ("legitimate__snr_db", "{start: 0, stop: 20, step: 5}", "[0, 5, 10, 15, 20]"),
    ("legitimate__snr_db", "{start: 0.1, stop: 0.4, step: 0.1}", "[0.1, 0.2, 0.3, 0.4]"),
    ("legitimate__snr_db", "{start: 3, stop: 3, step: 7}", "[3]"),
    ("eavesdropper__snr_db", "5", "[5]"),
    ("eavesdropper__snr_db", "{start: -10, stop: 0, step: 2.5}", "[-10, -7.5, -5, -2.5, 0]"),
    ("eavesdropper__snr_db", "SAME", "same"),
    ("timesteps", "240", "[240]"),
    ("timesteps", "{start: 0, stop: 500, step: 250}", "[0, 250, 500]"),
    ("legitimate__receivers", "classifier", "[classifier]"),
    ("legitimate__receivers", "E-DiffSem", "[e-diffsem]"),
    ("legitimate__receivers", "[Classifier, DIFFSEM]", "[classifier, diffsem]"),
    ("legitimate__receivers", "'mine:System'", "['mine:System']"),
    ("eavesdropper__attacks", "linear-probe", "[{attack: linear-probe}]"),
    ("eavesdropper__attacks", "Inversion-MLP", "[inversion-mlp]"),
    ("eavesdropper__attacks", "{attack: Linear-Probe, knows_step: no}", "[{attack: linear-probe, knows_step: false}]"),
    (
        "eavesdropper__attacks",
        "[{attack: linear-probe, transmitters: clean-pair}]",
        "[{attack: linear-probe, transmitters: [clean-pair]}]",
    ),
    ("legitimate__channel", "rayleigh", "{kind: rayleigh}"),
    ("legitimate__channel", "Rayleigh", "{kind: rayleigh}"),
    ("legitimate__channel", "AWGN", "{kind: awgn}"),
    ("legitimate__channel", "{kind: TDL, model: c}", "{kind: tdl, model: C}"),
    ("eavesdropper__channel", "cdl", "{kind: cdl}"),
    ("eavesdropper__channel", "'mine:Fading'", "{kind: 'mine:Fading'}"),
    ("schedule", "cosine", "{kind: cosine}"),
    ("execution", "auto", "{xla: auto}"),
    ("execution", "Auto", "{xla: auto}"),
    ("execution__xla", "AUTO", "auto"),
    ("schedule__kind", "Cosine", "cosine"),
    ("dataset", "MNIST", "mnist"),
    ("dataset", "CIFAR10", "cifar10"),
    ("legitimate__equalizer", "MMSE", "mmse"),
    ("legitimate__equalizer", "ZF", "zf"),
    ("legitimate__csi", "Perfect", "perfect"),
    ("legitimate__csi", "{pilots: 2, estimator: LMMSE}", "{pilots: 2, estimator: lmmse}"),
    ("legitimate__key", "{generator: Weak}", "{generator: weak}"),
    ("training__augmentation", "Mirror", "[mirror]"),
    ("digital", "{modulation: QPSK}", "[{modulation: qpsk}]"),
    ("bit_error_rates", "{}", "[{}]"),
    ("execution__precision", "Mixed_BFloat16", "mixed_bfloat16"),
    ("denoising__solver", "DPM-Solver++", "dpm-solver++"),
]


@pytest.mark.parametrize(("key", "short", "long"), SHORT)
def test_a_short_form_is_read_as_its_long_one_and_written_as_it(key, short, long):
    assert read(**{key: short}) == read(**{key: long})
    assert read(**{key: short}).to_yaml() == read(**{key: long}).to_yaml()
    assert parse_words(read_yaml(read(**{key: short}).to_yaml()), "again") == read(**{key: long})


def test_short_forms_stand_behind_set_too():
    scenario = load_scenario("mnist-quick", ["legitimate.snr_db=10", "eavesdropper.attacks=linear-probe"])
    assert scenario == load_scenario("mnist-quick", ["legitimate.snr_db=[10]", "eavesdropper.attacks=[linear-probe]"])


def test_a_key_may_be_set_beside_a_kind_that_stands_alone(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(TEXT.replace("[10]}", "10, channel: rayleigh}"))
    channel = load_scenario(path, ["legitimate.channel.coherence=64"]).legitimate.channel
    assert (channel.kind, channel.coherence) == ("rayleigh", 64)


@pytest.mark.parametrize(("key", "short", "long"), SHORT)
def test_the_json_schema_has_the_short_forms(key, short, long):
    """But for words in another case: those it lists as they are written."""
    validator = pytest.importorskip("jsonschema").Draft202012Validator(scenario_schema())
    assert validator.is_valid(with_text(key, long))
    assert validator.is_valid(with_text(key, short)) or short.lower() != short
    # Which keys a data set has is for its kind to say.
    assert key == "dataset" or not validator.is_valid(with_text(key, "{nothing: key}"))


def test_names_from_outside_keep_their_case():
    assert read(legitimate__receivers="'Classifier:DiffSem'").legitimate.receivers == ("Classifier:DiffSem",)
    assert read(weights="Pretrained").weights == "Pretrained"


def exact(value):
    """A decimal of a few places: what is written, and what it stands for."""
    return st.decimals(*value, places=3, allow_nan=False, allow_infinity=False)


@given(exact((-40, 60)), exact(("0.001", 3)), st.integers(0, 12))
def test_ranges_are_the_floats_nearest_to_the_decimals(start, step, count):
    stop = start + count * step
    numbers = expanded({"start": float(start), "stop": float(stop), "step": float(step)})
    assert numbers == [float(start + place * step) for place in range(count + 1)]
    assert [Decimal(repr(number)) for number in numbers] == [start + place * step for place in range(count + 1)]
    assert TypeAdapter(Decibels).validate_python(
        {"start": float(start), "stop": float(stop), "step": float(step)}
    ) == tuple(float(start + place * step) for place in range(count + 1))


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6), st.floats(0, 1e6, exclude_min=True))
def test_a_range_ends_at_its_stop_or_is_refused(start, stop, step):
    try:
        numbers = expanded({"start": start, "stop": stop, "step": step})
    except ValueError:
        steps = (Fraction(repr(stop)) - Fraction(repr(start))) / Fraction(repr(step))
        assert steps < 0 or steps.denominator != 1 or steps >= MOST_VALUES
    else:
        assert math.isclose(numbers[0], start) or start == 0
        assert float(numbers[-1]) == stop
        assert len(numbers) <= MOST_VALUES


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("{start: 0, stop: 10, step: 3}", "steps of 3 do not lead to the stop 10; allowed: 9 or 12"),
        ("{start: 0, stop: 1, step: 0.3}", "allowed: 0.9 or 1.2"),
        ("{start: 5, stop: 0, step: 1}", "a range rises"),
        ("{start: 0, stop: 5, step: 0}", "legitimate.snr_db.step: 0: should be greater than 0"),
        ("{start: 0, stop: 5, step: -1}", "legitimate.snr_db.step: -1: should be greater than 0"),
        ("{start: 0, stop: 50, step: 1.0e-6}", "a range of more than 10,001 numbers"),
        ("{start: 0, stop: 50, step: 0.01}", "has 5001 entries; allowed: at most 1000"),
        ("{start: 0, stop: 5}", "legitimate.snr_db.step: missing; allowed: from one number to the next"),
        ("{start: 0, stop: 5, stp: 1}", "legitimate.snr_db.stp: unknown key; did you mean st"),
        ("{start: 0, stop: yes, step: 1}", "legitimate.snr_db.stop: true: is a boolean"),
        ("{start: .nan, stop: 1, step: 1}", "legitimate.snr_db.start: nan: should be a finite number"),
        ("{start: 0, stop: 200, step: 100}", "legitimate.snr_db.2: 200: should be less than or equal to 100"),
        ("200", "legitimate.snr_db: 200: should be less than or equal to 100"),
        ("high", "legitimate.snr_db: 'high': should be a number"),
        ("yes", "legitimate.snr_db: true: is a boolean"),
    ],
)
def test_what_no_list_can_be_made_of_is_refused_where_it_stands(words, told):
    with pytest.raises(InputError) as error:
        read(legitimate__snr_db=words)
    assert told in str(error.value)


def test_steps_of_a_range_of_timesteps_are_whole():
    with pytest.raises(InputError, match=r"timesteps\.1: 0\.5: should be an integer"):
        read(timesteps="{start: 0, stop: 1, step: 0.5}")


def test_a_wrong_entry_alone_has_no_place_in_a_list():
    with pytest.raises(ValidationError) as error:
        TypeAdapter(Decibels).validate_python(1000)
    assert error.value.errors()[0]["loc"] == ()
    with pytest.raises(InputError, match=r"digital\.modulation: '8psk': should be 'bpsk'"):
        read(digital="{modulation: 8psk}")
