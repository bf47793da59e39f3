"""Parts by name: shipped ones, the nearest one to a word that is none, and one's own as module:NAME."""

import hashlib
import sys
import types

import pytest

from diffsem.link import InputError
from diffsem.scenarios.parts.finding import (
    Found,
    Source,
    check_known,
    check_name,
    find_part,
    is_outside,
    shipped_parts,
)

SHIPPED = {"robin": "red", "blackbird": "black"}


def refusal(act, *arguments):
    with pytest.raises(InputError) as error:
        act(*arguments)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.fixture
def own(tmp_path, monkeypatch):
    """A module of one's own with parts in it."""
    (tmp_path / "aviary.py").write_text("WREN = 'brown'\nFIVE = 5\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path / "aviary.py"
    sys.modules.pop("aviary", None)


@pytest.mark.parametrize(("name", "outside"), [("robin", False), ("aviary:WREN", True), ("keyed-scramble", False)])
def test_a_colon_tells_a_part_of_ones_own(name, outside):
    assert is_outside(name) == outside


def test_a_shipped_part_is_found_by_its_name_and_has_no_source():
    assert find_part("robin", SHIPPED, str, "bird") == Found("red", None)


def test_a_part_of_ones_own_comes_with_its_file(own):
    found = find_part("aviary:WREN", SHIPPED, str, "bird")
    assert found == Found("brown", Source("aviary:WREN", own))
    assert found.source.sha256() == hashlib.sha256(own.read_bytes()).hexdigest()


def test_a_part_of_a_module_without_a_file_has_one_digest(monkeypatch):
    module = types.ModuleType("made_up")
    module.WREN = "brown"
    monkeypatch.setitem(sys.modules, "made_up", module)
    source = find_part("made_up:WREN", SHIPPED, str, "bird").source
    assert source == Source("made_up:WREN", None)
    assert source.sha256() == hashlib.sha256(b"").hexdigest()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("robn", ["bird: robn: unknown", "did you mean robin?", "module:NAME"]),
        ("ostrich", ["bird: ostrich: unknown", "allowed: robin, blackbird", "module:NAME"]),
        ("aviary:FIVE", ["bird: aviary:FIVE: is int", "diffsem.scenarios.str"]),
        ("aviary:NOBODY", ["bird: aviary:NOBODY", "AttributeError"]),
        ("nowhere_at_all:WREN", ["bird: nowhere_at_all:WREN", "put it beside the scenario's file"]),
    ],
)
def test_what_is_not_there_is_told_with_what_is(name, words, own):
    message = refusal(find_part, name, SHIPPED, str, "bird")
    for word in words:
        assert word in message


def test_names_that_cannot_come_from_outside_are_told_without_that():
    assert "module:NAME" not in refusal(check_known, "robn", SHIPPED, "bird", False)
    check_known("robin", SHIPPED, "bird")


@pytest.mark.parametrize("name", ["robin", "", "a+b", "a.b", "a/b", "a\\b", "a\nb", "\x1b[2J", 5, None, ["wren"]])
def test_a_name_that_is_taken_or_no_part_of_a_files_name_is_refused(name):
    assert "aviary:WREN: its name " in refusal(check_name, name, SHIPPED, Source("aviary:WREN", None), "bird")


@pytest.mark.parametrize("name", ["wren", "kingfisher-2", "Zaunkönig"])
def test_any_other_name_is_allowed(name):
    check_name(name, SHIPPED, Source("aviary:WREN", None), "bird")


def test_modules_of_a_package_declare_its_parts_and_go_with_their_files(tmp_path, monkeypatch):
    package = tmp_path / "birds_of_a_test"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "thrushes.py").write_text("BIRDS = ('blackbird', 'fieldfare')")
    (package / "chats.py").write_text("BIRDS = ('robin',)")
    (package / "helper.py").write_text("NOTHING = 1")
    monkeypatch.syspath_prepend(tmp_path)
    import birds_of_a_test

    # Module after module in the order of their names.
    assert shipped_parts(birds_of_a_test, "BIRDS") == ["robin", "blackbird", "fieldfare"]
    (package / "chats.py").unlink()
    assert shipped_parts(birds_of_a_test, "BIRDS") == ["blackbird", "fieldfare"]
    for name in [name for name in sys.modules if name.startswith("birds_of_a_test")]:
        del sys.modules[name]
