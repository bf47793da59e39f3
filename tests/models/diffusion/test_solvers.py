import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from keras import ops

from diffsem.models import SOLVERS, NoiseSchedule, ddim, dpm_solver, guided, predict_clean

SCHEDULE = NoiseSchedule()


@pytest.mark.parametrize("solver", SOLVERS)
@given(step=st.floats(1, 400), calls=st.integers(1, 12), seed=st.integers(0, 99))
def test_a_perfect_noise_predictor_gives_the_feature_back(solver, step, calls, seed):
    rng = np.random.default_rng(seed)
    clean, noise = rng.standard_normal((2, 3, 8, 8, 1)).astype(np.float32)
    steps = np.full(3, step, np.float32)
    alpha_bar = np.asarray(SCHEDULE.alpha_bar_at(steps))[0]
    noised = np.sqrt(alpha_bar) * clean + np.sqrt(1 - alpha_bar) * noise
    denoised = SOLVERS[solver](lambda feature, time: noise, SCHEDULE, noised, steps, calls)
    np.testing.assert_allclose(np.asarray(denoised), clean, atol=2e-3)


def best_for_gaussians(feature, time):
    """The minimum mean square error predictor for z ~ N(0, I): eps = sqrt(1 - abar) z_t."""
    alpha_bar = SCHEDULE.alpha_bar_at(ops.reshape(time, (-1,)) * SCHEDULE.steps)
    return ops.reshape(ops.sqrt(1 - alpha_bar), (-1, 1, 1, 1)) * feature


@pytest.mark.parametrize("calls", [1, 2, 5, 25])
def test_gaussian_features_shrink_by_the_closed_form(calls, rng):
    """With the best predictor for z ~ N(0, I) each DDIM step turns by an angle.

    With abar = cos(a)^2 a step from angle a to b multiplies z by cos(a - b): the product over the grid is exact.
    """
    step = 300.0
    noised = rng.standard_normal((4, 8, 8, 1)).astype(np.float32)

    grid = [step * (1 - i / calls) for i in range(calls + 1)]
    level = np.interp(grid, np.arange(501), SCHEDULE.log_noise_to_signal)
    angles = np.arctan(np.exp(level / 2))
    angles[-1] = 0
    expected = np.prod(np.cos(np.diff(angles))) * noised
    denoised = ddim(best_for_gaussians, SCHEDULE, noised, np.full(4, step), calls)
    np.testing.assert_allclose(np.asarray(denoised), expected, atol=1e-4)


def test_two_ddim_steps_equal_eq_16_in_numpy(rng):
    noised = rng.standard_normal((2, 8, 8, 1))
    a, b = SCHEDULE.alpha_bar[200], SCHEDULE.alpha_bar[100]
    predict = lambda feature, time: 0.3 * feature + ops.reshape(time, (-1, 1, 1, 1))
    first = 0.3 * noised + 200 / 500
    middle = np.sqrt(b) * (noised - np.sqrt(1 - a) * first) / np.sqrt(a) + np.sqrt(1 - b) * first
    second = 0.3 * middle + 100 / 500
    expected = (middle - np.sqrt(1 - b) * second) / np.sqrt(b)
    denoised = ddim(predict, SCHEDULE, noised.astype(np.float32), np.array([200.0, 200.0]), 2)
    np.testing.assert_allclose(np.asarray(denoised), expected, atol=1e-4)


