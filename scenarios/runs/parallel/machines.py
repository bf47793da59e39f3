"""Who simulates the points of a sweep."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from diffsem.scenarios.runs.parallel.processes import Crew
from diffsem.scenarios.schema.scenario import Scenario


@dataclass(frozen=True)
class Certificates:
    """TLS files of a client of a Dask scheduler, as Dask's own commands take them.

    Parameters
    ----------
    ca_file, cert, key : Path or None
        Certificate authority, own certificate, and its key; what is None is left to Dask's configuration.
    """

    ca_file: Path | None = None
    cert: Path | None = None
    key: Path | None = None


NO_CERTIFICATES = Certificates()


@dataclass(frozen=True)
class Machines:
    """Who simulates the points: this process, `workers` of this machine, or a Dask cluster; and where data lie.

    Parameters
    ----------
    workers : int or "auto"
        "auto": as many as end first.
    scheduler : str or None
        Address of a Dask cluster's.
    data_dir : Path or None
    certificates : Certificates
        For a scheduler at tls://HOST:PORT.
    hire : callable or None
        (variants, points that wait) -> processes for them, or None if this one does it alone. Whoever is to run a sweep
        is given it by `hired`, which has checked the rest.
    """

    workers: int | Literal["auto"] = 1
    scheduler: str | None = None
    data_dir: Path | None = None
    certificates: Certificates = NO_CERTIFICATES
    hire: Callable[[Sequence[Scenario], int], Crew | None] | None = None


ALONE = Machines()
