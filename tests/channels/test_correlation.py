import numpy as np
import pytest
import tensorflow as tf

from diffsem.channels import BlockFadingChannel, Multipath, OfdmChannel, correlate


@pytest.mark.slow
@pytest.mark.parametrize("coefficient", [0.0, 0.3, 0.8, 1.0])
@pytest.mark.parametrize("channel", [BlockFadingChannel(3.0, receive_antennas=2), OfdmChannel(Multipath(), 1, 2)])
def test_the_measured_correlation_is_the_requested_one_within_two_percent(channel, coefficient):
    count = 200_000 if isinstance(channel, BlockFadingChannel) else 40_000
    other, own = channel.fading(count, 4), channel.fading(count, 4)
    mixed = correlate(own, other, coefficient).numpy().reshape(count, -1)
    other = other.numpy().reshape(count, -1)
    deviation = 4.5 / np.sqrt(count)
    measured = (mixed * other.conj()).mean(axis=0)
    np.testing.assert_allclose(measured, coefficient, atol=max(0.02 * coefficient, deviation))
    np.testing.assert_allclose((np.abs(mixed) ** 2).mean(axis=0), 1, atol=2 * deviation)


@pytest.mark.parametrize(("antennas", "others"), [(4, 2), (1, 3)])
def test_only_antennas_that_have_a_counterpart_resemble_it(antennas, others):
    own = BlockFadingChannel(receive_antennas=antennas).fading(2000, 1)
    other = BlockFadingChannel(receive_antennas=others).fading(2000, 1)
    mixed = correlate(own, other, 1.0)
    shared = min(antennas, others)
    assert mixed.shape == own.shape
    tf.debugging.assert_equal(mixed[..., :shared, :], other[..., :shared, :])
    tf.debugging.assert_equal(mixed[..., shared:, :], own[..., shared:, :])
