"""Time against points, images, systems, SNRs of an eavesdropper and places of a street: `make scaling`.

Each axis is a small sweep of MNIST into a file, at several sizes. Start-up is taken apart: a sweep is timed from the
end of its first pool of batches on, behind which all is loaded and traced, and its work counted from there. The fit is
a line through the logarithms of the least times. `--long N` times a sweep of N points: a point's time over its course,
the size of its files and the process's memory. Then it kills the same sweep ten times at random, and resumes it.
"""

import argparse
import itertools
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from measuring import machine, merge
from scipy import stats

from diffsem.link import journal_of, read_results, read_table
from diffsem.scenarios import load_scenario, run_scenario

RESULTS = Path(__file__).with_name("scaling.json")
BATCH = 64
NEEDED = (0.9, 1.1)
REPEATS = 3
# Of the course of a long sweep: the time of its last part over that of its first.
NEEDED_OF_LAST = 1.1
SAMPLES = 50
# Of a long sweep, and seconds that a run takes to begin.
KILLS = 10
# Attributes in which two runs of one scenario differ.
OF_THE_RUN = ("created", "command", "wall_seconds")


@dataclass(frozen=True)
class Axis:
    """A way to make a sweep larger.

    Parameters
    ----------
    name, unit : str
    sizes : sequence of int
    settings : callable
        Size -> what stands behind `--set`.
    scenario : str
        What they are settings of.
    """

    name: str
    unit: str
    sizes: Sequence[int]
    settings: Callable[[int], list[str]]
    scenario: str = "mnist-awgn"


