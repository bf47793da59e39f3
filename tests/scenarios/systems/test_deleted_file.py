"""A system whose file is deleted is gone, and everything else goes on."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from diffsem.scenarios import load_scenario
from diffsem.scenarios.schema.file import shipped_scenarios
from diffsem.scenarios.systems import shipped_systems

ROOT = Path(__file__).parents[3]
DELETED = ("null_space", "ibal", "pictures", "digital", "keyed", "one_step", "published/listeners")
# A line for each scenario, and what was loaded for all of them.
PLAN_ALL = """
import json, sys
from diffsem.link import InputError
from diffsem.scenarios import load_scenario
from diffsem.scenarios.runs.resolving import plan
from diffsem.scenarios.schema.file import shipped_scenarios
found = {}
for name in shipped_scenarios():
    try:
        plan(load_scenario(name))
        found[name] = None
    except InputError as error:
        found[name] = str(error)
heavy = sorted({"tensorflow", "keras", "sionna", "pandas", "matplotlib"} & set(sys.modules))
print(json.dumps({"found": found, "heavy": heavy}))
"""


@pytest.fixture
def copy_without(tmp_path):
    """A copy of the package, weights and data linked to, without one system's file: gives the variables it runs in."""

    def make(module):
        package = tmp_path / "diffsem"
        shutil.copytree(ROOT / "api", package, ignore=shutil.ignore_patterns("__pycache__"))
        for room in ("models", "channels", "link", "scenarios"):
            ignored = shutil.ignore_patterns("__pycache__", "weights", "data")
            shutil.copytree(ROOT / room, package / room, ignore=ignored)
        for name in ("weights", "data"):
            (package / "scenarios" / name).symlink_to(ROOT / "scenarios" / name)
        if module is not None:
            (package / "scenarios" / "systems" / f"{module}.py").unlink()
        return {**os.environ, "PYTHONPATH": str(tmp_path)}

    return make


def in_process(code, variables):
    # Outside of any folder of the repository, which would come first on the path.
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=variables, cwd=variables["PYTHONPATH"]
    )


def planned(variables):
    ended = in_process(PLAN_ALL, variables)
    assert ended.returncode == 0, ended.stderr
    content = json.loads(ended.stdout)
    assert content["heavy"] == []
    return content["found"]


def names_of(module):
    return {name for name, system in shipped_systems().items() if _file_of(system) == module}


def _file_of(system):
    build = system.receiver or system.digital
    return build.__module__.partition(".systems.")[2].replace(".", "/")


def test_all_shipped_scenarios_are_planned_without_the_libraries_that_compute(copy_without):
    assert planned(copy_without(None)) == dict.fromkeys(shipped_scenarios())


@pytest.mark.parametrize("module", DELETED)
def test_scenarios_that_do_not_list_a_deleted_system_go_on(module, copy_without):
    gone = names_of(module)
    assert gone
    for name, message in planned(copy_without(module)).items():
        listed = set(load_scenario(name).legitimate.receivers) & gone
        written = "receivers" in (ROOT / "scenarios" / "shipped" / f"{name}.yaml").read_text()
        if listed and written:
            assert message is not None, name
            assert "\n" not in message
            assert any(f"legitimate.receivers: {each}: unknown" in message for each in listed)
        else:
            # One that was only compared by default is left out.
            assert message is None, f"{name}: {message}"


@pytest.mark.slow
def test_a_sweep_goes_on_without_a_deleted_system(copy_without):
    module = "one_step"
    systems = [name for name in load_scenario("mnist-quick").legitimate.receivers if name not in names_of(module)]
    code = (
        "from diffsem.scenarios import load_scenario, run_scenario\n"
        "small = ['monte_carlo={max_images: 32, batch_size: 32}', 'timesteps=[240]', 'legitimate.snr_db=[15]']\n"
        f"rows = run_scenario(load_scenario('mnist-quick', [*small, {f'legitimate.receivers={systems}'!r}]))\n"
        "print(sorted(set(rows['system'])))"
    )
    ended = in_process(code, copy_without(module))
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.splitlines()[-1] == str(sorted(systems))
