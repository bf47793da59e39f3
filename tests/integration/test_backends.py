"""The same weights give the same outputs on TensorFlow and on JAX."""

import importlib.util
import json
import os
import subprocess
import sys

import numpy as np
import pytest

from diffsem.scenarios import load_scenario, run_scenario
from diffsem.scenarios.training.record import read_record

PROGRAM = """
import json, sys
import keras
import numpy as np
from diffsem.models import Against, Denoise, DenoisingAttack, InversionConv, NoiseSchedule, Picture, PictureEncoder
from diffsem.models import SelfNoise, SymbolClassifier, SymbolInformation, UNet, mnist
folder = sys.argv[1]
rng = np.random.default_rng(3)
images = rng.random((3, 28, 28, 1), np.float32)
feature = rng.standard_normal((3, 8, 8, 1)).astype(np.float32)
time = np.array([[0.2], [0.5], [0.9]], np.float32)
label = rng.dirichlet(np.ones(10), 3).astype(np.float32)

def load(network, name):
    network.load_weights(f"{folder}/{name}.weights.h5")
    return network

unet = load(UNet(context=10), "denoiser-label")
denoised = Denoise(unet, NoiseSchedule(), 3)([feature, time[:, 0] * 500, label])
outputs = {
    "encoder": load(mnist.Encoder(), "encoder")(images),
    "classifier": load(mnist.Classifier(), "classifier")([feature, feature, time]),
    "strong": load(mnist.StrongClassifier(), "strong-classifier")(images),
    "inversion": load(mnist.InversionMLP(), "clean-pair.inversion-mlp")([feature, time]),
    "attack": load(SymbolClassifier((8, 8, 1), 10), "clean-pair.task-classifier")([feature, time]),
    "denoise-invert": load(
        DenoisingAttack(UNet(channels=32), InversionConv((8, 8, 2), (28, 28, 1))), "clean-pair.denoise-invert"
    )([feature, time], training=False),
    "ibal": load(mnist.LinearEncoder(), "encoder-ibal")(images),
    "picture": Picture((28, 28, 1), True, rms=0.329)([np.asarray(PictureEncoder((28, 28, 1), True)(images)), time]),
    "against": Against()([feature, time[:, 0]]),
    "information": SymbolInformation(NoiseSchedule())([feature, time[:, 0] * 500]),
    "unet": unet([feature, time, label], training=False),
    "denoised": denoised,
    "noise_step": SelfNoise()([feature, np.array([240, 300, 120]), np.array([10**1.5, 10**0.5, 1.0])])[1],
    "matched_step": NoiseSchedule().matched_step(np.array([0.1, 1.0, 10.0])),
}
print(json.dumps({name: keras.ops.convert_to_numpy(value).tolist() for name, value in outputs.items()}))
print(keras.backend.backend())
"""


pytestmark = pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="JAX is not installed")


@pytest.mark.slow
def test_networks_give_the_same_outputs_on_jax():
    from diffsem.scenarios.training.checkpoints import PRETRAINED

    outputs = {}
    for backend in ("tensorflow", "jax"):
        command = [sys.executable, "-c", PROGRAM, str(PRETRAINED / "mnist")]
        environment = os.environ | {"KERAS_BACKEND": backend}
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
        assert done.returncode == 0, done.stderr
        printed, used = done.stdout.splitlines()[-2:]
        assert used == backend
        outputs[backend] = json.loads(printed)
    assert outputs["jax"]["noise_step"] == [231, 212, 0]
    for name, value in outputs["tensorflow"].items():
        np.testing.assert_allclose(outputs["jax"][name], value, atol=1e-4, err_msg=name)


@pytest.mark.slow
def test_on_jax_ibal_trains_for_a_sweep_on_tensorflow_and_channels_end_in_one_line(tmp_path):
    toy = ["legitimate.receivers=[ibal]", "eavesdropper.attacks=[]", "training.images=1000", "training.epochs.ibal=2"]
    few = ["legitimate.snr_db=[20]", "monte_carlo.max_images=1024"]
    scenario = load_scenario("mnist-awgn", [*toy, f"weights={tmp_path}", "timesteps=[0]", *few])

    def on_jax(*words):
        command = [sys.executable, "-m", "diffsem.scenarios.command_line", *words]
        command += [word for key in toy for word in ("--set", key)]
        return subprocess.run(command, capture_output=True, text=True, env=os.environ | {"KERAS_BACKEND": "jax"})

    assert on_jax("train", "mnist-awgn", "--out", str(tmp_path)).returncode == 0
    entry = read_record(tmp_path)["ibal"]
    assert "jax" in entry["versions"]
    assert "tensorflow" not in entry["versions"]
    accuracy = run_scenario(scenario)["accuracy"].iloc[0]
    assert accuracy == pytest.approx(entry["scores"]["test_accuracy_t0"], abs=0.1)
    refused = on_jax("run", "mnist-awgn", "--out", str(tmp_path / "r.h5"))
    assert refused.returncode == 2
    assert refused.stderr.splitlines()[-1].startswith("diffsem: KERAS_BACKEND jax: channels are Sionna's")
