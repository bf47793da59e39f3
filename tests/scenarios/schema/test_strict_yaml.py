import gc
import time

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from diffsem.scenarios.schema.strict_yaml import DEEPEST, MOST_BYTES, MOST_NODES, read_yaml, write_yaml

SIZE = MOST_BYTES
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**29), 10**29)
    | st.floats(allow_nan=False)
    | TEXT
    | st.from_regex(r"[-+]?0[oO_]?[0-9_]{1,5}", fullmatch=True),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
ALIASES = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{level + 1}: &a{level + 1} [{', '.join([f'*a{level}'] * 9)}]\n" for level in range(9)
)


def told(text):
    """What is said of a text that cannot be read; "" of one that can."""
    try:
        read_yaml(text)
    except ValueError as error:
        return str(error)
    return ""


@given(VALUES)
def test_what_is_written_reads_back(value):
    assert read_yaml(write_yaml(value)) == value


@given(VALUES)
def test_plain_values_are_read_as_yaml_reads_them(value):
    text = yaml.safe_dump(value)
    if "to base 8 or 10?" not in told(text):
        assert read_yaml(text) == yaml.safe_load(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: 2026-01-01", {"a": "2026-01-01"}),
        ("a: 2026-13-01", {"a": "2026-13-01"}),
        ("a: 2001-12-14t21:59:43.10-05:00", {"a": "2001-12-14t21:59:43.10-05:00"}),
        ("a: =", {"a": "="}),
        ("a: <<", {"a": "<<"}),
        ("'<<': 1", {"<<": 1}),
        ("a: 1:30", {"a": "1:30"}),
        ("'010'", "010"),
        ("!!str 010", "010"),
        ("!!int '3'", 3),
        ("!!float 1", 1.0),
        ("0x1F", 31),
        ("1.5", 1.5),
        ("0", 0),
        ("-0.5", -0.5),
        ("no", False),
        ("\ufeffa: 1", {"a": 1}),
        ("a: 1\r\nb: 2\r\n", {"a": 1, "b": 2}),
        ("9" * 30, int("9" * 30)),
        ("base: &base {a: 1, b: 2}\nmine: {<<: *base, b: 3}", {"base": {"a": 1, "b": 2}, "mine": {"a": 1, "b": 3}}),
        ("", None),
    ],
)
def test_the_core_of_yaml_is_read(text, value):
    read = read_yaml(text)
    assert read == value
    assert type(read) is type(value)


