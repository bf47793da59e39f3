"""The examples of docstrings run, in the root of the repository, and give what they say."""

import doctest
import importlib
import inspect
import re
from pathlib import Path

import pytest

import diffsem

ROOT = Path(__file__).parents[1]
PACKAGES = ("models", "channels", "link", "scenarios")
# It trains.
LONG = {"diffsem.scenarios.library.simulating"}


def shows(path):
    return ">>> " in path.read_text()


def modules():
    """Dotted names of the modules with an example."""
    paths = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py")) if shows(path)]
    return [".".join(("diffsem", *path.relative_to(ROOT).with_suffix("").parts)) for path in paths]


def check(name, monkeypatch):
    monkeypatch.chdir(ROOT)
    ran = doctest.testmod(importlib.import_module(name), optionflags=doctest.NORMALIZE_WHITESPACE)
    assert ran.attempted > 0
    assert ran.failed == 0


@pytest.mark.parametrize("name", [name for name in modules() if name not in LONG])
def test_examples_give_what_they_say(name, monkeypatch):
    check(name, monkeypatch)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(LONG))
def test_long_examples_give_what_they_say(name, monkeypatch):
    check(name, monkeypatch)


def documented(found):
    """The docstring of a name and, of a class, those of its methods."""
    methods = [each for _, each in inspect.getmembers(found, inspect.isfunction)] if inspect.isclass(found) else []
    return "\n".join(inspect.getdoc(each) or "" for each in (found, *methods))


@pytest.mark.parametrize("name", sorted(set(diffsem.__all__) - {"__version__", *PACKAGES}))
def test_every_name_of_the_top_level_has_an_example(name):
    assert ">>> " in documented(getattr(diffsem, name))


def public():
    """Dotted names below `diffsem`; nothing that they stand for is loaded."""
    packages = [(package, importlib.import_module(f"diffsem.{package}")) for package in PACKAGES]
    return [f"{package}.{name}" for package, module in packages for name in sorted(module.__all__)]


@pytest.mark.parametrize("name", public())
def test_every_class_and_function_of_a_package_ends_in_an_example_of_its_own(name):
    package, _, own = name.partition(".")
    found = getattr(importlib.import_module(f"diffsem.{package}"), own)
    if not (inspect.isclass(found) or inspect.isfunction(found)):
        return  # modules, constants and names of types have no docstring of their own
    # Not by `documented`: Keras gives examples of the methods that its layers inherit.
    methods = [each for each in vars(found).values() if inspect.isfunction(each)] if inspect.isclass(found) else []
    texts = [inspect.cleandoc(each.__doc__ or "") for each in (found, *methods)]
    assert any(ends_in_example(text) for text in texts)


def ends_in_example(text):
    sections = list(re.finditer(r"^(\w[\w ]*)\n-+$", text, re.MULTILINE))
    return bool(sections) and sections[-1][1] == "Examples" and "\n>>> " in text[sections[-1].end() :]
