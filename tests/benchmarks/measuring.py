"""What every benchmark records: the machine, the peak of memory, and how often one of two is as fast as the other."""

import datetime
import json
import os
import platform
import statistics
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil


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


def times_as_fast(ours: Callable[[], float], theirs: Callable[[], float], repeats: int) -> dict[str, Any]:
    """How many times as fast ours is as theirs, in one sitting: each gives seconds a unit of work, and they take turns.

    Returns
    -------
    dict
        ratio: median over the pairs; low, high: least and most of them; ours, theirs: the least seconds of each.
    """
    pairs = []
    for repeat in range(repeats):
        # Whoever comes first changes, so that neither has the machine's better half.
        order = (ours, theirs) if repeat % 2 == 0 else (theirs, ours)
        seconds = {function: function() for function in order}
        pairs.append((seconds[ours], seconds[theirs]))
    ratios = [slow / fast for fast, slow in pairs]
    return {
        "ratio": round(statistics.median(ratios), 3),
        "low": round(min(ratios), 3),
        "high": round(max(ratios), 3),
        "repeats": repeats,
        "ours": min(fast for fast, _ in pairs),
        "theirs": min(slow for _, slow in pairs),
    }


def machine() -> dict:
    """This machine and what runs on it, without a look at its devices."""
    model = platform.processor()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        model = next((line.split(": ")[1] for line in cpuinfo.read_text().splitlines() if "model name" in line), model)
    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "cpu": model,
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(psutil.virtual_memory().total / 2**30),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in ("diffsem", "tensorflow", "keras", "sionna-no-rt", "numpy")},
    }


def merge(path: Path, parts: Mapping[str, Any]) -> None:
    """Put parts into a JSON file, in place of those of their names; mappings within it are merged in the same way."""
    kept = json.loads(path.read_text()) if path.exists() else {}
    for name, part in parts.items():
        joined = isinstance(kept.get(name), dict) and name == "ratios"
        kept[name] = kept[name] | part if joined else part
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(kept, indent=1) + "\n")
