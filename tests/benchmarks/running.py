"""The command line itself, timed from the start of its process to its end."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from measuring import in_turns, ratio

from diffsem.link import read_table

# Images a point of the sweep that workers share: less than its 10,000, or it would take half an hour.
WORKERS_IMAGES = 1024


def bench_workers(repeats: int) -> dict:
    """`diffsem run fig4-mnist` in processes of its own, from their start to their end."""

    def command(workers: str) -> list[str]:
        return ["run", "fig4-mnist", "--workers", workers, "--set", f"monte_carlo.max_images={WORKERS_IMAGES}"]

    def sweep(workers: str) -> Callable[[], float]:
        def seconds() -> float:
            with tempfile.TemporaryDirectory() as folder:
                words = [*command(workers), "--out", str(Path(folder) / "r.h5")]
                started = time.perf_counter()
                run_command(words)
                return time.perf_counter() - started

        return seconds

    seconds = in_turns({workers: sweep(workers) for workers in ("1", "2", "auto")}, repeats)
    return {
        "workers": {
            "command": f"diffsem {' '.join(command('N'))}",
            "max_images": WORKERS_IMAGES,
            "seconds": {workers: round(min(several), 1) for workers, several in seconds.items()},
        },
        "ratios": {f"workers-{workers}": ratio(seconds[workers], seconds["1"]) for workers in ("2", "auto")},
    }


def bench_profile() -> dict:
    """Where the time of a run goes, as `--profile` tells and its table keeps."""
    words = ["run", "mnist-quick", "--profile"]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "r.h5"
        run_command([*words, "--out", str(path)])
        told = json.loads(read_table(path).attributes["profile"])
    return {"profile": {"command": f"diffsem {' '.join(words)}", **told}}


def run_command(words: list[str]) -> None:
    subprocess.run([sys.executable, "-m", "diffsem.scenarios.command_line", *words], check=True, capture_output=True)
