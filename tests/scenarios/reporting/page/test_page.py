"""The page, taken apart by a parser of HTML: its numbers are the table's, and it neither runs nor fetches a thing."""

import base64
import hashlib
import io
import json
import shlex
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
import yaml
from PIL import Image
from plotly import graph_objects as go

from diffsem.link import InputError, empty_table, write_table
from diffsem.scenarios import command_line
from diffsem.scenarios.reporting.page import curves, report_page
from diffsem.scenarios.reporting.page.pictures import pictures_of
from diffsem.scenarios.reporting.page.provenance import provenance_of
from diffsem.scenarios.reporting.statistics import attacks, leakage

DATE = "2026-01-02 03:04+00:00"
NAME = "<img src=x onerror=alert(1)>"
SCRIPT = "</script><script>alert(2)</script>"


class Parsed(HTMLParser):
    """Tags with their attributes, the texts of scripts, and the cells of tables by their identifiers."""

    def __init__(self, page):
        super().__init__(convert_charrefs=True)
        self.tags, self.scripts, self.grids, self.text = [], [], {}, []
        self._script, self._grid = None, None
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        self.tags.append((tag, values))
        if tag == "script":
            self._script = [values.get("type", "javascript"), ""]
        if tag == "div" and values.get("class") == "grid":
            self._grid = self.grids[values["id"]] = {"heads": [], "rows": []}
        if self._grid is not None and tag == "th":
            self._grid["heads"].append("")
        if self._grid is not None and tag == "tr" and self._grid["heads"]:
            self._grid["rows"].append([])
        if self._grid is not None and tag == "td":
            self._grid["rows"][-1].append([values["data-value"], ""])

    def handle_endtag(self, tag):
        if tag == "script":
            self.scripts.append(tuple(self._script))
            self._script = None
        if tag == "table":
            self._grid = None

    def handle_data(self, data):
        if self._script is not None:
            self._script[1] += data
            return
        self.text.append(data)
        if self._grid is not None and self._grid["rows"]:
            self._grid["rows"][-1][-1][1] += data if self._grid["rows"][-1] and data.strip() else ""
        elif self._grid is not None and self._grid["heads"]:
            self._grid["heads"][-1] += data.strip()

    def column(self, grid, title):
        place = self.grids[grid]["heads"].index(title)
        return [row[place] for row in self.grids[grid]["rows"]]

    @property
    def figures(self):
        return [figure for kind, text in self.scripts if kind == "application/json" for figure in json.loads(text)]


def parsed(table, name="a.h5"):
    return Parsed(report_page({name: table}, DATE))


def test_numbers_are_those_of_the_table(table):
    page, lines = parsed(table()), leakage(table().rows)
    for title, name, sign in (
        ("receiver, %", "receiver", ""),
        ("its accuracy, %", "adversary", ""),
        ("gap, points", "gap", "+"),
    ):
        cells = page.column("table-1-receivers", title)
        assert [float(value) for value, _ in cells] == lines[name].tolist()
        for (_, text), line in zip(cells, lines.to_dict("records"), strict=True):
            value, low, high = (f"{100 * line[f'{name}{end}']:{sign}.2f}" for end in ("", "_low", "_high"))
            assert text == f"{value} [{low}, {high}]"
    assert [text for _, text in page.column("table-1-receivers", "strongest attack")] == lines["attack"].tolist()
    found = attacks(table().rows)
    heard = page.column("table-1-attacks", "accuracy, %")
    assert [float(value) for value, _ in heard] == found["accuracy"].tolist()
    assert [text for _, text in page.column("table-1-attacks", "attack")] == found["attack"].tolist()


def test_curves_are_those_of_the_table_over_either_axis(table):
    page, lines = parsed(table()), leakage(table().rows)
    options = [tag for tag, _ in page.tags if tag == "option"]
    assert len(page.figures) == 4
    assert len(options) > 4
    over = [figure["layout"]["xaxis2"]["title"]["text"] for figure in page.figures]
    assert sum("SNR" in title for title in over) == sum("step t" in title for title in over) == 2
    first = go.Figure(page.figures[0])
    by_name = {trace.name: trace for trace in first.data if trace.yaxis == "y"}
    assert list(by_name) == ["Classifier (no denoiser)", "strongest adversary on clean-pair", "DiffSem"]
    assert list(by_name["DiffSem"].y) == [0.8, 0.8]
    line = lines[lines["system"] == "diffsem"].iloc[0]
    np.testing.assert_allclose(by_name["DiffSem"].error_y.array[0], line["receiver_high"] - line["receiver"])
    assert list(by_name["DiffSem"].customdata[0]) == ["DiffSem", line["receiver_low"], line["receiver_high"]]
    assert by_name["DiffSem"].line.color.upper() == "#4578AA"
    gaps = [trace for trace in first.data if trace.yaxis == "y2"]
    np.testing.assert_allclose(gaps[1].y, 0.2)