def test_what_an_alias_stands_for_is_a_copy():
    read = read_yaml("a: &a {kind: awgn}\nb: *a\nc: {<<: {d: *a}}")
    read["a"]["kind"] = "rayleigh"
    assert read["b"] == read["c"]["d"] == {"kind": "awgn"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: 1\nb: 010", ["line 2: 010", "8, 10 or", "'010'"]),
        ("-017", ["-017", "-15, -17 or"]),
        ("0o10", ["0o10", "write 8 or", "'0o10'"]),
        ("08", ["08", "write 8 or", "'08'"]),
        ("!!int 010", ["!!int 010", "not of that type"]),
        ("!!int abc", ["line 1: !!int abc", "not of that type"]),
        ("!!int ''", ["!!int"]),
        ("!!bool abc", ["!!bool abc"]),
        ("!!null abc", ["!!null abc"]),
        ("!!float abc", ["!!float abc"]),
        ("!!int 1:30", ["!!int 1:30"]),
        ("a:\n  !!timestamp x", ["line 2: !!timestamp", "allowed: !!null, !!bool, !!int, !!float, !!str"]),
        ("!!timestamp 2026-01-01", ["!!timestamp"]),
        ("!!binary aaaa", ["!!binary"]),
        ("!!set {a}", ["!!set", "!!map"]),
        ("!!omap [a: 1]", ["!!omap", "!!seq"]),
        ("!!pairs [a: 1]", ["!!pairs"]),
        ("!!map [a]", ["!!map", "!!seq"]),
        ("!!str [a]", ["!!str"]),
        ("!!python/object/apply:os.system [ls]", ["!!python/object/apply:os.system"]),
        ("!!python/name:os.system ''", ["!!python/name"]),
        ("!mine 3", ["!mine"]),
        ("!!merge a: {b: 1}", ["!!merge"]),
        ("a: &a [*a]", ["line 1", "*a", "inside"]),
        ("&a {b: {c: *a}}", ["*a", "inside"]),
        ("a: *b", ["*b", "names nothing"]),
        ("&a a: &a b", ["duplicate anchor"]),
        ("1: 2", ["key 1", "no string", "'1'"]),
        ("yes: 2", ["key yes", "no string", "'yes'"]),
        ("~: 2", ["key ~"]),
        ("1.5: 2", ["key 1.5"]),
        ("? [a]\n: 1", ["line 1", "key is no string but a list"]),
        ("? {a: 1}\n: 1", ["key is no string"]),
        ("a: &k b\n*k : 1", ["line 2", "key is no string"]),
        ("<<: 3", ["line 1", "mapping"]),
        ("<<: [{a: 1}, 3]", ["line 1", "mapping"]),
        ("a: 1\n---\nb: 2", ["line 2", "another document", "allowed: one"]),
        ("a: 1\na: 2", ["line 2", "key a is there twice", "line 1"]),
        ("1" * 31, ["more than 30 digits"]),
        ("0x" + "f" * 40, ["more than 30 digits"]),
        ("a\0b", ["not valid YAML", "#x0000"]),
        ("\x1b[31m", ["not valid YAML", "#x001b"]),
        ('"\\ud800"', ["surrogate"]),
        ("a: [", ["line 1", "not valid YAML"]),
        ("a: 'b", ["not valid YAML"]),
        ("%YAML 9.9\n--- a", ["not valid YAML"]),
        (ALIASES, ["line 5", f"more than {MOST_NODES}", "aliases"]),
        (f"timesteps: &a [1]\nlegitimate:\n{ALIASES.replace('a0', '  a0')}", ["line"]),
        ("a0: &a0 [x]\n" + "".join(f"a{i + 1}: &a{i + 1} [*a{i}]\n" for i in range(100)), ["deeper than 32"]),
        ("[" * (DEEPEST + 1) + "]" * (DEEPEST + 1), ["deeper than 32"]),
    ],
)
def test_what_is_beyond_it_ends_in_one_line(text, words):
    message = told(text)
    assert len(message.splitlines()) == 1
    assert len(message) < 400
    assert [word for word in words if word not in message] == [], message


def test_the_limits_themselves_are_allowed():
    assert read_yaml("[" * DEEPEST + "]" * DEEPEST)
    assert len(read_yaml("- a\n" * (MOST_NODES - 1))) == MOST_NODES - 1
    with pytest.raises(ValueError, match="more than 20000"):
        read_yaml("- a\n" * MOST_NODES)
    assert len(read_yaml("ä" * (SIZE // 2))) == SIZE // 2
    with pytest.raises(ValueError, match="more than 256 KiB"):
        read_yaml("ä" * (SIZE // 2) + "a")


@pytest.fixture(scope="module")
def others_objects_set_aside():
    """What earlier tests of a long process have left is not gone through again while time is taken."""
    gc.collect()
    gc.freeze()


@pytest.mark.parametrize(
    "text",
    [
        "[" * SIZE,
        "{" * SIZE,
        "- " * (SIZE // 2),
        "? " * (SIZE // 2),
        "#" * SIZE,
        "\n" * SIZE,
        "#\n" * (SIZE // 2),
        " a\n" * (SIZE // 3),
        "|\n" + " a\n" * (SIZE // 3 - 1),
        "[" + "a," * (SIZE // 2 - 1) + "]",
        "- &a 1\n" + "- *a\n" * (MOST_NODES - 3),
        "".join(f"- &a{i} 1\n" for i in range(MOST_NODES - 1)),
        "".join(f"k{i}: 1\n" for i in range(MOST_NODES // 2 - 1)),
        "&" + "a" * (SIZE - 1),
        "!" + "a" * (SIZE - 1),
        "!<" + "%41" * (SIZE // 3 - 1),
        '"' + "\\u0041" * (SIZE // 6 - 1) + '"',
        "'" * SIZE,
        "".join(f"%TAG !{'a' * i}! b\n" for i in range(600)) + "--- a",
        "1" * SIZE,
        "1_" * (SIZE // 2),
        "1:" * (SIZE // 2),
        "0" * SIZE,
        "a" * 10**7,
        "[" * 10**7,
    ],
    ids=lambda text: f"{text[:9]!r} x {len(text)}",
)
def test_no_text_takes_long_or_makes_a_long_message(text, others_objects_set_aside):
    begin = time.process_time()
    message = told(text)
    assert time.process_time() - begin < 3
    assert "\n" not in message
    assert len(message) < 400
