"""Layers of the link are stored by what they were built from, by one decorator, and come back as they were."""

import math

import keras
import numpy as np
import pytest

import diffsem.link as link
from diffsem.channels import BlockFadingChannel, Csi, Multipath, OfdmChannel, reseed
from diffsem.link import (
    BypassReceiver,
    DiffSemReceiver,
    EDiffSemReceiver,
    NetworkAttack,
    Reception,
    Transmitter,
)
from diffsem.models import Denoise, NoiseSchedule, UNet, mnist

SCHEDULE = NoiseSchedule(100, 0.001, 0.05)


def restored(layer):
    """The same layer from its stored words alone, given the weights that words do not hold."""
    other = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    assert type(other) is type(layer)
    assert (other.name, other.trainable, other.dtype_policy.name) == (layer.name, layer.trainable, "float32")
    assert other.get_config() == layer.get_config()
    # Not the seed of a generator: that is no weight.
    for own, given in zip(layer.weights, other.weights, strict=True):
        given.assign(own)
    return other


@pytest.fixture
def heard(rng):
    """y [4, 8, 8, 1] and t' [4]."""
    return [rng.standard_normal((4, 8, 8, 1)).astype(np.float32), np.array([0, 20.5, 60, 100], np.float32)]


def test_a_transmitter_keeps_encoder_schedule_and_how_wrong_its_estimate_is(rng):
    layer = Transmitter(mnist.Encoder(), SCHEDULE, 1.5, 0.5, name="radio", trainable=False)
    other = restored(layer)
    assert (other.snr_estimate_error_db, other.snr_estimate_deviation_db) == (1.5, 0.5)
    assert other.schedule == SCHEDULE
    inputs = [rng.random((4, 28, 28, 1), np.float32), np.array([0, 20, 60, 90]), np.full(4, 10, np.float32)]
    made = []
    for each in (layer, other):
        each.self_noise.seed_generator.state.assign([5, 6])
        made.append(each(inputs))
    for expected, given in zip(*made, strict=True):
        np.testing.assert_array_equal(given, expected)


CHANNELS = {
    "block": BlockFadingChannel(3.0, coherence=10, csi=Csi(pilots=2, estimator="lmmse")),
    "antennas": BlockFadingChannel(transmit_antennas=2, receive_antennas=2),
    "grid": OfdmChannel(Multipath("tdl", "C", speed_mps=3.0), csi=Csi(pilots=1)),
}


@pytest.mark.parametrize("name", CHANNELS)
@pytest.mark.parametrize(("step_rule", "equalizer"), [("matched", "zf"), ("mean", "mmse"), ("transmitter", "zf")])
def test_a_reception_keeps_its_channel_and_how_it_finds_its_step(name, step_rule, equalizer, heard):
    layer = Reception(CHANNELS[name], SCHEDULE, step_rule, equalizer)
    other = restored(layer)
    assert (other.step_rule, other.equalizer, other.schedule) == (step_rule, equalizer, SCHEDULE)
    assert other.channel.get_config() == CHANNELS[name].get_config()
    power, snr = np.ones(4, np.float32), np.full(4, 20, np.float32)
    inputs = [heard[0], np.full(4, 30), np.full(4, 20), power, snr]
    made = []
    for each in (layer, other):
        reseed(8)
        made.append(each(inputs))
    for expected, given in zip(*made, strict=True):
        np.testing.assert_array_equal(given, expected)


def listeners():
    classifier = mnist.Classifier()
    plain, guided = (Denoise(UNet(channels=8, context=context), SCHEDULE, grid=2) for context in (0, 10))
    return {
        "bypass": BypassReceiver(classifier, 100, 2),
        "diffsem": DiffSemReceiver(classifier, plain, 100, 2),
        "e-diffsem": EDiffSemReceiver(classifier, guided, 3, 100, 4),
        "attack": NetworkAttack(mnist.InversionMLP(), 100, knows_step=False),
    }


ARGUMENTS = {
    "bypass": {"last_step": 100, "batch_size": 2},
    "diffsem": {"last_step": 100, "batch_size": 2},
    "e-diffsem": {"last_step": 100, "batch_size": 4, "max_rounds": 3},
    "attack": {"last_step": 100, "knows_step": False},
}


@pytest.mark.parametrize("name", ARGUMENTS)
def test_receivers_and_attacks_keep_their_networks_and_numbers(name, heard):
    layer = listeners()[name]
    expected = layer(heard)
    other = restored(layer)
    assert {key: getattr(other, key) for key in ARGUMENTS[name]} == ARGUMENTS[name]
    for own, given in zip(keras.tree.flatten(expected), keras.tree.flatten(other(heard)), strict=True):
        np.testing.assert_allclose(given, own, atol=1e-5)


def test_every_layer_of_the_link_is_stored_under_its_name():
    layers = [value for name in link.__all__ if issubclass_of_layer(value := getattr(link, name))]
    assert {layer.__name__ for layer in layers} >= {"Transmitter", "Reception", "BypassReceiver", "NetworkAttack"}
    for layer in layers:
        assert keras.saving.get_registered_name(layer) == f"diffsem>{layer.__name__}"


def issubclass_of_layer(value):
    return isinstance(value, type) and issubclass(value, keras.layers.Layer)


def test_a_perfect_channel_without_fading_is_stored_too():
    """Its Rician factor is infinite, which JSON has no word for."""
    other = restored(Reception(BlockFadingChannel(math.inf), SCHEDULE))
    assert other.channel.rician_factor == math.inf
