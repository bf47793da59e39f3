"""Our engine against the loop that Sionna's tutorials teach, and workers against one process: `make bench`.

Both run the same networks on the same images over the same grid, with the same stopping rule and batch, compiled, in
one process; they take turns. The tutorials' loop is Sionna's own `sim_ber`, one SNR after another, around a model whose
rounds end for a whole batch at once. Compilation is timed apart: rates are those of programs that are traced already.
`--only` measures some parts, and leaves the others of the JSON file as they are.
"""

import argparse
import importlib
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from measuring import fastest, in_turns, machine, measured, merge, ratio
from quick import bench_quick
from running import bench_profile, bench_workers
from tutorials import system_model

from diffsem.link import Programs, simulate_points
from diffsem.models import UNet, mnist
from diffsem.scenarios import load_scenario
from diffsem.scenarios.datasets.splitting import load_dataset
from diffsem.scenarios.runs.assembly import assemble
from diffsem.scenarios.runs.plan import Plan
from diffsem.scenarios.runs.reading import plan_of_file
from diffsem.scenarios.runs.sweep import sweep_points

RESULTS = Path(__file__).with_name("results.json")
SNR_DB = [-5, 0, 5, 10, 15, 20]
TIMESTEPS = [60, 180, 300]
BATCH = 256
# Images a point at most, and wrong labels that end it: enough for a rate, for each system's speed.
STOPPING = {"classifier": (10_240, 500), "e-diffsem": (512, 100)}
PAPER_STEPS = 10
REPEATS = {"classifier": 5, "e-diffsem": 3, "mnist-quick": 2, "workers": 2}
# How many times as fast ours has to be.
NEEDED = {"classifier": 1.3, "e-diffsem": 2.5, "qpsk": 1.2, "ldpc": 1.2, "workers-2": 1.5, "workers-auto": 0.95}


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


class Loop:
    """A sweep that can be run again and again, traced already; `rate` is that of its fastest run.

    Parameters
    ----------
    sweep : callable
        Runs it: images, U-Net calls, accuracy.
    compile_seconds : float
    traces : callable
        How many there were.
    """

    def __init__(self, sweep: Callable[[], tuple[int, float, float]], compile_seconds: float, traces: Callable):
        self.sweep, self.compile_seconds, self.traces = sweep, compile_seconds, traces
        self.least, self.rate = float("inf"), {}

    def __call__(self) -> float:
        """Seconds an image."""
        with measured() as run:
            images, calls, accuracy = self.sweep()
        seconds = run["seconds"] / images
        if seconds < self.least:
            self.least = seconds
            self.rate = {
                "images": images,
                "images_per_second": round(1 / seconds, 1),
                "denoiser_calls_per_image": round(calls / images, 2),
                "peak_memory_mib": run["peak_memory_mib"],
                "compile_seconds": round(self.compile_seconds, 1),
                "traces": self.traces(),
                "accuracy": round(accuracy, 4),
            }
        return seconds


def engine_loop(system: str) -> Loop:
    plan = plan_of(system)
    experiment = assemble(plan, load_dataset(plan.source))
    points = sweep_points(plan.scenario)
    started = time.perf_counter()
    programs = Programs(experiment)
    # Traces and runs every program once, as the tutorials' models are.
    next(iter(simulate_points(experiment, programs, points[-1:])))

    def sweep():
        rows = [result.rows[0] for result in simulate_points(experiment, programs, points)]
        images, calls = (sum(values) for values in zip(*((row["total"], calls_of(row)) for row in rows), strict=True))
        return images, calls, float(np.mean([row["accuracy"] for row in rows]))

    return Loop(sweep, time.perf_counter() - started, lambda: sum(programs.traces().values()))


def calls_of(row: dict) -> float:
    return row["total"] * row["denoiser_calls"]


def tutorial_loop(system: str, steps: int, compiled: bool = True) -> Loop:
    plan = plan_of(system)
    experiment = assemble(plan, load_dataset(plan.source))
    started = time.perf_counter()
    model = system_model(experiment, experiment.systems[0], steps, compiled)
    if compiled:
        model(tf.constant(BATCH), tf.constant(20.0))
    compile_seconds = time.perf_counter() - started if compiled else 0.0

    def sweep():
        model.restart()
        bler = model.sweep(TIMESTEPS, SNR_DB, BATCH, *STOPPING[system])
        return int(model.sent), float(model.sums[0]), 1 - bler

    return Loop(sweep, compile_seconds, model.traces)


