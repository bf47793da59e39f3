"""The pages of the Python interface: the public names of each package as its stub lists them, sorted by subject."""

import ast
import importlib
import importlib.resources
import inspect
from collections.abc import Callable, Collection
from functools import partial
from types import ModuleType

PACKAGES = ("diffsem", "diffsem.scenarios", "diffsem.link", "diffsem.channels", "diffsem.models")
STUB = "__init__.pyi"
# How Keras saves and loads a layer: of every one, and the same.
KERAS = "build, from_config, get_config"


def pages() -> dict[str, Callable[[], str]]:
    """File name -> function that gives the page, in Markdown."""
    return {f"api-{package}.md": partial(page, package) for package in PACKAGES}


def public_names(package: str) -> dict[str, str]:
    """Public name -> the module that it comes from, relative to its package; "" of a module itself."""
    where = importlib.import_module(package)
    tree = ast.parse((importlib.resources.files(where) / STUB).read_text(encoding="utf-8"))
    imports = [node for node in tree.body if isinstance(node, ast.ImportFrom)]
    return {alias.asname or alias.name: node.module or "" for node in imports for alias in node.names}


def page(package: str) -> str:
    """One package: a heading for each of its subjects, and below it the names."""
    module = importlib.import_module(package)
    subjects: dict[str, list[str]] = {}
    for name, source in public_names(package).items():
        if f"{package}.{name}" not in PACKAGES:
            subjects.setdefault(_subject(package, name, source), []).append(name)
    blocks = [f"# `{package}`\n", f"{inspect.getdoc(module)}\n"]
    for subject, names in subjects.items():
        if package != "diffsem":
            blocks += [f"## {subject.replace('_', ' ').capitalize()}\n", *_about(package, subject, names)]
        directives = "\n".join(_directive(module, package, name) for name in names)
        blocks.append(f"```{{eval-rst}}\n{directives}\n```\n")
    return "\n".join(blocks)


def _subject(package: str, name: str, source: str) -> str:
    return package if package == "diffsem" else (source or name).split(".")[0]


def _about(package: str, subject: str, names: list[str]) -> list[str]:
    """The first line of what the subject says of itself; a module that is a public name says it in its own entry."""
    if subject in names:
        return []
    text = inspect.getdoc(importlib.import_module(f"{package}.{subject}")) or ""
    return [f"{text.splitlines()[0]}\n"] if text else []


def _directive(module: ModuleType, package: str, name: str) -> str:
    found = getattr(module, name)
    if isinstance(found, ModuleType):
        return f".. automodule:: {package}.{name}\n   :members:\n"
    if inspect.isclass(found):
        return f".. autoclass:: {package}.{name}\n   :members:\n   :exclude-members: {KERAS}\n{_index(package)}"
    if inspect.isfunction(found):
        return f".. autofunction:: {package}.{name}\n{_index(package)}"
    return f".. py:data:: {package}.{name}\n\n   {_constant(found)}\n"


def _index(package: str) -> str:
    """Names of the top level are those of packages once more: links lead to the packages."""
    return "   :no-index:\n" if package == "diffsem" else ""


def _constant(found: object) -> str:
    """What a constant is; of a long collection, its kind and how much it holds."""
    text = repr(found)
    short = len(text) < 100 or not isinstance(found, Collection)
    return f"``{text}``" if short else f"A {type(found).__name__} of {len(found)} entries."
