"""Our engine against the loop that Sionna's tutorials teach, compiled and eager: `make bench`.

All three run the same networks on the same images over the same grid, with the same stopping rule, in this process,
one after the other. The tutorials' loop is Sionna's own `sim_ber`, one SNR after another, around a model whose rounds
end for a whole batch at once. Compilation is timed apart: rates are those of programs that are traced already.
"""

import argparse
import datetime
import json
import os
import platform
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import keras
import numpy as np
import psutil
import tensorflow as tf
from keras import ops
from sionna.phy.utils import sim_ber

from diffsem.link import Programs, simulate_points
from diffsem.models import NoiseSchedule, UNet, mnist, predict_clean
from diffsem.scenarios import load_scenario
from diffsem.scenarios.datasets.splitting import load_dataset
from diffsem.scenarios.runs.assembly import assemble
from diffsem.scenarios.runs.plan import Plan
from diffsem.scenarios.runs.reading import plan_of_file
from diffsem.scenarios.runs.sweep import sweep_points

SCHEDULE = NoiseSchedule()

SNR_DB = [-5, 0, 5, 10, 15, 20]
TIMESTEPS = [60, 180, 300]
BATCH = 256
# Images a point at most, and wrong labels that end it: enough for a rate, for each system's speed.
STOPPING = {"classifier": (10_240, 500), "e-diffsem": (512, 100)}
PAPER_STEPS = 10


def plan_of(system: str) -> Plan:
    max_images, target_errors = STOPPING[system]
    return plan_of_file(
        "mnist-awgn",
        [
            f"timesteps={TIMESTEPS}",
            f"legitimate.snr_db={SNR_DB}",
            f"legitimate.receivers=[{system}]",
            "eavesdropper.attacks=[]",
            f"monte_carlo.batch_size={BATCH}",
            f"monte_carlo.max_images={max_images}",
            f"monte_carlo.target_errors={target_errors}",
            "monte_carlo.ci_half_width=null",
        ],
    )


def tutorial_ddim(unet, received, step, label, steps):
    """Eq. 16 as one writes it down: a Python loop over the grid."""
    feature = received
    for i in range(steps):
        here, after = step * (1 - i / steps), step * (1 - (i + 1) / steps)
        noise = unet([feature, here[:, None] / SCHEDULE.steps, label], training=False)
        clean = predict_clean(feature, noise, SCHEDULE.alpha_bar_at(here))
        alpha_bar = SCHEDULE.alpha_bar_at(after)[:, None, None, None]
        feature = ops.sqrt(alpha_bar) * clean + ops.sqrt(1 - alpha_bar) * noise
    return feature


def tutorial_receiver(receiver, system: str, steps: int) -> Callable:
    """(y, t') -> logits, U-Net calls an image; the rounds of E-DiffSem go on while any label of the batch changes."""
    if system == "classifier":
        return lambda received, step: (receiver.classify(received, received, step), 0.0)
    unet = receiver.denoise.unet

    def receive(received, step):
        logits = receiver.classify(received, received, step)

        def unsettled(rounds, changed, logits):
            return changed & (rounds < receiver.max_rounds)

        def one_round(rounds, changed, before):
            clean = tutorial_ddim(unet, received, step, ops.softmax(before), steps)
            after = receiver.classify(received, clean, step)
            return rounds + 1, ops.any(ops.argmax(after, -1) != ops.argmax(before, -1)), after

        rounds, _, logits = ops.while_loop(unsettled, one_round, (0, ops.convert_to_tensor(True), logits))
        return logits, ops.cast(rounds, "float32") * steps

    return receive


