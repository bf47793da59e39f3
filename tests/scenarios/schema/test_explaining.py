"""What is said of values that a model refuses."""

import copy

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from diffsem.link import InputError
from diffsem.scenarios.schema.explaining import explain
from diffsem.scenarios.schema.scenario import parse_scenario

MINIMAL = {"name": "mine", "dataset": "mnist", "timesteps": [240], "legitimate": {"snr_db": [10]}}


# A place, a key that is nearly known there, and the known one.
@pytest.mark.parametrize(
    ("place", "near", "known"),
    [
        ({}, "sed", "seed"),
        ({"legitimate": {}}, "equaliser", "equalizer"),
        ({"legitimate": {"channel": {"kind": "rayleigh"}}}, "coherance", "coherence"),
        ({"legitimate": {"channel": {"kind": "tdl"}}}, "speed", "speed_mps"),
        ({"legitimate": {"csi": {"pilots": 1}}}, "estimate", "estimator"),
        ({"legitimate": {"snr_estimate_error_db": {"deviation": 1}}}, "means", "mean"),
        ({"legitimate": {"key": {}}}, "generatr", "generator"),
        ({"eavesdropper": {"snr_db": {"offset": 1}}}, "offst", "offset"),
        ({"eavesdropper": {"snr_db": {"distance": 1}}}, "path_loss", "path_loss_exponent"),
        ({"eavesdropper": {"surrogate": {}}}, "shares", "share"),
        ({"eavesdropper": {"attacks": [{"attack": "linear-probe"}]}}, "know_step", "knows_step"),
        ({"eavesdropper": {"attacks": [{"attack": "linear-probe", "surrogate": {}}]}}, "image", "images"),
        ({"schedule": {}}, "beta_stop", "beta_start"),
        ({"digital": [{}, {}]}, "rate", "code_rate"),
        ({"bit_error_rates": [{}]}, "information", "information_bits"),
        ({"monte_carlo": {}}, "batchsize", "batch_size"),
        ({"training": {"epochs": {}}}, "denoisr", "denoiser"),
        ({"training": {"ibal": {}}}, "betta", "beta"),
    ],
)
@pytest.mark.parametrize("unknown", [None, "values", "kind2", "x" * 10_000])
def test_an_unknown_key_is_answered_by_known_ones_wherever_it_stands(place, near, known, unknown):
    content = MINIMAL | copy.deepcopy(place)
    if "legitimate" in place:
        content["legitimate"]["snr_db"] = [10]
    _innermost(content, place)[unknown or near] = 1
    with pytest.raises(InputError) as error:
        parse_scenario(content, "mine")
    message = str(error.value)
    if unknown is None:
        assert message.endswith(f"{near}: unknown key; did you mean {known}?")
    else:
        assert unknown[:70] in message
        assert known in message or "did you mean " in message
        assert len(message) < 600


def _innermost(content, place):
    """The mapping of a content where the way through a place, which holds one way only, ends."""
    while place:
        step = len(place) - 1 if isinstance(place, list) else next(reversed(place))
        if not isinstance(place[step], dict | list):
            break
        content, place = content[step], place[step]
    return content


@pytest.mark.parametrize(
    "content",
    [None, 3, "text", [], [1], {}, {1: 2}, {None: 1}, {"seed": 10**5000}, {"timesteps": [[[]] * 1000] * 1000}],
    ids=lambda content: repr(content)[:9] if not isinstance(content, dict) else type(content).__name__,
)
def test_content_of_any_kind_ends_in_one_line(content):
    with pytest.raises(InputError) as error:
        parse_scenario(content, "mine")
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 600


def test_content_that_holds_itself_ends_in_one_line():
    content = dict(MINIMAL)
    content["training"] = content
    with pytest.raises(InputError):
        parse_scenario(content, "mine")


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")

    sigma: float = Field(gt=0)


class Outer(BaseModel):
    model_config = ConfigDict(extra="forbid")

    inner: Inner
    taps: tuple[int, ...] = ()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ({"inner": {"sigma": -1}}, "inner.sigma: -1: should be greater than 0"),
        ({"inner": {"sigma": 1, "sygma": 2}}, "inner.sygma: unknown key; did you mean sigma?"),
        ({"inner": {"sigma": 1}, "taps": ["a"]}, "taps.0: 'a': should be an integer"),
        ({"inner": {"sigma": 1}, "zzz": 1}, "zzz: unknown key; allowed: inner, taps"),
        ({}, "inner: missing"),
    ],
)
@pytest.mark.parametrize("prefix", ["", "legitimate.channel"])
def test_any_models_errors_are_told_with_the_place_of_its_keys(content, told, prefix):
    with pytest.raises(ValidationError) as error:
        Outer.model_validate(content)
    message = explain(error.value, Outer, prefix)
    assert message.startswith(f"{prefix}.{told}" if prefix else told)


def test_what_is_wrong_with_all_keys_is_said_of_their_place():
    with pytest.raises(ValidationError) as error:
        Outer.model_validate(3)
    assert explain(error.value, Outer, "dataset").startswith("dataset: 3: ")
    assert explain(error.value, Outer).startswith("top level: 3: ")
