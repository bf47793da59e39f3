"""How many workers pay: `make cluster` measures what they cost here, and simulates the hand-out of a large sweep.

First, with --measure, in processes of their own: seconds until TensorFlow and the rest are loaded, a sweep's seconds on
one thread and on all cores, and the seconds that the process which takes the results needs for one. All but those of
several cores are seconds of computing, which other programs do not add to. `--workers auto` reads them. Then the model,
which hands groups out by the code that sweeps do, tells the seconds of 5,000 points on 1 to 16 workers.
"""

import argparse
import datetime
import json
import math
import os
import platform
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np

from diffsem.scenarios.runs.cost.machine import GIB, Machine, usable_cores
from diffsem.scenarios.runs.parallel.auto import MEASURED, fewest_paying, predicted_seconds, process_seconds
from diffsem.scenarios.runs.parallel.model import Load, serial_share, sweep_seconds

POINTS, WORKERS = 5_000, (1, 2, 4, 8, 16)
# Of machines, with 4 GiB a core.
CORES = (2, 4, 8, 16)
# Of a sweep on them: of few, some workers are through before others.
SWEPT = 100
SCENARIO = "mnist-quick"
# One point of one pool of batches: a repetition is short, and some of them find the cores idle.
SMALL = [
    "timesteps=[240]",
    "legitimate={snr_db: [15], receivers: [classifier, diffsem]}",
    "eavesdropper.attacks=[inversion-mlp]",
    "monte_carlo={max_images: 1024, batch_size: 256, target_errors: null, ci_half_width: null}",
]
THREADS = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
START = (
    "import json, time; "
    "import diffsem.scenarios.runs.parallel.worker as worker; worker.load_tensorflow(); "
    "import diffsem.scenarios.datasets.splitting, diffsem.scenarios.runs.assembly, diffsem.link as link; "
    "link.Programs; "
    "print(json.dumps({'start_seconds': time.process_time()}))"
)


def seconds_of(act) -> tuple[float, float]:
    """Of the clock, and of all threads of this process."""
    begun, computed = time.perf_counter(), time.process_time()
    act()
    return time.perf_counter() - begun, time.process_time() - computed


def measured_here(repeats: int) -> dict[str, float]:
    """Seconds of a pool of batches in this process, and of building and of tracing it."""
    from diffsem.link import Programs, simulate_points
    from diffsem.scenarios.datasets.splitting import load_dataset
    from diffsem.scenarios.runs.assembly import assemble
    from diffsem.scenarios.runs.reading import plan_of_file
    from diffsem.scenarios.runs.sweep import sweep_points

    plan = plan_of_file(SCENARIO, SMALL)
    points = sweep_points(plan.scenario)
    built: list = []

    def build() -> None:
        experiment = assemble(plan, load_dataset(plan.source))
        built.extend([experiment, Programs(experiment)])

    def pool() -> None:
        list(simulate_points(*built, points))

    (_, building), (_, first) = seconds_of(build), seconds_of(pool)
    pools = [seconds_of(pool) for _ in range(repeats)]
    computed = min(each for _, each in pools)
    return {
        "point_seconds": min(each for each, _ in pools) / len(points),
        "point_core_seconds": computed / len(points),
        "compile_seconds": building + first - computed,
    }


def result_seconds(repeats: int) -> float:
    """Of reading an answer and writing it into a table of 200 points."""
    from diffsem.link import Point, read_table, write_table
    from diffsem.scenarios.runs.parallel.answers import answer_of, answers
    from diffsem.scenarios.runs.reading import plan_of_file
    from diffsem.scenarios.runs.sweep import run_plan

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "r.h5"
        run_plan(plan_of_file(SCENARIO, [*SMALL, "monte_carlo.max_images=256"]), path)
        table = read_table(path)
        results = []
        first = next(iter(_results_of(table)))
        for number in range(200):
            results.append(_at(first, Point(240, 15.0 + number / 10, (15.0 + number / 10,))))
        for result in results[1:]:
            table = table.with_point(result)
        (content,) = answers(lambda points: results[:1], [results[0].point])

        def take() -> None:
            answer_of(content, [results[0].point])
            write_table(path, table)

        return min(seconds_of(take)[1] for _ in range(repeats))


def _results_of(table):
    from diffsem.link import Point, PointResult

    rows = table.rows.to_dict("records")
    yield PointResult(Point(240, 15.0, (15.0,)), rows, table.by_step, [], 256)


def _at(result, point):
    rows = [{**row, "receiver_snr_db": point.snr_db, "snr_db": point.snr_db} for row in result.rows]
    return replace(result, point=point, rows=rows)


