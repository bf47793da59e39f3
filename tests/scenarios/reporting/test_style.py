import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.text import Text

from diffsem.link import InputError, read_results, read_table, write_table
from diffsem.scenarios.reporting.ceilings import ceilings
from diffsem.scenarios.reporting.figures import (
    accuracy_against_calls,
    accuracy_figure,
    calls_figure,
    channel_figure,
    front_figure,
    quality_figure,
    save_figures,
)
from diffsem.scenarios.reporting.statistics import leakage, paper_attack
from diffsem.scenarios.reporting.style import OTHERS, style_of
from diffsem.scenarios.systems import shipped_systems

SHIPPED = Path(__file__).parents[3] / "notebooks" / "fig4-mnist.h5"
VQ = {"title": "vector quantiser at $0", "colour": "#123456"}


@pytest.fixture
def renamed(attacked_table, tmp_path):
    """A stored table with a system, a transmitter and attacks from elsewhere, and attributes that say so."""

    def make(systems=None, attacks=None):
        table, path = attacked_table(), tmp_path / "r.h5"
        names = {"direct": "vq", "inversion-mlp+blind": "mine+blind", "as-heard": "eavesdropped"}
        rows = table.rows.replace({name: names for name in ("system", "transmitter", "attack")})
        more = {"systems": systems, "attacks": attacks}
        more = {name: json.dumps(value) for name, value in more.items() if value is not None}
        write_table(path, replace(table, rows=rows, attributes={**table.attributes, **more}))
        return path

    return make


def named(figure):
    """Names at curves and in the legend."""
    return [text.get_text() for text in figure.findobj(Text)]


def colour_of(panel, label):
    (line,) = [line for line in panel.get_lines() if line.get_label() == label]
    return line.get_color()


def test_a_system_from_outside_has_its_own_name_and_colour_in_every_figure(renamed):
    table = read_table(renamed({"vq": VQ}))
    for figure in (accuracy_figure(table, "timestep", 15.0), front_figure([table], 15.0)):
        assert "vq" in named(figure)
        assert "classifier" in named(figure)  # the attribute knows no other system
    assert colour_of(accuracy_figure(table, "timestep", 15.0).axes[0], "vq") == "#123456"
    assert r"vq (vector quantiser at \$0)" in channel_figure(table, "vq").get_label()


def test_an_older_table_is_drawn_in_shipped_colours():
    panel = accuracy_figure(read_table(SHIPPED), "timestep", 15.0).axes[0]
    names = ("classifier", "noise-aware", "noise-aware-pair", "one-step", "diffsem", "e-diffsem", "ibal", "ibal-d")
    for name in names:
        assert colour_of(panel, name) == shipped_systems()[name].colour
    assert paper_attack(read_results(SHIPPED)) == ["inversion-mlp+blind"]


def test_what_is_no_system_takes_no_colour_that_a_system_of_the_table_has(row, point_result, table):
    built = table(attacked=False)
    systems = {
        "diffsem": {"title": "DiffSem", "colour": OTHERS[0].lower()},
        "absent": {"title": "a", "colour": OTHERS[1]},
    }
    rows = [row(f"link {place}", "receiver", 120, 0.0, 900) for place in range(len(OTHERS))]
    built = built.with_point(point_result(rows))
    style = style_of(replace(built, attributes={**built.attributes, "systems": json.dumps(systems)}))
    assert style.colours["diffsem"] == OTHERS[0].lower()
    others = [colour for system, colour in style.colours.items() if system != "diffsem"]
    assert set(others) == set(OTHERS[1:])
    assert style.title("link 3") == "link 3"


def test_a_transmitter_goes_by_the_name_that_tables_have(renamed):
    systems = {"vq": VQ, "classifier": {"title": "C", "colour": "#000000"}}
    for system in systems.values():
        system["transmitter"] = {"name": "clean-pair", "title": "the pair"}
    table = read_table(renamed(systems, {"mine+blind": {"papers": True, "knows_step": False}}))
    labels = [container.get_label() for container in quality_figure(table, 15.0).axes[0].containers]
    assert labels == ["clean-pair: mine+blind", "vq: mine+blind"]


