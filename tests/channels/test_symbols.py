import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diffsem.channels import features_to_symbols, symbols_to_features


@given(power=st.floats(0.01, 4), count=st.integers(1, 6), seed=st.integers(0, 99))
def test_symbols_have_unit_energy_and_map_back(power, count, seed):
    rng = np.random.default_rng(seed)
    features = rng.standard_normal((count, 8, 8, 1)).astype(np.float32)
    features *= np.sqrt(power / (features**2).mean(axis=(1, 2, 3), keepdims=True))
    powers = np.full(count, power, np.float32)
    symbols = features_to_symbols(features, powers)
    assert symbols.shape == (count, 32)
    np.testing.assert_allclose((np.abs(symbols) ** 2).mean(axis=1), 1, rtol=1e-4)
    back = symbols_to_features(symbols, powers, (8, 8, 1))
    np.testing.assert_allclose(back, features, rtol=1e-4, atol=1e-6)


def test_each_sample_is_scaled_by_its_own_power():
    features = np.ones((2, 2), np.float32)
    symbols = features_to_symbols(features, np.array([0.5, 2.0], np.float32)).numpy()
    np.testing.assert_allclose(symbols[:, 0], [1 + 1j, 0.5 + 0.5j], rtol=1e-6)


def test_an_odd_number_of_real_symbols_is_refused():
    with pytest.raises(ValueError, match="odd number"):
        features_to_symbols(np.ones((2, 3, 3, 1), np.float32), np.ones(2, np.float32))
