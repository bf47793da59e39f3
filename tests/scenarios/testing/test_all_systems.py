"""Each shipped system passes what every system has to."""

import pytest

from diffsem.scenarios.systems import shipped_systems
from diffsem.scenarios.testing import run_system_test

# What else a scenario needs for a system.
NEEDS = {
    "null-space-noise": [
        "legitimate.channel={kind: rayleigh}",
        "eavesdropper.channel={kind: rayleigh}",
        "legitimate.precoding=beam",
        "legitimate.transmit_antennas=2",
    ]
}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Weights of all systems that need nothing else: what several of them build on is trained once."""
    return tmp_path_factory.mktemp("trained")


@pytest.mark.slow
@pytest.mark.parametrize("name", shipped_systems())
def test_it_is_trained_swept_resumed_and_drawn(name, trained, tmp_path):
    if name not in NEEDS:
        (tmp_path / "weights").symlink_to(trained)
    rows = run_system_test(name, tmp_path, NEEDS.get(name, ()))
    assert set(rows["receiver_snr_db"]) == {5, 15}
