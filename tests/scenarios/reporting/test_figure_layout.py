"""Figures of shipped tables: what is printed, where, in both styles, and the numbers behind it."""

import itertools
from dataclasses import replace
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from matplotlib.text import Text
from PIL import Image

from diffsem.link import InputError, empty_table, read_table, wilson_interval
from diffsem.scenarios import load_scenario
from diffsem.scenarios.reporting.drawing.look import PAPER, SCREEN, find_look
from diffsem.scenarios.reporting.drawing.positions import first_free, spread
from diffsem.scenarios.reporting.figures import accuracy_figure, figures_of, front_figure, save_figures

NOTEBOOKS = Path(__file__).parents[3] / "notebooks"
LOOKS = {"screen": SCREEN, "paper": PAPER, "paper, errors": replace(PAPER, log_error=True)}
QUICK = [("mnist-awgn", "accuracy-t-5dB"), ("mnist-awgn", "front"), ("channels/digital", "error-rates")]
SLOW = [
    ("fig4-mnist", None),
    ("mnist-awgn", None),
    ("fig10-cifar10", None),
    ("defences/null-space", None),
    ("defences/keyed-scramble", None),
    ("channels/rayleigh", None),
    ("channels/ber-mrc", None),
    ("channels/digital", None),
    ("street/street-canyon", None),
]


def table_of(name):
    return read_table(NOTEBOOKS / f"{name}.h5")


def printed(figure):
    """What is to be read, with its box in pixels."""
    figure.draw_without_rendering()
    ticks, hidden = set(), set()
    for panel in figure.axes:
        for axis in (panel.xaxis, panel.yaxis):
            low, high = sorted(axis.get_view_interval())
            for minor in (False, True):
                for place, label in zip(axis.get_ticklocs(minor=minor), axis.get_ticklabels(minor=minor), strict=False):
                    shown = axis.get_visible() and low <= place <= high
                    (ticks if shown else hidden).add(label)
    found = []
    for text in figure.findobj(Text):
        if text.get_text().strip() and text.get_visible() and text not in hidden:
            # Of an annotation its own would hold the leader too.
            found.append((text.get_text(), Text.get_window_extent(text)))
    return [(words, box) for words, box in found if box.width > 0]


def check_layout(figure):
    """No two texts over each other, and none outside."""
    texts = printed(figure)
    width, height = figure.get_size_inches() * figure.dpi
    assert len(texts) > 4
    for words, box in texts:
        assert box.x0 > -1, words
        assert box.y0 > -1, words
        assert box.x1 < width + 1, words
        assert box.y1 < height + 1, words
    for (left, box), (right, other) in itertools.combinations(texts, 2):
        across = min(box.x1, other.x1) - max(box.x0, other.x0)
        along = min(box.y1, other.y1) - max(box.y0, other.y0)
        assert across < 1 or along < 1, f"{left!r} and {right!r}"


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize(("name", "only"), QUICK)
def test_nothing_is_printed_over_anything(name, only, look):
    for _, figure in figures_of(table_of(name), [only], LOOKS[look]):
        check_layout(figure)


@pytest.mark.slow
@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize(("name", "only"), SLOW)
def test_nothing_is_printed_over_anything_in_any_figure(name, only, look):
    for _, figure in figures_of(table_of(name), only, replace(LOOKS[look], detached=True)):
        check_layout(figure)


@pytest.mark.parametrize("log_error", [False, True])
def test_curves_are_the_tables_numbers(log_error):
    table = table_of("mnist-awgn")
    here = table.rows[(table.rows["timestep"] == 60) & (table.rows["node"] == "receiver")]
    figure = accuracy_figure(table, "receiver_snr_db", 60, look=replace(SCREEN, log_error=log_error))
    lines = {line.get_label(): line for line in figure.axes[0].get_lines()}
    assert figure.axes[0].get_yscale() == ("log" if log_error else "linear")
    for system in here["system"].unique():
        rows = here[here["system"] == system].sort_values("receiver_snr_db")
        accuracy = rows["correct"] / rows["total"]
        np.testing.assert_allclose(lines[system].get_xdata(), rows["receiver_snr_db"])
        np.testing.assert_allclose(lines[system].get_ydata(), 1 - accuracy if log_error else accuracy)


def test_where_no_error_was_seen_there_is_a_triangle(row, point_result):
    scenario = load_scenario("mnist-awgn")
    rows = [row("diffsem", "receiver", 120, snr_db, 1000 - wrong) for snr_db, wrong in ((0.0, 20), (10.0, 0))]
    empty = empty_table({"scenario": scenario.to_yaml()}, np.zeros((1, 28, 28, 1), np.uint8))
    table = empty.with_point(point_result(rows))
    (panel,) = accuracy_figure(table, "receiver_snr_db", 120, look=replace(SCREEN, log_error=True)).axes
    (line,) = [line for line in panel.get_lines() if line.get_label() == "diffsem"]
    np.testing.assert_allclose(line.get_ydata(), [0.02, np.nan])
    (triangle,) = [line for line in panel.get_lines() if line.get_marker() == "v"]
    assert list(triangle.get_xdata()) == [10.0]
    np.testing.assert_allclose(triangle.get_ydata(), [1 - wilson_interval(1000, 1000)[0]])
    low, high = wilson_interval(980, 1000)
    edges = panel.collections[0].get_paths()[0].vertices
    at_zero = edges[edges[:, 0] == 0, 1]
    assert at_zero.min() == pytest.approx(1 - high)
    assert at_zero.max() == pytest.approx(1 - low)
    bottom, top = panel.get_ylim()
    assert bottom < 1 - high
    assert top > 0.9  # of guessing


