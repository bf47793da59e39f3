import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diffsem.models import NoiseSchedule

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
    "fields", [{"steps": 0}, {"beta_first": 0.0}, {"beta_first": 0.1, "beta_last": 0.01}, {"beta_last": 1.0}]
)
def test_impossible_schedules_are_refused(fields):
    with pytest.raises(ValueError, match=next(iter(fields))):
        NoiseSchedule(**fields)
