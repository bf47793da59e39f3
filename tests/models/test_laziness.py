"""The package loads what is used: rules of costs and of feature shapes must not wait for Keras."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import diffsem.models

PROGRAM = """
import sys
import diffsem.models
import diffsem.models.costs
from diffsem.models import feature_shape
feature_shape((28, 28, 1), 64)
heavy = {"keras", "tensorflow", "sionna", "jax"} & set(sys.modules)
assert not heavy, heavy
diffsem.models.UNet
assert "keras" in sys.modules
"""


@pytest.mark.slow
def test_keras_is_loaded_with_the_first_network_and_not_before():
    subprocess.run([sys.executable, "-c", PROGRAM], check=True)


def public_names():
    stub = ast.parse(Path(diffsem.models.__file__).with_suffix(".pyi").read_text())
    return [alias.name for statement in stub.body for alias in statement.names]


@pytest.mark.parametrize("name", public_names())
def test_every_public_name_is_there(name):
    assert getattr(diffsem.models, name) is not None
    assert name in dir(diffsem.models)


def test_an_unknown_name_is_none():
    with pytest.raises(AttributeError, match="Transformer"):
        _ = diffsem.models.Transformer
