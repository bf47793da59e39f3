import numpy as np
import pytest
from scipy.ndimage import correlate1d

from diffsem.link import psnr_db, ssim


def numpy_ssim(left, right):
    """Wang et al. (2004): 11 x 11 Gaussian window of deviation 1.5, K1 = 0.01, K2 = 0.03, valid positions."""
    taps = np.exp(-((np.arange(11) - 5) ** 2) / (2 * 1.5**2))
    taps /= taps.sum()

    def smooth(image):
        return correlate1d(correlate1d(image, taps, axis=0), taps, axis=1)[5:-5, 5:-5]

    mean_left, mean_right = smooth(left), smooth(right)
    var_left = smooth(left**2) - mean_left**2
    var_right = smooth(right**2) - mean_right**2
    covariance = smooth(left * right) - mean_left * mean_right
    c1, c2 = 0.01**2, 0.03**2
    numerator = (2 * mean_left * mean_right + c1) * (2 * covariance + c2)
    return (numerator / ((mean_left**2 + mean_right**2 + c1) * (var_left + var_right + c2))).mean()


def test_psnr_is_eq_7(rng):
    left, right = rng.random((2, 4, 28, 28, 1), np.float32)
    expected = 10 * np.log10(1 / ((left - right) ** 2).mean(axis=(1, 2, 3)))
    np.testing.assert_allclose(psnr_db(left, right), expected, rtol=1e-4)


@pytest.mark.parametrize("mixture", [0.0, 0.3, 0.9])
def test_ssim_is_eq_8_over_gaussian_windows(mixture, rng):
    left, noise = rng.random((2, 3, 28, 28, 1), np.float32)
    right = (1 - mixture) * left + mixture * noise
    expected = [numpy_ssim(a[..., 0].astype(float), b[..., 0].astype(float)) for a, b in zip(left, right, strict=True)]
    np.testing.assert_allclose(ssim(left, right), expected, atol=2e-4)