class TutorialModel:
    """A model with `__call__(batch_size, ebno_db)`, as `sim_ber` takes it; one for each step t."""

    def __init__(self, experiment, system: str, timestep: int, steps: int, compiled: bool):
        (self.link,) = experiment.links.values()
        self.receive = tutorial_receiver(experiment.systems[0].receiver, system, steps)
        self.timestep = timestep
        self.images, self.labels = tf.constant(experiment.images), tf.constant(experiment.labels)
        self.place, self.calls = tf.Variable(0), tf.Variable(0.0)
        self.function = tf.function(self.transmit_and_decide) if compiled else self.transmit_and_decide

    def transmit_and_decide(self, batch_size, ebno_db):
        index = (self.place + tf.range(batch_size)) % len(self.images)
        self.place.assign_add(batch_size)
        step, snr = tf.fill([batch_size], self.timestep), tf.fill([batch_size], 10 ** (ebno_db / 10))
        radiated, noise_step, power = self.link.transmitter([tf.gather(self.images, index), step, snr])
        received, own_step = self.link.legitimate([radiated, step, noise_step, power, snr])
        logits, calls = self.receive(received, own_step)
        self.calls.assign_add(calls * tf.cast(batch_size, tf.float32))
        labels = tf.gather(self.labels, index)
        return labels[:, None], tf.argmax(logits, axis=-1, output_type=labels.dtype)[:, None]

    def __call__(self, batch_size, ebno_db):
        return self.function(batch_size, ebno_db)

    def traces(self) -> int:
        return self.function.experimental_get_tracing_count() if hasattr(self.function, "get_concrete_function") else 0


@contextmanager
def measured():
    """Gives a dict that holds, afterwards, seconds and peak resident memory in MiB."""
    result, done = {}, threading.Event()
    process, peak = psutil.Process(), [0]

    def watch():
        while not done.wait(0.05):
            peak[0] = max(peak[0], process.memory_info().rss)

    watcher = threading.Thread(target=watch)
    watcher.start()
    started = time.perf_counter()
    try:
        yield result
    finally:
        result["seconds"] = time.perf_counter() - started
        done.set()
        watcher.join()
        result["peak_memory_mib"] = round(peak[0] / 2**20)


def rate(images: int, calls: float, run: dict, compile_seconds: float, traces: int, accuracy: float) -> dict:
    return {
        "images": images,
        "images_per_second": round(images / run["seconds"], 1),
        "denoiser_calls_per_image": round(calls / images, 2),
        "peak_memory_mib": run["peak_memory_mib"],
        "compile_seconds": round(compile_seconds, 1),
        "traces": traces,
        "accuracy": round(accuracy, 4),
    }


def bench_tutorial(system: str, steps: int, compiled: bool) -> dict:
    plan = plan_of(system)
    experiment = assemble(plan, load_dataset(plan.source))
    max_images, target_errors = STOPPING[system]
    started = time.perf_counter()
    models = [TutorialModel(experiment, system, timestep, steps, compiled) for timestep in TIMESTEPS]
    if compiled:
        for model in models:
            model(tf.constant(BATCH), tf.constant(20.0))
            model.place.assign(0)
            model.calls.assign(0)
    compile_seconds = time.perf_counter() - started if compiled else 0.0
    errors = 0
    with measured() as run:
        for model in models:
            _, bler = sim_ber(
                model,
                SNR_DB,
                BATCH,
                max_mc_iter=max_images // BATCH,
                num_target_block_errors=target_errors,
                early_stop=False,
                verbose=False,
                graph_mode=None,
            )
            errors += float(np.mean(bler))
    images = int(sum(int(model.place) for model in models))
    calls = float(sum(float(model.calls) for model in models))
    traces = sum(model.traces() for model in models)
    return rate(images, calls, run, compile_seconds, traces, 1 - errors / len(models))


def bench_engine(system: str) -> dict:
    plan = plan_of(system)
    experiment = assemble(plan, load_dataset(plan.source))
    points = sweep_points(plan.scenario)
    started = time.perf_counter()
    programs = Programs(experiment)
    # Traces and runs every program once, as the tutorials' models were.
    next(iter(simulate_points(experiment, programs, points[-1:])))
    compile_seconds = time.perf_counter() - started
    with measured() as run:
        rows = [result.rows[0] for result in simulate_points(experiment, programs, points)]
    images = sum(row["total"] for row in rows)
    calls = sum(row["total"] * row["denoiser_calls"] for row in rows)
    accuracy = float(np.mean([row["accuracy"] for row in rows]))
    return rate(images, calls, run, compile_seconds, sum(programs.traces().values()), accuracy)


def fastest(function: Callable, seconds: float = 3.0) -> float:
    """Seconds of the fastest call, out of as many as fit."""
    function()
    times = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        started = time.perf_counter()
        function()
        times.append(time.perf_counter() - started)
    return min(times)