def bench_system(system: str, repeats: int) -> dict:
    """Ours and the tutorials' loop in turns, with as many DDIM steps; once, as the paper has it, and eager."""
    own_steps = load_scenario("mnist-awgn").denoising.steps
    rounds = system == "e-diffsem"
    alike = f"sim_ber_compiled_{own_steps}_steps" if rounds else "sim_ber_compiled"
    loops = {"engine": engine_loop(system), alike: tutorial_loop(system, own_steps)}
    seconds = in_turns(loops, repeats)
    # Ten steps in eager mode take as long as all the rest together.
    once = {"sim_ber_compiled": (PAPER_STEPS, True)} if rounds else {}
    once[f"sim_ber_eager_{own_steps}_steps" if rounds else "sim_ber_eager"] = (own_steps, False)
    for name, (steps, compiled) in once.items():
        loops[name] = tutorial_loop(system, steps, compiled)
        loops[name]()
    rates = {name: loop.rate for name, loop in loops.items()}
    ours = rates["engine"]["images_per_second"]
    max_images, target_errors = STOPPING[system]
    return {
        system: {
            "max_images": max_images,
            "target_errors": target_errors,
            "loops": rates,
            "times_as_fast_as": {
                name: round(ours / rate["images_per_second"], 2) for name, rate in rates.items() if name != "engine"
            },
        },
        "grid": {"snr_db": SNR_DB, "timesteps": TIMESTEPS, "batch_size": BATCH},
        "ratios": {system: ratio(seconds["engine"], seconds[alike])},
    }


def bench_digital(name: str, function: str) -> dict:
    """Blocks a second, by the benchmark of digital links."""
    found = getattr(importlib.import_module("digital"), function)()
    return {"ratios": {name: {"unit": "blocks a second", **found}}}


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


PARTS: dict[str, Callable[[dict[str, int]], dict]] = {
    "unet": lambda repeats: {"unet": bench_unet()},
    "startup": lambda repeats: {"startup": bench_startup()},
    "classifier": lambda repeats: bench_system("classifier", repeats["classifier"]),
    "e-diffsem": lambda repeats: bench_system("e-diffsem", repeats["e-diffsem"]),
    "qpsk": lambda repeats: bench_digital("qpsk", "bench_uncoded"),
    "ldpc": lambda repeats: bench_digital("ldpc", "bench_ldpc"),
    "mnist-quick": lambda repeats: bench_quick(repeats["mnist-quick"]),
    "workers": lambda repeats: bench_workers(repeats["workers"]),
    "profile": lambda repeats: bench_profile(),
}


def whole_machine() -> dict:
    return machine() | {"devices": [device.name for device in tf.config.list_logical_devices()]}


def told(name: str, one: dict) -> str:
    """A line on a ratio."""
    spread = f" [{one['low']:.2f}, {one['high']:.2f}]" if "low" in one else ""
    needed = NEEDED.get(name)
    missed = "" if needed is None or one["ratio"] >= needed else "  MISSED"
    return f"{name}: {one['ratio']:.2f}{spread}" + (f", needed {needed}{missed}" if needed is not None else "")


def main() -> int:
    """1 if a ratio is less than it has to be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=RESULTS, help="JSON file whose parts are measured anew")
    parser.add_argument("--only", default=",".join(PARTS), help=f"parts, with commas between them: {','.join(PARTS)}")
    parser.add_argument("--repeats", type=int, help="times that two take turns; default: by part")
    options = parser.parse_args()
    chosen = options.only.split(",")
    if set(chosen) - set(PARTS):
        parser.error(f"--only {options.only}: allowed: {', '.join(PARTS)}")
    repeats = {name: options.repeats or repeats for name, repeats in REPEATS.items()}
    ratios: dict[str, dict] = {}
    for name in chosen:
        started = time.perf_counter()
        part = PARTS[name](repeats)
        own = part.get("ratios", {})
        for each, one in own.items():
            one["needed"] = NEEDED.get(each)
        ratios |= own
        merge(options.out, part | {"machine": whole_machine(), "machines": {name: machine()}})
        print(f"{name}, {time.perf_counter() - started:.0f} s", flush=True)
    lines = [told(name, one) for name, one in ratios.items()]
    print("\n".join(lines))
    return int(any("MISSED" in line for line in lines))


if __name__ == "__main__":
    sys.exit(main())
