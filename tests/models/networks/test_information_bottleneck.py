import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.integrate import quad
from scipy.stats import norm

from diffsem.models import Against, NoiseSchedule, SymbolInformation, log_uniform_kl, noise_to_signal_log


def exact_kl(alpha):
    """KL of N(1, alpha) from p(z) ~ 1 / |z|, up to a constant: -entropy + E[log |z|], by quadrature."""
    sigma = np.sqrt(alpha)
    mean_log = quad(
        lambda x: norm.pdf(x) * np.log(np.abs(1 + sigma * x)),
        -12,
        12,
        points=[-1 / sigma] if sigma > 1 / 12 else None,
        limit=500,
    )[0]
    return -np.log(sigma) + mean_log


def test_the_approximation_follows_the_exact_divergence():
    """Up to the constant, that is chosen so that a symbol lost in noise carries 0."""
    alpha = np.array([0.01, 0.1, 0.5, 1.0, 3.0, 10.0, 1e4])
    approximate = np.asarray(log_uniform_kl(np.log(alpha)))
    exact = np.array([exact_kl(value) for value in alpha])
    np.testing.assert_allclose(approximate - approximate[-1], exact - exact[-1], atol=0.03)
    assert approximate[-1] == pytest.approx(0, abs=0.01)


def test_information_falls_with_noise_and_counts_every_symbol(unit_features):
    feature = unit_features(4)
    layer = SymbolInformation(NoiseSchedule())
    by_step = [np.asarray(layer([feature, np.full(4, step, np.float32)])) for step in (60, 240, 400)]
    assert (by_step[0] > by_step[1]).all()
    assert (by_step[1] > by_step[2]).all()
    twice = np.concatenate([feature, feature], axis=1)
    np.testing.assert_allclose(layer([twice, np.full(4, 240.0)]), 2 * by_step[1], rtol=1e-5)


def test_noise_is_never_less_than_that_of_25_db():
    steps = np.array([0.0, 1.0, 240.0], np.float32)
    schedule = NoiseSchedule()
    level = np.asarray(noise_to_signal_log(schedule, steps))
    assert level[0] == pytest.approx(np.log(10**-2.5), abs=1e-5)
    assert level[2] == pytest.approx(np.log((1 - schedule.alpha_bar[240]) / schedule.alpha_bar[240]), abs=1e-4)


def test_against_passes_the_value_and_turns_its_gradient():
    value = tf.constant([[1.0, -2.0], [3.0, 0.5]])
    weight = tf.constant([0.5, 3.0])
    with tf.GradientTape() as tape:
        tape.watch(value)
        passed = Against()([value, weight])
        loss = tf.reduce_sum(passed**2)
    np.testing.assert_allclose(passed, value, rtol=1e-6)
    np.testing.assert_allclose(tape.gradient(loss, value), -weight[:, None] * 2 * value, rtol=1e-5)


def test_training_moves_the_two_sides_of_the_game_apart():
    """One weight in front of `Against`, one behind: the loss falls by the one behind and rises by the one in front."""
    inputs = keras.Input((1,))
    front = keras.layers.Dense(1, use_bias=False, kernel_initializer="ones")
    behind = keras.layers.Dense(1, use_bias=False, kernel_initializer="ones")
    model = keras.Model(inputs, behind(Against()([front(inputs), keras.ops.ones_like(inputs[:, 0])])))
    model.compile(keras.optimizers.SGD(0.1), "mse")
    model.fit(np.ones((4, 1)), np.full((4, 1), 2.0), batch_size=4, verbose=0)
    assert float(behind.kernel[0, 0]) > 1 > float(front.kernel[0, 0])