def test_an_eavesdropper_axis_is_chosen_too_and_many_choices_are_cut(swept_table, monkeypatch):
    page = parsed(swept_table())
    assert len(page.figures) == 12
    assert "over SNR, at t = 120, eavesdropper 10 dB" in "".join(page.text)
    monkeypatch.setattr(curves, "MOST_CURVES", 5)
    page = parsed(swept_table())
    assert len(page.figures) == 5
    assert "7 more points have no picture of their own" in "".join(page.text)
    # The point of the headline has one: there the eavesdropper is at 0 dB.
    assert "over t, at 0 dB, eavesdropper 0 dB" in "".join(page.text)


def test_it_is_one_file_with_one_plotly_that_may_not_fetch_anything(table):
    page = parsed(table())
    scripts = [text for kind, text in page.scripts if kind == "javascript"]
    assert len(scripts) == 2
    assert sum("plotly.js v" in text for text in scripts) == 1
    (policy,) = [values["content"] for tag, values in page.tags if tag == "meta" and "http-equiv" in values]
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == "'none'"
    assert rules["img-src"] == "data:"
    hashes = [f"'sha256-{base64.b64encode(hashlib.sha256(one.encode()).digest()).decode()}'" for one in scripts]
    assert rules["script-src"].split() == hashes
    assert set(rules) == {"default-src", "script-src", "style-src", "img-src", "base-uri", "form-action"}
    for tag, values in page.tags:
        assert tag not in ("iframe", "object", "embed", "base", "form")
        for name in ("src", "href", "srcset", "action", "data"):
            assert values.get(name, "#").startswith(("#", "data:")), (tag, values)
        assert not any(name.startswith("on") for name in values)


def test_names_from_outside_are_shown_and_are_no_markup(table):
    built = table()
    hostile = NAME + SCRIPT
    rows = built.rows.assign(
        system=built.rows["system"].replace("diffsem", hostile),
        attack=built.rows["attack"].replace("inversion-mlp", f"{hostile}\x1b[2J\u202e{{0}}%{{y}}"),
        transmitter=hostile,
        warning=np.where(built.rows["node"] == "adversary", hostile, ""),
    )
    index = built.examples.index.assign(attack=hostile, transmitter=hostile)
    attributes = dict(built.attributes) | {"created": hostile, "command": hostile, hostile: hostile}
    attributes["sources_sha256"] = json.dumps({hostile: hostile})
    attributes["scenario"] = str(attributes["scenario"]) + f"# {hostile}\n# END\n"
    attributes["deep"] = "[" * 5000
    examples = replace(built.examples, index=index)
    page = parsed(replace(built, rows=rows, attributes=attributes, examples=examples), f"{hostile}.h5")
    plain = parsed(built)
    tags = {tag for tag, _ in page.tags}
    assert tags <= {tag for tag, _ in plain.tags} | {"br"}
    images = [values["src"] for tag, values in page.tags if tag == "img"]
    assert len(images) == len([tag for tag, _ in plain.tags if tag == "img"])
    assert all(source.startswith("data:image/png;base64,") for source in images)
    assert [kind for kind, _ in page.scripts] == [kind for kind, _ in plain.scripts]
    assert all("alert(" not in text or kind == "application/json" for kind, text in page.scripts)
    text = "".join(page.text)
    assert text.count(hostile) > 10
    assert "\x1b" not in text
    assert "\u202e" not in text
    # Plotly takes some HTML for markup.
    names = [trace["name"] for figure in page.figures for trace in figure["data"]]
    assert any("alert" in name for name in names)
    assert not any("<" in name for name in names)


