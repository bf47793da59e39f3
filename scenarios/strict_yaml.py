"""YAML without what YAML 1.1 lets pass: keys that are there twice, and 1:30 for 90."""

from typing import Any

import yaml

NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")


class _StrictLoader(yaml.SafeLoader):
    # While nodes are composed, not when they become a dict: there, what `<<` merges lies beside a mapping's own keys.
    def compose_mapping_node(self, anchor):
        node = super().compose_mapping_node(anchor)
        lines: dict[str, int] = {}
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                line = key.start_mark.line + 1
                if key.value in lines:
                    raise ValueError(f"line {line}: key {key.value} is there twice, first in line {lines[key.value]}")
                lines[key.value] = line
        return node

    def resolve(self, kind, value, implicit):
        tag = super().resolve(kind, value, implicit)
        return self.DEFAULT_SCALAR_TAG if tag in NUMBERS and ":" in value else tag


def read_yaml(text: str) -> Any:
    """What a YAML text says; numbers to base 60, such as 1:30, are strings.

    Raises
    ------
    ValueError
        One line: the text is not valid YAML, or which key is there twice, and in which lines.
    """
    try:
        return yaml.load(text, _StrictLoader)
    except yaml.YAMLError as error:
        raise ValueError(f"not valid YAML: {' '.join(str(error).split())}") from error
