"""YAML without what YAML lets pass: doubtful numbers, types beyond the core, keys that are there twice, sizes."""

import re
from collections import deque
from dataclasses import dataclass, field
from typing import Any

import yaml
from yaml.composer import Composer
from yaml.constructor import SafeConstructor
from yaml.resolver import Resolver

from diffsem.link import shortened

# Far above what a scenario needs; within them a text is read in less than a second.
MOST_BYTES = 256 * 1024
DEEPEST = 32
MOST_NODES = 20_000
# A float has 17.
MOST_DIGITS = 30

TAG = "tag:yaml.org,2002:"
STRING, MERGE = f"{TAG}str", f"{TAG}merge"
CORE = {f"{TAG}{kind}": kind for kind in ("null", "bool", "int", "float", "str")}
NUMBERS = (f"{TAG}int", f"{TAG}float")
# To base 8 in YAML 1.1 or 1.2 only, or in neither.
DOUBTFUL = re.compile(r"([-+]?)0([oO_]?)([0-9][0-9_]*)")


class _Dumper(yaml.SafeDumper):
    """Puts strings into quotes that would be read as doubtful numbers."""


_Dumper.add_implicit_resolver(f"{TAG}int", re.compile(f"^{DOUBTFUL.pattern}$"), list("-+0"))


@dataclass
class _Collection:
    """A mapping or sequence that is open.

    Parameters
    ----------
    anchor : str or None
    first : int
        Number of nodes before it.
    is_mapping : bool
    height : int
        Levels below it, so far.
    keys : dict of str to int
        Lines of a mapping's keys.
    wants_key : bool
        Whether a mapping's next node is a key.
    """

    anchor: str | None
    first: int
    is_mapping: bool
    height: int = 0
    keys: dict[str, int] = field(default_factory=dict)
    wants_key: bool = True


class _EventLoader(Composer, SafeConstructor, Resolver):
    """Makes a value of events that were checked."""

    def __init__(self, events: list[yaml.Event]):
        Composer.__init__(self)
        SafeConstructor.__init__(self)
        Resolver.__init__(self)
        self._events = deque(events)

    def check_event(self, *choices):
        return bool(self._events) and (not choices or isinstance(self._events[0], choices))

    def peek_event(self):
        return self._events[0]

    def get_event(self):
        return self._events.popleft()


def read_yaml(text: str) -> Any:
    """What a YAML text says: mappings with keys that are strings, lists, strings, numbers, booleans and null.

    Numbers to base 60, such as 1:30, and dates are strings. What an alias stands for is a copy.

    Raises
    ------
    ValueError
        One line: what is wrong and in which line. The text is not valid YAML, has more than 256 KiB, 32 levels, 20,000
        nodes (those of an alias count as often as it stands there) or one document, a key twice or one that is no
        string, a type beyond YAML's core, or a number of more than 30 digits, or to base 8.
    """
    if len(text.encode("utf-8", "surrogatepass")) > MOST_BYTES:
        raise ValueError(f"has more than {MOST_BYTES // 1024} KiB of text")
    try:
        return _unshared(_EventLoader(_checked(text)).get_single_data())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        problem = ", ".join(" ".join(part.split()) for part in (error.context, error.problem) if part)
        raise ValueError(f"not valid YAML: {where}{_cut(problem)}") from error
    except yaml.YAMLError as error:
        raise ValueError(f"not valid YAML: {_cut(' '.join(str(error).split()))}") from error


def write_yaml(value: Any) -> str:
    """A value as a YAML text that `read_yaml` reads back to it; mappings keep their order."""
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False)


def _cut(problem: str) -> str:
    return " ".join(shortened(word) for word in problem.split())


def _unshared(value: Any) -> Any:
    """A copy whose parts are its own, each time that they are there."""
    if isinstance(value, dict):
        return {key: _unshared(entry) for key, entry in value.items()}
    return [_unshared(entry) for entry in value] if isinstance(value, list) else value


