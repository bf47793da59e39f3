import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diffsem.models import NoiseSchedule, guided, one_step, predict_clean, sample

SCHEDULE = NoiseSchedule()


@given(step=st.floats(1, 400), calls=st.integers(1, 12), seed=st.integers(0, 99))
def test_a_perfect_noise_predictor_gives_the_feature_back(step, calls, seed):
    rng = np.random.default_rng(seed)
    clean, noise = rng.standard_normal((2, 3, 8, 8, 1)).astype(np.float32)
    steps = np.full(3, step, np.float32)
    alpha_bar = np.asarray(SCHEDULE.alpha_bar_at(steps))[0]
    noised = np.sqrt(alpha_bar) * clean + np.sqrt(1 - alpha_bar) * noise
    denoised = sample(lambda feature, time: noise, SCHEDULE, noised, steps, calls)
    np.testing.assert_allclose(np.asarray(denoised), clean, atol=2e-3)


@pytest.mark.parametrize("calls", [1, 2, 5, 25])
def test_gaussian_features_shrink_by_the_closed_form(calls, rng):
    """For z ~ N(0, I) the best predictor is eps = sqrt(1 - abar) z_t; each DDIM step then turns by an angle.

    With abar = cos(a)^2 a step from angle a to b multiplies z by cos(a - b): the product over the grid is exact.
    """
    step = 300.0
    noised = rng.standard_normal((4, 8, 8, 1)).astype(np.float32)

    def best(feature, time):
        alpha_bar = np.asarray(SCHEDULE.alpha_bar_at(np.asarray(time)[:, 0] * SCHEDULE.steps)).reshape(-1, 1, 1, 1)
        return np.sqrt(1 - alpha_bar) * feature

    grid = [step * (1 - i / calls) for i in range(calls + 1)]
    level = np.interp(grid, np.arange(501), SCHEDULE.log_noise_to_signal)
    angles = np.arctan(np.exp(level / 2))
    angles[-1] = 0
    expected = np.prod(np.cos(np.diff(angles))) * noised
    denoised = sample(best, SCHEDULE, noised, np.full(4, step), calls)
    np.testing.assert_allclose(np.asarray(denoised), expected, atol=1e-4)


def test_two_ddim_steps_equal_eq_16_in_numpy(rng):
    noised = rng.standard_normal((2, 8, 8, 1))
    a, b = SCHEDULE.alpha_bar[200], SCHEDULE.alpha_bar[100]
    predict = lambda feature, time: 0.3 * feature + np.reshape(time, (-1, 1, 1, 1))
    first = 0.3 * noised + 200 / 500
    middle = np.sqrt(b) * (noised - np.sqrt(1 - a) * first) / np.sqrt(a) + np.sqrt(1 - b) * first
    second = 0.3 * middle + 100 / 500
    expected = (middle - np.sqrt(1 - b) * second) / np.sqrt(b)
    denoised = sample(predict, SCHEDULE, noised.astype(np.float32), np.array([200.0, 200.0]), 2)
    np.testing.assert_allclose(np.asarray(denoised), expected, atol=1e-4)


def test_samples_denoise_from_their_own_steps(rng):
    noised = rng.standard_normal((2, 8, 8, 1)).astype(np.float32)
    predict = lambda feature, time: 0.1 * feature + np.reshape(time, (-1, 1, 1, 1))
    together = np.asarray(sample(predict, SCHEDULE, noised, np.array([60.0, 300.0]), 4))
    for i, step in enumerate((60.0, 300.0)):
        alone = sample(predict, SCHEDULE, noised[i : i + 1], np.array([step]), 4)
        np.testing.assert_allclose(together[i], np.asarray(alone)[0], atol=1e-5)


def test_step_zero_leaves_the_feature_alone(rng):
    feature = rng.standard_normal((2, 8, 8, 1)).astype(np.float32)
    denoised = sample(lambda z, time: 5 * np.ones_like(feature), SCHEDULE, feature, np.zeros(2), 3)
    np.testing.assert_allclose(np.asarray(denoised), feature, atol=1e-6)


def test_one_step_is_the_clean_prediction(rng):
    feature, noise = rng.standard_normal((2, 2, 8, 8, 1)).astype(np.float32)
    steps = np.array([240, 100])
    expected = predict_clean(feature, noise, SCHEDULE.alpha_bar[steps].astype(np.float32))
    got = one_step(lambda z, time: noise, SCHEDULE, feature, steps)
    np.testing.assert_allclose(np.asarray(got), np.asarray(expected), rtol=1e-3, atol=1e-4)


class LinearDenoiser:
    """eps = z_t + sum(c), so that guidance can be worked out by hand."""

    def __call__(self, inputs, training):
        feature, _, label = inputs
        return feature + np.reshape(np.asarray(label).sum(axis=-1), (-1, 1, 1, 1))


@pytest.mark.parametrize("weight", [0.0, 0.5, 3.0])
def test_guidance_extrapolates_from_no_label_as_eq_18(weight, rng):
    feature = rng.standard_normal((2, 8, 8, 1)).astype(np.float32)
    label = np.array([[0.2, 0.3], [0.0, 1.0]], np.float32)
    got = guided(LinearDenoiser(), label, weight)(feature, None)
    sums = label.sum(axis=-1).reshape(-1, 1, 1, 1)
    expected = (1 + weight) * (feature + sums) - weight * feature
    np.testing.assert_allclose(np.asarray(got), expected, rtol=1e-5)