def in_process(kind: str, threads: int, repeats: int) -> dict[str, float]:
    command = [sys.executable, __file__, "--only", kind, "--repeats", str(repeats)]
    if kind == "start":
        command = [sys.executable, "-c", START]
    environment = {**os.environ, **dict.fromkeys(THREADS, str(threads)), "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def measure(repeats: int) -> dict:
    """What `--workers auto` goes by, and the state of the machine."""
    cores, load = usable_cores(), os.getloadavg()[0]
    busy = load > cores / 2
    # Seconds of computing may be taken side by side where the cores are not idle anyway.
    with ThreadPoolExecutor(3 if busy else 1) as pool:
        kinds = ("start", "pools", "result")
        start, one, result = pool.map(lambda kind: in_process(kind, 1, repeats), kinds)
    alone = one["point_core_seconds"]
    # T(n) / T(1) = serial + (1 - serial) / n; a busy machine tells nothing of it, and stands for one without a loss.
    told, several, share = False, math.nan, 1.0
    if not busy and cores > 1:
        several = in_process("pools", cores, repeats)["point_seconds"]
        told = 1 / cores < several / alone < 1
        share = (1 - several / alone) / (1 - 1 / cores) if told else 1.0
    return {
        "machine": {
            "date": datetime.date.today().isoformat(),
            "cores": cores,
            "machine": platform.machine(),
            "load_before": round(load, 2),
            "load_after": round(os.getloadavg()[0], 2),
        },
        "scenario": [SCENARIO, *SMALL],
        "measured": {
            "start_seconds": round(start["start_seconds"], 3),
            "compile_seconds": round(one["compile_seconds"], 3),
            "point_seconds_one_thread": round(alone, 4),
            "point_seconds_all_cores": None if busy else round(several, 4),
            "parallel_share": round(share, 4),
            "parallel_share_was_told": told,
            "result_seconds": round(result["result_seconds"], 4),
        },
    }


def model(measured: dict) -> dict:
    """Seconds of a large sweep on workers of one thread each, the share that stays serial, and from where it pays."""
    known = measured["measured"]
    load = [Load(POINTS, known["point_seconds_one_thread"], known["compile_seconds"])]
    seconds = {
        workers: sweep_seconds(load, workers, known["start_seconds"], known["result_seconds"]) for workers in WORKERS
    }
    return {
        "points": POINTS,
        "inputs": measured,
        "seconds": {str(workers): round(took, 1) for workers, took in seconds.items()},
        "speedup": {str(workers): round(seconds[1] / took, 2) for workers, took in seconds.items()},
        "serial_share": round(serial_share(seconds), 4),
        "points_that_workers_pay_for": SWEPT,
        "workers_pay_from_seconds": {str(cores): pays_from(cores) for cores in CORES},
        "most_gain_of_two_workers_on_two_cores": round(process_seconds(1, 2) / process_seconds(1, 1) * 2, 3),
    }


def pays_from(cores: int) -> int | None:
    """Seconds of one process from which `--workers auto` takes more, on so many cores; None: never within a day."""
    from diffsem.scenarios.runs.cost.sweep import cost_of
    from diffsem.scenarios.runs.reading import plan_of_file

    cost = cost_of(plan_of_file("fig4-mnist"))
    ((_, need),) = cost.variants
    machine = Machine(cores, cores * 4 * GIB)
    for core_seconds in np.geomspace(10, 86_400 * cores, 400):
        whole = replace(need, core_seconds=need.start_seconds + core_seconds)
        seconds = predicted_seconds(replace(cost, points=SWEPT, variants=((SWEPT, whole),), need=whole), 1.0, machine)
        if fewest_paying(seconds, cores) > 1:
            return round(seconds(1, 1.0))
    return None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--measure", action="store_true", help="measure anew, for --workers auto too")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("cluster.json"))
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--only", choices=["pools", "result"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only == "pools":
        print(json.dumps(measured_here(options.repeats)))
        return
    if options.only == "result":
        print(json.dumps({"result_seconds": result_seconds(options.repeats)}))
        return
    if options.measure:
        measured = measure(options.repeats)
        # Installed, and as it will be installed.
        for path in {MEASURED, Path(__file__).parents[2] / "scenarios/runs/parallel/measured.json"}:
            path.write_text(json.dumps(measured, indent=1) + "\n")
    told = model(json.loads(MEASURED.read_text()))
    options.out.write_text(json.dumps(told, indent=1) + "\n")
    print(f"{POINTS:,} points\n{'workers':>8} {'seconds':>9} {'speed-up':>9}")
    for workers, seconds in told["seconds"].items():
        print(f"{workers:>8} {seconds:>9,.1f} {told['speedup'][workers]:>9.2f}")
    print(f"serial: {told['serial_share']:.2%}")


if __name__ == "__main__":
    main()
