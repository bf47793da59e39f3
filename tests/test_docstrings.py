"""The examples of docstrings run, in the root of the repository, and give what they say."""

import doctest
import importlib
import inspect
import re
from pathlib import Path

import pytest

import diffsem
import diffsem.link as link

ROOT = Path(__file__).parents[1]
PACKAGES = ("models", "channels", "link", "scenarios")
# Names of `diffsem.link` for choices among words.
TYPES = {"Generator", "Precoding", "StepRule"}
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


@pytest.mark.parametrize("name", [name for name in link.__all__ if not name.isupper() and name not in TYPES])
def test_every_class_and_function_of_the_link_ends_in_an_example_of_its_own(name):
    found = getattr(link, name)
    assert inspect.isclass(found) or inspect.isfunction(found)
    # Not by `documented`: Keras gives examples of the methods that its layers inherit.
    text = inspect.cleandoc(found.__doc__)
    sections = list(re.finditer(r"^(\w[\w ]*)\n-+$", text, re.MULTILINE))
    assert sections
    assert sections[-1][1] == "Examples"
    assert "\n>>> " in text[sections[-1].end() :]
