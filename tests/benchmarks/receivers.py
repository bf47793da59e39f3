"""Seconds that each receiver of a scenario takes for a batch of 256 images, compiled: what the denoiser adds.

On TensorFlow or JAX (KERAS_BACKEND): the networks alone are timed, on features noised straight to step t (eq. 11),
which lie on the device already. The receivers take turns, so that a busy machine slows all alike.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import keras
import numpy as np
from keras import ops

from diffsem.scenarios.contracts.network import NetworkSpec
from diffsem.scenarios.datasets.splitting import load_dataset
from diffsem.scenarios.runs.reading import plan_of_file
from diffsem.scenarios.runs.weights_folders import weights_folder
from diffsem.scenarios.training.checkpoints import load_network
from diffsem.scenarios.training.session import add_noise, predict

BATCH = 256


def compiled(receiver: keras.layers.Layer) -> Callable:
    """The receiver as one program."""
    if keras.backend.backend() == "jax":
        import jax

        return jax.jit(lambda inputs: receiver(inputs))
    import tensorflow as tf

    return tf.function(receiver)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scenario", help="a shipped scenario's name or a YAML file")
    parser.add_argument("--data-dir", type=Path, help="where cifar10 lies")
    parser.add_argument("--timestep", type=int, default=240, help="self-noising step t")
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--set", action="append", default=[], help="KEY=VALUE of the scenario, as for `diffsem run`")
    options = parser.parse_args()
    plan = plan_of_file(options.scenario, [*options.set, f"monte_carlo.batch_size={BATCH}"])
    scenario, setup, folder = plan.scenario, plan.setup, weights_folder(plan)
    images = load_dataset(plan.source, options.data_dir).test[:BATCH].as_float()

    def load(network: NetworkSpec) -> keras.Model:
        return load_network(network, setup.dimensions, folder, scenario.execution.precision)

    steps = np.full(BATCH, options.timestep)
    calls = {}
    for system in plan.systems:
        if system.transmitter is None or system.receiver is None:
            continue
        feature = predict(load(system.transmitter.encoder), images)
        received, _ = add_noise(feature, steps, setup.schedule, np.random.default_rng(scenario.seed))
        inputs = [ops.convert_to_tensor(received, "float32"), ops.convert_to_tensor(steps, "float32")]
        calls[system.name] = partial(compiled(system.receiver(setup, load)), inputs)
        ops.convert_to_numpy(calls[system.name]()[0])  # compiles it
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(options.repeats):
        for name, call in calls.items():
            started = time.perf_counter()
            ops.convert_to_numpy(call()[0])
            seconds[name].append(time.perf_counter() - started)
    print(
        f"{scenario.name}, t = {options.timestep}, a batch of {BATCH}, {keras.backend.backend()}, ms: "
        f"median [least, most] of {options.repeats}"
    )
    for name, taken in seconds.items():
        low, middle, high = (1e3 * value for value in (min(taken), statistics.median(taken), max(taken)))
        print(f"{name}: {middle:.2f} [{low:.2f}, {high:.2f}]")


if __name__ == "__main__":
    main()
