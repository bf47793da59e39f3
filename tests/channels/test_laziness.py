"""The package loads what is used: what a node knows of its channel must not wait for TensorFlow."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import diffsem.channels
from diffsem.channels import BlockFadingChannel, Channel, Equalizer, OfdmChannel

PROGRAM = """
import sys
from diffsem.channels import Csi
Csi(pilots=2)
heavy = {"keras", "tensorflow", "sionna"} & set(sys.modules)
assert not heavy, heavy
import diffsem.channels
diffsem.channels.BlockFadingChannel
assert "tensorflow" in sys.modules
"""


@pytest.mark.slow
def test_tensorflow_is_loaded_with_the_first_channel_and_not_before():
    subprocess.run([sys.executable, "-c", PROGRAM], check=True)


def public_names():
    stub = ast.parse(Path(diffsem.channels.__file__).with_suffix(".pyi").read_text())
    return [alias.name for statement in stub.body for alias in statement.names]


@pytest.mark.parametrize("name", public_names())
def test_every_public_name_is_there(name):
    assert getattr(diffsem.channels, name) is not None
    assert name in dir(diffsem.channels)


def test_both_channels_are_what_links_ask_for():
    assert isinstance(BlockFadingChannel(), Channel)
    assert isinstance(OfdmChannel(), Channel)
    assert not isinstance(Equalizer(), Channel)
