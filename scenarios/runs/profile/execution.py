"""`execution.xla: auto`: whether XLA ends a sweep sooner on this machine, measured and settled before it begins."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import diffsem.link as link
from diffsem.link import Point, read_table
from diffsem.scenarios.datasets.source import Dataset
from diffsem.scenarios.datasets.splitting import load_dataset
from diffsem.scenarios.runs.cost.sweep import cost_of
from diffsem.scenarios.runs.plan import Plan
from diffsem.scenarios.runs.reading import parse_words
from diffsem.scenarios.runs.resolving import plan, variant_plans
from diffsem.scenarios.schema.strict_yaml import read_yaml

# A sweep that is over so soon does not pay for compiling by XLA, nor for trying.
SHORTEST_SECONDS = 30.0
# What XLA has to be faster by: less may be chance.
LEAST_GAIN = 0.05
# Sizes of pools, for each of which XLA compiles anew: full ones and the last.
POOL_SIZES = 2
REPEATS = 3


@dataclass(frozen=True)
class Mode:
    """What one way to compute took.

    Parameters
    ----------
    ready : float
        Seconds until a batch of the heaviest receiver has been run for the first time.
    image : float
        Seconds an image from then on.
    """

    ready: float
    image: float

    def seconds(self, images: float, preparations: int = 1) -> float:
        """Of a sweep of so many images, in which programs are made ready so often."""
        return preparations * self.ready + images * self.image


def settled(
    planned: Plan, path: Path | None, workers: int, data_dir: Path | None, log: Callable[[str], None]
) -> tuple[Plan, str]:
    """The plan with `execution.xla` settled, where it is auto, and why so; every other one as it is, and "".

    A file is gone on with as it was begun: one table has rows of one mode only.

    Parameters
    ----------
    planned : Plan
    path : Path or None
        A file that the sweep is to go on with, if it is there.
    workers : int
        Processes that simulate side by side; each makes its programs ready.
    data_dir : Path or None
        Where cifar10 is looked for first.
    log : callable
        Takes a line on what came of it.

    Raises
    ------
    InputError
        If the file cannot be read, or weights or data cannot be used.
    """
    if planned.scenario.execution.xla != "auto":
        return planned, ""
    begun = None if path is None or not path.exists() else _begun(path)
    if begun is not None:
        reason = f"{_word(begun)}, as its table was begun"
        xla = begun
    else:
        xla, found = _faster(variant_plans(planned)[-1], cost_of(planned).images / workers, data_dir)
        reason = f"{_word(xla)}: {found}"
    log(f"execution.xla: auto: {reason}")
    return _with_xla(planned, xla), reason


def _begun(path: Path) -> bool | None:
    """What the scenario of a file says; None if no sweep goes on with it. Raises InputError if it cannot be read."""
    stored = read_table(path).attributes.get("scenario")
    try:
        xla = parse_words(read_yaml(str(stored)), "stored").execution.xla
    except ValueError:
        return None
    return None if xla == "auto" else xla


def _faster(planned: Plan, images: float, data_dir: Path | None) -> tuple[bool, str]:
    """Whether the sweep of a plan ends sooner with XLA, and why."""
    receivers = [place for place, system in enumerate(planned.systems) if system.receiver is not None]
    if not receivers:
        return False, "no receiver to be compiled"
    heaviest = max(receivers, key=lambda place: planned.systems[place].unet_calls(planned.setup))
    system, name = planned.systems[heaviest].name, planned.scenario.legitimate.receivers[heaviest]
    scenario = planned.scenario.model_copy(
        update={
            "legitimate": planned.scenario.legitimate.model_copy(update={"receivers": (name,)}),
            "eavesdropper": planned.scenario.eavesdropper.model_copy(update={"attacks": ()}),
            "bit_error_rates": (),
        }
    )
    dataset = load_dataset(planned.source, data_dir)
    without = _measured(_with_xla(plan(scenario), False), dataset)
    assert without is not None
    seconds = without.seconds(images)
    if seconds < SHORTEST_SECONDS:
        return False, f"{system} takes {seconds:.1f} s for all images of this sweep, too few to pay for compiling"
    with_xla = _measured(_with_xla(plan(scenario), True), dataset)
    if with_xla is None:
        return False, f"XLA cannot compile {system} here"
    told = ", ".join(
        f"{1 / mode.image:.0f} images/s {how} after {mode.ready:.1f} s"
        for mode, how in ((with_xla, "with XLA"), (without, "without"))
    )
    faster = with_xla.seconds(images, POOL_SIZES) < (1 - LEAST_GAIN) * seconds
    return faster, f"{system} takes {told}; the sweep has {images:.0f} images at most"


def _measured(planned: Plan, dataset: Dataset) -> Mode | None:
    """The fastest of a few batches of a plan's systems, each by itself; None if its programs cannot be compiled."""
    import tensorflow as tf

    from diffsem.link.monte_carlo.outcome import Job
    from diffsem.link.monte_carlo.part import TOGETHER
    from diffsem.scenarios.runs.assembly import assemble

    scenario = planned.scenario
    programs = link.Programs(replace(assemble(planned, dataset), eavesdroppers=1))
    snr_db = scenario.legitimate.snr_db[0]
    jobs = [Job(Point(scenario.timesteps[-1], snr_db, (snr_db,)), batch) for batch in range(REPEATS)]
    seconds = []
    for job in (jobs[0], *jobs):
        begun = time.perf_counter()
        try:
            programs.run({TOGETHER: [job]})
        except tf.errors.OpError:
            if scenario.execution.xla:
                return None
            raise
        seconds.append(time.perf_counter() - begun)
    return Mode(seconds[0], min(seconds[1:]) / scenario.monte_carlo.batch_size)


def _with_xla(planned: Plan, xla: bool) -> Plan:
    scenario = planned.scenario
    changed = scenario.model_copy(update={"execution": scenario.execution.model_copy(update={"xla": xla})})
    return replace(planned, scenario=changed, setup=replace(planned.setup, scenario=changed))


def _word(xla: bool) -> str:
    return "with XLA" if xla else "without XLA"
