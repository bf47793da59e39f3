"""Where points are simulated: in this process, in worker processes of this machine, or on a Dask cluster.

A point's rows hang on the scenario and the point alone, so that all three give the same table.
"""

import contextlib
import functools
import logging
import multiprocessing
import os
import platform
import signal
import socket
import sys
import threading
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from diffsem.link.errors import InputError
from diffsem.link.experiment import Experiment, Point
from diffsem.scenarios.answers import answer, result_of
from diffsem.scenarios.quiet import load_tensorflow
from diffsem.scenarios.schema import Scenario
from diffsem.scenarios.shares import environment, share_of, take_share

if TYPE_CHECKING:  # a worker sets TensorFlow up before anything else imports it
    from diffsem.link.monte_carlo import PointResult
    from diffsem.link.programs import Programs
    from diffsem.scenarios.datasets import Dataset

# A worker's death is an accident; that many over one point are not.
LIVES = 3
# Begins the names of worker processes.
WORKER = "diffsem worker"
# Its answer before the first point.
STARTED = b""

# Sionna's random stream is one a process: no two points at a time, whatever threads a Dask worker has.
_one_at_a_time = threading.Lock()


def simulate_here(
    scenario: Scenario, points: Sequence[Point], on_images: Callable[[int], None], dataset: "Dataset"
) -> "Generator[PointResult, None, None]":
    """Simulate points in this process, batches of several of them together."""
    from diffsem.link.monte_carlo import simulate_points
    from diffsem.link.programs import Programs
    from diffsem.scenarios.assembly import assemble

    experiment = assemble(scenario, dataset)
    return simulate_points(experiment, Programs(experiment), points, on_images)


def simulate_on_processes(
    scenario: Scenario,
    points: Sequence[Point],
    on_images: Callable[[int], None],
    workers: int,
    origin: str,
    data_dir: Path | None,
) -> "Generator[PointResult, None, None]":
    """Simulate points in processes of this machine, a point each at a time.

    A process that dies costs the point that it was at, which another one starts anew. The cores are shared out evenly;
    with GPUs, the i-th process has the i-th of them, round and round.

    Raises
    ------
    InputError
        If one point costs several processes their life, or a process cannot start: each imports the script that called
        this one.
    """
    task = functools.partial(simulate_point, scenario, origin, data_dir)
    waiting, deaths = deque(points), Counter[Point]()
    engaged: list[_Worker] = []

    def engage(place: int) -> None:
        worker = _Worker(place, share_of(place, workers), task)
        engaged.append(worker)
        start_next(worker)

    def start_next(worker: _Worker) -> None:
        worker.point = waiting.popleft() if waiting else None
        # One that has just died is found dead when its answer is waited for.
        with contextlib.suppress(ConnectionError):
            worker.pipe.send(worker.point)

    def replace(worker: _Worker, point: Point) -> None:
        engaged.remove(worker)
        if worker.end() > 0 and not worker.started:
            raise InputError(
                f"--workers {workers}: a worker process ended at its start; each imports the script that calls "
                'run_scenario, so put that call under if __name__ == "__main__":'
            )
        deaths[point] += 1
        if deaths[point] == LIVES:
            raise InputError(
                f"--workers {workers}: the point t = {point.timestep}, {point.snr_db:g} dB ended {LIVES} "
                "worker processes (out of memory?); finished points are safe; try fewer workers"
            )
        waiting.appendleft(point)
        engage(worker.place)

    try:
        for place in range(workers):
            engage(place)
        while at_work := [(worker, worker.point) for worker in engaged if worker.point is not None]:
            ready = wait([worker.pipe for worker, _ in at_work])
            error: Exception | None = None
            for worker, point in at_work:
                if worker.pipe not in ready:
                    continue
                result, content = None, worker.received()
                try:
                    if content is None:
                        replace(worker, point)
                    elif content == STARTED:
                        worker.started = True
                    else:
                        result = result_of(content, point)
                except (InputError, RuntimeError) as failure:
                    # Told after what others have finished by now.
                    error = failure
                if result:
                    start_next(worker)
                    on_images(result.images)
                    yield result
            if error:
                raise error
    finally:
        # Nobody waits for the points that are still under way.
        for worker in engaged:
            worker.process.kill()
        for worker in engaged:
            worker.end()


