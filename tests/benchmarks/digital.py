"""Digital links against Sionna's own `sim_ber`, around the model that its tutorials teach.

    python tests/benchmarks/digital.py --out tests/benchmarks/digital.json

Both simulate the same number of blocks of the same k and n over the same Es/N0, in this process, one after the other
and again, in batches of one size; the best run counts. All programs are traced beforehand. `sim_ber` has its compiled
model (graph mode) and, apart, one that is compiled by XLA.
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import tensorflow as tf
from engine import machine
from sionna.phy.channel import AWGN
from sionna.phy.fec.ldpc import LDPC5GDecoder, LDPC5GEncoder
from sionna.phy.mapping import BinarySource, Constellation, Demapper, Mapper
from sionna.phy.utils import sim_ber

from diffsem.link import Programs, coded_bits, simulate_points
from diffsem.link.digital.modulation import MODULATIONS
from diffsem.scenarios.datasets.splitting import load_dataset
from diffsem.scenarios.runs.assembly import assemble
from diffsem.scenarios.runs.reading import plan_of_file
from diffsem.scenarios.runs.sweep import sweep_points

INFORMATION_BITS = 512
BATCH = 256
BATCHES = [64, 256, 1024, 4096]
# Of each loop, one after the other: the least counts, of seconds on the clock and of those of all cores.
ROUNDS = 4
# Es/N0 in dB: the points of ber-calibration around the waterfall, those below and above it, and a fine grid in it.
UNCODED_GRIDS = {"ber-calibration": [4, 6, 8, 10]}
LDPC_GRIDS = {"ber-calibration": [0, 2, 4], "below": [-4, -2, 0], "above": [4, 6, 8], "waterfall": [0.5, 1.0, 1.5, 2.0]}
# The links of ber-calibration, each where errors are neither many nor none.
LINKS = [
    ("bpsk", None, 6),
    ("qpsk", None, 8),
    ("16qam", None, 16),
    ("64qam", None, 22),
    ("256qam", None, 28),
    ("qpsk", 0.5, 2),
    ("16qam", 0.5, 8),
    ("256qam", 0.5, 16),
]


class TutorialModel:
    """Sionna's tutorials: bits, mapper, AWGN, demapper, and the 5G LDPC code with 20 iterations where there is one."""

    def __init__(self, modulation: str, code_rate: float | None, xla: bool):
        per_symbol = MODULATIONS[modulation]
        self.coded = code_rate is not None
        constellation = Constellation("pam" if per_symbol == 1 else "qam", per_symbol)
        self.source, self.map, self.channel = BinarySource(), Mapper(constellation=constellation), AWGN()
        self.demap = Demapper("app", constellation=constellation, hard_out=not self.coded)
        # Uncoded blocks are whole symbols here, as a tutorial would choose them.
        self.bits = coded_bits(INFORMATION_BITS, code_rate, modulation)
        if self.coded:
            self.encode = LDPC5GEncoder(INFORMATION_BITS, self.bits, num_bits_per_symbol=per_symbol)
            self.decode = LDPC5GDecoder(self.encode, hard_out=True, num_iter=20)
        self.function = tf.function(self.blocks, jit_compile=xla or None)

    def blocks(self, batch_size, snr_db):
        # XLA needs the number of blocks as it compiles.
        bits = self.source([batch_size, INFORMATION_BITS if self.coded else self.bits])
        no = 10 ** (-snr_db / 10)
        heard = self.demap(self.channel(self.map(self.encode(bits) if self.coded else bits), no), no)
        return bits, self.decode(heard) if self.coded else heard

    def __call__(self, batch_size, ebno_db):
        # The name is `sim_ber`'s; what it says here is Es/N0.
        return self.function(int(batch_size), tf.cast(ebno_db, tf.float32))


def tutorial(modulation: str, code_rate: float | None, grid: list, batch: int, rounds: int, xla: bool) -> Callable:
    """A run of `sim_ber` over the grid; traced."""
    model = TutorialModel(modulation, code_rate, xla)
    model(batch, tf.constant(10.0))

    def run():
        sim_ber(model, grid, batch, max_mc_iter=rounds, early_stop=False, verbose=False, graph_mode=None)

    return run


