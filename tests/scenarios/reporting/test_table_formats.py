"""Each format read back against the statistics that the table shows."""

import io
import json
import re

import numpy as np
import pandas as pd
import pytest

from diffsem.scenarios.reporting.statistics import attacks, leakage
from diffsem.scenarios.reporting.tables import (
    as_json,
    attacks_table,
    csv,
    latex,
    leakage_table,
    markdown,
    terminal_table,
)

FOREIGN = "a|b_c&d\x1b[2J<%"
MAKERS = ((terminal_table, leakage), (leakage_table, leakage), (attacks_table, attacks))


@pytest.fixture
def rows(attacked_table):
    return attacked_table().rows


@pytest.mark.parametrize(("make", "statistics"), MAKERS)
def test_csv_holds_the_statistics_unrounded(make, statistics, rows):
    read = pd.read_csv(io.StringIO(csv(make(rows, "title").lines)), float_precision="round_trip")
    expected = statistics(rows).reset_index(drop=True)
    assert list(read) == list(expected)
    for name in expected:
        # An empty name is read as none.
        own, found = expected[name].replace("", np.nan), read[name]
        pd.testing.assert_series_equal(found, own, check_dtype=False, check_exact=True)


@pytest.mark.parametrize(("make", "statistics"), MAKERS)
def test_json_holds_the_statistics_unrounded(make, statistics, rows):
    read = json.loads(as_json(make(rows, "title").lines))
    expected = statistics(rows).to_dict("records")
    assert len(read) == len(expected)
    for found, own in zip(read, expected, strict=True):
        assert list(found) == list(own)
        assert found == {name: None if pd.isna(value) else value for name, value in own.items()}


def markdown_rows(text):
    rows = [line for line in text.splitlines() if line.startswith("|")]
    return [[re.sub(r"\\(.)", r"\1", cell.strip()) for cell in re.split(r"(?<!\\)\|", row)[1:-1]] for row in rows]


def test_markdown_has_a_cell_for_every_field(rows):
    text = markdown(terminal_table(rows, "ti*tle"))
    assert text.startswith("ti\\*tle\n\n|")
    assert text.endswith("\n\npercent, with 95% intervals; gaps not paired, attack chosen on the same images\n")
    head, rules, *body = markdown_rows(text)
    assert head[:5] == ["t", "SNR dB", "system", "receiver", "adversary"]
    assert set(rules) == {"--:", ":--"}
    lines = leakage(rows).to_dict("records")
    assert len(body) == len(lines)
    for cells, line in zip(body, lines, strict=True):
        found = dict(zip(head, cells, strict=True))
        assert (found["t"], found["SNR dB"], found["system"]) == (str(line["timestep"]), "15", line["system"])
        for name in ("receiver", "adversary", "gap"):
            numbers = [float(number) for number in re.findall(r"[-+]?\d+\.\d+", found[name])]
            np.testing.assert_allclose(numbers, [100 * line[name + end] for end in ("", "_low", "_high")], atol=0.005)
        assert found["strongest attack"] == line["attack"]


@pytest.mark.parametrize(("make", "statistics"), MAKERS)
def test_latex_has_an_ampersand_between_all_fields(make, statistics, rows):
    sheet = make(rows, "a_title & 5%")
    text = latex(sheet)
    fields = len(sheet.keys) + len(sheet.fields)
    body = [line for line in text.splitlines() if line.endswith(r" \\")]
    assert len(body) == 1 + len(statistics(rows))
    assert {len(re.findall(r"(?<!\\)&", line)) for line in body} == {fields - 1}
    assert re.search(rf"\\begin\{{tabular\}}\{{[lr]{{{fields}}}\}}", text)
    assert r"\caption{a\_title \& 5\%; percent, with 95\% intervals" in text
    assert not re.search(r"(?<!\\)[%$#_^~]", text)
    assert text.count(r"\begin{") == text.count(r"\end{") == 2


def test_names_from_outside_keep_the_table_whole(rows):
    sheet = terminal_table(rows.replace({"classifier": FOREIGN}), "title")
    shown = FOREIGN.replace("\x1b", "\\x1b")
    assert [cells[2] for cells in markdown_rows(markdown(sheet))[2:]].count(shown) == 3
    assert latex(sheet).count(r"a|b\_c\&d\textbackslash{}x1b[2J<\% &") == 3
    assert list(pd.read_csv(io.StringIO(csv(sheet.lines)))["system"]).count(shown) == 3
    assert [line["system"] for line in json.loads(as_json(sheet.lines))].count(FOREIGN) == 3
    assert not any("\x1b" in text for text in (markdown(sheet), latex(sheet), csv(sheet.lines), as_json(sheet.lines)))