@pytest.mark.parametrize("line", ["x", "END", "END_OF_SCENARIO", "END\nEND_OF_SCENARIO"])
def test_a_scenario_cannot_end_before_its_end_in_the_commands(line, table):
    built = table()
    scenario = f"{built.attributes['scenario']}{line}\nrm -rf x\n"
    commands = provenance_of(replace(built, attributes={"scenario": scenario}), "a b;c.h5").commands
    lines = commands.splitlines()
    start = next(place for place, one in enumerate(lines) if one.startswith("cat > scenario.yaml <<"))
    end = shlex.split(lines[start].partition("<<")[2])[0]
    stop = lines.index(end, start + 1)
    assert lines[start + 1 : stop] == scenario.splitlines()
    assert shlex.split(lines[stop + 2]) == ["diffsem", "run", "scenario.yaml", "--out", "again-a b;c.h5"]


def test_provenance_says_what_is_recorded_and_what_is_not(table):
    built = table()
    text = " ".join(" ".join(parsed(built).text).split())
    assert "begun not recorded" in text
    assert "duration, s not recorded" in text
    assert "complete no" in text
    recorded = {"created": "2026-05-06T07:08:09", "command": "diffsem run x", "wall_seconds": 12.5, "seed": 7}
    recorded |= {"versions": json.dumps({"diffsem": "9.9.9", "keras": "3"}), "weights_sha256": "ab" * 32}
    full = replace(built, complete=True, attributes=dict(built.attributes) | recorded)
    text = " ".join(" ".join(parsed(full).text).split())
    for words in ("begun 2026-05-06T07:08:09", "duration, s 12.5", "command diffsem run x", "seed 7", "complete yes"):
        assert words in text
    assert "versions diffsem 9.9.9, keras 3" in text
    assert "ab" * 32 in text
    assert "In the sources of diffsem 9.9.9" in text
    assert yaml.safe_load(built.attributes["scenario"])["name"] in text


def test_reconstructions_are_the_tables_and_the_rest_is_counted(table):
    built = table()
    images = built.examples.reconstructions
    images[...] = np.arange(images.size).reshape(images.shape) % 256
    found = pictures_of(built, None)
    strips = [strip for _, point in found.points for strip in point]
    assert len(strips) == 4
    assert found.left == 0
    picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(strips[0].source.partition(",")[2]))))
    assert picture.shape == (28, 3 * 28 + 2 * 2)
    np.testing.assert_array_equal(picture[:, 30:58], images[0, 1, :, :, 0])
    assert pictures_of(built, None, 1).left == 4
    # The point of the headline comes first.
    line = {"timestep": 240, "receiver_snr_db": 15.0, "eavesdropper_snr_db": 5.0}
    assert pictures_of(built, line).points[0][0] == "t = 240 and 15 dB, the eavesdropper at 5 dB"


@pytest.mark.parametrize("kind", ["empty", "unattacked", "error rates", "incomplete"])
def test_other_tables_make_a_page_too(kind, table, error_table):
    nothing = empty_table(table().attributes, np.zeros((0, 28, 28, 1), np.uint8))
    made = {"empty": nothing, "unattacked": table(attacked=False), "error rates": error_table(), "incomplete": table()}
    page = parsed(made[kind])
    expected = {
        "empty": set(),
        "unattacked": {"table-1-receivers"},
        "error rates": {"table-1-error-rates"},
        "incomplete": {"table-1-receivers", "table-1-attacks"},
    }
    assert set(page.grids) == expected[kind]
    assert len(page.figures) == {"empty": 0, "unattacked": 4, "error rates": 1, "incomplete": 4}[kind]
    if kind == "error rates":
        rates = page.column("table-1-error-rates", "BER")
        assert [float(value) for value, _ in rates] == made[kind].rows["ber"].tolist()
        assert page.figures[0]["layout"]["yaxis"]["type"] == "log"


def test_several_tables_stand_side_by_side(table, error_table, swept_table):
    page = Parsed(report_page({"a.h5": table(), "b.h5": swept_table(), "c.h5": error_table()}, DATE))
    assert {"comparison", "table-1-receivers", "table-2-receivers", "table-3-error-rates"} <= set(page.grids)
    cells = page.grids["comparison"]["rows"]
    files = [text for _, text in page.column("comparison", "file")]
    assert files == ["a.h5", "a.h5", "b.h5", "b.h5"]
    gaps = page.column("comparison", "gap, points")
    # Of the three eavesdroppers the one at 0 dB leaves the surest gap; the pair was not attacked.
    assert [value and round(float(value), 6) for value, _ in gaps] == [0.1, 0.2, 0.4, ""]
    assert len(cells) == 4
    identifiers = [values["id"] for _, values in page.tags if "id" in values]
    assert len(identifiers) == len(set(identifiers))


