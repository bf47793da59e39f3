"""What every benchmark records: the machine, the peak of memory, and how often one of two is as fast as the other."""

import datetime
import json
import os
import platform
import statistics
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

# Mappings of a record that hold a part each.
PARTED = ("ratios", "machines")


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


def in_turns(functions: Mapping[str, Callable[[], float]], repeats: int) -> dict[str, list[float]]:
    """What each gives, so many times; they take turns, and another begins each time, so that none has the better half.

    Returns
    -------
    dict
        Name -> values, one a turn.
    """
    values: dict[str, list[float]] = {name: [] for name in functions}
    names = list(functions)
    for repeat in range(repeats):
        first = repeat % len(names)
        for name in names[first:] + names[:first]:
            values[name].append(functions[name]())
    return values


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> dict[str, Any]:
    """How many times as fast ours is: seconds of the two, one a turn.

    Returns
    -------
    dict
        ratio: median over the turns; low, high: least and most of them; ours, theirs: the least seconds of each.
    """
    ratios = [slow / fast for fast, slow in zip(ours, theirs, strict=True)]
    values = {"ratio": statistics.median(ratios), "low": min(ratios), "high": max(ratios)}
    return {name: round(value, 3) for name, value in values.items()} | {
        "repeats": len(ratios),
        "ours": float(f"{min(ours):.4g}"),
        "theirs": float(f"{min(theirs):.4g}"),
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
    """Put parts into a JSON file, in place of those of their names; `ratios` and `machines` hold parts themselves."""
    kept = json.loads(path.read_text()) if path.exists() else {}
    for name, part in parts.items():
        kept[name] = kept.get(name, {}) | part if name in PARTED else part
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(kept, indent=1) + "\n")