def small(points: int = 1, images: int = 64 * BATCH, receivers: Sequence[str] = (), attacks: Sequence[str] = ()):
    """Settings that make a small sweep of `mnist-awgn`: so many points of so many images each."""
    timesteps = 1 + np.arange(max(1, points // 16)) % 500
    snr_db = np.linspace(-10, 20, min(points, 16)) if points > 1 else [15.0]
    return [
        f"timesteps={timesteps.tolist()}",
        f"legitimate.snr_db={np.round(snr_db, 3).tolist()}",
        f"legitimate.receivers=[{', '.join(receivers)}]",
        f"eavesdropper.attacks=[{', '.join(attacks)}]",
        f"monte_carlo.batch_size={BATCH}",
        f"monte_carlo.max_images={images}",
        f"monte_carlo.passes={1 + images // 10_000}",
    ]


def copies(count: int) -> list[str]:
    return [f"'copies:COPY_{number}'" for number in range(1, count + 1)]


def positions(count: int) -> list[str]:
    return [f"eavesdropper.snr_db={np.round(np.linspace(-10, 20, count), 3).tolist()}"]


# By how many places of the shipped street stay: of every so many along both sides of its grid.
EVERY = {140: 4, 209: 3, 447: 2, 1655: 1}


def places(count: int) -> list[str]:
    return [
        "timesteps=[450]",
        "legitimate.receivers=[reference]",
        "eavesdropper.attacks=[linear-probe]",
        f"eavesdropper.channel.every={EVERY[count]}",
        f"monte_carlo.batch_size={BATCH}",
        f"monte_carlo.max_images={4 * BATCH}",
    ]


AXES = (
    Axis("points", "points", (128, 256, 512, 1024), lambda size: small(size, BATCH, ["classifier"])),
    Axis("images", "images", (4096, 8192, 16384, 32768), lambda size: small(1, size, ["one-step"])),
    Axis("systems", "systems", (1, 2, 4, 8), lambda size: small(receivers=copies(size))),
    Axis(
        "positions",
        "SNRs of an eavesdropper",
        (1, 2, 4, 8, 16),
        lambda size: [*small(receivers=["classifier"], attacks=["denoise-invert"]), *positions(size)],
    ),
    Axis("places", "places of a street", tuple(EVERY), places, "street-canyon"),
)


@dataclass
class Course:
    """What a sweep tells while it runs.

    Parameters
    ----------
    events : list
        (seconds since the clock's start, images counted, points done), after every pool and every point.
    pools : list of int
        Places of the pools among them.
    """

    events: list[tuple[float, int, int]] = field(default_factory=lambda: [(time.perf_counter(), 0, 0)])
    pools: list[int] = field(default_factory=list)

    def on_images(self, images: int) -> None:
        self.pools.append(len(self.events))
        self.events.append((time.perf_counter(), self.events[-1][1] + images, self.events[-1][2]))

    def on_points(self, done: int, total: int) -> None:
        self.events.append((time.perf_counter(), self.events[-1][1], done))


def timed(base: str, settings: Sequence[str]) -> dict[str, float]:
    """Seconds of a sweep up to the end of its first pool and from there on, and the share of its images in the latter.

    Raises ValueError if it has one pool only.
    """
    scenario = load_scenario(base, settings)
    course = Course()
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        run_scenario(scenario, Path(folder) / "r.h5", on_points=course.on_points, on_images=course.on_images)
    ended = time.perf_counter()
    if len(course.pools) < 2:
        raise ValueError(f"a sweep of one pool has nothing behind its start: {settings}")
    # Behind all that the first pool's points still wrote.
    started, images, _ = course.events[course.pools[1] - 1]
    return {
        "start_seconds": started - began,
        "seconds": ended - started,
        "share": 1 - images / course.events[-1][1],
    }


def exponent(work: Sequence[float], seconds: Sequence[float]) -> dict[str, float]:
    """Slope of log(seconds) over log(work), with its 95% interval."""
    fit = stats.linregress(np.log(work), np.log(seconds))
    arm = fit.stderr * stats.t.ppf(0.975, len(work) - 2)
    values = {"exponent": fit.slope, "low": fit.slope - arm, "high": fit.slope + arm}
    return {name: round(float(value), 3) for name, value in values.items()}


def bench_axis(axis: Axis, repeats: int) -> dict:
    """Sizes take turns, so that a busy machine slows all alike."""
    runs: dict[int, list[dict]] = {size: [] for size in axis.sizes}
    for repeat, size in itertools.product(range(repeats), axis.sizes):
        runs[size].append(timed(axis.scenario, axis.settings(size)))
        print(f"{axis.name} {size}, {repeat + 1} of {repeats}: {runs[size][-1]}", flush=True)
    shares = {size: several[0]["share"] for size, several in runs.items()}
    # Where all sizes have as many images, all leave the same part of them to the start.
    alike = len(set(shares.values())) == 1
    sizes = []
    for size, several in runs.items():
        seconds = [run["seconds"] for run in several]
        sizes.append(
            {
                "size": size,
                "work": size if alike else round(size * shares[size]),
                "seconds": round(min(seconds), 4),
                "most_seconds": round(max(seconds), 4),
                "start_seconds": round(min(run["start_seconds"] for run in several), 3),
            }
        )
    fit = exponent([size["work"] for size in sizes], [size["seconds"] for size in sizes])
    return {"unit": axis.unit, "repeats": repeats, "needed": NEEDED, **fit, "sizes": sizes, "machine": machine()}


def bytes_of(folder: Path) -> int:
    """All that a sweep keeps on the disk, its table and what it writes beside it."""
    return sum(path.stat().st_size for path in folder.iterdir())


def peak_memory_mib() -> float:
    """The most that this process has held so far."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)


def long_settings(points: int) -> list[str]:
    """So many points of one batch: steps times SNRs."""
    snrs = next(count for count in range(min(50, points), 0, -1) if points % count == 0)
    return [
        *small(images=BATCH, receivers=["classifier"]),
        f"timesteps={(1 + np.arange(points // snrs)).tolist()}",
        f"legitimate.snr_db={np.round(np.linspace(-10, 20, snrs), 3).tolist()}",
    ]


def killed_and_resumed(folder: Path, points: int, seconds: float) -> list[int]:
    """The points that were there after each of `KILLS` kills at random moments; a last run goes on to the end.

    A run is killed some time after its first point is on the disk: before, there is nothing to lose.
    """
    path, moments, found = folder / "r.h5", random.Random(7), []
    words = (word for key in long_settings(points) for word in ("--set", key))
    command = [sys.executable, "-m", "diffsem.scenarios.command_line", "run", "mnist-awgn", "--out", str(path), *words]

    def on_the_disk() -> list[int]:
        return [file.stat().st_size if file.exists() else 0 for file in (path, journal_of(path))]

    for _ in range(KILLS):
        before = on_the_disk()
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as run:
            while run.poll() is None and on_the_disk() == before:
                time.sleep(0.02)
            time.sleep(moments.uniform(0, seconds / KILLS))
            run.kill()
        found.append(len(read_results(path)))
        if found[-1] == points:
            raise SystemExit("the sweep had ended before the last of the kills; give it more points")
    subprocess.run(command, check=True, capture_output=True)
    return found


def same(left: Path, right: Path) -> bool:
    """Whether two tables hold the same, bit for bit, but for what is a run's own."""
    tables = [read_table(path) for path in (left, right)]
    kept = [{name: value for name, value in table.attributes.items() if name not in OF_THE_RUN} for table in tables]
    one, other = tables
    return (
        kept[0] == kept[1]
        and one.complete
        and other.complete
        and one.rows.equals(other.rows)
        and np.array_equal(one.by_step, other.by_step)
        and one.examples.index.equals(other.examples.index)
        and np.array_equal(one.examples.reconstructions, other.examples.reconstructions)
    )


def bench_long(points: int) -> dict:
    """The course of one sweep. The first pool of batches, which loads and traces everything, is left out of times.

    Then the same one in pieces, killed again and again.
    """
    course, samples = Course(), []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)

        def on_points(done: int, total: int) -> None:
            course.on_points(done, total)
            if done and (done % max(1, points // SAMPLES) == 0 or done == total):
                sample = {"points": done, "bytes": bytes_of(folder), "peak_memory_mib": peak_memory_mib()}
                samples.append(sample)

        scenario = load_scenario("mnist-awgn", long_settings(points))
        run_scenario(scenario, folder / "r.h5", on_points=on_points, on_images=course.on_images)
        table_bytes = (folder / "r.h5").stat().st_size
        rows = len(read_table(folder / "r.h5").rows)
        pieces = folder / "pieces"
        pieces.mkdir()
        kills = killed_and_resumed(pieces, points, course.events[-1][0] - course.events[0][0])
        identical = same(folder / "r.h5", pieces / "r.h5")
    done_at = {done: seconds for seconds, _, done in course.events}
    for sample in samples:
        sample["seconds"] = round(done_at[sample["points"]] - course.events[0][0], 3)
    # Points come a pool at a time: parts are whole pools.
    pool = course.events[course.pools[1] - 1][2]
    part, last = max(1, points // 5 // pool) * pool, points // pool * pool
    parts = [(done_at[end] - done_at[end - part]) / part for end in (pool + part, last)]
    return {
        "points": points,
        "rows": rows,
        "images_a_point": BATCH,
        "part": part,
        "first_milliseconds_a_point": round(1e3 * parts[0], 3),
        "last_milliseconds_a_point": round(1e3 * parts[1], 3),
        "last_over_first": round(parts[1] / parts[0], 3),
        "needed_at_most": NEEDED_OF_LAST,
        "table_bytes": table_bytes,
        "points_after_each_kill": kills,
        "identical_after_kills": identical,
        "samples": samples,
        "machine": machine(),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=RESULTS, help="JSON file whose parts are measured anew")
    parser.add_argument("--only", help=f"parts, with commas between them: {','.join(axis.name for axis in AXES)}")
    parser.add_argument("--repeats", type=int, default=REPEATS)
    parser.add_argument("--long", type=int, metavar="POINTS", help="the sweep of many points instead")
    options = parser.parse_args()
    # Workers of a sweep, and parts from outside, import what lies beside this file.
    sys.path.insert(0, str(Path(__file__).parent))
    if options.long:
        merge(options.out, {"long": bench_long(options.long)})
        return
    chosen = options.only.split(",") if options.only else [axis.name for axis in AXES]
    unknown = set(chosen) - {axis.name for axis in AXES}
    if unknown:
        parser.error(f"--only {','.join(sorted(unknown))}: allowed: {', '.join(axis.name for axis in AXES)}")
    for axis in AXES:
        if axis.name in chosen:
            merge(options.out, {axis.name: bench_axis(axis, options.repeats)})


if __name__ == "__main__":
    main()
