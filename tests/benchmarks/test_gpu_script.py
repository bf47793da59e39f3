"""The script that compares CPU and GPU, where there is no GPU."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("gpu.sh")
SEES_NONE = "class config:\n    list_physical_devices = staticmethod(lambda kind: [])\n"


@pytest.fixture
def refused(tmp_path):
    """What the script says, with this text for TensorFlow: the importing of that takes no time."""

    def run(tensorflow):
        (tmp_path / "tensorflow.py").write_text(tensorflow)
        environment = os.environ | {"PYTHON": sys.executable, "PYTHONPATH": str(tmp_path)}
        done = subprocess.run([SCRIPT], capture_output=True, text=True, cwd=tmp_path, env=environment)
        assert done.returncode == 2
        assert done.stdout == ""
        assert done.stderr.count("\n") == 1
        assert not (tmp_path / "results").exists()
        return done.stderr

    return run


def test_without_a_gpu_it_says_so(refused):
    assert refused(SEES_NONE).startswith("gpu.sh: TensorFlow sees no GPU here; allowed: ")


def test_without_tensorflow_too(refused):
    assert refused("raise ImportError\n").startswith(f"gpu.sh: {sys.executable} cannot import TensorFlow; allowed: ")


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is not installed")
def test_shellcheck_has_nothing_to_say():
    done = subprocess.run(["shellcheck", SCRIPT], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
