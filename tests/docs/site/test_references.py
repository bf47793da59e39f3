"""The references that are made from the program say all that the program knows."""

import re
from pathlib import Path

import pytest
from generators import api, command_line, parts, result_table, scenario, shipped
from typer.testing import CliRunner

from diffsem.link import COLUMNS, read_results
from diffsem.scenarios import load_scenario
from diffsem.scenarios.attacks import shipped_attacks
from diffsem.scenarios.command_line import app
from diffsem.scenarios.runs.reading import parse_words
from diffsem.scenarios.schema.file import shipped_scenarios
from diffsem.scenarios.schema.scenario import AXIS_KEYS
from diffsem.scenarios.systems import shipped_systems

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def scenario_page():
    return scenario.page()


def paths(content, above=""):
    """Dotted paths of all keys of a resolved scenario."""
    for key, value in content.items():
        yield f"{above}{key}"
        if isinstance(value, dict):
            yield from paths(value, f"{above}{key}.")


@pytest.mark.parametrize("name", ["mnist-awgn", "mnist-rician", "mnist-tdl", "mnist-keyed-self-noise"])
def test_every_key_of_a_resolved_scenario_is_in_the_reference(scenario_page, name):
    known = set(paths(load_scenario(name).model_dump()))
    missing = {path for path in known if f"\n`{path}`\n: " not in scenario_page}
    # The word that tells forms apart stands in the heading of each form.
    assert missing <= {"legitimate.channel.kind", "eavesdropper.channel.kind"}


def test_defaults_of_the_reference_are_those_of_the_reader(scenario_page):
    least = {"name": "least", "dataset": "mnist", "timesteps": [240], "legitimate": {"snr_db": [15]}}
    resolved = parse_words(least, "least").model_dump()
    told = re.findall(r"^`monte_carlo\.(\w+)`\n: .*\n?.*\*Default:\* `([^`]*)`", scenario_page, re.MULTILINE)
    assert {key: float(value) if value != "null" else None for key, value in told} == resolved["monte_carlo"]


def test_every_option_of_a_command_is_in_the_reference_and_no_other():
    page = command_line.page()
    # A default that is empty would be marks alone.
    assert not re.search(r"(?<!`)``(?!`)", page)
    for section in re.split(r"^## `diffsem ", page, flags=re.MULTILINE)[1:]:
        name = section.partition("`")[0]
        shown = CliRunner().invoke(app, [name, "--help"], env={"COLUMNS": "200", "NO_COLOR": "1"}).stdout
        told = set(re.findall(r"`(--[a-z-]+)", section.partition("```text")[2].partition("```")[2]))
        told = {option for option in told if re.search(rf"^`?.*`{option}[` ].*\n: ", section, re.MULTILINE)}
        assert told == set(re.findall(r"(--[a-z][a-z-]*)", re.sub(r"\s--(?=\s)", "", options(shown)))) - {"--help"}


def options(shown):
    """The names of options in a help text, without what is told of them."""
    lines = [re.sub(r"^[│|*\s]+", "", line) for line in shown.splitlines()]
    return "\n".join(re.split(r"\s{2,}(?=[A-Z][a-z])", line)[0] for line in lines if line.startswith("--"))


def test_every_column_part_and_scenario_has_an_entry():
    assert re.findall(r"^`(\w+)`\n: ", result_table.page(), re.MULTILINE) == list(COLUMNS)
    assert re.findall(r"^## `(.*)`$", parts.systems_page(), re.MULTILINE) == list(shipped_systems())
    assert re.findall(r"^\| `([^`]*)` \|", parts.attacks_page(), re.MULTILINE) == list(shipped_attacks())
    assert re.findall(r"^\| `([^`]*)` \|", shipped.page(), re.MULTILINE) == shipped_scenarios()


def test_every_attribute_of_a_table_has_a_row_and_nothing_else():
    rows = re.findall(r"^\| (`\w.*?) \| ", result_table.page().partition("## Columns")[0], re.MULTILINE)
    told = {name for cell in rows for name in re.findall(r"`(\w+)`", cell)}
    shipped_table = read_results(ROOT / "notebooks" / "fig4-mnist.h5").attrs
    # That table is older than these; the others stand where there is something to say.
    later = {"created", "command", "wall_seconds", "systems", "attacks", "feature_symbols"}
    assert told >= set(shipped_table) | later
    at_times = {"mixed_versions", "pretrained_networks", "sources_sha256", "execution_measured", "profile"}
    assert told - set(shipped_table) <= later | at_times


def test_every_sweep_axis_is_named(scenario_page):
    section = scenario_page.partition("## Sweep axes")[2].partition("## ")[0]
    assert set(AXIS_KEYS) <= set(re.findall(r"`([\w.]+)`", section))


def test_lists_have_their_short_forms_in_a_word(scenario_page):
    """A range is told as a range, not as keys; what may stand alone is not told twice."""
    assert not re.search(r"^`.*\.(start|stop)`$", scenario_page, re.MULTILINE)
    entry = scenario_page.partition("\n`legitimate.snr_db`\n")[2].partition("\n\n")[0]
    ways = "number, -50 to 100; or range `{start: ..., stop: ..., step: ...}`; or `traced`; or one entry alone."
    assert f"each: {ways}" in entry
    receivers = scenario_page.partition("\n`legitimate.receivers`\n")[2].partition("*Default:*")[0]
    assert receivers.count("`classifier`") == 1


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ({"legitimate": {"snr_db": 10}}, {"legitimate": {"snr_db": [10]}}),
        (
            {"legitimate": {"snr_db": {"start": 0, "stop": 20, "step": 5}}},
            {"legitimate": {"snr_db": [0, 5, 10, 15, 20]}},
        ),
        (
            {"legitimate": {"snr_db": 1, "channel": "rayleigh"}},
            {"legitimate": {"snr_db": [1], "channel": {"kind": "rayleigh"}}},
        ),
        (
            {"legitimate": {"snr_db": 1, "csi": "Perfect", "receivers": "DiffSem"}},
            {"legitimate": {"snr_db": [1], "csi": "perfect", "receivers": ["diffsem"]}},
        ),
    ],
)
def test_short_forms_stand_for_what_the_page_says(short, long):
    least = {"name": "least", "dataset": "mnist", "timesteps": [240]}
    assert parse_words({**least, **short}, "short") == parse_words({**least, **long}, "long")


@pytest.mark.slow
@pytest.mark.parametrize("package", api.PACKAGES)
def test_every_public_name_is_in_the_python_reference(package):
    page = api.page(package)
    names = set(api.public_names(package)) - {"scenarios", "link", "channels", "models"}
    assert set(re.findall(rf"^\.\. [a-z:]+:: {re.escape(package)}\.(\w+)$", page, re.MULTILINE)) == names
