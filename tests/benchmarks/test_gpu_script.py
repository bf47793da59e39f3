"""The script that compares CPU and GPU, where there is no GPU."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "benchmarks" / "gpu.sh"


@pytest.fixture
def run(tmp_path):
    def run(**environment):
        """With a TensorFlow of this kind, the importing of which takes no time."""
        seen = {"PYTHON": sys.executable, "PYTHONPATH": str(tmp_path)}
        return subprocess.run(
            [SCRIPT], capture_output=True, text=True, cwd=tmp_path, env=os.environ | seen | environment
        )

    return run


def test_without_a_gpu_it_says_so_in_one_line(run, tmp_path):
    (tmp_path / "tensorflow.py").write_text(
        "class config:\n    list_physical_devices = staticmethod(lambda kind: [])\n"
    )
    done = run()
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("gpu.sh: TensorFlow sees no GPU here; allowed: ")
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "results").exists()


def test_without_tensorflow_too(run, tmp_path):
    (tmp_path / "tensorflow.py").write_text("raise ImportError\n")
    done = run()
    assert done.returncode == 2
    assert done.stderr.startswith(f"gpu.sh: {sys.executable} cannot import TensorFlow; allowed: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is not installed")
def test_shellcheck_has_nothing_to_say():
    done = subprocess.run(["shellcheck", SCRIPT], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
