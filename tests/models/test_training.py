import json
import shutil
import tempfile
from pathlib import Path

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diffsem.models import BrokenStateError, NotFiniteError, TrainingPlan, train

PLAN = TrainingPlan(epochs=6, batch_size=16, learning_rate=0.05, patience=0, min_delta=0.02)


class CutOff(Exception):
    pass


def build():
    keras.utils.set_random_seed(3)
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(8, "tanh"), keras.layers.Dense(1)])


def draw_epoch(epoch):
    rng = np.random.default_rng([5, epoch])
    inputs = rng.standard_normal((64, 4)).astype(np.float32)
    return inputs, inputs.sum(axis=1, keepdims=True)


def scores(history):
    return [{key: value for key, value in record.items() if key != "seconds"} for record in history]


@pytest.mark.parametrize(
    "cut_at", [pytest.param(1, marks=pytest.mark.slow), 3, pytest.param(5, marks=pytest.mark.slow)]
)
def test_a_training_cut_off_in_any_epoch_resumes_to_the_same_weights(cut_at, tmp_path):
    whole = build()
    expected = train(whole, "mse", draw_epoch, draw_epoch(99), PLAN, tmp_path / "whole")

    def draw_until_cut(epoch):
        if epoch == cut_at:
            raise CutOff
        return draw_epoch(epoch)

    with pytest.raises(CutOff):
        train(build(), "mse", draw_until_cut, draw_epoch(99), PLAN, tmp_path / "cut")
    resumed = build()
    history = train(resumed, "mse", draw_epoch, draw_epoch(99), PLAN, tmp_path / "cut")
    assert scores(history) == scores(expected)
    for left, right in zip(whole.get_weights(), resumed.get_weights(), strict=True):
        np.testing.assert_array_equal(left, right)


def test_the_learning_rate_falls_on_a_plateau_and_never_below_its_floor(tmp_path):
    plan = TrainingPlan(epochs=6, learning_rate=1e-3, min_learning_rate=1e-4, factor=0.3, patience=0, min_delta=1e9)
    history = train(build(), "mse", draw_epoch, draw_epoch(99), plan, tmp_path)
    rates = [record["learning_rate"] for record in history]
    # The first epoch improves on infinity; every later one misses the mark.
    np.testing.assert_allclose(rates, [1e-3, 1e-3, 3e-4, 1e-4, 1e-4, 1e-4], rtol=1e-5)


def test_a_training_ends_on_a_plateau_at_the_lowest_rate_and_stays_ended(tmp_path):
    plan = TrainingPlan(
        epochs=20, learning_rate=1e-3, min_learning_rate=1e-4, factor=0.3, min_delta=1e9, until_plateau=True
    )
    history = train(build(), "mse", draw_epoch, draw_epoch(99), plan, tmp_path)
    # One improvement on infinity, then an epoch of waiting at each of the three rates.
    np.testing.assert_allclose([record["learning_rate"] for record in history], [1e-3, 1e-3, 3e-4, 1e-4], rtol=1e-5)
    assert train(build(), "mse", draw_epoch, draw_epoch(99), plan, tmp_path) == history


@pytest.mark.parametrize("cut_at", [None, 2])
def test_the_learning_rate_falls_along_half_a_cosine_whatever_the_loss_does(cut_at, tmp_path):
    plan = TrainingPlan(epochs=4, learning_rate=1e-3, min_learning_rate=1e-5, patience=0, min_delta=1e9, cosine=True)
    if cut_at:

        def draw_until_cut(epoch):
            if epoch == cut_at:
                raise CutOff
            return draw_epoch(epoch)

        with pytest.raises(CutOff):
            train(build(), "mse", draw_until_cut, draw_epoch(99), plan, tmp_path)
    history = train(build(), "mse", draw_epoch, draw_epoch(99), plan, tmp_path)
    halved = (1e-3 + 1e-5) / 2
    slope = (1e-3 - 1e-5) / 2 / np.sqrt(2)
    expected = [1e-3, halved + slope, halved, halved - slope]
    np.testing.assert_allclose([record["learning_rate"] for record in history], expected, rtol=1e-5)


