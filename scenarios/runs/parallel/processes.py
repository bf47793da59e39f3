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
from dataclasses import replace
from multiprocessing.connection import Connection, wait
from pathlib import Path

import diffsem.link as link
from diffsem.link import InputError, Point
from diffsem.scenarios.runs.parallel.answers import answer_of, answers
from diffsem.scenarios.runs.parallel.groups import Group, Handout
from diffsem.scenarios.runs.parallel.quiet import collect_seldom
from diffsem.scenarios.runs.parallel.shares import environment, share_of, take_share
from diffsem.scenarios.runs.parallel.variant import Variant
from diffsem.scenarios.runs.parallel.worker import prepare, simulate_group
from diffsem.scenarios.schema.scenario import Scenario

# A worker's death is an accident; that many over one point are not.
LIVES = 3
# Begins the names of worker processes.
WORKER = "diffsem worker"
# Its answer before the first point.
STARTED = b""


class Crew:
    """Worker processes of this machine, which stay for all variants of a sweep; they start at once.

    A process that dies costs the points of its group that it had not answered, which others start anew, one by one.
    The cores are shared out evenly; with GPUs, the i-th process has the i-th of them, round and round.

    Parameters
    ----------
    workers : int
    data_dir : Path or None
        Where cifar10 is looked for first.
    scenarios : sequence of Scenario
        Variants whose networks the processes build before they are asked for points, the i-th process the i-th, round
        and round.
    """

    def __init__(self, workers: int, data_dir: Path | None, scenarios: Sequence[Scenario] = ()) -> None:
        self.workers = workers
        self._data_dir = data_dir
        self._engaged: list[_Worker] = []
        self._deaths = Counter[tuple[int, Point]]()
        self._handout = Handout([], workers)
        self._variants: Sequence[Variant] = ()
        self._error: Exception | None = None
        try:
            for place in range(workers):
                self._engage(place, scenarios[place % len(scenarios)] if scenarios else None)
        except BaseException:
            self.dismiss()
            raise

    def simulate(
        self, variants: Sequence[Variant], on_images: Callable[[int], None]
    ) -> "Generator[link.PointResult, None, None]":
        """Simulate the points of variants, once, and end the processes.

        Yields
        ------
        PointResult
            Each point as soon as it is done, in any order.

        Raises
        ------
        InputError
            If one point costs several processes their life, or a process cannot start: each imports the script that
            called this one.
        """
        self._handout = Handout([variant.points for variant in variants], self.workers)
        self._variants = [replace(variant, points=()) for variant in variants]
        done: deque[link.PointResult] = deque()
        try:
            while True:
                at_work = self._at_work()
                ready = wait([worker.pipe for worker in at_work], 0 if done else None) if at_work else []
                for worker in at_work:
                    if worker.pipe in ready:
                        self._listen(worker, done)
                if done:
                    # One at a time: nobody waits for more than the writing of one result.
                    result = done.popleft()
                    on_images(result.images)
                    yield result
                elif self._error:
                    # Told after what others have finished by now.
                    raise self._error
                elif not at_work:
                    return
        finally:
            self.dismiss()

    def dismiss(self) -> None:
        """End all of them; nobody waits for the points that are still under way."""
        for worker in self._engaged:
            worker.process.kill()
        for worker in self._engaged:
            worker.end()
        self._engaged.clear()

    def _at_work(self) -> "list[_Worker]":
        """Those that have points, once all who can do something have got some; nobody, behind an error."""
        if self._error:
            return []
        for worker in self._engaged:
            if worker.group is None:
                self._start_next(worker)
        return [worker for worker in self._engaged if worker.group is not None]

    def _engage(self, place: int, scenario: Scenario | None = None) -> None:
        self._engaged.append(_Worker(place, share_of(place, self.workers), self._data_dir, scenario))

    def _start_next(self, worker: "_Worker") -> None:
        worker.group = self._handout.next_group(worker)
        if worker.group is None:
            return
        worker.left, worker.seconds = list(worker.group.points), 0.0
        # One that has just died is found dead when its answer is waited for.
        with contextlib.suppress(ConnectionError):
            worker.pipe.send((self._variants[worker.group.variant], worker.group.points))

    def _listen(self, worker: "_Worker", done: "deque[link.PointResult]") -> None:
        """Take what a worker has sent; if it has died, replace it."""
        content = worker.received()
        try:
            if content is None:
                self._replace(worker)
            elif content == STARTED:
                worker.started = True
            elif worker.group is not None:
                done.append(self._answered(worker, worker.group, content))
        except (InputError, RuntimeError) as failure:
            self._error = failure

    def _answered(self, worker: "_Worker", group: Group, content: bytes) -> "link.PointResult":
        answer = answer_of(content, group.points)
        worker.left.remove(answer.result.point)
        worker.seconds += answer.seconds
        if not worker.left:
            self._handout.took(worker, group, worker.seconds)
            worker.group = None
        return answer.result

    def _replace(self, worker: "_Worker") -> None:
        self._engaged.remove(worker)
        if worker.end() > 0 and not worker.started:
            raise InputError(
                f"--workers {self.workers}: a worker process ended at its start; each imports the script that calls "
                'run_scenario, so put that call under if __name__ == "__main__":'
            )
        if worker.group is not None:
            variant = worker.group.variant
            for point in worker.left:
                self._deaths[variant, point] += 1
                if self._deaths[variant, point] == LIVES:
                    raise InputError(
                        f"--workers {self.workers}: the point t = {point.timestep}, {point.snr_db:g} dB ended {LIVES} "
                        "worker processes (out of memory?); finished points are safe; try fewer workers"
                    )
            self._handout.lost(worker, variant, worker.left)
        self._engage(worker.place)


class _Worker:
    """A process that is sent groups of points, one after the other, and answers each point in bytes."""

    def __init__(
        self, place: int, share: Mapping[str, str], data_dir: Path | None, scenario: Scenario | None = None
    ) -> None:
        context = multiprocessing.get_context("spawn")
        self.place = place
        self.group: Group | None = None
        # Of its group: points that it has not answered, and the seconds that the others took.
        self.left: list[Point] = []
        self.seconds = 0.0
        self.started = False
        self.pipe, other_end = context.Pipe()
        self.process = context.Process(
            target=_work, args=(other_end, share, data_dir, scenario), name=f"{WORKER} {place}", daemon=True
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


def _work(pipe: Connection, share: Mapping[str, str], data_dir: Path | None, scenario: Scenario | None) -> None:
    """Be a worker, which ends with its parent, even a killed one."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    collect_seldom()

    def follow_parent():
        parent.join()
        os._exit(1)

    def simulate(variant: Variant, points: Sequence[Point]) -> "Generator[link.PointResult, None, None]":
        take_share(share)
        return simulate_group(variant, data_dir, points)

    threading.Thread(target=follow_parent, daemon=True).start()
    pipe.send_bytes(STARTED)
    if scenario is not None:
        # What goes wrong is told by whoever needs it: the parent, or this process's first answer.
        with contextlib.suppress(Exception):
            take_share(share)
            prepare(scenario, data_dir)
    while (task := pipe.recv()) is not None:
        variant, points = task
        for content in answers(functools.partial(simulate, variant), points):
            pipe.send_bytes(content)
