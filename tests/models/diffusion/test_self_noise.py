import keras
import numpy as np
import pytest
from scipy import stats

from diffsem.models import NoiseSchedule, SelfNoise, laplace

SCHEDULE = NoiseSchedule()


def radiate(feature, step, snr_db, seed=0):
    count = len(feature)
    layer = SelfNoise(SCHEDULE, seed=seed)
    outputs = layer([feature, np.full(count, step), np.full(count, 10 ** (snr_db / 10), np.float32)])
    return [np.asarray(output) for output in outputs]


@pytest.mark.parametrize(("step", "snr_db"), [(240, 15), (300, 5), (60, 20)])
def test_radiated_signal_has_the_moments_of_eq_20(unit_features, step, snr_db):
    feature = unit_features(8000)
    radiated, noise_step, power = radiate(feature, step, snr_db)
    s = noise_step[0]
    noise = radiated - np.sqrt(SCHEDULE.alpha_bar[step]) * feature
    variance = 1 - SCHEDULE.alpha_bar[s]
    count = noise.size
    assert noise.mean() == pytest.approx(0, abs=4 * np.sqrt(variance / count))
    assert noise.var() == pytest.approx(variance, rel=4 * np.sqrt(2 / count))
    assert np.abs(np.mean(noise * feature)) < 4 * np.sqrt(variance / count)
    assert (radiated**2).mean() == pytest.approx(power[0], rel=0.01)
    assert power[0] == pytest.approx(SCHEDULE.alpha_bar[step] + variance, rel=1e-5)


def test_no_self_noise_where_the_channel_is_worse_than_the_step(unit_features):
    feature = unit_features(4)
    radiated, noise_step, _ = radiate(feature, 120, 0)
    np.testing.assert_array_equal(noise_step, 0)
    np.testing.assert_allclose(radiated, np.sqrt(SCHEDULE.alpha_bar[120]) * feature, rtol=1e-5)


def test_a_seed_fixes_the_noise_and_another_changes_it(unit_features):
    feature = unit_features(4)
    first, again, other = (radiate(feature, 240, 15, seed)[0] for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0.1
    assert np.abs(first[0] - first[1] - (feature[0] - feature[1]) * np.sqrt(SCHEDULE.alpha_bar[240])).max() > 0.1


def test_each_sample_has_its_own_step(unit_features):
    feature = unit_features(3)
    layer = SelfNoise(SCHEDULE)
    _, noise_step, _ = layer([feature, np.array([240, 300, 120]), np.array([10**1.5, 10**0.5, 1.0], np.float32)])
    np.testing.assert_array_equal(np.asarray(noise_step), [231, 212, 0])


def test_laplace_noise_has_its_law_at_unit_variance():
    """Against SciPy's distribution; kurtosis 3 above a Gaussian's, which has 0."""
    drawn = np.asarray(laplace((200_000,), keras.random.SeedGenerator(3)))
    assert stats.kstest(drawn, stats.laplace(scale=np.sqrt(0.5)).cdf).pvalue > 1e-3
    assert drawn.var() == pytest.approx(1, rel=0.02)
    assert stats.kurtosis(drawn) == pytest.approx(3, abs=0.4)
    assert np.isfinite(drawn).all()


def test_the_law_changes_the_noise_and_not_its_power(unit_features):
    feature, noises = unit_features(3000), {}
    for law in ("gaussian", "laplace"):
        layer = SelfNoise(SCHEDULE, law=law)
        radiated, _, _ = layer([feature, np.full(3000, 300), np.full(3000, np.inf, np.float32)])
        noises[law] = np.asarray(radiated) - np.sqrt(SCHEDULE.alpha_bar[300]) * feature
        assert type(layer).from_config(layer.get_config()).law == law
    for noise in noises.values():
        assert noise.var() == pytest.approx(1 - SCHEDULE.alpha_bar[300], rel=0.02)
    assert stats.kurtosis(noises["gaussian"], axis=None) == pytest.approx(0, abs=0.1)
    assert stats.kurtosis(noises["laplace"], axis=None) == pytest.approx(3, abs=0.4)


def test_another_law_is_refused():
    with pytest.raises(ValueError, match="law 'uniform': allowed: gaussian, laplace"):
        SelfNoise(law="uniform")
