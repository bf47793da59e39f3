"""Each shipped channel passes what every channel has to, and one that lies does not."""

import sys
import types

import keras
import pytest

import diffsem.channels as channels
from diffsem.link import InputError
from diffsem.scenarios import BlockFadingKeys, ChannelKind
from diffsem.scenarios.links.kinds import CHANNELS
from diffsem.scenarios.testing import run_channel_test

QUICK = ("awgn", "rayleigh")
# A transmission over clusters of rays is a hundred times as costly.
FEWER = {"cdl": 800, "tdl": 4000}


# What is traced needs a trace: tests/scenarios/streets/test_traced_channel.py.
BY_ITSELF = [kind.name for kind in CHANNELS if kind.name != "traced"]


@pytest.mark.parametrize(
    "kind", [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in BY_ITSELF]
)
def test_its_moments_are_those_of_theory(kind):
    run_channel_test({"kind": kind}, FEWER.get(kind, 8000))


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        {"kind": "rayleigh", "coherence": 5},
        {"kind": "awgn", "coherence": 3},
        {"kind": "rician", "k_factor_db": -5.0},
        {"kind": "tdl", "model": "D"},
        {"kind": "cdl", "model": "E"},
    ],
)
def test_so_they_are_whatever_its_keys(words):
    run_channel_test(words, FEWER.get(words["kind"], 8000))


def listed(monkeypatch, build):
    """The words of a channel of one's own."""
    module = types.ModuleType("channels_of_mine")
    module.MINE = ChannelKind("mine", BlockFadingKeys, build)
    monkeypatch.setitem(sys.modules, "channels_of_mine", module)
    return {"kind": "channels_of_mine:MINE"}


def block_fading(antennas, csi, **changed):
    return channels.BlockFadingChannel(
        transmit_antennas=antennas.transmit,
        streams=antennas.streams,
        receive_antennas=antennas.receive,
        csi=csi,
        **changed,
    )


def louder(count, receive_antennas, transmit_antennas):
    return 1.2 * channels.rayleigh_gains(count, receive_antennas, transmit_antennas)


class Modest(channels.BlockFadingChannel):
    """Tells of half of its noise."""

    def call(self, inputs, fading=None):
        received, gain, noise = super().call(inputs, fading)
        return received, gain, noise / 2


class Forgetful(channels.BlockFadingChannel):
    """Draws from a stream of its own."""

    def call(self, inputs, fading=None):
        symbols, no = inputs
        jitter = keras.random.normal(keras.ops.shape(symbols), stddev=1e-3)
        return super().call([symbols + keras.ops.cast(jitter, "complex64"), no], fading)


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda keys, antennas, csi: block_fading(antennas, csi, draw_gains=louder), "energy of its gain is 1.4"),
        (lambda keys, antennas, csi: block_fading(antennas, csi, rician_factor=float("inf")), "its keys say fades"),
        (lambda keys, antennas, csi: Modest(csi=csi), "noise after equalisation over what is told is (1.9|2)"),
        (lambda keys, antennas, csi: Forgetful(csi=csi), "the same seed gives other draws"),
        (lambda keys, antennas, csi: channels.BlockFadingChannel(csi=csi), "antennas are built for"),
        (lambda keys, antennas, csi: block_fading(antennas, channels.Csi()), "pilots take no channel uses"),
        (lambda keys, antennas, csi: block_fading(antennas, csi), "stays over several coherence blocks"),
        (lambda keys, antennas, csi: antennas, "gives Antennas, no Keras layer"),
    ],
)
def test_one_that_is_not_what_it_tells_is_found_out(build, words, monkeypatch):
    with pytest.raises(AssertionError, match=words):
        run_channel_test(listed(monkeypatch, build), transmissions=2000)


@pytest.mark.parametrize("words", [{"kind": "raleigh"}, {"kind": "rayleigh", "speed": 3}, {"kind": "nowhere:MINE"}])
def test_words_that_mean_no_channel_are_told_in_one_line(words):
    with pytest.raises(InputError, match="channel") as error:
        run_channel_test(words)
    assert "\n" not in str(error.value)
