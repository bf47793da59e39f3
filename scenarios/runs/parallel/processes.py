"""Points in worker processes of this machine."""

import contextlib
import functools
import multiprocessing
import os
import signal
import sys
import threading
from collections import Counter, deque
from collections.abc import Callable, Generator, Mapping, Sequence
from multiprocessing.connection import Connection, wait
from pathlib import Path

import diffsem.link as link
from diffsem.link import InputError, Point
from diffsem.scenarios.runs.parallel.answers import answer, result_of
from diffsem.scenarios.runs.parallel.shares import environment, share_of, take_share
from diffsem.scenarios.runs.parallel.worker import simulate_point
from diffsem.scenarios.schema.scenario import Scenario

# A worker's death is an accident; that many over one point are not.
LIVES = 3
# Begins the names of worker processes.
WORKER = "diffsem worker"
# Its answer before the first point.
STARTED = b""


def simulate_on_processes(
    scenario: Scenario,
    points: Sequence[Point],
    on_images: Callable[[int], None],
    workers: int,
    origin: str,
    data_dir: Path | None,
) -> "Generator[link.PointResult, None, None]":
    """Simulate points in processes of this machine, a point each at a time.

    A process that dies costs the point that it was at, which another one starts anew. The cores are shared out evenly;
    with GPUs, the i-th process has the i-th of them, round and round.

    Raises
    ------
    InputError
        If one point costs several processes their life, or a process cannot start: each imports the script that called
        this one.
    """
    crew = _Crew(points, workers, functools.partial(simulate_point, scenario, origin, data_dir))
    try:
        for place in range(workers):
            crew.engage(place)
        while at_work := crew.at_work():
            ready = wait([worker.pipe for worker, _ in at_work])
            error: Exception | None = None
            for worker, point in at_work:
                if worker.pipe not in ready:
                    continue
                result = None
                try:
                    result = crew.heard_from(worker, point)
                except (InputError, RuntimeError) as failure:
                    # Told after what others have finished by now.
                    error = failure
                if result:
                    crew.start_next(worker)
                    on_images(result.images)
                    yield result
            if error:
                raise error
    finally:
        crew.dismiss()


class _Crew:
    """The worker processes of a sweep, and the points that wait for one of them."""

    def __init__(self, points: Sequence[Point], workers: int, task: "Callable[[Point], link.PointResult]") -> None:
        self._task = task
        self._workers = workers
        self._waiting, self._deaths = deque(points), Counter[Point]()
        self._engaged: list[_Worker] = []

    def engage(self, place: int) -> None:
        worker = _Worker(place, share_of(place, self._workers), self._task)
        self._engaged.append(worker)
        self.start_next(worker)

    def start_next(self, worker: "_Worker") -> None:
        worker.point = self._waiting.popleft() if self._waiting else None
        # One that has just died is found dead when its answer is waited for.
        with contextlib.suppress(ConnectionError):
            worker.pipe.send(worker.point)

    def at_work(self) -> "list[tuple[_Worker, Point]]":
        return [(worker, worker.point) for worker in self._engaged if worker.point is not None]

    def heard_from(self, worker: "_Worker", point: Point) -> "link.PointResult | None":
        """A worker's result; None if it has only started, or has died and was replaced."""
        content = worker.received()
        if content is None:
            self._replace(worker, point)
            return None
        if content == STARTED:
            worker.started = True
            return None
        return result_of(content, point)

    def _replace(self, worker: "_Worker", point: Point) -> None:
        self._engaged.remove(worker)
        if worker.end() > 0 and not worker.started:
            raise InputError(
                f"--workers {self._workers}: a worker process ended at its start; each imports the script that calls "
                'run_scenario, so put that call under if __name__ == "__main__":'
            )
        self._deaths[point] += 1
        if self._deaths[point] == LIVES:
            raise InputError(
                f"--workers {self._workers}: the point t = {point.timestep}, {point.snr_db:g} dB ended {LIVES} "
                "worker processes (out of memory?); finished points are safe; try fewer workers"
            )
        self._waiting.appendleft(point)
        self.engage(worker.place)

    def dismiss(self) -> None:
        """End all of them; nobody waits for the points that are still under way."""
        for worker in self._engaged:
            worker.process.kill()
        for worker in self._engaged:
            worker.end()


class _Worker:
    """A process that is sent points, one after the other, and answers each in bytes."""

    def __init__(self, place: int, share: Mapping[str, str], task: "Callable[[Point], link.PointResult]") -> None:
        context = multiprocessing.get_context("spawn")
        self.place = place
        self.point: Point | None = None
        self.started = False
        self.pipe, other_end = context.Pipe()
        self.process = context.Process(
            target=_work, args=(other_end, share, task), name=f"{WORKER} {place}", daemon=True
        )
        # Ctrl-C is its parent's business from its very start; a process inherits what is blocked.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
        try:
            with environment(share):
                self.process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        # Its death is told by the pipe's end.
        other_end.close()

    def received(self) -> bytes | None:
        """What it has sent; None if it is dead."""
        try:
            return self.pipe.recv_bytes()
        except (EOFError, OSError):
            return None

    def end(self) -> int:
        """Wait for a process that ends; its exit status, negative if a signal ended it."""
        self.process.join(10)
        self.process.kill()
        self.process.join()
        self.pipe.close()
        return self.process.exitcode or 0


def leave_if_imported_by_worker() -> None:
    """End this process if it is a worker that still imports the script that started it; its parent tells the user."""
    process = multiprocessing.current_process()
    if process.name.startswith(WORKER):
        sys.exit(1)


def _work(pipe: Connection, share: Mapping[str, str], task: "Callable[[Point], link.PointResult]") -> None:
    """Be a worker, which ends with its parent, even a killed one."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def follow_parent():
        parent.join()
        os._exit(1)

    def simulate(point: Point) -> "link.PointResult":
        take_share(share)
        return task(point)

    threading.Thread(target=follow_parent, daemon=True).start()
    pipe.send_bytes(STARTED)
    while (point := pipe.recv()) is not None:
        pipe.send_bytes(answer(simulate, point))