def dpm_solver_in_numpy(predict, noised, step, calls):
    """Lu et al., arXiv:2211.01095, Algorithm 2, in its own symbols and in float64; the last step is first-order."""
    grid = [step * (1 - i / calls) for i in range(calls + 1)]
    log_noise_to_signal = np.interp(grid, np.arange(501), SCHEDULE.log_noise_to_signal)
    alpha = 1 / np.sqrt(1 + np.exp(log_noise_to_signal))
    sigma = np.sqrt(1 - alpha**2)
    lambdas = np.log(alpha / sigma)
    x, before = noised, None
    for i in range(1, calls + 1):
        clean = (x - sigma[i - 1] * predict(x, grid[i - 1])) / alpha[i - 1]
        if i == calls:
            return clean
        h = lambdas[i] - lambdas[i - 1]
        direction = clean
        if before is not None:
            r = (lambdas[i - 1] - lambdas[i - 2]) / h
            direction = (1 + 1 / (2 * r)) * clean - before / (2 * r)
        x = sigma[i] / sigma[i - 1] * x - alpha[i] * (np.exp(-h) - 1) * direction
        before = clean


@pytest.mark.parametrize("calls", [1, 2, 3, 4, 7])
def test_dpm_solver_equals_its_paper_in_numpy(calls, rng):
    noised = rng.standard_normal((2, 8, 8, 1))
    expected = dpm_solver_in_numpy(lambda z, t: 0.4 * np.sin(z) + 0.3 * z + t / 500, noised, 300.0, calls)
    predict = lambda z, time: 0.4 * ops.sin(z) + 0.3 * z + ops.reshape(time, (-1, 1, 1, 1))
    denoised = dpm_solver(predict, SCHEDULE, noised.astype(np.float32), np.full(2, 300.0), calls)
    np.testing.assert_allclose(np.asarray(denoised), expected, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("calls", [1, 2])
def test_up_to_two_calls_dpm_solver_is_ddim(calls, rng):
    noised = rng.standard_normal((3, 8, 8, 1)).astype(np.float32)
    inputs = (best_for_gaussians, SCHEDULE, noised, np.array([60.0, 240.0, 400.0]), calls)
    np.testing.assert_allclose(np.asarray(dpm_solver(*inputs)), np.asarray(ddim(*inputs)), atol=1e-4)


@pytest.mark.slow
@pytest.mark.slow
def test_dpm_solver_comes_nearer_to_the_fine_grid_than_ddim_in_as_many_calls(rng):
    noised = rng.standard_normal((4, 8, 8, 1)).astype(np.float32)
    steps = np.full(4, 300.0)
    exact = np.asarray(ddim(best_for_gaussians, SCHEDULE, noised, steps, 1000))
    errors = [
        np.abs(np.asarray(solver(best_for_gaussians, SCHEDULE, noised, steps, 8)) - exact).mean()
        for solver in (ddim, dpm_solver)
    ]
    assert errors[1] < errors[0] / 2


def test_samples_denoise_from_their_own_steps(rng):
    noised = rng.standard_normal((2, 8, 8, 1)).astype(np.float32)
    predict = lambda feature, time: 0.1 * feature + ops.reshape(time, (-1, 1, 1, 1))
    together = np.asarray(ddim(predict, SCHEDULE, noised, np.array([60.0, 300.0]), 4))
    for i, step in enumerate((60.0, 300.0)):
        alone = ddim(predict, SCHEDULE, noised[i : i + 1], np.array([step]), 4)
        np.testing.assert_allclose(together[i], np.asarray(alone)[0], atol=1e-5)


def test_step_zero_leaves_the_feature_alone(rng):
    feature = rng.standard_normal((2, 8, 8, 1)).astype(np.float32)
    denoised = ddim(lambda z, time: 5 * np.ones_like(feature), SCHEDULE, feature, np.zeros(2), 3)
    np.testing.assert_allclose(np.asarray(denoised), feature, atol=1e-6)


@pytest.mark.parametrize("solver", SOLVERS)
def test_one_call_is_the_clean_prediction(solver, rng):
    feature, noise = rng.standard_normal((2, 2, 8, 8, 1)).astype(np.float32)
    steps = np.array([240, 100])
    expected = predict_clean(feature, noise, SCHEDULE.alpha_bar[steps].astype(np.float32))
    got = SOLVERS[solver](lambda z, time: noise, SCHEDULE, feature, steps, 1)
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
