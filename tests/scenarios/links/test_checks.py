"""What a system needs of the rest of a scenario."""

import pytest

from diffsem.scenarios.links.checks import (
    check_digital_lengths,
    check_known_keys,
    check_null_space,
    check_step,
    check_streams,
    check_transmitters,
)
from diffsem.scenarios.schema.nodes import ChosenAttack, Eavesdropper, Legitimate
from diffsem.scenarios.schema.scenario import parse_scenario
from diffsem.scenarios.schema.simulation import Denoising

BEAM = {"snr_db": [10], "precoding": "beam", "transmit_antennas": 4, "channel": {"kind": "rayleigh"}}


def scenario_with(digital):
    content = {"name": "mine", "dataset": "mnist", "timesteps": [0], "digital": [digital]}
    return parse_scenario(content | {"legitimate": {"snr_db": [10], "receivers": ["bits"]}}, "mine")


# A check, what passes it, and what does not.
CASES = [
    (check_streams, ("bits", Legitimate(snr_db=[10])), None),
    (
        check_streams,
        ("bits", Legitimate(**BEAM)),
        "legitimate: receivers: bits links send streams; allowed: precoding streams",
    ),
    (check_null_space, ("beams", Legitimate(**BEAM)), None),
    (check_null_space, ("beams", Legitimate(**BEAM | {"channel": {"kind": "tdl", "model": "D"}})), None),
    (check_null_space, ("beams", Legitimate(**BEAM | {"channel": {"kind": "mine:FADING"}})), None),
    (
        check_null_space,
        ("beams", Legitimate(snr_db=[10], channel={"kind": "rayleigh"})),
        "legitimate: receivers: beams needs precoding beam and more transmit antennas than the receiver's 1; there are "
        "1, precoding streams",
    ),
    (
        check_null_space,
        ("beams", Legitimate(**BEAM | {"receive_antennas": 4})),
        "legitimate: receivers: beams needs precoding beam and more transmit antennas than the receiver's 4; there are "
        "4, precoding beam",
    ),
    (
        check_null_space,
        ("beams", Legitimate(**BEAM | {"channel": {"kind": "awgn"}})),
        "legitimate: receivers: beams needs channels that differ; over awgn all nodes have the same; allowed: "
        "rayleigh, rician, tdl, cdl",
    ),
    (check_known_keys, ("scrambler", Eavesdropper()), None),
    (
        check_known_keys,
        ("scrambler", Eavesdropper(known_keys=0.5)),
        "eavesdropper.known_keys: attacks on scrambles do not tell apart the transmissions whose key they have; "
        "allowed: 0 with scrambler",
    ),
    (check_step, ("clean", Denoising(step="mean")), None),
    (
        check_step,
        ("clean", Denoising(step="transmitter")),
        "denoising.step transmitter: clean does not stand at that step; allowed: matched, mean",
    ),
    (
        check_transmitters,
        (Eavesdropper(attacks=(ChosenAttack(attack="a", transmitters=("x", "y")), ChosenAttack(attack="b"))), {"y"}),
        None,
    ),
    (
        check_transmitters,
        (Eavesdropper(attacks=(ChosenAttack(attack="a", transmitters=("x",)),)), {"z", "y"}),
        "eavesdropper.attacks: a: none of its transmitters x is there; allowed with these receivers: y, z",
    ),
    (
        check_transmitters,
        (Eavesdropper(attacks=(ChosenAttack(attack="a", transmitters=("x",)),)), set()),
        "eavesdropper.attacks: a: none of its transmitters x is there; allowed with these receivers: none",
    ),
    (check_digital_lengths, (scenario_with({"code_rate": 0.5}), (8, 8, 1)), None),
]


@pytest.mark.parametrize(("check", "arguments", "message"), CASES)
def test_what_cannot_be_is_told_by_its_name(check, arguments, message):
    if message is None:
        check(*arguments)
        return
    with pytest.raises(ValueError) as error:
        check(*arguments)
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("digital", "shape", "words"),
    [
        ({"code_rate": 0.95}, (8, 8, 1), "0.2 to 0.925"),
        ({"code_rate": 0.5, "bits": 8}, (64, 64, 3), "allowed: 12 to 8448"),
    ],
)
def test_a_feature_whose_bits_have_no_code_is_refused(digital, shape, words):
    with pytest.raises(ValueError, match=r"^digital: .*") as error:
        check_digital_lengths(scenario_with(digital), shape)
    assert words in str(error.value)
