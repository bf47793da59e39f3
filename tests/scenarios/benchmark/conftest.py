"""Entries as `diffsem benchmark` writes them, without a sweep."""

import pytest


@pytest.fixture
def entry():
    """Call with a name and what differs: gives an entry."""

    def make(name, receiver=0.9, read=(0.5, 0.4), bits=1.5, **more):
        def accuracy(value):
            return {"accuracy": value, "low": value - 0.02, "high": value + 0.02}

        threats = {
            threat: {"strongest": f"attack-{place}", "bits": [bits, bits - 0.1, bits + 0.1], **accuracy(value)}
            for place, (threat, value) in enumerate(zip(("equal-snr", "5-db-worse"), read, strict=True))
        }
        return {
            "entry": name,
            "system": name,
            "claim": "hides all",
            "secret": "",
            "control": False,
            "timestep": 240,
            "images": 2000,
            "receiver": accuracy(receiver),
            "threats": threats,
            "cost": {"signal_power": 0.3, "channel_uses": 32, "unet_calls": 0.0, "epsilon": 100.0},
        } | more

    return make
