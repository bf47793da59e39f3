"""`import diffsem`: what it offers, what it costs, and that TensorFlow comes quietly."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import diffsem

NAMES = ("load_scenario", "run_scenario", "train_scenario", "read_results", "leakage", "load_dataset", "load_network")


def run(code, folder=None):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=folder)


def test_completion_finds_the_names_and_the_packages():
    assert {*NAMES, "load_link", "link", "channels", "models", "scenarios", "__version__"} <= set(dir(diffsem))
    for name in dir(diffsem):
        assert getattr(diffsem, name) is not None


@pytest.mark.parametrize("package", ["link", "channels", "models", "scenarios"])
def test_completion_finds_the_names_of_each_package(package):
    found = getattr(diffsem, package)
    assert len(dir(found)) > 10
    assert set(dir(found)) >= set(found.__all__)


def test_the_version_is_one_and_that_of_the_command():
    assert re.fullmatch(r"\d+\.\d+\.\d+", diffsem.__version__)
    told = subprocess.run([sys.executable, "-m", "diffsem.scenarios.command_line", "--version"], capture_output=True)
    assert told.stdout.decode() == f"diffsem {diffsem.__version__}\n"


def test_the_import_loads_no_heavy_library():
    heavy = {"tensorflow", "keras", "sionna", "pandas", "numpy", "matplotlib", "pydantic"}
    assert run(f"import diffsem, sys; print(*sorted({heavy} & set(sys.modules)))").stdout == "\n"


def test_it_is_the_installed_package_in_the_root_of_the_repository_too():
    root = Path(__file__).parents[2]
    told = run("import diffsem; print(diffsem.load_scenario('mnist-quick').name, diffsem.__file__)", root)
    name, file = told.stdout.split()
    assert name == "mnist-quick"
    assert Path(file).parent.name == "diffsem"


@pytest.mark.slow
def test_tensorflow_is_imported_without_a_line_of_its_own_and_standard_error_is_open_afterwards():
    code = "import diffsem, os\nfrom diffsem.link import WiretapLink\nos.write(2, b'heard')"
    assert run(code).stderr == "heard"


def test_a_failing_import_of_tensorflow_leaves_standard_error_open(tmp_path):
    (tmp_path / "tensorflow.py").write_text("import os\nos.write(2, b'native')\nraise RuntimeError('broken')\n")
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\nimport diffsem, os\n"
        "try:\n    import tensorflow\nexcept RuntimeError as error:\n    os.write(2, str(error).encode())"
    )
    assert run(code).stderr == "broken"


def test_who_cites_cites_this_version():
    citation = (Path(__file__).parents[2] / "CITATION.cff").read_text()
    assert f"version: {diffsem.__version__}\n" in citation
