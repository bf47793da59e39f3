"""Result pages say what the tables say, and nobody types their numbers."""

import io
import re

import numpy as np
import pytest
from PIL import Image
from rendering import claims, drawing, linting, markdown, measures, pages, sources, tables

from diffsem.scenarios import leakage

FIG4 = "notebooks/fig4-mnist.h5"
LINK = re.compile(r"\]\(([^)#\s]+)")


@pytest.fixture(scope="module")
def rendered(trusted):
    return {name: pages.render(name) for name in pages.names()}


@pytest.fixture(scope="module")
def fig4():
    return tables.table(FIG4)


def test_pages_are_those_that_their_templates_give(rendered):
    assert rendered
    for name, page in rendered.items():
        assert page.path.read_text() == page.text, f"run `python docs/render.py {name}`"


def test_no_page_is_left_over_from_a_template_that_is_gone(rendered):
    there = {str(path.relative_to(pages.PAGES).with_suffix("")) for path in pages.PAGES.rglob("*.md")}
    assert there == set(rendered)


def test_every_figure_that_a_page_shows_exists_and_is_small(rendered):
    shown = {figure.path for page in rendered.values() for figure in page.figures}
    for path in shown:
        assert path.is_file(), f"run `python docs/render.py --figures`: {path.name}"
        assert path.stat().st_size < 150_000, path.name
    assert set(pages.PAGES.glob("figures/*")) == shown


def test_every_figure_says_in_words_what_it_shows(rendered):
    for name, page in rendered.items():
        for alt in re.findall(r"!\[([^\]]*)\]", page.text):
            assert len(alt.split()) >= 4, f"{name}: {alt!r}"


def test_every_link_leads_somewhere(rendered):
    for name, page in rendered.items():
        for target in LINK.findall(page.text):
            if "://" not in target:
                assert (page.path.parent / target).exists(), f"{name}: {target}"


def test_lines_are_short(rendered):
    for name, page in rendered.items():
        for line in page.text.splitlines():
            assert len(line) <= 120 or line.startswith(("|", "![")) or "`" in line, f"{name}: {line}"


@pytest.mark.parametrize("path", sorted(pages.TEMPLATES.rglob("*.md")), ids=lambda path: path.stem)
def test_nobody_typed_a_number(path):
    assert linting.typed_numbers(path.read_text()) == []


@pytest.mark.parametrize(
    ("prose", "found"),
    [
        ("It reads 84.2 at best.", ["1: 84.2"]),
        ("One.\n\nA gain of 2.8 [0.1, 5.5] points.", ["3: 2.8", "3: [0.1,", "3: 5.5]"]),
        ("10,000 images", ["1: 10,000"]),
        ("That is 10 dB more.", ["1: 10"]),
        ("Half, 50% of them", ["1: 50%"]),
        ("At t = 240 and 15 dB on both links, and at t = 0, 60 and 120.", []),
        ("Fig. 3 to 8, eq. 20, 95% intervals, CIFAR-10, at 5 and 15 dB", []),
        ("`diffsem run x --set timesteps=[240]` and {{ fig4.receiver('x', t=1) }} [a](b-4.md)", []),
        ("```\nmake 4\n```", []),
        ("1. First.", []),
    ],
)
def test_the_linter_tells_typed_numbers_from_parameters(prose, found):
    assert linting.typed_numbers(prose) == found


def test_an_accuracy_is_that_of_its_row(fig4):
    rows = fig4.rows
    row = rows[(rows["node"] == "receiver") & (rows["system"] == "diffsem") & (rows["timestep"] == 240)].iloc[0]
    cell = fig4.receiver("diffsem", t=240)
    assert (cell.correct, cell.total) == (row["correct"], row["total"])
    assert str(cell) == f"{100 * row['accuracy']:.1f} [{100 * row['ci_low']:.1f}, {100 * row['ci_high']:.1f}]"
    assert fig4.over("t", system="diffsem")[240] == cell


