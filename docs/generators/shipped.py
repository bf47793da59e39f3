"""The reference of shipped scenarios: what each is about, and what it costs."""

from diffsem.scenarios.runs.cost.affordable import affordable_sweep
from diffsem.scenarios.runs.reading import plan_of_file
from diffsem.scenarios.schema.file import SHIPPED, shipped_scenarios

INTRODUCTION = """\
# Shipped scenarios

`diffsem scenarios` lists them. `diffsem check NAME` prints one in full, with its cost and an estimate of memory and
time on your machine. The costs below are upper bounds: a node that has made enough errors ends before.

| scenario | about | points | systems | images a system | U-Net calls | evaluations of attacks |
|---|---|---|---|---|---|---|
"""
NEEDS_IMAGES = """
Scenarios on CIFAR-10 need its archive or folder (`--data-dir DIR`); the weights ship.
"""


def page() -> str:
    """The whole page, in Markdown."""
    return INTRODUCTION + "".join(_row(name) for name in shipped_scenarios()) + NEEDS_IMAGES


def _row(name: str) -> str:
    first = (SHIPPED / f"{name}.yaml").read_text(encoding="utf-8").splitlines()[0].removeprefix("# ")
    cost = affordable_sweep(plan_of_file(name))
    counts = (cost.points, cost.systems, cost.images, cost.unet_calls, cost.attack_evaluations)
    cells = [f"`{name}`", first.replace("|", "\\|").replace("*", "\\*"), *(f"{count:,}" for count in counts)]
    return f"| {' | '.join(cells)} |\n"
