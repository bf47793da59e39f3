"""The wiretap link as a scenario and a transmitter declare it, and the keys and nonces of whole sweeps."""

import itertools

import keras
import numpy as np
import pytest

from diffsem.link import GENERATORS
from diffsem.scenarios.contracts.network import Dimensions, NetworkSpec
from diffsem.scenarios.contracts.system import Setup, TransmitterSpec
from diffsem.scenarios.links.kinds import find_channels
from diffsem.scenarios.links.wiretap import build_link, shared_key
from diffsem.scenarios.schema.file import read_words
from diffsem.scenarios.schema.scenario import parse_scenario

SHAPE = (8, 8, 1)
ENCODER = NetworkSpec("encoder", lambda dimensions: keras.Sequential([keras.Input(SHAPE)]))
DIMENSIONS = Dimensions((28, 28, 1), SHAPE, 10, 0.329)
# Names and what they have a key for, in any way that there is.
KEYED = {
    name: TransmitterSpec(name, ENCODER, keyed=keyed, scrambled=scrambled)
    for name, keyed, scrambled in (
        ("keyed-self-noise", True, False),
        ("keyed-scramble", False, True),
        ("keyed-self-noise-scramble", True, True),
    )
}


def link_of(transmitter, scenario="mnist-keyed-scramble", overrides=()):
    words = parse_scenario(*read_words(scenario, overrides))
    setup = Setup(words, DIMENSIONS, ENCODER)
    return build_link(setup, transmitter, ENCODER.build(DIMENSIONS), find_channels(words))


def pads(session, transmitter, *overrides):
    return link_of(KEYED[transmitter], overrides=overrides).keying.pads(session, 40, SHAPE)


@pytest.fixture
def spent(monkeypatch):
    """(key, nonce) of every keystream that is drawn."""
    drawn = []

    def record(key, session, number, count, cipher=GENERATORS["chacha20"]):
        drawn.append((key, session, number))
        return cipher(key, session, number, count)

    monkeypatch.setitem(GENERATORS, "chacha20", record)
    return drawn


def test_systems_and_scenarios_of_one_seed_share_no_key_and_nonce(spent):
    names = ["mnist-keyed-scramble", "other", "mnist-keyed-scramble-keyed"]
    for transmitter, name, session in itertools.product(KEYED, names, (0, 1, 2**62 - 1)):
        pads(session, transmitter, f"name={name}")
    # Two purposes each.
    assert len(set(spent)) == len(spent) == 2 * 40 * 3 * 3 * 3


def test_systems_and_scenarios_have_noise_and_signs_of_their_own():
    drawn = [pads(5, "keyed-self-noise-scramble"), pads(5, "keyed-self-noise-scramble", "name=other")]
    noise = [each.noise for each in (*drawn, pads(5, "keyed-self-noise"))]
    signs = [each.signs for each in (*drawn, pads(5, "keyed-scramble"))]
    for each in (noise, signs):
        apart = np.corrcoef(np.reshape(each, (3, -1))) - np.eye(3)
        assert np.abs(apart).max() < 4.5 / np.sqrt(40 * 64)


def test_a_variant_of_a_scenario_has_the_same_keystream():
    """Their tables are compared image by image."""
    left, right = pads(5, "keyed-self-noise"), pads(5, "keyed-self-noise", "timesteps=[480]", "eavesdropper.looks=1")
    np.testing.assert_array_equal(left.noise, right.noise)


def test_the_control_is_the_same_in_every_system_and_scenario():
    weak = "legitimate.key.generator=weak"
    left = pads(5, "keyed-self-noise", weak)
    right = pads(6, "keyed-self-noise-scramble", weak, "name=other")
    np.testing.assert_array_equal(left.noise, right.noise)


def test_a_scenario_s_key_hangs_on_its_seed():
    assert len({shared_key(seed) for seed in (0, 1, 2, 2**31 - 1)}) == 4
    # What the keyed rows of tables hang on.
    assert shared_key(1).hex() == "8abfa48e50534f4d85ec474f24f6134bf882caa0a5e37c3e3299a941caa32180"


def test_a_transmitter_says_itself_what_the_key_does_and_where_its_noise_goes():
    plain = TransmitterSpec("any", ENCODER)
    assert link_of(plain).keying is None
    keying = link_of(KEYED["keyed-scramble"]).keying
    assert (keying.self_noise, keying.scramble) == (False, True)
    beams = "mnist-null-space-noise"
    assert link_of(plain, beams).precoding == "beam"
    assert link_of(TransmitterSpec("any", ENCODER, null_space=True), beams).precoding == "null-space"


def test_a_transmitter_may_bring_a_link_of_its_own():
    own = TransmitterSpec("any", ENCODER, link=lambda setup, encoder, *channels: (setup.scenario.name, *channels))
    assert link_of(own)[0] == "mnist-keyed-scramble"


@pytest.mark.parametrize(("error", "told"), [("-3", (-3.0, 0.0)), ("{mean: 1, deviation: 2}", (1.0, 2.0))])
def test_the_error_of_the_snr_estimate_is_the_transmitter_s(error, told):
    transmitter = link_of(
        TransmitterSpec("any", ENCODER), "mnist-awgn", [f"legitimate.snr_estimate_error_db={error}"]
    ).transmitter
    assert (transmitter.snr_estimate_error_db, transmitter.snr_estimate_deviation_db) == told
