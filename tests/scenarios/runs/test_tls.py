"""A scheduler behind TLS takes who has the authority's certificate, and nobody else."""

import contextlib
import shutil
import subprocess

import pytest

from diffsem.link import InputError, Point
from diffsem.scenarios import load_scenario
from diffsem.scenarios.runs.parallel import dask as on_dask
from diffsem.scenarios.runs.parallel.machines import Certificates
from diffsem.scenarios.runs.parallel.variant import Variant

VARIANT = Variant(load_scenario("mnist-quick"), "", (Point(240, 15.0, (15.0,)),))


@pytest.fixture
def certificates(tmp_path):
    """Of an authority of our own, valid for a day."""
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl")

    def openssl(*words):
        subprocess.run(["openssl", *words], cwd=tmp_path, check=True, capture_output=True)

    new = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    openssl("req", "-x509", *new, "-keyout", "ca-key.pem", "-out", "ca.pem", "-days", "1", "-subj", "/CN=authority")
    openssl("req", *new, "-keyout", "key.pem", "-out", "own.csr", "-subj", "/CN=localhost")
    signed = ["-CA", "ca.pem", "-CAkey", "ca-key.pem", "-CAcreateserial", "-days", "1"]
    openssl("x509", "-req", "-in", "own.csr", *signed, "-out", "cert.pem")
    return Certificates(tmp_path / "ca.pem", tmp_path / "cert.pem", tmp_path / "key.pem")


def test_a_cluster_behind_tls_is_reached_with_the_files_alone(certificates, monkeypatch):
    distributed = pytest.importorskip("distributed")
    # What a worker makes of points does not matter here.
    monkeypatch.setattr(on_dask, "simulate_group", lambda *told: iter(()))
    names = {"tls_ca_file": certificates.ca_file}
    for role in ("scheduler", "worker", "client"):
        names |= {f"tls_{role}_cert": certificates.cert, f"tls_{role}_key": certificates.key}
    security = distributed.Security(**{name: str(path) for name, path in names.items()}, require_encryption=True)
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None, security=security
    ) as cluster:
        address = cluster.scheduler_address
        assert address.startswith("tls://")
        with pytest.raises(InputError, match="no certificates for it"):
            on_dask.simulate_on_dask([VARIANT], print, address, None)
        results = on_dask.simulate_on_dask([VARIANT], print, address, None, certificates)
        # It answers; an empty group is no answer.
        with pytest.raises(InputError, match="not the plain bytes of a result"), contextlib.closing(results):
            next(results)