def test_a_state_half_written_costs_only_its_epoch(tmp_path):
    plan = TrainingPlan(epochs=2, batch_size=16)
    train(build(), "mse", draw_epoch, draw_epoch(99), plan, tmp_path)
    (tmp_path / "epoch-0003.npz").write_bytes(b"cut off")
    (tmp_path / "history.partial").write_text("[{")
    longer = TrainingPlan(epochs=3, batch_size=16)
    history = train(build(), "mse", draw_epoch, draw_epoch(99), longer, tmp_path)
    assert [record["epoch"] for record in history] == [0, 1, 2]
    assert json.loads((tmp_path / "history.json").read_text()) == history


@pytest.mark.parametrize("damage", ["history", "weights", "foreign", "model"])
def test_a_broken_state_is_told_in_one_line(damage, tmp_path):
    train(build(), "mse", draw_epoch, draw_epoch(99), TrainingPlan(epochs=2, batch_size=16), tmp_path)
    if damage == "history":
        (tmp_path / "history.json").write_text('[{"epoch": 0}, ')
    elif damage == "weights":
        (tmp_path / "epoch-0002.npz").write_bytes(b"PK\x03\x04 and no more")
    elif damage == "foreign":
        (tmp_path / "history.json").write_text('[1, "two"]')
    else:
        np.savez(tmp_path / "epoch-0002.npz", np.zeros((4, 9), np.float32))
    with pytest.raises(BrokenStateError, match=str(tmp_path)) as error:
        train(build(), "mse", draw_epoch, draw_epoch(99), TrainingPlan(epochs=3, batch_size=16), tmp_path)
    assert "\n" not in str(error.value)


@settings(max_examples=40)
@given(st.data())
def test_a_state_damaged_at_random_is_told_in_one_line_or_is_whole(state, data):
    """Bytes of either file are changed, inserted or cut off."""
    folder = Path(tempfile.mkdtemp())
    for name, content in state.items():
        damaged = bytearray(content)
        if data.draw(st.booleans()):
            at = data.draw(st.integers(0, len(damaged) - 1))
            damaged[at : at + data.draw(st.integers(0, 4))] = data.draw(st.binary(max_size=4))
        (folder / name).write_bytes(damaged[: data.draw(st.sampled_from([None, None, None, len(content) // 2]))])
    plan = TrainingPlan(epochs=2, batch_size=16)
    try:
        told = [str(len(train(build(), "mse", draw_epoch, draw_epoch(99), plan, folder)))]
    except BrokenStateError as error:
        told = str(error).splitlines()
    finally:
        shutil.rmtree(folder)
    assert len(told) == 1


@pytest.fixture(scope="module")
def state(tmp_path_factory):
    folder = tmp_path_factory.mktemp("state")
    train(build(), "mse", draw_epoch, draw_epoch(99), TrainingPlan(epochs=2, batch_size=16), folder)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("where", ["loss", "val_loss"])
def test_a_loss_that_is_not_finite_ends_the_training_and_leaves_the_state_before_it(where, tmp_path):
    plan = TrainingPlan(epochs=2, batch_size=16)
    history = train(build(), "mse", draw_epoch, draw_epoch(99), plan, tmp_path)

    def without_targets(samples):
        inputs, targets = samples
        return inputs, np.full_like(targets, np.nan)

    def draw(epoch):
        return without_targets(draw_epoch(epoch)) if where == "loss" else draw_epoch(epoch)

    held_out = without_targets(draw_epoch(99)) if where == "val_loss" else draw_epoch(99)
    longer = TrainingPlan(epochs=4, batch_size=16)
    with pytest.raises(NotFiniteError, match=rf"^epoch 3 of 4: {where} is nan$"):
        train(build(), "mse", draw, held_out, longer, tmp_path)
    resumed = build()
    assert train(resumed, "mse", draw_epoch, draw_epoch(99), plan, tmp_path) == history
    assert all(np.isfinite(weights).all() for weights in resumed.get_weights())
