import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diffsem.channels import AwgnChannel
from diffsem.link import Reception, Seeds, Transmitter, WiretapLink, combine_looks
from diffsem.models import NoiseSchedule, mnist

SCHEDULE = NoiseSchedule()
STEPS = st.lists(st.floats(1, 490), min_size=2, max_size=6)


def signal_to_noise(step):
    """NumPy's own interpolation of the schedule, in log((1 - abar) / abar) as the receiver's."""
    return np.exp(-np.interp(step, np.arange(501), SCHEDULE.log_noise_to_signal))


def looks_of(feature, steps, rng):
    ratios = signal_to_noise(np.array(steps))
    received = []
    for ratio in ratios:
        noise = rng.standard_normal(feature.shape).astype(np.float32)
        received.append((np.sqrt(ratio / (1 + ratio)) * feature + np.sqrt(1 / (1 + ratio)) * noise).astype(np.float32))
    return received, [np.full(len(feature), step, np.float32) for step in steps]


@given(STEPS)
def test_signal_to_noise_ratios_of_looks_add_up(steps):
    feature = np.zeros((1, 4, 4, 1), np.float32)
    _, step = combine_looks(*looks_of(feature, steps, np.random.default_rng(0)), SCHEDULE)
    total = signal_to_noise(np.array(steps)).sum()
    if total < signal_to_noise(1):
        np.testing.assert_allclose(signal_to_noise(np.asarray(step)), total, rtol=2e-3)


@pytest.mark.parametrize("steps", [(240,) * 4, (60, 240, 400)])
def test_combined_looks_have_the_moments_of_one_look_at_their_step(steps, rng, unit_features):
    feature = unit_features(4000)
    received, step = combine_looks(*looks_of(feature, steps, rng), SCHEDULE)
    received, alpha_bar = np.asarray(received), np.asarray(SCHEDULE.alpha_bar_at(step))[0]
    gain = (received * feature).mean()
    assert gain == pytest.approx(np.sqrt(alpha_bar), abs=0.01)
    assert (received - gain * feature).var() == pytest.approx(1 - alpha_bar, rel=0.01)


def test_a_single_look_is_left_as_it_is(rng, unit_features):
    received, step = looks_of(unit_features(3), [100], rng)
    combined, at = combine_looks(received, step, SCHEDULE)
    np.testing.assert_array_equal(combined, received[0])
    np.testing.assert_array_equal(at, step[0])


def link():
    keras.utils.set_random_seed(1)
    return WiretapLink(
        Transmitter(mnist.Encoder(), SCHEDULE), Reception(AwgnChannel(), SCHEDULE), Reception(AwgnChannel(), SCHEDULE)
    )


def transmit(looks, images, step=184):
    seeds = Seeds.unpack(range(len(Seeds.roles(looks))))
    whole = np.ones(len(images))
    return link().transmit(images, step * whole, 15 * whole, [15 * whole], seeds)


def test_ten_looks_are_worth_ten_decibels_and_the_receiver_has_one(rng):
    images = rng.random((64, 28, 28, 1), np.float32)
    receiver, (once,), _ = transmit(1, images)
    same, (often,), _ = transmit(10, images)
    np.testing.assert_array_equal(receiver.received, same.received)
    gained = 10 * np.log10(signal_to_noise(often.step.numpy()) / signal_to_noise(once.step.numpy()))
    np.testing.assert_allclose(gained, 10, atol=0.01)
    assert float(often.step[0]) == pytest.approx(66, abs=1.5)


def test_what_ten_looks_leave_of_the_noise_is_what_their_step_says(rng):
    images = rng.random((512, 28, 28, 1), np.float32)
    _, (heard,), _ = transmit(10, images)
    feature = np.asarray(link().transmitter.encoder(images))
    alpha_bar = np.asarray(SCHEDULE.alpha_bar_at(heard.step)).reshape(-1, 1, 1, 1)
    noise = heard.received.numpy() - np.sqrt(alpha_bar) * feature
    assert noise.var() == pytest.approx(1 - alpha_bar.mean(), rel=0.03)
    assert abs((noise * feature).mean()) < 0.01


def test_roles_keep_their_names_when_there_are_more_looks():
    assert Seeds.roles(1) == ("legitimate", "self-noise", "eavesdropper")
    assert Seeds.roles(3)[:3] == Seeds.roles(1)
    assert len(set(Seeds.roles(9))) == 19