def test_the_strongest_attack_is_the_one_of_diffsem_leakage(fig4):
    line = leakage(fig4.rows).query("system == 'diffsem' and timestep == 240").iloc[0]
    found = fig4.strongest("clean-pair", t=240)
    assert found.row["attack"] == line["attack"]
    gap = fig4.receiver("diffsem", t=240) - found
    assert (gap.value, gap.low, gap.high) == pytest.approx([100 * line[f"gap{end}"] for end in ("", "_low", "_high")])


def test_the_strongest_of_some_is_one_of_them(fig4):
    found = fig4.strongest("clean-pair", ["linear-probe", "inversion-mlp"], t=240)
    assert found.row["attack"] in {"linear-probe", "inversion-mlp"}
    assert found.value < fig4.strongest("clean-pair", t=240).value


@pytest.mark.parametrize("where", [{"t": 241}, {}])
def test_what_is_not_one_row_is_refused(fig4, where):
    with pytest.raises(claims.PageError, match=FIG4):
        fig4.receiver("diffsem", **where)


def test_wilson_and_newcombe_against_worked_values():
    # Newcombe (1998), Table II: 56/70 less 48/80 is 0.20, method 10 gives 0.0524 to 0.3339.
    difference = measures.counted(56, 70) - measures.counted(48, 80)
    assert difference.text(2) == "20.00 [5.24, 33.39]"
    assert difference.told
    assert difference.ahead
    assert (-difference).behind
    assert (-difference).text(2) == "-20.00 [-33.39, -5.24]"


def test_counts_of_several_points_are_added():
    both = measures.pooled([measures.counted(1, 10), measures.counted(8, 20)])
    assert (both.correct, both.total, both.value) == (9, 30, 30)


def test_accuracy_between_two_points():
    cells = {
        t: measures.Accuracy(value, 0, 0, 0, 1, 1, {"ssim": ssim}) for t, value, ssim in ((0, 90, 0.4), (9, 50, 0.2))
    }
    assert measures.accuracy_at(cells, "ssim", 0.25) == pytest.approx(60)
    with pytest.raises(ValueError, match=r"allowed: 0\.2 to 0\.4"):
        measures.accuracy_at(cells, "ssim", 0.1)


@pytest.mark.parametrize(
    ("low", "high", "words"), [(0.1, 5.5, "told"), (-5, -0.01, "told"), (-0.1, 3, "not told"), (0, 1, "not told")]
)
def test_words_follow_the_interval(low, high, words):
    assert claims.apart(measures.Difference((low + high) / 2, low, high)) == f"{words} from 0"


def test_a_claim_that_does_not_hold_stops_the_page():
    assert claims.assert_that(True, "it leads") == ""
    with pytest.raises(claims.PageError, match="it leads"):
        claims.assert_that(False, "it leads")


@pytest.mark.parametrize("value", [None, 1, "yes", [False]])
def test_a_claim_is_true_or_false_and_nothing_between(value):
    with pytest.raises(claims.PageError, match="neither"):
        claims.assert_that(value, "it leads")


@pytest.mark.parametrize(
    ("value", "sign", "text"),
    [(-0.04, False, "0.0"), (1234.5, False, "1,234.5"), (2, True, "+2.0"), (-2, True, "-2.0")],
)
def test_numbers(value, sign, text):
    assert measures.number(value, sign=sign) == text


def test_a_grid_has_a_row_a_value_and_leaves_out_what_is_not_there():
    assert markdown.grid("t", {"`a`": {0: "x", 60.0: "y"}, "b": {60.0: "z"}}).splitlines() == [
        "| t | `a` | b |",
        "|---|---|---|",
        "| 0 | x |  |",
        "| 60 | y | z |",
    ]
    with pytest.raises(claims.PageError, match="2 columns"):
        markdown.lines(["a", "b"], [["x"]])