def engine(modulation: str, code_rate: float | None, grid: list, batch: int, rounds: int) -> Callable:
    """A run of `simulate_points` over the grid; traced."""
    rate = "" if code_rate is None else f", code_rate: {code_rate}"
    plan = plan_of_file(
        "ber-calibration",
        [
            f"legitimate.snr_db={grid}",
            f"bit_error_rates=[{{modulation: {modulation}{rate}}}]",
            f"monte_carlo.batch_size={batch}",
            f"monte_carlo.max_images={batch * rounds}",
            "monte_carlo.target_errors=null",
        ],
    )
    experiment = assemble(plan, load_dataset(plan.source))
    programs, points = Programs(experiment), sweep_points(plan.scenario)
    next(iter(simulate_points(experiment, programs, points[-1:])))

    def run():
        for result in simulate_points(experiment, programs, points):
            assert [row["total"] for row in result.rows] == [batch * rounds]

    return run


def compare(
    modulation: str, code_rate: float | None, grid: list, batch: int = BATCH, blocks: int = 2048, xla: bool = False
) -> dict:
    """Blocks per second of all loops over a grid, and how many times as fast as each the engine is.

    By the clock, and by the time of all cores, which other programs of a machine disturb less.
    """
    rounds = max(1, blocks // batch)
    arguments = (modulation, code_rate, grid, batch, rounds)
    runs = {"engine": engine(*arguments), "sim_ber": tutorial(*arguments, xla=False)}
    if xla:
        runs["sim_ber_xla"] = tutorial(*arguments, xla=True)
    clocks = {"": time.perf_counter, "_cpu_time": time.process_time}
    least = {name: dict.fromkeys(clocks, np.inf) for name in runs}
    for _ in range(ROUNDS):
        for name, run in runs.items():
            before = {clock: read() for clock, read in clocks.items()}
            run()
            for clock, read in clocks.items():
                least[name][clock] = min(least[name][clock], read() - before[clock])
    result: dict = {"snr_db": grid, "batch_size": batch, "blocks": len(grid) * batch * rounds}
    for name, taken in least.items():
        result[f"{name}_blocks_per_second"] = round(result["blocks"] / taken[""], 1)
        result[f"{name}_cpu_seconds"] = round(taken["_cpu_time"], 3)
    for name in runs:
        if name != "engine":
            for clock in clocks:
                result[f"times_as_fast_as_{name}{clock}"] = round(least[name][clock] / least["engine"][clock], 2)
    return result


def bench_uncoded() -> dict:
    """QPSK, uncoded, by grid."""
    return ratio_of({name: compare("qpsk", None, grid, blocks=8192, xla=True) for name, grid in UNCODED_GRIDS.items()})


def bench_ldpc() -> dict:
    """QPSK with the LDPC code of rate 1/2, by grid."""
    return ratio_of({name: compare("qpsk", 0.5, grid, blocks=1024, xla=True) for name, grid in LDPC_GRIDS.items()})


def ratio_of(grids: dict[str, dict]) -> dict:
    """Grids, and of that of ber-calibration how many times as fast as `sim_ber` we are, compiled and by XLA."""
    one = grids["ber-calibration"]
    ratios = {"ratio": one["times_as_fast_as_sim_ber"], "ratio_to_xla": one["times_as_fast_as_sim_ber_xla"]}
    return {**ratios, "repeats": ROUNDS, "grids": grids}


def bench_batch_sizes() -> dict:
    """Both at one point in the waterfall, or where one bit in a hundred is wrong, by batch size."""
    return {
        "uncoded": [compare("qpsk", None, [8], batch, blocks=8192) for batch in BATCHES],
        "ldpc": [compare("qpsk", 0.5, [2], batch, blocks=4096) for batch in BATCHES],
    }


def bench_links() -> dict:
    """Every link of ber-calibration at one point."""
    return {
        f"{modulation} {'uncoded' if code_rate is None else code_rate}": compare(
            modulation, code_rate, [snr_db], blocks=16_384 if code_rate is None else 2048
        )
        for modulation, code_rate, snr_db in LINKS
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="JSON file to write")
    out = parser.parse_args().out
    results: dict = {"machine": machine(), "information_bits": INFORMATION_BITS}
    for name, bench in {
        "uncoded": bench_uncoded,
        "ldpc": bench_ldpc,
        "batch_sizes": bench_batch_sizes,
        "links": bench_links,
    }.items():
        results[name] = bench()
        print(name, json.dumps(results[name], indent=1), flush=True)
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