def test_the_axis_begins_at_guessing(table):
    built = table()
    panel = accuracy_figure(replace(built, attributes={**built.attributes, "classes": 4}), "timestep", 15.0).axes[0]
    (line,) = [line for line in panel.get_lines() if line.get_label() == "guessing (1/4)"]
    assert set(line.get_ydata()) == {0.25}
    assert 0.2 < panel.get_ylim()[0] < 0.25
    worse = accuracy_figure(replace(built, attributes={**built.attributes, "classes": 2}), "timestep", 15.0).axes[0]
    assert worse.get_ylim()[0] < 0.5


@pytest.mark.parametrize("style", ["screen", "paper"])
def test_saved_figures_are_in_their_style_and_leave_settings_alone(style, table, tmp_path):
    before = dict(matplotlib.rcParams)
    paths = save_figures([table()], tmp_path, "r", only=["front"], look=find_look(style))
    assert dict(matplotlib.rcParams) == before
    paper = style == "paper"
    assert [path.name for path in paths] == ["r-front.png", "r-front.pdf"] + ["r-front.txt"] * paper
    with Image.open(paths[0]) as image:
        width, dpi = image.width, image.info["dpi"][0]
    assert width == (3.5 * 300 if paper else 7.5 * 150)
    assert dpi == pytest.approx(300 if paper else 150, abs=0.1)
    content = paths[1].read_bytes()
    assert b"/FontFile2" in content
    assert b"/Type3" not in content
    if paper:
        assert b"STIX" in content
        assert paths[2].read_text().startswith("mnist-awgn: receiver awgn, 1 x 1 antennas; eavesdropper awgn")


def test_a_figure_on_paper_has_no_title_but_a_caption(table):
    figure = front_figure([table()], 15.0, look=PAPER)
    assert figure.get_suptitle() == ""
    assert "receiver SNR 15 dB" in figure.get_label()


def test_kinds_are_chosen_by_the_start_of_their_names(table):
    built = table()
    assert [name for name, _ in figures_of(built, ["accuracy-snr", "front"])] == [
        "accuracy-snr-t120",
        "accuracy-snr-t240",
        "front",
    ]
    with pytest.raises(InputError, match=r"^--only outage: no such figure here; allowed: accuracy-snr, .*channels$"):
        list(figures_of(built, ["front", "outage"]))


def test_what_is_not_drawn_is_named(error_table, table, row, point_result):
    bits = {"bits": 100, "bit_errors": 1, "ber": 0.01, "scored": "block", "transmitter": ""}
    built = table().with_point(point_result([row("bits+bpsk", "receiver", 120, 15.0, 0, **bits)]))
    assert "not drawn, bits alone are counted: bits+bpsk" in accuracy_figure(built, "timestep", 15.0).get_label()
    assert "not drawn, no attack at 15 dB: bits+bpsk" in front_figure([built], 15.0).get_label()


def test_tables_of_one_scenario_are_told_apart(table):
    figure = front_figure([table(), table()], 15.0)
    labels = [container.get_label() for container in figure.axes[0].containers]
    assert len(set(labels)) == len(labels) == 4
    named = front_figure([table(), table()], 15.0, ["a", "b"]).axes[0].containers
    assert {container.get_label().split(": ")[0] for container in named} == {"a", "b"}
    lines = [container[0] for container in named]
    signs = {(line.get_color(), line.get_marker(), line.get_linestyle()) for line in lines}
    assert len(signs) == len(lines)


@pytest.mark.parametrize(
    ("wanted", "placed"),
    [
        ([0, 10, 20], [0, 10, 20]),
        ([10, 10.5, 11], [9.5, 10.5, 11.5]),
        ([11, 10.5, 10], [11.5, 10.5, 9.5]),
        ([0, 0, 0], [0, 1, 2]),
        ([20, 20], [19, 20]),
        ([5], [5]),
        ([], []),
    ],
)
def test_labels_stand_near_their_curves_and_apart(wanted, placed):
    np.testing.assert_allclose(spread(wanted, 1.0, 0.0, 20.0), placed)


def test_labels_are_apart_whatever_is_wanted(rng):
    for _ in range(100):
        wanted = rng.uniform(-5, 25, 12)
        placed = spread(wanted, 1.5, 0.0, 20.0)
        assert np.diff(np.sort(placed)).min() >= 1.5 - 1e-9
        assert placed.min() >= 0
        assert placed.max() <= 20
        assert (np.argsort(placed) == np.argsort(wanted)).all()


def test_a_box_is_free_if_it_touches_no_other():
    taken, limits = np.array([[0, 0, 2, 2]]), np.array([0, 0, 10, 10])
    places = np.array([[1, 1, 3, 3], [9, 9, 11, 11], [2, 0, 4, 2], [5, 5, 6, 6]])
    assert first_free(places, taken, limits) == 2
    assert first_free(places[:2], taken, limits) is None
