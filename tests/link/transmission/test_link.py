"""What every link has to hold to, whatever goes over it."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from diffsem.channels import BlockFadingChannel
from diffsem.link import (
    DigitalLink,
    DigitalWiretapLink,
    Keying,
    Keystream,
    Link,
    QuantizedFeature,
    Reception,
    Seeds,
    Transmitter,
    UniformQuantizer,
    WiretapLink,
)
from diffsem.models import NoiseSchedule, mnist

SCHEDULE = NoiseSchedule()
RAYLEIGH = BlockFadingChannel(coherence=8)
FEW = 12


def analogue(keying=None):
    node = Reception(RAYLEIGH, SCHEDULE)
    return WiretapLink(Transmitter(mnist.Encoder(), SCHEDULE), node, node, keying=keying)


def scrambled():
    return analogue(Keying(Keystream(bytes(range(32))), self_noise=False, scramble=True))


def digital():
    payload = QuantizedFeature(mnist.Encoder(), UniformQuantizer(2))
    node = DigitalLink(RAYLEIGH, "zf", "16qam", None, payload.bits_count)
    return DigitalWiretapLink(payload, node, node, SCHEDULE)


LINKS = {"analogue": analogue, "scrambled": scrambled, "digital": digital}


@pytest.fixture(params=LINKS)
def link(request) -> Link:
    keras.utils.set_random_seed(2)
    return LINKS[request.param]()


@pytest.fixture
def images(rng):
    return rng.random((FEW, 28, 28, 1), np.float32)


def transmit(link, images, own_snr_db, looks=1, own_seeds=(30, 31, 32), snr_db=8.0):
    whole = tf.ones([FEW], tf.float64)
    seeds = Seeds(10, [20, 21, 22][:looks], list(own_seeds)[:looks])
    return link.transmit(images, tf.fill([FEW], 150), snr_db * whole, [value * whole for value in own_snr_db], seeds)


def assert_same(node, other):
    for name in ("received", "step", "esnr"):
        np.testing.assert_array_equal(getattr(node, name), getattr(other, name))


@pytest.mark.parametrize("looks", [1, 3])
def test_shapes_and_counts_are_those_that_a_link_says(link, looks, images):
    receiver, eavesdroppers, noise_step = transmit(link, images, [0.0, 5.0], looks)
    assert len(eavesdroppers) == 2 * link.observations(looks)
    assert link.observations(looks) == (looks if link.scrambled else 1)
    for node in (receiver, *eavesdroppers):
        assert node.received.shape == (FEW, *link.feature_shape)
        assert node.step.shape == node.esnr.shape == (FEW,)
        assert {node.received.dtype, node.step.dtype, node.esnr.dtype} == {tf.float32}
        assert np.isfinite(node.received).all()
        assert (node.esnr.numpy() > 0).all()
        assert ((node.step.numpy() >= 0) & (node.step.numpy() <= SCHEDULE.steps)).all()
    assert (noise_step.shape, noise_step.dtype) == ((FEW,), tf.int32)
    assert link.receiver_channel_uses == link.eavesdropper_channel_uses > 0
    assert link.bounded_symbols in (None, math.prod(link.feature_shape))
    share = link.signal_power(150, 100.0)
    assert math.isnan(share) or 0 < share <= 1


@pytest.mark.parametrize("looks", [1, 3])
def test_all_hangs_on_the_seeds_and_listeners_leave_each_other_alone(link, looks, images):
    receiver, eavesdroppers, _ = transmit(link, images, [0.0, 5.0], looks)
    again, same, _ = transmit(link, images, [0.0, 5.0], looks)
    alone, nobody, _ = transmit(link, images, [], looks)
    _, last, _ = transmit(link, images, [5.0], looks)
    moved, others, _ = transmit(link, images, [0.0, 5.0], looks, own_seeds=(40, 41, 42))
    assert nobody == []
    for node in (again, alone, moved):
        assert_same(node, receiver)
    for node, expected in zip(same, eavesdroppers, strict=True):
        assert_same(node, expected)
    for node, expected in zip(last, eavesdroppers[len(last) :], strict=True):
        assert_same(node, expected)
    for node, other in zip(others, eavesdroppers, strict=True):
        assert (node.received.numpy() != other.received.numpy()).any()


def test_the_receiver_hears_the_first_of_several_looks(link, images):
    once, _, first_step = transmit(link, images, [5.0])
    often, _, same_step = transmit(link, images, [5.0], looks=3)
    assert_same(often, once)
    np.testing.assert_array_equal(first_step, same_step)


def test_it_is_the_same_inside_of_a_graph(link, images):
    eager = transmit(link, images, [0.0, 5.0], 2)

    @tf.function(autograph=False)
    def graph():
        receiver, eavesdroppers, noise_step = transmit(link, images, [0.0, 5.0], 2)
        return [(node.received, node.step, node.esnr) for node in (receiver, *eavesdroppers)], noise_step

    nodes, noise_step = graph()
    for node, values in zip([eager[0], *eager[1]], nodes, strict=True):
        for name, value in zip(("received", "step", "esnr"), values, strict=True):
            same = np.isclose(value, getattr(node, name), rtol=2e-3, atol=2e-3)
            # On the edge of a decision rounding may turn a bit.
            assert same.mean() > 0.99, name
    np.testing.assert_array_equal(noise_step, eager[2])