def simulate_on_dask(
    scenario: Scenario,
    points: Sequence[Point],
    on_images: Callable[[int], None],
    address: str,
    origin: str,
    data_dir: Path | None,
) -> "Generator[PointResult, None, None]":
    """Simulate points on an existing Dask cluster; workers may come and go, their points run anew elsewhere.

    Results come as plain bytes. Dask itself speaks in pickles, though: whoever controls its scheduler or a worker can
    run code in this process. The cluster must be trusted.

    Raises
    ------
    InputError
        If Dask is not installed, the scheduler does not answer, or a worker has other weights or versions.
    """
    try:
        import distributed
    except ImportError as error:
        raise InputError("--scheduler: needs Dask; pip install 'diffsem[distributed]'") from error
    with _quiet_dask():
        client = _client(address)
    task = functools.partial(answer, functools.partial(simulate_point, scenario, origin, data_dir))

    def results() -> "Generator[PointResult, None, None]":
        with _quiet_dask(), client:
            futures = {client.submit(task, point, pure=False): point for point in points}
            try:
                for future in distributed.as_completed(futures, loop=client.loop):
                    result = result_of(_bytes_of(future), futures[future])
                    on_images(result.images)
                    yield result
            except distributed.KilledWorker as error:
                raise InputError(
                    f"--scheduler {address}: one point ended several workers (out of memory?); finished points are safe"
                ) from error
            except (OSError, CancelledError) as error:
                raise InputError(f"--scheduler {address}: lost; finished points are safe") from error

    # A function of its own, so that a scheduler that does not answer is told at once and not at the first result.
    return results()


def _client(address: str) -> Any:
    """A Dask client. Raises InputError if no scheduler answers at the address."""
    import distributed
    from distributed.comm.registry import get_backend

    allowed = "allowed: tcp://HOST:PORT, or tls://HOST:PORT with the certificates in Dask's configuration"
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
        if not (parts.scheme and host and port):
            raise ValueError("no scheme, host or port")
        get_backend(parts.scheme)
        certified = distributed.Security().get_connection_args("client").get("ssl_context") is not None
    except (ValueError, OSError, ImportError, RuntimeError) as error:
        raise InputError(f"--scheduler {address}: not an address that Dask knows here ({error}); {allowed}") from error
    if parts.scheme in ("tls", "wss") and not certified:
        raise InputError(f"--scheduler {address}: no certificates for it (distributed.comm.tls); {allowed}")
    nobody = f"--scheduler {address}: no Dask scheduler answers there; {allowed}"
    try:
        # A client that finds nobody takes long, and a traceback, to say so.
        socket.create_connection((host, port), timeout=10).close()
        return distributed.Client(address, timeout="10s", set_as_default=False, deserializers=["dask", "msgpack"])
    except Exception as error:
        raise InputError(nobody) from error


def _bytes_of(future: Any) -> Any:
    """What a Dask worker answered; None if it is nothing plain."""
    try:
        return future.result()
    except TypeError:
        return None


@contextlib.contextmanager
def _quiet_dask() -> Iterator[None]:
    """Without what Dask logs meanwhile: it is told in one line, or is none of the user's business."""
    logger = logging.getLogger("distributed")
    before = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(before)


def simulate_point(scenario: Scenario, origin: str, data_dir: Path | None, point: Point) -> "PointResult":
    """Simulate one point in a worker, which compiles a scenario's programs once.

    Parameters
    ----------
    scenario : Scenario
    origin : str
        `origin_of` the scenario where the sweep was started.
    data_dir : Path or None
        Where cifar10 is looked for first.
    point : Point

    Raises
    ------
    InputError
        If this worker's machine has other weights, other test images, or other versions of the packages.
    """
    with _one_at_a_time:
        load_tensorflow()
        from diffsem.link.monte_carlo import simulate_points

        experiment, programs = _programs_of(scenario, origin, data_dir)
        (result,) = simulate_points(experiment, programs, [point])
        return result


@functools.lru_cache(maxsize=1)
def _programs_of(scenario: Scenario, origin: str, data_dir: Path | None) -> "tuple[Experiment, Programs]":
    from diffsem.link.programs import Programs
    from diffsem.scenarios.assembly import assemble, origin_of
    from diffsem.scenarios.attacks import listed_attacks
    from diffsem.scenarios.datasets import load_dataset

    try:
        listed_attacks(scenario.eavesdropper)
    except InputError as error:
        raise InputError(f"worker on {platform.node()}: {error}") from error
    dataset = load_dataset(scenario.dataset, data_dir)
    own = origin_of(scenario, dataset)
    if own != origin:
        raise InputError(
            f"worker on {platform.node()}: its weights, images and versions ({own}) are not those that the sweep was "
            f"started with ({origin}); install the same packages, or share the weights folder"
        )
    experiment = assemble(scenario, dataset)
    return experiment, Programs(experiment)


class _Worker:
    """A process that is sent points, one after the other, and answers each in bytes."""

    def __init__(self, place: int, share: Mapping[str, str], task: "Callable[[Point], PointResult]") -> None:
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


def _work(pipe: Connection, share: Mapping[str, str], task: "Callable[[Point], PointResult]") -> None:
    """Be a worker, which ends with its parent, even a killed one."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def follow_parent():
        parent.join()
        os._exit(1)

    def simulate(point: Point) -> "PointResult":
        take_share(share)
        return task(point)

    threading.Thread(target=follow_parent, daemon=True).start()
    pipe.send_bytes(STARTED)
    while (point := pipe.recv()) is not None:
        pipe.send_bytes(answer(simulate, point))
