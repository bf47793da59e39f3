"""What Keras stores of layers and networks is all that they were built from."""

from dataclasses import dataclass

import keras
import numpy as np
import pytest

from diffsem.models import Against, Denoise, NoiseSchedule, SelfNoise, SymbolInformation, UNet, serializable
from diffsem.models.networks.adversary import PadDictionary

SCHEDULES = [NoiseSchedule(), NoiseSchedule(100, 0.001, 0.05), NoiseSchedule(80, kind="cosine")]


def stored_and_restored(part):
    return keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(part))


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_a_schedule_is_restored(schedule):
    assert stored_and_restored(schedule) == schedule
    assert NoiseSchedule.from_config(schedule.get_config()) == schedule


def layers(schedule):
    yield SelfNoise(schedule, seed=3, name="here")
    yield SymbolInformation(schedule, trainable=False)
    yield Denoise(UNet(channels=16), schedule, grid=4, solver="dpm-solver++", dtype="float32")


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_layers_with_a_schedule_are_restored_with_it_and_give_the_same(schedule, rng):
    feature, step = rng.random((3, 8, 8, 1), np.float32), np.array([10.0, 60.0, 75.0], np.float32)
    for layer in layers(schedule):
        inputs = [feature, step, np.ones(3, np.float32)] if isinstance(layer, SelfNoise) else [feature, step]
        restored = stored_and_restored(layer)
        assert restored.schedule == schedule
        assert (restored.name, restored.trainable) == (layer.name, layer.trainable)
        assert restored.get_config() == layer.get_config()
        expected = layer(inputs)
        given = restored(inputs)
        if isinstance(layer, Denoise):
            restored.set_weights(layer.get_weights())
            given = restored(inputs)
        for own, other in zip(keras.tree.flatten(expected), keras.tree.flatten(given), strict=True):
            np.testing.assert_allclose(own, other, atol=1e-6)


def test_a_denoiser_is_restored_with_its_network_and_its_guidance():
    layer = Denoise(UNet(channels=16, context=10), NoiseSchedule(100), grid=4, guidance=0.5)
    restored = stored_and_restored(layer)
    assert (restored.grid, restored.guidance, restored.solver) == (4, 0.5, "ddim")
    assert (restored.unet.channels, restored.unet.context) == (16, 10)
    assert restored.calls == 8


def test_layers_of_plain_arguments_are_restored(rng):
    value, weight = rng.random((3, 4), np.float32), rng.random(3, np.float32)
    np.testing.assert_array_equal(stored_and_restored(Against())([value, weight]), Against()([value, weight]))
    dictionary = stored_and_restored(PadDictionary(5, name="removal"))
    assert (dictionary.pads, dictionary.name) == (5, "removal")


@serializable
@dataclass(frozen=True)
class Range:
    low: float
    high: float = 1.0


@serializable
class Clipped(keras.layers.Layer):
    def __init__(self, limits, inner, shape=(2, 3), **kwargs):
        super().__init__(**kwargs)
        self.limits = limits
        self.inner = inner
        self.shape = tuple(shape)

    def call(self, inputs):
        return keras.ops.clip(self.inner(inputs), self.limits.low, self.limits.high)


def test_a_layer_of_ones_own_may_hold_dataclasses_layers_and_tuples(rng):
    layer = Clipped(Range(0.2, 0.7), keras.layers.Rescaling(2.0, offset=-0.5), name="clipped")
    restored = stored_and_restored(layer)
    assert (restored.limits, restored.shape, restored.name) == (Range(0.2, 0.7), (2, 3), "clipped")
    values = rng.random((4, 3), np.float32)
    np.testing.assert_array_equal(restored(values), np.clip(2 * values - 0.5, np.float32(0.2), np.float32(0.7)))
    assert keras.saving.get_registered_name(Clipped) == "diffsem>Clipped"


@serializable
class ClippedTwice(Clipped):
    """Hands the arguments of its parent on."""

    def __init__(self, outer, **kwargs):
        super().__init__(**kwargs)
        self.outer = outer


def test_arguments_of_a_parent_are_kept_too():
    layer = ClippedTwice(Range(0.3), limits=Range(0.2), inner=keras.layers.ReLU(), shape=(5,), trainable=False)
    restored = stored_and_restored(layer)
    assert (restored.outer, restored.limits, restored.shape) == (Range(0.3), Range(0.2), (5,))
    assert not restored.trainable


@serializable
class Probe(keras.Model):
    def __init__(self, width, name="probe", **kwargs):
        inputs = keras.Input((3,))
        super().__init__(inputs=inputs, outputs=keras.layers.Dense(width)(inputs), name=name, **kwargs)
        self.width = width


def test_a_network_is_restored_whose_parent_was_built_before_it_was_declared():
    Probe(2)  # With the first instance Keras changes the parents of the class.

    @serializable
    class TitledProbe(Probe):
        def __init__(self, title, **kwargs):
            super().__init__(**kwargs)
            self.title = title

    restored = stored_and_restored(TitledProbe("linear", width=5, name="here"))
    assert (restored.title, restored.width, restored.name) == ("linear", 5, "here")
    assert restored.output_shape == (None, 5)
