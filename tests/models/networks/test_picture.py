import numpy as np
import pytest

from diffsem.models import NoiseSchedule, Picture, PictureClassifier, PictureEncoder, mnist, swap_quarters

SCHEDULE = NoiseSchedule()
SHAPE = mnist.IMAGE_SHAPE


def test_two_quarters_change_places(rng):
    image = rng.random((2, *SHAPE), np.float32)
    swapped = np.asarray(swap_quarters(image))
    np.testing.assert_array_equal(swapped[:, :14, :14], image[:, 14:, 14:])
    np.testing.assert_array_equal(swapped[:, 14:, 14:], image[:, :14, :14])
    np.testing.assert_array_equal(swapped[:, :14, 14:], image[:, :14, 14:])
    np.testing.assert_array_equal(swap_quarters(swapped), image)


@pytest.mark.parametrize("permuted", [False, True])
def test_pixels_are_sent_with_unit_power_for_every_image(permuted, rng):
    images = rng.random((8, *SHAPE), np.float32) * np.linspace(0.1, 1, 8, dtype=np.float32).reshape(-1, 1, 1, 1)
    feature = np.asarray(PictureEncoder(SHAPE, permuted)(images))
    np.testing.assert_allclose((feature**2).mean(axis=(1, 2, 3)), 1, rtol=1e-4)


@pytest.mark.parametrize("permuted", [False, True])
@pytest.mark.parametrize("step", [0, 60, 240, 450])
def test_the_picture_is_eq_11_at_the_step_of_its_pixels(permuted, step, rng):
    """An image of the assumed power, noised as symbols: signal and noise powers are those of a noised image."""
    image = rng.random((64, *SHAPE), np.float32)
    image *= 0.329 / np.sqrt((image**2).mean(axis=(1, 2, 3), keepdims=True))
    alpha_bar = np.float32(SCHEDULE.alpha_bar[step])
    noise = rng.standard_normal(image.shape).astype(np.float32)
    received = np.sqrt(alpha_bar) * np.asarray(PictureEncoder(SHAPE, permuted)(image)) + np.sqrt(1 - alpha_bar) * noise
    seen = np.asarray(Picture(SHAPE, permuted, rms=0.329)([received, np.full((64, 1), step / 500, np.float32)]))
    gain = (seen * image).mean() / (image**2).mean()
    assert gain**2 + (seen - gain * image).var() == pytest.approx(1 if step else gain**2, rel=0.02)
    # The pixels' noise-to-signal ratio is that of the symbols, less by the pixels' power.
    expected = 0.329**2 * (1 - alpha_bar) / alpha_bar
    assert (seen - gain * image).var() / gain**2 == pytest.approx(expected, rel=0.03, abs=1e-6)


def test_the_receiver_of_pictures_judges_what_it_sees_and_reads_no_denoised_feature(rng):
    judge, picture = mnist.StrongClassifier(), Picture(SHAPE, permuted=True, rms=0.329)
    received = rng.standard_normal((3, *SHAPE)).astype(np.float32)
    time = np.array([[0.1], [0.5], [0.9]], np.float32)
    logits = PictureClassifier(picture, judge)([received, 7 * received, time])
    np.testing.assert_allclose(logits, judge(picture([received, time])), rtol=1e-5, atol=1e-6)
