"""The reference of scenario files, from their JSON Schema."""

from collections.abc import Iterator

from diffsem.scenarios.runs.reading import scenario_schema
from generators.schema_words import Schema, followed, is_range, members, type_in_words, unit_of, yaml_word

INTRODUCTION = """\
# Scenario files

A scenario is one YAML file. Every key is below, by its full path: `legitimate.snr_db` is the key `snr_db` under
`legitimate`. `diffsem run SCENARIO --set legitimate.snr_db=[5,10]` sets one without a change of the file.

`diffsem check FILE` prints a scenario with every default filled in. `diffsem check --schema` prints the JSON Schema
that this page is made from; editors that know YAML schemas complete keys with it.

A key with `[]` stands in each entry of a list. Where a value has several forms, each form has a heading.

## Short forms

The resolved scenario, which `diffsem check` prints and a result table keeps, has the long form of each.

| short | stands for |
|---|---|
| `snr_db: 10` | `snr_db: [10]`; so wherever a list is due |
| `snr_db: {start: 0, stop: 20, step: 5}` | `snr_db: [0, 5, 10, 15, 20]`; in exact decimals, the last one included |
| `channel: rayleigh` | `channel: {kind: rayleigh}` |
| `csi: Perfect`, `receivers: DiffSem` | the same in lower case; words may be written in any case |

## Sweep axes

`timesteps` and `legitimate.snr_db` are swept in any case, `eavesdropper.snr_db` where it is a list. So are `seed`,
`denoising.steps`, `legitimate.transmit_antennas`, `legitimate.receive_antennas`, `eavesdropper.receive_antennas` and
`eavesdropper.looks`. One table holds every combination; its rows are those of runs of one combination alone.
"""


def page() -> str:
    """The whole page, in Markdown."""
    schema = scenario_schema()
    top = schema["properties"]
    plain = [name for name in top if not list(_forms(top[name], schema))]
    blocks = [INTRODUCTION, "## Top level\n"]
    blocks += [_entry(name, top[name], schema, name in schema.get("required", ())) for name in plain]
    for name in top:
        if name not in plain:
            blocks += [f"## `{name}`\n", _entry(name, top[name], schema, name in schema.get("required", ()))]
            blocks += _below(name, top[name], schema, 3)
    return "\n".join(blocks)


def _below(path: str, node: Schema, schema: Schema, depth: int) -> Iterator[str]:
    """What stands under a key: its own keys first, and then what has keys in turn."""
    forms = list(_forms(node, schema))
    for place, form in forms:
        title = place if len(forms) > 1 else ""
        if title:
            yield f"{'#' * depth} `{path}` as `{{{title}}}`\n"
            yield f"{_sentence(form['description'])}\n" if form.get("description") else ""
        prefix = f"{path}[]" if _is_list(node, schema) else path
        required = form.get("required", ())
        keys = {key: value for key, value in form["properties"].items() if "const" not in value}
        for key, value in keys.items():
            yield _entry(f"{prefix}.{key}", value, schema, key in required)
        for key, value in keys.items():
            if inner := list(_forms(value, schema)):
                if len(inner) == 1:
                    yield f"{'#' * depth} `{prefix}.{key}`\n"
                yield from _below(f"{prefix}.{key}", value, schema, min(depth + 1, 5) if len(inner) == 1 else depth)


def _is_list(node: Schema, schema: Schema) -> bool:
    return any(member.get("type") == "array" for member in members(node, schema))


def _forms(node: Schema, schema: Schema) -> Iterator[tuple[str, Schema]]:
    """Title and schema of each form of a value that has keys."""
    for member in members(node, schema):
        if member.get("type") == "array" and "items" in member:
            yield from _forms(member["items"], schema)
        elif "properties" in member and not is_range(member):
            yield _title(member), member


def _title(form: Schema) -> str:
    kind = form["properties"].get("kind", {})
    if "const" in kind:
        return f"kind: {kind['const']}"
    first = (form.get("required") or list(form["properties"]))[0]
    return "kind: module:NAME" if first == "kind" else f"{first}: ..."


def _entry(path: str, node: Schema, schema: Schema, required: bool) -> str:
    """One key as an entry of a definition list."""
    node = followed(node, schema)
    facts = [f"*Type:* {type_in_words(node, schema)}."]
    if unit := unit_of(path.rsplit(".", 1)[-1]):
        facts.append(f"*Unit:* {unit}.")
    if required:
        facts.append("*Required.*")
    elif "default" in node:
        facts.append(f"*Default:* `{yaml_word(node['default'])}`.")
    meaning = _sentence(node["description"]) + "\n  " if node.get("description") else ""
    return f"`{path}`\n: {meaning}{' '.join(facts)}\n"


def _sentence(description: str) -> str:
    """Ends with a stop; stars and bars are no mark-up. Its first word may be a value: it stays as it is."""
    text = description.replace("|", "\\|").replace("*", "\\*")
    return text + ("" if text.endswith(".") else ".")
