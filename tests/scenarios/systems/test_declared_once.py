"""A system, an attack and a judge are declared in one file each, and nobody else spells or takes apart their names."""

import ast
from pathlib import Path

import pytest

from diffsem.scenarios.attacks import shipped_attacks
from diffsem.scenarios.judges import shipped_judges
from diffsem.scenarios.systems import shipped_systems

ROOT = Path(__file__).parents[3]
SCENARIOS = ROOT / "scenarios"
# Beside the package's layers: a test may name an attack, as a scenario does.
TESTS = SCENARIOS / "testing"
FILES = sorted(
    path
    for room in ("models", "channels", "link", "scenarios")
    for path in (ROOT / room).rglob("*.py")
    if TESTS not in path.parents
)
TAKE_APART = {"startswith", "endswith", "removeprefix", "removesuffix", "split", "rsplit", "partition", "rpartition"}


def is_spelt_once(name):
    """Whether a name is no ordinary word of the code.

    `classifier`, `reference`, `digital` and the like are words for other things, too; `diffsem` is the package.
    """
    return "-" in name or name == "ibal"


def names():
    return sorted({*shipped_systems(), *shipped_attacks(), *shipped_judges()})


def texts(tree):
    """Every string of a module but docstrings."""
    documented = (node for node in ast.walk(tree) if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef))
    docstrings = {id(node.body[0].value) for node in documented if ast.get_docstring(node) is not None}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.value


@pytest.fixture(scope="module")
def trees():
    return {path: ast.parse(path.read_text()) for path in FILES}


@pytest.fixture(scope="module")
def places(trees):
    """Text -> files that it is a string of."""
    found = {}
    for path, tree in trees.items():
        for text in texts(tree):
            found.setdefault(text, set()).add(path.relative_to(SCENARIOS.parent).as_posix())
    return found


@pytest.mark.parametrize("name", [name for name in names() if is_spelt_once(name)])
def test_a_name_is_spelt_in_one_file(name, places):
    (place,) = places[name]
    assert place.startswith(("scenarios/systems/", "scenarios/attacks/", "scenarios/judges/"))


@pytest.mark.parametrize("name", [name for name in names() if not is_spelt_once(name)])
def test_a_name_that_is_a_word_is_declared_all_the_same(name, places):
    assert len([place for place in places[name] if place.startswith("scenarios/systems/")]) == 1


def takes_apart(node):
    """The texts that a call or a comparison looks for in another text."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in TAKE_APART:
        sought = node.args
    elif isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.In | ast.NotIn):
        # In a tuple or a set of words, a word is one of them, and part of none.
        is_listed = isinstance(node.comparators[0], ast.Tuple | ast.List | ast.Set | ast.Dict)
        sought = [] if is_listed else [node.left]
    else:
        sought = []
    constants = (part for argument in sought for part in ast.walk(argument) if isinstance(part, ast.Constant))
    return [part.value for part in constants if isinstance(part.value, str)]


def is_of_a_name(text):
    """Whether a text is a part of a name, and no letter or two that are a part of any; `diffsem` is the package."""
    is_telling = "-" in text or len(text) > 2
    return text == "+" or (text != "diffsem" and is_telling and any(text in name for name in names()))


@pytest.mark.parametrize(
    "code", ["name.startswith('keyed')", "'+' in name", "name.split('+')", "name.endswith(('-d',))"]
)
def test_code_that_takes_a_name_apart_is_found(code):
    found = [text for node in ast.walk(ast.parse(code)) for text in takes_apart(node)]
    assert [is_of_a_name(text) for text in found] == [True]


def test_nobody_takes_names_apart(trees):
    for path, tree in trees.items():
        if SCENARIOS in path.parents:
            for node in ast.walk(tree):
                parts = [text for text in takes_apart(node) if is_of_a_name(text)]
                assert not parts, f"{path.relative_to(ROOT)}:{node.lineno}: {parts}"
