"""What `diffsem.link` offers, and what it costs to ask for it."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import diffsem.link as link

FOLDER = Path(link.__file__).parent
HEAVY = {"tensorflow", "keras", "sionna", "pandas"}
# What is asked for where a scenario is only checked.
LIGHT = ["InputError", "Point", "PointResult", "Seeds", "Link", "StepRule", "Precoding", "KEY_BYTES", "COLUMNS"]


def loaded_by(code):
    """Those of `HEAVY` that a fresh process has loaded after the code."""
    code += f"; import sys; print(*sorted({HEAVY} & set(sys.modules)))"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()


@pytest.mark.parametrize("name", LIGHT)
def test_what_a_check_needs_loads_no_heavy_library(name):
    assert loaded_by(f"from diffsem.link import {name}") == []


@pytest.mark.slow
def test_what_runs_on_a_device_loads_it():
    assert "tensorflow" in loaded_by("from diffsem.link import simulate_points")


def test_every_public_name_is_there_and_listed():
    for name in link.__all__:
        assert getattr(link, name) is not None
    assert set(dir(link)) == set(link.__all__)
    assert len(link.__all__) == len(set(link.__all__))


def test_a_name_is_the_object_and_no_module():
    """Whatever is imported first: a folder that is called like a name would take its place."""
    folders = {path.name for path in FOLDER.iterdir() if path.is_dir()} | {path.stem for path in FOLDER.glob("*.py")}
    assert not folders & set(link.__all__)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = link.no_such_name


def imports_of(file):
    """Modules of the package that a file imports wherever in it, under TYPE_CHECKING too."""
    modules: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom):
            modules.add(node.module or ".")
        elif isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
    return {module for module in modules if module.startswith((".", "diffsem.link"))}


def test_no_module_needs_one_that_needs_it():
    """Depth first over all imports, those within functions and those for types included."""
    names = {
        ".".join(["diffsem", "link", *file.relative_to(FOLDER).with_suffix("").parts]): file
        for file in FOLDER.rglob("*.py")
        if file.name != "__init__.py"
    }
    done: set[str] = set()

    def visit(name, path):
        assert name not in path, " -> ".join([*path, name])
        if name in names and name not in done:
            for needed in imports_of(names[name]):
                visit(needed, [*path, name])
            done.add(name)

    for name in names:
        # By way of the whole package, or of a relative name, a circle would not be seen.
        assert imports_of(names[name]) <= set(names), name
        visit(name, [])
    assert len(done) == len(names) > 30
