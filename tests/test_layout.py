"""The layout of the package: small folders, modules and functions, and an installation that holds all of them."""

import ast
import configparser
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("api", "models", "channels", "link", "scenarios")
MODULES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))
DOCUMENTED = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Module


@pytest.fixture(scope="module")
def trees():
    return {path: ast.parse(path.read_text()) for path in MODULES}


def packages():
    """Dotted name -> folder; api/ is diffsem itself."""
    folders = sorted({path.parent for path in MODULES})
    names = {folder: [part for part in folder.relative_to(ROOT).parts if part != "api"] for folder in folders}
    return {".".join(("diffsem", *parts)): folder for folder, parts in names.items()}


def installed():
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    return config["options"]["packages"].split(), config["options.package_data"]


def lines_of(function):
    """Of a function without its docstring."""
    lines = function.end_lineno - function.lineno + 1
    if ast.get_docstring(function) is not None:
        first = function.body[0]
        lines -= first.end_lineno - first.lineno + 1
    return lines


def test_there_is_something_to_look_at():
    assert len(MODULES) > 100


def test_no_folder_has_more_than_twelve_modules():
    for folder in packages().values():
        modules = [path.name for path in folder.glob("*.py") if path.name != "__init__.py"]
        assert len(modules) <= 12, f"{folder.relative_to(ROOT)}: {len(modules)}"


def test_no_module_has_more_than_400_lines():
    for path in MODULES:
        assert len(path.read_text().splitlines()) <= 400, path.relative_to(ROOT)


def test_no_function_has_more_than_50_lines(trees):
    for path, tree in trees.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert lines_of(node) <= 50, f"{path.relative_to(ROOT)}: {node.name}"


def test_no_import_of_our_own_is_for_type_checkers_alone(trees):
    """Such an import hides a circle of modules."""
    for path, tree in trees.items():
        for branch in ast.walk(tree):
            if isinstance(branch, ast.If) and "TYPE_CHECKING" in ast.unparse(branch.test):
                for node in ast.walk(branch):
                    modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                    if isinstance(node, ast.ImportFrom):
                        assert node.level == 0, path.relative_to(ROOT)
                        modules = [str(node.module)]
                    ours = [module for module in modules if module.partition(".")[0] == "diffsem"]
                    assert not ours, f"{path.relative_to(ROOT)}: {ours}"


def test_every_folder_of_the_package_is_installed():
    listed, _ = installed()
    assert sorted(listed) == sorted(packages())
    for name, folder in packages().items():
        assert (folder / "__init__.py").is_file(), name


def test_what_type_checkers_read_is_installed():
    _, data = installed()
    for name, folder in packages().items():
        if any(folder.glob("*.pyi")):
            assert "*.pyi" in data.get(name, "").split(), name
