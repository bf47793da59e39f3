"""Channels as a scenario names them."""

import math
import sys
from types import SimpleNamespace

import pytest

from diffsem.link import InputError
from diffsem.scenarios.links.kinds import CHANNELS, find_channel, find_channels
from diffsem.scenarios.links.reception import build_channel
from diffsem.scenarios.schema.channels import KINDS, AwgnChannel, RayleighChannel, RicianChannel, TdlChannel
from diffsem.scenarios.schema.nodes import Legitimate
from diffsem.scenarios.schema.scenario import parse_scenario

WHERE = "legitimate.channel"
# Block fading whose specular part is as strong as the key says; it is the same as Rician fading, in other units.
OWN = """
import keras
from pydantic import Field

from diffsem.channels import BlockFadingChannel
from diffsem.scenarios.contracts.channel import ChannelKind
from diffsem.scenarios.schema.channels import BlockFadingKeys


class Keys(BlockFadingKeys):
    specular: float = Field(default=0.5, ge=0, lt=1)


def build(keys, antennas, csi):
    factor = keys.specular / (1 - keys.specular)
    return BlockFadingChannel(factor, antennas.transmit, antennas.receive, keys.coherence, csi, antennas.streams)


MINE = ChannelKind("specular", Keys, build)
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Write a module of one's own, with more behind it: gives its name."""
    name = f"own_{tmp_path.name.replace('-', '_')}"
    monkeypatch.syspath_prepend(str(tmp_path))

    def write(more=""):
        (tmp_path / f"{name}.py").write_text(f"{OWN}\n{more}\n")
        return name

    yield write
    sys.modules.pop(name, None)


def scenario_over(channel, **eavesdropper):
    return parse_scenario(
        {
            "name": "mine",
            "dataset": "mnist",
            "timesteps": [240],
            "legitimate": {"snr_db": [10], "channel": channel, "csi": {"pilots": 2}, "receivers": ["any"]},
            "eavesdropper": {"channel": channel, "csi": {"pilots": 2}, **eavesdropper},
        },
        "mine",
    )


@pytest.mark.parametrize(
    ("channel", "factor"),
    [
        (AwgnChannel(kind="awgn"), math.inf),
        (RayleighChannel(kind="rayleigh"), 0),
        (RicianChannel(kind="rician", k_factor_db=10), 10),
    ],
)
def test_a_block_fading_channel_has_the_k_factor_of_its_kind(channel, factor):
    node = Legitimate(snr_db=[0], channel=channel)
    assert build_channel(node, node, find_channel(channel, WHERE)).rician_factor == pytest.approx(factor)


def test_a_grid_has_the_keys_of_its_kind():
    keys = TdlChannel(kind="tdl", model="C", speed_mps=30, subcarriers=12, delay_spread_ns=300)
    node = Legitimate(snr_db=[0], channel=keys, receive_antennas=3)
    layer = build_channel(node, node, find_channel(keys, WHERE))
    multipath = layer.multipath
    assert (multipath.family, multipath.model, multipath.speed_mps, multipath.subcarriers) == ("tdl", "C", 30, 12)
    assert (multipath.delay_spread_ns, layer.receive_antennas) == (300, 3)


def test_every_kind_of_the_schema_is_there():
    assert tuple(kind.name for kind in CHANNELS) == KINDS


def test_a_kind_of_fading_that_is_not_built_never_runs_as_another():
    unknown = SimpleNamespace(kind="nakagami", coherence=None)
    with pytest.raises(InputError, match=r"channel: nakagami: unknown; allowed: awgn, rayleigh, rician, tdl, cdl"):
        find_channel(unknown, WHERE)


def test_a_channel_of_ones_own_is_built_with_its_keys_and_told_with_all_of_them(module):
    name = f"{module()}:MINE"
    scenario = scenario_over({"kind": name, "specular": 0.8, "coherence": 10})
    channel = find_channels(scenario).receiver
    assert (channel.name, channel.keys.specular, channel.source.reference) == ("specular", 0.8, name)
    layer = build_channel(scenario.legitimate, scenario.legitimate, channel)
    assert (layer.rician_factor, layer.coherence, layer.csi.pilots) == (pytest.approx(4), 10, 2)
    words = find_channels(scenario_over({"kind": name})).receiver.words
    assert words.model_dump() == {"kind": name, "coherence": None, "specular": 0.5}


@pytest.mark.parametrize(
    ("keys", "eavesdropper", "message"),
    [
        ({"specular": 2}, {}, "legitimate.channel.specular: 2: should be less than 1"),
        ({"speculer": 0.1}, {}, "legitimate.channel.speculer: unknown key; did you mean specular?"),
        ({"coherence": 2}, {}, "legitimate: channel.coherence 2: 2 pilots for each of 1 transmit antennas leave no"),
        ({}, {"fading_correlation": 0.5, "csi": "perfect"}, ""),
        (
            {"coherence": 10},
            {"fading_correlation": 0.5, "csi": "perfect"},
            "eavesdropper.fading_correlation: receiver and eavesdropper need the same channel",
        ),
    ],
)
def test_keys_of_ones_own_channel_are_checked_by_its_model_and_against_the_nodes(keys, eavesdropper, message, module):
    scenario = scenario_over({"kind": f"{module()}:MINE", **keys}, **eavesdropper)
    if message:
        with pytest.raises(InputError) as error:
            find_channels(scenario)
        assert str(error.value).startswith(message)
    else:
        find_channels(scenario)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("MINE = 3", "is int; allowed: diffsem.scenarios.ChannelKind"),
        ("MINE = ChannelKind('awgn', Keys, build)", "its name 'awgn' is a shipped one's"),
        ("MINE = ChannelKind('x', dict, build)", "its keys are no sub-class of diffsem.scenarios.BlockFadingKeys"),
        ("MINE = ChannelKind('x', Keys, lambda *all: 1 / 0)", "ZeroDivisionError: division by zero"),
        ("MINE = ChannelKind('x', Keys, lambda *all: 3)", "its build gives int; allowed: a Keras layer"),
    ],
)
def test_what_is_no_channel_ends_in_one_line(more, message, module):
    name = f"{module(more)}:MINE"
    scenario = scenario_over({"kind": name})
    with pytest.raises(InputError) as error:
        build_channel(scenario.legitimate, scenario.legitimate, find_channels(scenario).receiver)
    assert name in str(error.value)
    assert message in str(error.value)
    assert "\n" not in str(error.value)
