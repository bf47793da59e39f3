"""Seconds that each receiver of a scenario takes for a batch of 256 images, compiled: what the denoiser adds.

One transmission at the first SNR of the scenario and step t; the receivers take turns, so that a busy machine slows all
alike.
"""

import argparse
import statistics
import time
from functools import partial
from pathlib import Path

import numpy as np
import tensorflow as tf

from diffsem.link.wiretap import Seeds
from diffsem.scenarios import load_scenario
from diffsem.scenarios.assembly import assemble
from diffsem.scenarios.datasets import load_dataset

BATCH = 256


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scenario", help="a shipped scenario's name or a YAML file")
    parser.add_argument("--data-dir", type=Path, help="where cifar10 lies")
    parser.add_argument("--timestep", type=int, default=240, help="self-noising step t")
    parser.add_argument("--repeats", type=int, default=20)
    options = parser.parse_args()
    scenario = load_scenario(options.scenario, [f"monte_carlo.batch_size={BATCH}", "eavesdropper.attacks=[]"])
    experiment = assemble(scenario, load_dataset(scenario.dataset, options.data_dir))
    images = experiment.images[:BATCH]
    snr_db = np.full(BATCH, scenario.legitimate.snr_db[0])
    steps = np.full(BATCH, options.timestep, np.int32)
    calls = {}
    for system in experiment.systems:
        seeds = Seeds.unpack(range(len(Seeds.roles(1))))
        heard, _, _ = experiment.links[system.transmitter].transmit(images, steps, snr_db, [snr_db], seeds)
        calls[system.name] = partial(tf.function(system.receiver), [heard.received, heard.step])
        calls[system.name]()  # traces it
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(options.repeats):
        for name, call in calls.items():
            started = time.perf_counter()
            logits, _ = call()
            logits.numpy()
            seconds[name].append(time.perf_counter() - started)
    print(f"{scenario.name}, t = {options.timestep}, a batch of {BATCH}, ms: median [least, most] of {options.repeats}")
    for name, taken in seconds.items():
        low, middle, high = (1e3 * value for value in (min(taken), statistics.median(taken), max(taken)))
        print(f"{name}: {middle:.0f} [{low:.0f}, {high:.0f}]")


if __name__ == "__main__":
    main()
