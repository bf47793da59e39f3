import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diffsem.models import SOLVERS, NoiseSchedule, Picture, SelfNoise

SCHEDULE = NoiseSchedule()


def product_by_hand(step):
    """abar_t by eq. 12 and the definition of the product, one factor after another."""
    value = 1.0
    for i in range(1, step + 1):
        value *= 1 - (1e-4 + (0.02 - 1e-4) * (i - 1) / 499)
    return value


@pytest.mark.parametrize("step", [0, 1, 2, 184, 240, 500])
def test_alpha_bar_is_the_product_of_the_linear_schedule(step):
    assert SCHEDULE.alpha_bar[step] == pytest.approx(product_by_hand(step), rel=1e-12)


def test_esnr_crosses_zero_where_signal_and_noise_are_equal():
    assert SCHEDULE.esnr_db(183) > 0 > SCHEDULE.esnr_db(185)
    assert SCHEDULE.esnr_db(0) == np.inf


@pytest.mark.parametrize(("step", "snr_db", "expected"), [(240, 15, 231), (300, 5, 212), (120, 0, 0)])
def test_self_noising_step_of_eq_24(step, snr_db, expected):
    assert int(SCHEDULE.self_noising_step(np.array([step]), np.array([10 ** (snr_db / 10)]))[0]) == expected


@given(step=st.integers(0, 500), snr_db=st.floats(-30, 50))
def test_self_noising_step_is_the_smallest_that_leaves_the_margin(step, snr_db):
    snr = 10 ** (snr_db / 10)
    chosen = int(SCHEDULE.self_noising_step(np.array([step]), np.array([snr]))[0])
    margin = product_by_hand(step) + 1 / (1 + snr)
    assert 0 <= chosen <= step
    assert SCHEDULE.alpha_bar[chosen] <= margin + 1e-6
    if chosen:
        assert SCHEDULE.alpha_bar[chosen - 1] > margin - 1e-6


def test_an_infinite_snr_leaves_no_margin():
    steps = np.arange(501)
    chosen = SCHEDULE.self_noising_step(steps, np.full(501, np.inf))
    np.testing.assert_array_equal(np.asarray(chosen), steps)


@given(step=st.floats(1, 500))
def test_matched_step_inverts_the_noise_to_signal_ratio(step):
    alpha_bar = float(SCHEDULE.alpha_bar_at(np.array([step]))[0])
    found = float(SCHEDULE.matched_step(np.array([(1 - alpha_bar) / alpha_bar]))[0])
    # abar near 1 keeps few float32 digits of 1 - abar: early steps are known to a hundredth only.
    assert found == pytest.approx(step, abs=0.02)


def test_matched_step_at_whole_steps_and_beyond_the_ends():
    ratio = (1 - SCHEDULE.alpha_bar) / SCHEDULE.alpha_bar
    np.testing.assert_allclose(np.asarray(SCHEDULE.matched_step(ratio)), np.arange(501), atol=1e-3)
    np.testing.assert_allclose(np.asarray(SCHEDULE.matched_step(np.array([0.0, 1e9]))), [0, 500])


def test_alpha_bar_at_whole_steps_is_the_table():
    steps = np.arange(501)
    np.testing.assert_allclose(np.asarray(SCHEDULE.alpha_bar_at(steps)), SCHEDULE.alpha_bar, rtol=1e-5)


@pytest.mark.parametrize(
    "fields",
    [
        {"steps": 0},
        {"beta_first": 0.0},
        {"beta_first": 0.1, "beta_last": 0.01},
        {"beta_last": 1.0},
        {"kind": "sigmoid"},
        {"beta_last": 0.03, "kind": "cosine"},
    ],
)
def test_impossible_schedules_are_refused(fields):
    with pytest.raises(ValueError, match=next(iter(fields))):
        NoiseSchedule(**fields)


def cosine_by_hand(step, steps):
    """abar_t of Nichol and Dhariwal, eq. 17, where no beta is clipped: by the double angle, with the offset 0.008."""
    angles = [np.pi * (i / steps + 0.008) / 1.008 for i in (0, step)]
    return (1 + np.cos(angles[1])) / (1 + np.cos(angles[0]))