def _checked(text: str) -> list[yaml.Event]:
    """The events of a YAML text, its limits kept and every scalar's type told. Raises ValueError and YAMLError."""
    resolver = Resolver()
    events: list[yaml.Event] = []
    collections: list[_Collection] = []
    anchored: dict[str, tuple[int, int]] = {}
    nodes = documents = 0
    for event in yaml.parse(text, yaml.SafeLoader):
        events.append(event)
        line = event.start_mark.line + 1 if event.start_mark else 0
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise ValueError(f"line {line}: another document begins; allowed: one")
        elif isinstance(event, yaml.CollectionEndEvent):
            closed = collections.pop()
            if closed.anchor is not None:
                anchored[closed.anchor] = nodes - closed.first, closed.height
            if collections:
                collections[-1].height = max(collections[-1].height, closed.height + 1)
        elif isinstance(event, yaml.NodeEvent):
            parent = collections[-1] if collections else None
            is_key = parent is not None and parent.is_mapping and parent.wants_key
            if is_key and not isinstance(event, yaml.ScalarEvent):
                raise ValueError(
                    f"line {line}: a key is no string but a list, a mapping or an alias; allowed: a string"
                )
            size, height = _size(event, collections, anchored, line)
            if isinstance(event, yaml.ScalarEvent):
                event.tag = _type_of(event, resolver, is_key, line)
                event.implicit = (False, False)
                if event.anchor is not None:
                    anchored[event.anchor] = size, height
            if parent is not None:
                if is_key and isinstance(event, yaml.ScalarEvent):
                    _take_key(event.value, parent, line)
                parent.wants_key = not is_key
                parent.height = max(parent.height, height + 1)
            if isinstance(event, yaml.CollectionStartEvent):
                kind = "map" if isinstance(event, yaml.MappingStartEvent) else "seq"
                if event.tag not in (None, "!", f"{TAG}{kind}"):
                    raise ValueError(f"line {line}: {_named(event.tag)}: allowed here: !!{kind}, or no tag")
                collections.append(_Collection(event.anchor, nodes, kind == "map"))
            nodes += size
            if len(collections) + height > DEEPEST:
                raise ValueError(f"line {line}: is nested deeper than {DEEPEST} levels")
            if nodes > MOST_NODES:
                raise ValueError(
                    f"line {line}: more than {MOST_NODES} keys and values, those of aliases counted each time"
                )
    return events


def _size(
    event: yaml.NodeEvent, collections: list[_Collection], anchored: dict[str, tuple[int, int]], line: int
) -> tuple[int, int]:
    """Nodes of an event, and levels below it; those of a collection's entries follow."""
    if not isinstance(event, yaml.AliasEvent):
        return 1, 0
    anchor = str(event.anchor)
    if anchor in [collection.anchor for collection in collections]:
        raise ValueError(f"line {line}: alias *{shortened(anchor)} stands inside of what it names")
    if anchor not in anchored:
        raise ValueError(f"line {line}: alias *{shortened(anchor)} names nothing")
    return anchored[anchor]


def _take_key(key: str, mapping: _Collection, line: int) -> None:
    if key in mapping.keys:
        raise ValueError(f"line {line}: key {shortened(key)} is there twice, first in line {mapping.keys[key]}")
    mapping.keys[key] = line


def _type_of(event: yaml.ScalarEvent, resolver: Resolver, is_key: bool, line: int) -> str:
    """The tag of a scalar: one of the core types, or that of a merge. Raises ValueError."""
    value, shown = event.value, shortened(event.value)
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise ValueError(f"line {line}: half of a surrogate pair is no character")
    plain = resolver.resolve(yaml.ScalarNode, value, (True, False))
    tag = plain if event.implicit[0] else event.tag
    if tag in (None, "!"):
        tag = STRING
    if event.implicit[0]:
        if doubtful := DOUBTFUL.fullmatch(value):
            raise ValueError(f"line {line}: {shown}: to base 8 or 10? write {_either(*doubtful.groups())}")
        if tag == MERGE and is_key:
            return tag
        if tag not in CORE or (tag in NUMBERS and ":" in value):  # dates, =, 1:30
            tag = STRING
    elif tag not in CORE:
        raise ValueError(f"line {line}: {_named(tag)}: allowed: !!{', !!'.join(CORE.values())}, or no tag")
    elif tag != STRING and (
        plain not in (tag, f"{TAG}int" if tag == f"{TAG}float" else tag) or ":" in value or DOUBTFUL.fullmatch(value)
    ):
        raise ValueError(f"line {line}: {_named(tag)} {shown}: is not of that type")
    if is_key and tag != STRING:
        raise ValueError(f"line {line}: key {shown} is no string; as one it is written '{shown}'")
    if tag in NUMBERS and sum(character.isalnum() for character in value) > MOST_DIGITS:
        raise ValueError(f"line {line}: number {shown} has more than {MOST_DIGITS} digits")
    return tag


def _named(tag: str) -> str:
    return shortened(tag.replace(TAG, "!!"))


def _either(sign: str, marker: str, digits: str) -> str:
    """What may be meant by a number that begins with 0."""
    plain = digits.replace("_", "")
    octal = [f"{sign}{int(plain[:MOST_DIGITS], 8)}"] if set(plain) <= set("01234567") else []
    decimal = [] if marker in tuple("oO") else [f"{sign}{plain.lstrip('0') or 0}"]
    text = f"'{sign}0{marker}{digits}'"
    return shortened(f"{', '.join(dict.fromkeys(octal + decimal))} or, for a string, {text}")
