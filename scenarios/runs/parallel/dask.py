"""Points on a Dask cluster."""

import contextlib
import functools
import logging
import socket
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import CancelledError
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import diffsem.link as link
from diffsem.link import InputError, Point
from diffsem.scenarios.runs.parallel.answers import answer, result_of
from diffsem.scenarios.runs.parallel.worker import simulate_point
from diffsem.scenarios.schema.scenario import Scenario


def simulate_on_dask(
    scenario: Scenario,
    points: Sequence[Point],
    on_images: Callable[[int], None],
    address: str,
    origin: str,
    data_dir: Path | None,
) -> "Generator[link.PointResult, None, None]":
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

    def results() -> "Generator[link.PointResult, None, None]":
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