@pytest.mark.parametrize("steps", [50, 500, 1000])
def test_the_cosine_schedule_is_that_of_its_paper(steps):
    schedule = NoiseSchedule(steps, kind="cosine")
    expected = [cosine_by_hand(step, steps) for step in range(steps)]
    np.testing.assert_allclose(schedule.alpha_bar[:-1], expected, rtol=1e-9)
    # The last beta would be 1: it is 0.999.
    assert schedule.alpha_bar[-1] == pytest.approx(expected[-1] / 1000, rel=1e-9)
    assert schedule.beta.max() == 0.999
    assert schedule.beta[0] == pytest.approx(1 - expected[1], rel=1e-6)


schedules = st.builds(NoiseSchedule, steps=st.integers(1, 2000), kind=st.sampled_from(["linear", "cosine"]))


@given(schedule=schedules)
def test_signal_falls_from_all_to_little_over_any_schedule(schedule):
    assert schedule.alpha_bar.shape == (schedule.steps + 1,)
    assert schedule.alpha_bar[0] == 1
    assert (np.diff(schedule.alpha_bar) < 0).all()
    assert schedule.alpha_bar[-1] > 0
    assert np.isfinite(schedule.log_noise_to_signal).all()
    assert (np.diff(schedule.log_noise_to_signal) > 0).all()


@given(schedule=schedules, share=st.floats(0, 1))
def test_matched_step_inverts_the_log_noise_to_signal_ratio_of_any_schedule(schedule, share):
    step = share * schedule.steps
    level = np.asarray(schedule.log_noise_to_signal_at(np.array([step])), np.float64)
    assert np.isfinite(level).all()
    assert float(schedule.matched_step(np.exp(level))[0]) == pytest.approx(step, abs=0.02)


@given(schedule=schedules, share=st.floats(0, 1), snr_db=st.floats(-30, 50))
def test_self_noise_and_the_channels_noise_add_up_to_the_step_of_any_schedule(schedule, share, snr_db):
    """Eq. 24: after the channel the noise-to-signal ratio is that of t, to the one step that s is rounded by."""
    step, snr = round(share * schedule.steps), 10 ** (snr_db / 10)
    noise_step = int(schedule.self_noising_step(np.array([step]), np.array([snr], np.float32))[0])
    assert 0 <= noise_step <= step
    margin = schedule.alpha_bar[step] + 1 / (1 + snr)
    assert schedule.alpha_bar[noise_step] <= margin + 1e-6
    assert noise_step == 0 or schedule.alpha_bar[noise_step - 1] > margin - 1e-6


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("step", [1.0, 120.5, 300.0, 499.0])
def test_a_perfect_noise_predictor_gives_the_feature_back_over_a_cosine_schedule(solver, step, rng):
    schedule = NoiseSchedule(kind="cosine")
    clean, noise = rng.standard_normal((2, 3, 8, 8, 1)).astype(np.float32)
    alpha_bar = np.float32(np.asarray(schedule.alpha_bar_at(np.array([step])))[0])
    noised = np.sqrt(alpha_bar) * clean + np.sqrt(1 - alpha_bar) * noise
    denoised = SOLVERS[solver](lambda feature, time: noise, schedule, noised, np.full(3, step, np.float32), 5)
    np.testing.assert_allclose(np.asarray(denoised), clean, atol=2e-3)


@pytest.mark.parametrize("step", [0, 1, 250, 500])
def test_what_holds_a_cosine_schedule_is_finite_at_every_step(step, rng):
    schedule = NoiseSchedule(kind="cosine")
    feature = rng.standard_normal((2, 8, 8, 1)).astype(np.float32)
    steps, snr = np.full(2, step), np.full(2, 30.0, np.float32)
    radiated, _, power = SelfNoise(schedule)([feature, steps, snr])
    assert np.isfinite(radiated).all()
    assert (np.asarray(power) > 0).all()
    picture = Picture((8, 8, 1), rms=0.3, schedule=schedule)([feature, np.full((2, 1), step / 500, np.float32)])
    assert np.isfinite(picture).all()