def multiply_accumulates(network: keras.Model) -> int:
    """Of one sample, in its convolutions and dense layers; all else is not counted."""
    total = 0
    for layer in network.layers:
        if isinstance(layer, keras.layers.Dense):
            total += layer.kernel.shape[0] * layer.kernel.shape[1]
        elif isinstance(layer, keras.layers.Conv2DTranspose):
            total += int(np.prod(layer.input.shape[1:3])) * int(np.prod(layer.kernel.shape))
        elif isinstance(layer, keras.layers.Conv2D):
            total += int(np.prod(layer.output.shape[1:3])) * int(np.prod(layer.kernel.shape))
    return total


def bench_unet() -> dict:
    """Floating-point rate of U-Net forward passes, as a share of this machine's best at float32 matrix products."""
    products = {}
    for size in (1024, 2048, 4096):
        left, right = (tf.random.normal([size, size]) for _ in range(2))
        multiply = tf.function(tf.matmul)
        products[str(size)] = 2 * size**3 / fastest(lambda: multiply(left, right).numpy()) / 1e9
    best = max(products.values())
    result = {"matmul_gflops": {size: round(value, 1) for size, value in products.items()}}
    for name, context in (("denoiser", 0), ("denoiser-label", mnist.CLASSES)):
        unet = UNet(context=context)
        shapes = [mnist.FEATURE_SHAPE, (1,), *([(context,)] if context else [])]
        inputs = [tf.random.normal([BATCH, *shape]) for shape in shapes]
        forward = tf.function(lambda *inputs: unet(list(inputs), training=False))
        seconds = fastest(lambda: forward(*inputs).numpy())
        gflops = 2 * multiply_accumulates(unet) * BATCH / seconds / 1e9
        result[name] = {
            "mflop_per_image": round(2 * multiply_accumulates(unet) / 1e6, 1),
            "gflops": round(gflops, 1),
            "share_of_matmul": round(gflops / best, 3),
            "images_per_second": round(BATCH / seconds),
        }
    return result


def bench_startup() -> dict:
    def seconds(*arguments):
        return round(fastest(lambda: subprocess.run([sys.executable, *arguments], check=True, capture_output=True)), 3)

    return {
        "import_scenarios_seconds": seconds("-c", "import diffsem.scenarios"),
        "help_seconds": seconds("-m", "diffsem.scenarios.command_line", "--help"),
        "import_tensorflow_and_sionna_seconds": seconds("-c", "import diffsem.scenarios.runs.assembly"),
    }


def machine() -> dict:
    model = platform.processor()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        model = next((line.split(": ")[1] for line in cpuinfo.read_text().splitlines() if "model name" in line), model)
    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "cpu": model,
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(psutil.virtual_memory().total / 2**30),
        "devices": [device.name for device in tf.config.list_logical_devices()],
        "python": platform.python_version(),
        "versions": {name: version(name) for name in ("diffsem", "tensorflow", "keras", "sionna-no-rt", "numpy")},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="JSON file to write")
    out = parser.parse_args().out
    own_steps = load_scenario("mnist-awgn").denoising.steps
    results: dict = {"machine": machine(), "unet": bench_unet(), "startup": bench_startup()}
    results["grid"] = {"snr_db": SNR_DB, "timesteps": TIMESTEPS, "batch_size": BATCH}
    for system, stopping in STOPPING.items():
        loops = {"engine": bench_engine(system)}
        variants = {"": PAPER_STEPS, f"_{own_steps}_steps": own_steps} if system == "e-diffsem" else {"": 0}
        for suffix, steps in variants.items():
            loops[f"sim_ber_compiled{suffix}"] = bench_tutorial(system, steps, compiled=True)
            loops[f"sim_ber_eager{suffix}"] = bench_tutorial(system, steps, compiled=False)
        ours = loops["engine"]["images_per_second"]
        ratios = {name: round(ours / loop["images_per_second"], 2) for name, loop in loops.items() if name != "engine"}
        results[system] = {
            "max_images": stopping[0],
            "target_errors": stopping[1],
            "loops": loops,
            "times_as_fast_as": ratios,
        }
        print(system, json.dumps(results[system], indent=1), flush=True)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(results, indent=1) + "\n")
    print(json.dumps(results["unet"], indent=1))


if __name__ == "__main__":
    main()
