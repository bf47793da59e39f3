"""Whether an attack hears what it was trained for."""

import pytest

from diffsem.scenarios.contracts.depends import HEARING
from diffsem.scenarios.contracts.network import Dimensions
from diffsem.scenarios.links.hearing import noise_differs_by_symbol, untrained_conditions
from diffsem.scenarios.links.kinds import find_channels
from diffsem.scenarios.schema.scenario import parse_scenario, value_at

DIMENSIONS = Dimensions((28, 28, 1), (8, 8, 1), 10, 0.329)


def scenario_with(eavesdropper=None, legitimate=None):
    content = {
        "name": "mine",
        "dataset": "mnist",
        "timesteps": [240],
        "legitimate": {"snr_db": [10], "receivers": ["any"], **(legitimate or {})},
        "eavesdropper": eavesdropper or {},
    }
    return parse_scenario(content, "mine")


@pytest.mark.parametrize(
    ("eavesdropper", "legitimate", "differs"),
    [
        ({}, {}, False),
        ({"channel": {"kind": "tdl"}}, {}, True),
        ({"channel": {"kind": "rayleigh"}}, {}, False),
        # Of 64 real symbols, 32 complex ones: they fill a block of 32, and not one of 33 with two pilots.
        ({"channel": {"kind": "rayleigh", "coherence": 32}}, {}, False),
        ({"channel": {"kind": "rayleigh", "coherence": 31}}, {}, True),
        ({"channel": {"kind": "rayleigh", "coherence": 33}, "csi": {"pilots": 2}}, {}, True),
        ({"channel": {"kind": "awgn", "coherence": 8}}, {}, False),
        ({"channel": {"kind": "awgn", "coherence": 8}, "csi": {"pilots": 1}}, {}, True),
        (
            {"receive_antennas": 2},
            {"transmit_antennas": 2, "receive_antennas": 2},
            True,
        ),
        ({}, {"transmit_antennas": 2, "precoding": "beam"}, False),
    ],
)
def test_noise_differs_where_gains_change_within_an_image(eavesdropper, legitimate, differs):
    scenario = scenario_with(eavesdropper, legitimate)
    assert noise_differs_by_symbol(scenario, find_channels(scenario), DIMENSIONS) is differs


def conditions(scenario, trained, knows_step=True, all_looks=False):
    return untrained_conditions(scenario, find_channels(scenario), DIMENSIONS, trained, knows_step, all_looks)


def test_an_attack_is_told_what_it_was_not_trained_for():
    trained = {key: value_at(scenario_with(), key) for key in HEARING}
    louder = scenario_with({"snr_db": {"offset": 10}})
    grid = scenario_with({"channel": {"kind": "tdl"}, "snr_db": {"offset": 10}})
    assert conditions(louder, trained) == ""
    assert conditions(louder, trained, knows_step=False) == (
        "it is not told the noise level; trained with another eavesdropper.snr_db"
    )
    assert conditions(grid, trained) == "noise differs from symbol to symbol; trained with another eavesdropper.channel"
    assert conditions(grid, {key: value_at(grid, key) for key in HEARING}) == ""
    assert conditions(grid, {}).endswith("what it was trained for was not kept")


def test_the_number_of_looks_matters_to_an_attack_that_reads_all_at_once():
    often = scenario_with({"looks": 10})
    trained = {key: value_at(often, key) for key in HEARING}
    assert conditions(often, trained, all_looks=True) == ""
    assert conditions(scenario_with({"looks": 3}), trained) == ""
    few = conditions(scenario_with({"looks": 3}), trained, all_looks=True)
    assert few == "it reads all looks at once; trained on 10"
