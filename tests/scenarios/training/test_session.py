import zlib

import keras
import numpy as np
import pytest

from diffsem.link import InputError
from diffsem.scenarios.training.session import add_noise, as_time


def test_a_training_whose_loss_is_not_finite_ends_in_one_line_and_goes_on_from_the_epoch_before(make_session, tmp_path):
    session = make_session()
    samples = np.ones((8, 2), np.float32), np.ones((8, 1), np.float32)

    def fit(first_bad):
        model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        return session.fit(
            "pair", 4, model, "mse", lambda epoch: (samples[0], samples[1] / (epoch < first_bad)), samples, part="one"
        )

    with np.errstate(divide="ignore"), pytest.raises(InputError) as error:
        fit(first_bad=2)
    kept = tmp_path / ".progress" / "pair" / "one"
    assert str(error.value) == (
        "training stage pair (one), epoch 3 of 4: loss is inf; allowed: finite losses; "
        f"epochs before it are kept in {kept}"
    )
    assert [path.name for path in kept.glob("*.npz")] == ["epoch-0002.npz"]
    assert [record["epoch"] for record in fit(first_bad=9)] == [0, 1, 2, 3]


def test_a_damaged_cache_of_denoised_features_is_computed_anew(make_session, tmp_path, rng):
    session = make_session()
    expected, computed = rng.standard_normal((5, 8, 8, 1)), []

    def compute():
        computed.append(True)
        return expected

    for damage in [
        None,
        lambda content: content[:600] + bytes([content[600] ^ 1]) + content[601:],
        lambda _: b"",
        None,
    ]:
        if damage:
            (path,) = tmp_path.rglob("denoised-*")
            path.write_bytes(damage(path.read_bytes()))
        np.testing.assert_array_equal(session.kept("mine", "training", compute), expected)
    assert len(computed) == 3


def test_draws_hang_on_the_seed_and_on_a_checksum_of_every_part_of_their_path(make_session):
    """Shipped weights were drawn in this way."""
    path = [zlib.crc32(part) for part in (b"pair", b"3")]
    expected = np.random.default_rng([7, *path]).random(5)
    np.testing.assert_array_equal(make_session(seed=7).rng("pair", 3).random(5), expected)


@pytest.mark.parametrize(("augmentation", "largest"), [(None, 2), (["shift"], 3), ([], 0)])
def test_a_pair_that_can_bear_more_is_shifted_as_suits_the_data_unless_the_scenario_says(
    augmentation, largest, make_session, rng
):
    images = np.tile(np.arange(28.0)[:, None, None], (500, 1, 28, 1))
    shifted = make_session(training={"augmentation": augmentation}).shifted(images, rng)
    assert set(shifted[:, 14, 14, 0]) == set(range(14 - largest, 14 + largest + 1))


def test_noise_and_time_follow_the_schedule_of_the_session(make_session, rng):
    schedule = make_session(schedule={"steps": 50}).schedule
    feature = np.zeros((2000, 8, 8, 1), np.float32)
    noised, noise = add_noise(feature, np.full(2000, 25), schedule, rng)
    # The product of 1 - beta over the first 25 of 50 betas on a line.
    alpha_bar = np.prod(1 - np.linspace(1e-4, 0.02, 50)[:25])
    np.testing.assert_allclose(noised, np.sqrt(1 - alpha_bar) * noise, rtol=1e-5)
    np.testing.assert_allclose(as_time([0, 25, 50], schedule), [[0], [0.5], [1]])
