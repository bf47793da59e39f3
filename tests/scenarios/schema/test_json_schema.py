"""The JSON Schema of scenario files."""

from diffsem.scenarios.schema.scenario import Scenario


def test_every_leaf_of_the_json_schema_is_described():
    schema = Scenario.model_json_schema()
    undescribed = [
        f"{title}.{key}"
        for title, model in {"Scenario": schema, **schema["$defs"]}.items()
        for key, leaf in model.get("properties", {}).items()
        if "description" not in leaf and "$ref" not in leaf and "const" not in leaf
    ]
    assert [name for name in undescribed if not name.endswith(".kind")] == []


def test_every_number_text_and_list_of_the_json_schema_is_bounded():
    needed = {
        "integer": {"maximum", "exclusiveMaximum"},
        "number": {"maximum", "exclusiveMaximum"},
        "string": {"maxLength", "enum", "const"},
        "array": {"maxItems"},
    }

    def unbounded(node, where):
        if isinstance(node, list):
            for place, entry in enumerate(node):
                yield from unbounded(entry, f"{where}.{place}")
        if isinstance(node, dict):
            if isinstance(node.get("type"), str) and not needed.get(node["type"], set(node)) & set(node):
                yield where
            for key, entry in node.items():
                yield from unbounded(entry, f"{where}.{key}")

    found = list(unbounded(Scenario.model_json_schema(), ""))
    # A list of different words, and the bare name of an attack, which is one of a list or short.
    assert [place for place in found if "augmentation" not in place and "ChosenAttack" not in place] == []
