"""Points on a Dask cluster."""

import contextlib
import functools
import logging
import math
import os
import queue
import socket
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import CancelledError
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import diffsem.link as link
from diffsem.link import InputError, Point
from diffsem.scenarios.runs.parallel.answers import answer_of, answers, joined, parts_of
from diffsem.scenarios.runs.parallel.groups import Group, Handout
from diffsem.scenarios.runs.parallel.machines import NO_CERTIFICATES, Certificates
from diffsem.scenarios.runs.parallel.variant import Variant
from diffsem.scenarios.runs.parallel.worker import simulate_group

# Groups that wait at a worker, so that it never waits for the network; and those that ask a cluster without workers
# to start some.
AHEAD, FIRST = 2, 4
# Seconds between two looks for workers that have come.
LOOK = 5.0


def simulate_on_dask(
    variants: Sequence[Variant],
    on_images: Callable[[int], None],
    address: str,
    data_dir: Path | None,
    certificates: Certificates = NO_CERTIFICATES,
) -> "Generator[link.PointResult, None, None]":
    """Simulate points on an existing Dask cluster; workers may come and go, their points run anew elsewhere.

    A task is a group of points, as for processes of this machine. Results come as plain bytes. Dask itself speaks in
    pickles, though: whoever controls its scheduler or a worker can run code in this process. The cluster must be
    trusted.

    Raises
    ------
    InputError
        If Dask is not installed, the scheduler does not answer, a TLS file is missing, or a worker has other weights or
        versions.
    """
    try:
        import distributed
    except ImportError as error:
        raise InputError("--scheduler: needs Dask; pip install 'diffsem[distributed]'") from error
    with _quiet_dask():
        client = _client(address, certificates)

    def results() -> "Generator[link.PointResult, None, None]":
        with _quiet_dask(), client:
            try:
                for result in _Cluster(client, variants, data_dir).results():
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


class _Cluster:
    """The groups of a sweep on a cluster.

    Parameters
    ----------
    client : distributed.Client
    variants : sequence of Variant
    data_dir : Path or None
    """

    def __init__(self, client: Any, variants: Sequence[Variant], data_dir: Path | None) -> None:
        self._client = client
        self._handout = Handout([variant.points for variant in variants], 1)
        self._tasks = [functools.partial(_group_answer, replace(variant, points=()), data_dir) for variant in variants]
        # Futures: whose they are, and what is in them.
        self._under_way: dict[Any, tuple[str, Group]] = {}
        self._done: queue.Queue[Any] = queue.Queue()
        self._looked = -math.inf
        self._workers: list[str] = []

    def results(self) -> "Generator[link.PointResult, None, None]":
        while True:
            self._hand_out()
            if not self._under_way and not self._handout.waiting:
                return
            with contextlib.suppress(queue.Empty):
                yield from self._answered(self._done.get(timeout=LOOK))

    def _answered(self, future: Any) -> "Generator[link.PointResult, None, None]":
        worker, group = self._under_way.pop(future)
        seconds = 0.0
        for content in parts_of(_bytes_of(future)):
            answer = answer_of(content, group.points)
            seconds += answer.seconds
            yield answer.result
        self._handout.took(worker, group, seconds)

    def _hand_out(self) -> None:
        """Give every worker that is there what keeps it busy."""
        if time.monotonic() - self._looked > LOOK:
            self._looked = time.monotonic()
            there = list(self._client.nthreads())
            for gone in {*self._workers, *([""] if there else [])} - set(there):
                self._handout.left(gone)
            self._workers = there
            self._handout.workers = max(1, len(there))
        held = Counter(worker for worker, _ in self._under_way.values())
        for round_ in range(AHEAD if self._workers else FIRST):
            for worker in self._workers or [""]:
                if held[worker] <= round_ and (group := self._handout.next_group(worker)) is not None:
                    self._submit(worker, group)
                    held[worker] += 1

    def _submit(self, worker: str, group: Group) -> None:
        # Another may take it if this one has gone.
        own = {"workers": [worker], "allow_other_workers": True} if worker else {}
        future = self._client.submit(self._tasks[group.variant], group.points, pure=False, **own)
        self._under_way[future] = worker, group
        future.add_done_callback(self._done.put)


def _group_answer(variant: Variant, data_dir: Path | None, points: Sequence[Point]) -> bytes:
    """What a Dask worker makes of a group of points."""
    return joined(answers(functools.partial(simulate_group, variant, data_dir), points))


def _client(address: str, certificates: Certificates) -> Any:
    """A Dask client. Raises InputError if no scheduler answers at the address."""
    import distributed
    from distributed.comm.registry import get_backend

    allowed = "allowed: tcp://HOST:PORT, or tls://HOST:PORT with --tls-ca-file, --tls-cert, --tls-key (or Dask's own)"
    security = _security(certificates)
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
        if not (parts.scheme and host and port):
            raise ValueError("no scheme, host or port")
        get_backend(parts.scheme)
        certified = security.get_connection_args("client").get("ssl_context") is not None
    except (ValueError, OSError, ImportError, RuntimeError) as error:
        raise InputError(f"--scheduler {address}: not an address that Dask knows here ({error}); {allowed}") from error
    if parts.scheme in ("tls", "wss") and not certified:
        raise InputError(f"--scheduler {address}: no certificates for it (distributed.comm.tls); {allowed}")
    nobody = f"--scheduler {address}: no Dask scheduler answers there; {allowed}"
    try:
        # A client that finds nobody takes long, and a traceback, to say so.
        socket.create_connection((host, port), timeout=10).close()
        return distributed.Client(
            address, timeout="10s", set_as_default=False, deserializers=["dask", "msgpack"], security=security
        )
    except Exception as error:
        raise InputError(nobody) from error


def _security(certificates: Certificates) -> Any:
    """What a client of Dask knows itself by. Raises InputError if a file cannot be read."""
    import distributed

    files = {
        "--tls-ca-file": ("tls_ca_file", certificates.ca_file),
        "--tls-cert": ("tls_client_cert", certificates.cert),
        "--tls-key": ("tls_client_key", certificates.key),
    }
    for option, (_, path) in files.items():
        if path is not None and not os.access(path, os.R_OK):
            raise InputError(f"{option} {path}: no file that can be read; allowed: a PEM file")
    return distributed.Security(**{name: str(path) for name, path in files.values() if path is not None})


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
