"""Systems that send every pixel, and whoever looks at them."""

import keras
import numpy as np
import pytest

from diffsem.link import NetworkAttack
from diffsem.scenarios import load_scenario
from diffsem.scenarios.runs.resolving import plan


@pytest.fixture
def data_sets(tmp_path):
    """A plan that sends pictures of each kind of data set."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        for place in range(2):
            keras.utils.save_img(tmp_path / name / f"{place}.png", np.zeros((32, 32, 3)), scale=False)
    systems = ["legitimate.receivers=[direct]", "eavesdropper.attacks=[as-heard]", "monte_carlo.batch_size=64"]
    folder = [f"dataset={{folder: {tmp_path}}}", *systems]
    words = {
        "mnist": ("mnist-quick", systems),
        "cifar10": ("cifar10-quick", systems),
        "folder": ("mnist-quick", folder),
    }
    return {name: plan(load_scenario(*given)) for name, given in words.items()}


@pytest.mark.parametrize("name", ["mnist", "cifar10", "folder"])
def test_whoever_looks_at_what_is_heard_sees_what_the_direct_receiver_sees(data_sets, name, rng):
    """At one SNR the two hear symbols of one law: through the same eyes their accuracies differ by chance alone."""
    planned = data_sets[name]
    shape = planned.setup.dimensions.image_shape

    class Eyes(keras.layers.Layer):
        def call(self, image):
            return keras.ops.reshape(image, (-1, int(np.prod(shape))))

    image = keras.Input(shape)
    (system,), (attack,) = planned.systems, planned.attacks
    receiver = system.receiver(planned.setup, lambda network: keras.Model(image, Eyes()(image)))
    look = NetworkAttack(attack.network.build(planned.setup.dimensions), 500)
    received = rng.standard_normal((64, *shape)).astype(np.float32)
    step = rng.uniform(0, 500, 64).astype(np.float32)
    pixels, _ = receiver([received, step])
    np.testing.assert_allclose(pixels, np.asarray(look([received, step])).reshape(64, -1), rtol=1e-5, atol=1e-6)
