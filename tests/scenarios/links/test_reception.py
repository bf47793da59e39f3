"""Channels as a scenario names them."""

import math
from types import SimpleNamespace

import pytest

from diffsem.link import InputError
from diffsem.scenarios.air import build_channel
from diffsem.scenarios.schema import AwgnChannel, Legitimate, RayleighChannel, RicianChannel


@pytest.mark.parametrize(
    ("channel", "factor"),
    [
        (AwgnChannel(kind="awgn"), math.inf),
        (RayleighChannel(kind="rayleigh"), 0),
        (RicianChannel(kind="rician", k_factor_db=10), 10),
    ],
)
def test_a_block_fading_channel_has_the_k_factor_of_its_kind(channel, factor):
    node = Legitimate(snr_db=[0], channel=channel)
    assert build_channel(node, node).rician_factor == pytest.approx(factor)


def test_a_kind_of_fading_that_is_not_built_never_runs_as_another():
    unknown = SimpleNamespace(kind="nakagami", coherence=None)
    node = Legitimate(snr_db=[0]).model_copy(update={"channel": unknown})
    with pytest.raises(InputError, match=r"channel.kind nakagami: unknown; allowed: awgn, rayleigh, rician, tdl, cdl"):
        build_channel(node, node)