def test_the_papers_attacker_and_what_is_heard_are_as_the_table_says(renamed):
    attacks = {
        "mine+blind": {"papers": True, "knows_step": False, "learns": True},
        "task-classifier": {},
        "eavesdropped": {"learns": False},
    }
    path = renamed(attacks=attacks)
    rows = read_results(path)
    assert paper_attack(rows) == ["mine+blind"]
    assert set(leakage(rows)["paper_attack"]) == {"mine+blind"}
    np.testing.assert_allclose(leakage(rows)["paper_gap"][:2], [0.6, 0.62])
    labels = [container.get_label() for container in quality_figure(read_table(path), 15.0).axes[0].containers]
    assert [label.split(": ")[1] for label in labels] == ["mine+blind", "mine+blind", "eavesdropped"]
    attacks["mine+blind"]["knows_step"] = True
    assert paper_attack(read_results(renamed(attacks=attacks))) == []
    # Nothing of the name tells: without the attribute it is some attack.
    assert paper_attack(read_results(renamed())) == []


@pytest.mark.parametrize("first", [0, 1])
def test_of_two_of_the_papers_attackers_the_higher_rank_counts(renamed, first):
    entries = {"mine+blind": {"papers_rank": first}, "task-classifier": {"papers_rank": 1 - first}}
    for entry in entries.values():
        entry |= {"papers": True, "knows_step": False}
    assert paper_attack(read_results(renamed(attacks=entries))) == [list(entries)[1 - first]]


def test_of_the_shipped_ones_it_is_that_for_colour_images(attacked_table):
    rows = attacked_table().rows
    both = rows.replace({"attack": {"task-classifier": "inversion-residual+blind"}})
    assert paper_attack(both) == ["inversion-residual+blind"]


def test_who_makes_one_call_is_as_the_table_says(row, solver_table, point_result):
    built = solver_table("ddim", 3, 800)
    built = built.with_point(point_result([row("vq", "receiver", 240, 15.0, 700, denoiser_calls=1.0)]))
    built = replace(built, attributes={**built.attributes, "systems": json.dumps({"vq": VQ | {"one_call": True}})})
    lines = accuracy_against_calls([built]).set_index("system")
    assert dict(lines["solver"]) == {"diffsem": "ddim", "one-step": "ddim", "vq": "one call"}
    labels = [container.get_label() for container in calls_figure([built]).axes[0].containers]
    assert labels == ["diffsem, ddim", "one-step, ddim", "vq"]


@pytest.mark.parametrize("sends_feature", [True, False])
def test_there_is_a_ceiling_where_features_are_sent(renamed, sends_feature):
    transmitter = {"name": "vq", "sends_feature": sends_feature}
    table = read_table(renamed({"vq": VQ | {"transmitter": transmitter}}))
    rows = table.rows[table.rows["transmitter"] == "vq"].assign(ceiling=0.9)
    assert len(ceilings(table, rows, "timestep")) == sends_feature


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "null",
        "3",
        '{"vq": 3}',
        '{"vq": {"title": "", "colour": "#123456"}}',
        '{"vq": {"title": "x", "colour": "blue"}}',
        '{"vq": {"title": "x", "colour": "#123456", "one_call": "yes"}}',
        '{"vq": {"title": "x", "colour": "#123456", "transmitter": "t"}}',
    ],
)
def test_damaged_systems_end_in_one_line(renamed, tmp_path, text):
    table = read_table(renamed())
    table = replace(table, attributes={**table.attributes, "systems": text})
    with pytest.raises(InputError, match=r"^result table: attribute systems is not the JSON that .*run again$"):
        save_figures([table], tmp_path, "r")


@pytest.mark.parametrize("text", ["", "[1]", '{"mine": {"papers": 1}}', '{"mine": {"papers_rank": "high"}}', 7, "\n"])
def test_damaged_attacks_end_in_one_line(renamed, text):
    path = renamed()
    table = read_table(path)
    write_table(path, replace(table, attributes={**table.attributes, "attacks": text}))
    for fails in (lambda: leakage(read_results(path)), lambda: quality_figure(read_table(path), 15.0)):
        with pytest.raises(InputError, match=r"^result table: attribute attacks is not the JSON that .*run again$"):
            fails()