def test_parts_of_sentences():
    difference = measures.Difference(2.8, 0.1, 5.5)
    assert markdown.points(difference) == "2.8 [0.1, 5.5] points"
    assert markdown.signed(difference) == "+2.8 [+0.1, +5.5]"
    assert markdown.span([difference, measures.Difference(0.72, 0, 1)]) == "0.7 to 2.8"
    assert markdown.span([0.71, 0.72]) == "0.7"
    assert markdown.listed([60, 120.0, 180]) == "60, 120 and 180"
    assert markdown.listed(["one"]) == "one"


def test_paragraphs_are_wrapped_and_all_else_is_not():
    long = "word " * 50
    page = f"# {long}\n\n{long}\n{long}\n\n- {long}\n- short\n\n| {long} |\n\n```\n{long}\n```\n"
    lines = markdown.wrapped(page).splitlines()
    assert lines[0] == f"# {long}".strip()
    assert all(len(line) <= 120 for line in lines if not line.startswith(("#", "|")) and line != long.strip())
    item = lines.index(next(line for line in lines if line.startswith("- word")))
    assert lines[item + 1].startswith("  word")
    assert "- short" in lines
    assert f"| {long} |" in lines
    assert long.strip() in lines
    assert markdown.wrapped(page).split() == page.split()


def test_a_table_tells_its_command(fig4):
    assert sources.command_of(fig4) == "diffsem run fig4-mnist"
    assert sources.source(fig4) == f"Table: `{FIG4}`, made by `diffsem run fig4-mnist`."
    ten = tables.table("notebooks/solvers/ddim-10.h5")
    assert sources.command_of(ten) == "diffsem run mnist-solvers --set denoising.steps=10"


def test_a_measurement_stands_beside_its_command():
    assert sources.measured("38 s", command="make", date="2026-11-25") == "38 s (`make`, measured on 2026-11-25)"


def test_a_template_that_names_what_is_not_there_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(pages, "TEMPLATES", tmp_path)
    (tmp_path / "page.md").write_text("{{ nothing }}")
    with pytest.raises(claims.PageError, match="page page: 'nothing' is undefined"):
        pages.render("page")
    with pytest.raises(claims.PageError, match="no such template"):
        pages.render("other")


def test_links_lead_to_pages_that_there_are():
    link = pages._links("paper-figures/fig4")
    assert link("mnist", "MNIST") == "[MNIST](../mnist.md)"
    assert link("paper-figures/index#fig-3", "Fig. 3") == "[Fig. 3](index.md#fig-3)"
    assert link("nowhere", "nothing") == "nothing"


def test_contents_name_every_page_once():
    top = [entry.name for entry in pages.contents()]
    below = [
        entry.name
        for folder in {name.rpartition("/")[0] for name in pages.names() if "/" in name}
        for entry in pages.contents(f"{folder}/")
    ]
    assert sorted([*top, *below, "index"]) == pages.names()
    assert top[0] == "mnist"


def test_a_page_without_an_introduction_is_not_listed(tmp_path, monkeypatch):
    monkeypatch.setattr(pages, "TEMPLATES", tmp_path)
    (tmp_path / "page.md").write_text("# Title\n\n{{ 1 }} number\n")
    with pytest.raises(claims.PageError, match="page page: allowed: a title"):
        pages.contents()


def test_the_schedule_crosses_where_half_of_the_power_is_noise(fig4):
    signal = np.cumprod(1 - np.linspace(1e-4, 0.02, 500))
    ratio_db = 10 * np.log10(signal / (1 - signal))
    assert tables.crossing(fig4.schedule) == 1 + np.argmin(np.abs(ratio_db))
    assert tables.esnr_db(fig4.schedule, 66.5) == pytest.approx((ratio_db[65] + ratio_db[66]) / 2)


def test_figures_are_small_pictures(fig4):

    picture = drawing.Figure("schedule", "attacks_figure", (fig4, "clean-pair", 15), {}).draw()
    width, height = Image.open(io.BytesIO(picture)).size
    # A legend of many rows makes it taller.
    assert width == 750
    assert 500 <= height <= 750
    assert len(picture) < 80_000
    with pytest.raises(claims.PageError, match="no_figure"):
        drawing.Figure("schedule", "no_figure", (), {}).draw()
