"""Workers that start before the process that hires them has loaded TensorFlow, checked the table, or read data."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from diffsem.link import InputError
from diffsem.scenarios.runs.cost.affordable import affordable_sweep, affordable_workers
from diffsem.scenarios.runs.cost.sweep import Cost
from diffsem.scenarios.runs.parallel.auto import chosen_workers
from diffsem.scenarios.runs.parallel.machines import Machines
from diffsem.scenarios.runs.parallel.processes import Crew, leave_if_imported_by_worker
from diffsem.scenarios.runs.plan import Plan
from diffsem.scenarios.runs.resolving import variant_plans
from diffsem.scenarios.schema.scenario import Scenario


@contextmanager
def hired(
    planned: Plan, machines: Machines, out: str | Path | None, overwrite: bool, log: Callable[[str], None]
) -> Iterator[Machines]:
    """See that machines can run a sweep; meanwhile, they have a crew if all points are known to be waiting.

    Parameters
    ----------
    planned : Plan
    machines : Machines
        Those that this has made are given back as they are.
    out : str, Path or None
        The result file: one that is there may hold points already.
    overwrite : bool
    log : callable
        Takes a line on how many workers were chosen.

    Raises
    ------
    InputError
        If this machine cannot hold the sweep or the workers, or workers and a scheduler are asked for.
    """
    leave_if_imported_by_worker()
    if machines.hire is not None:
        yield machines
        return
    if machines.scheduler is not None:
        if machines.workers != 1:
            raise InputError(f"--workers {machines.workers}: --scheduler has workers of its own; give one of them")
        yield machines
        return
    if machines.workers != "auto" and not (isinstance(machines.workers, int) and machines.workers >= 1):
        raise InputError(f"workers: {machines.workers!r}; allowed: a number of processes from 1, or 'auto'")
    cost = affordable_sweep(planned)
    if machines.workers != "auto":
        affordable_workers(cost, machines.workers)
    office = _Office(machines, cost, log)
    try:
        settled = planned.scenario.execution.xla != "auto"
        if settled and (out is None or overwrite or not os.path.exists(out)):
            # All points wait, and it is known how they are to be computed.
            office.hire([variant.scenario for variant in variant_plans(planned)], cost.points)
        yield replace(machines, hire=office.hire)
    finally:
        office.dismiss()


class _Office:
    """Hires a crew once.

    Parameters
    ----------
    machines : Machines
    cost : Cost
        Of all variants and points.
    log : callable
    """

    def __init__(self, machines: Machines, cost: Cost, log: Callable[[str], None]) -> None:
        self._machines, self._cost, self._log = machines, cost, log
        self._asked = False
        self._crew: Crew | None = None

    def hire(self, scenarios: Sequence[Scenario], waiting: int) -> Crew | None:
        if self._asked:
            return self._crew
        self._asked = True
        asked = self._machines.workers
        if asked == "auto":
            choice = chosen_workers(self._cost, waiting)
            self._log(str(choice))
            asked = choice.workers
        workers = min(asked, waiting)
        if workers > 1:
            self._crew = Crew(workers, self._machines.data_dir, scenarios)
        return self._crew

    def dismiss(self) -> None:
        if self._crew is not None:
            self._crew.dismiss()
