"""How fast a core of this machine multiplies: measured in a moment, and kept for the next time."""

import json
import math
import os
import platform
import time
from pathlib import Path

import numpy as np

from diffsem.link import replace_file
from diffsem.scenarios.runs.cost.machine import Machine

# Operations a second of a core whose networks run at `need.OPERATIONS`: a core that multiplied at 98e9 took U-Nets at
# 174e9.
REFERENCE = 85e9
# Matrices so small that one core multiplies them; for so long, in batches of so many.
SIDE, SECONDS, BATCH = 64, 0.2, 50
SLOWEST, FASTEST = 1e8, 1e13
FILE = "rates.json"


def relative_speed(machine: Machine) -> float:
    """Speed of a core over that of the one that the estimates were made for; from the user's cache if it is there."""
    # The same folder of a home may be there on several machines.
    key = f"{platform.node()} {platform.machine()}, {machine.cores} cores, numpy {np.__version__}"
    path = cache_folder() / FILE
    rates = _read(path)
    if key not in rates:
        rates[key] = measured_rate()
        _write(path, rates)
    return rates[key] / REFERENCE


def cache_folder() -> Path:
    """The folder that this user's programs keep what they can make anew, diffsem's part of it."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    # One that is relative does not count, says the XDG specification.
    return (Path(base) if os.path.isabs(base) else Path(os.path.expanduser("~")) / ".cache") / "diffsem"


def measured_rate() -> float:
    """Floating point operations a second of one core: the fastest batch, which nothing else held up."""
    factor = np.random.default_rng(0).random((SIDE, SIDE), dtype=np.float32)
    product = np.empty_like(factor)
    fastest, end = math.inf, time.perf_counter() + SECONDS
    while time.perf_counter() < end:
        begun = time.perf_counter()
        for _ in range(BATCH):
            np.matmul(factor, factor, out=product)
        fastest = min(fastest, time.perf_counter() - begun)
    return min(max(2 * SIDE**3 * BATCH / max(fastest, 1e-9), SLOWEST), FASTEST)


def _read(path: Path) -> dict[str, float]:
    """The rates that a file holds; of a file that is not there, or is broken, none."""
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    entries = content.items() if isinstance(content, dict) else ()
    return {key: rate for key, rate in entries if isinstance(rate, float) and SLOWEST <= rate <= FASTEST}


def _write(path: Path, rates: dict[str, float]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, json.dumps(rates, indent=1).encode())
    except OSError:  # it is measured again the next time
        return