def test_the_same_table_gives_the_same_page_but_for_the_date(table):
    one, other = report_page({"a.h5": table()}, DATE), report_page({"a.h5": table()}, "another date")
    assert one != other
    assert one.replace(DATE, "another date") == other


def test_the_command_writes_beside_the_table_and_keeps_tables(tmp_path, table, capsys):
    def run(*arguments):
        return command_line.run_program(command_line.app, ["report", *map(str, arguments)])

    path, other = tmp_path / "a.h5", tmp_path / "b.h5"
    for one in (path, other):
        write_table(one, table())
    before = other.read_bytes()
    assert run(path) == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "a.html")
    assert run(path, other) == 0
    assert (tmp_path / f"{tmp_path.name}-report.html").stat().st_size < 6e6
    assert run(path, "--out", other) == 2
    assert "is a result table or weights, which are kept" in capsys.readouterr().err
    assert other.read_bytes() == before
    assert run(tmp_path / "none.h5") == 2
    assert run(path, "--out", tmp_path) == 2
    assert sorted(one.suffix for one in tmp_path.iterdir()) == [".h5", ".h5", ".html", ".html"]


def test_a_scenario_that_is_none_is_told_with_its_file(table):
    with pytest.raises(InputError, match=r"result file a\.h5: its scenario is not one"):
        report_page({"a.h5": replace(table(), attributes={"scenario": "["})}, DATE)


def test_a_swept_tables_variants_are_columns_and_choices(variants_table):
    table = variants_table()
    page = parsed(table)
    lines, heard = leakage(table.rows), attacks(table.rows)
    for title, name in (("seed", "seed"), ("eavesdropper's looks", "eavesdropper_looks")):
        for grid, expected in (("table-1-receivers", lines), ("table-1-attacks", heard)):
            assert [float(value) for value, _ in page.column(grid, title)] == list(expected[name])
            place = page.grids[grid]["heads"].index(title)
            assert ("select", {"data-column": str(place)}) in page.tags
    assert [float(value) for value, _ in page.column("table-1-receivers", "gap, points")] == list(lines["gap"])
    said = " ".join(page.text)
    # Both seeds have the same gaps at one look; those nearer to 100% have the narrower intervals.
    assert "At t = 120 and 0 dB, the eavesdropper at 5 dB (seed 2, eavesdropper's looks 1) DiffSem reads 82.00%" in said
    groups = [values["label"] for tag, values in page.tags if tag == "optgroup"]
    for seed in (1, 2):
        for looks in (1, 10):
            told = f"seed {seed}, eavesdropper's looks {looks}"
            assert sum(label.endswith(f"; {told}") for label in groups) == 2
            assert f"over SNR, at t = 240, {told}" in page.text
            assert f"t = 240 and 15 dB, the eavesdropper at 5 dB ({told})" in page.text
    # Over t and over SNR, two points and four variants each; no point twice in a curve.
    assert len(page.figures) == 16
    assert all(len(set(trace["x"])) == len(trace["x"]) == 2 for figure in page.figures for trace in figure["data"])


def test_private_shares_are_those_of_the_variant(variants_table):
    table = variants_table()
    page = parsed(table)
    grid = "table-1-receivers"
    axes = zip(page.column(grid, "system"), page.column(grid, "seed"), strict=True)
    looks = page.column(grid, "eavesdropper's looks")
    for (system, (seed, _)), (count, _), (value, _) in zip(
        axes, looks, page.column(grid, "read by the receiver alone, %"), strict=True
    ):
        read = (800 if system[0] == "DiffSem" else 700) + 10 * float(seed)
        assert float(value) == pytest.approx((read - 100 * float(seed) - float(count)) / 1000)


def test_tables_side_by_side_tell_their_variants(table, variants_table):
    plain = replace(table(), rows=table().rows.assign(seed=7, eavesdropper_looks=3))
    page = Parsed(report_page({"plain.h5": plain, "swept.h5": variants_table()}, DATE))
    found = zip(page.column("comparison", "seed"), page.column("comparison", "eavesdropper's looks"), strict=True)
    assert [(seed[1], looks[1]) for seed, looks in found] == [("7", "3")] * 2 + [("2", "1")] * 2
