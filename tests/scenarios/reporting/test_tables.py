import numpy as np
import pandas as pd
import pytest

from diffsem.link import AXES, InputError, empty_table, wilson_interval
from diffsem.scenarios.reporting.statistics import attacks, leakage
from diffsem.scenarios.reporting.tables import (
    attack_lines,
    attacks_table,
    bits_table,
    leakage_lines,
    leakage_table,
    ordered,
    shown_lines,
    shown_tables,
    terminal_table,
)
from diffsem.scenarios.reporting.tables.information import information

# Seeds and looks of the table of variants.
VARIANTS = (("1", "1"), ("1", "10"), ("2", "1"), ("2", "10"))


def test_every_attack_on_a_transmitter_is_there_once_the_most_accurate_first(table, printed):
    found = attacks(table().rows)
    # Both systems are the clean pair's: four points, two attacks.
    assert list(found["attack"]) == ["inversion-mlp", "task-classifier"] * 4
    assert list(found["accuracy"]) == [0.6, 0.5] * 4
    text = printed(attacks_table(table().rows, "title"))
    assert text.count("inversion-mlp") == 4
    assert "60.00 [56.93, 62.99]" in text
    assert "Eve dB" not in text


def test_what_an_attack_has_learnt_from_and_made_is_shown_and_a_warning_is_marked(row, point_result, printed):
    made = {"psnr_db": 17.24, "ssim": 0.7368, "clean_judge_accuracy": 0.555, "ceiling": 0.981}
    learnt = {"surrogate": "digits 100%", "training_images": 1685, "training_epochs": 37, "warning": "another channel"}
    name = "[red]x\x1b[2J"
    rows = [row("classifier", "adversary", 240, 15.0, 600, own, attack=name, **made, **learnt) for own in (0.0, 5.0)]
    built = empty_table({"scenario": ""}, np.zeros((1, 28, 28, 1), np.uint8)).with_point(point_result(rows))
    text = printed(attacks_table(built.rows, "title"))
    line = next(line for line in text.splitlines() if "1,685" in line)
    for word in ("[red]x\\x1b[2J", "17.2", "0.737", "55.5", "98.1", "digits 100%", "37 epochs", " ! "):
        assert word in line
    assert "Eve dB" in text
    assert "\x1b[2J" not in text


def test_bits_are_those_of_the_strongest_attack_and_of_the_one_that_knows_most(row, point_result, printed):
    """Eight labels of which four draws in five are read: log2(8 x 0.8) bits easier to guess."""
    label = {"largest_class": 0.125, "label_entropy": 3.0}
    channel = {"capacity": 100.0, "secrecy_capacity": 1.5, "secrecy_capacity_low": 1.25, "secrecy_capacity_high": 1.75}
    known = ({}, {"leaked_bits": 1.5, "leaked_bits_low": 1.4, "leaked_bits_high": 1.6}, {"leaked_bits": 1.0})
    made = zip(("strong", "sure", "unsure"), (800, 700, 600), known, strict=True)
    heard = [row("a", "adversary", 240, 15.0, n, attack=name, **label, **channel, **more) for name, n, more in made]
    built = empty_table({"scenario": ""}, np.zeros((1, 28, 28, 1), np.uint8)).with_point(
        point_result([row("a", "receiver", 240, 15.0, 900), *heard])
    )
    (line,) = information(built.rows).to_dict("records")
    assert (line["attack"], line["informed"]) == ("strong", "sure")
    assert line["min_entropy_leakage"] == pytest.approx(np.log2(8 * 0.8))
    low, high = wilson_interval(800, 1000)
    ends = [line[f"min_entropy_leakage{end}"] for end in ("_low", "_high")]
    assert ends == pytest.approx([np.log2(8 * low), np.log2(8 * high)])
    assert (line["leaked_bits"], line["equivocation"], line["capacity"]) == (1.5, 1.5, 100.0)
    for width in (80, 120, 250):
        text = printed(bits_table(built.rows, "title"), width)
        for word in ("2.678", "1.500", "strong", "sure", "100.0", "[1.250,"):
            assert word in text


@pytest.mark.parametrize("make", [terminal_table, leakage_table])
def test_tables_have_a_column_for_the_eavesdroppers_snr_where_it_is_an_axis(make, table, swept_table, printed):
    text = printed(make(swept_table().rows, "title"), 250)
    assert "Eve dB" in text
    cells = [[cell.strip() for cell in line.split("│")[1:-1]] for line in text.splitlines() if " 15 │" in line]
    column = [row[2] for row in cells]
    assert column == ["0", "5", "10", "-"] * 2
    for number, snr_db in (("55.00", "0"), ("55.00", "5"), ("70.00", "10")):
        assert any(row[2] == snr_db and any(cell.startswith(number) for cell in row) for row in cells)
    assert "Eve dB" not in printed(make(table().rows, "title"), 250)


@pytest.mark.parametrize("width", [80, 120])
def test_a_narrow_table_still_tells_its_rows_apart(width, swept_table, printed):
    text = printed(terminal_table(swept_table().rows, "title"), width)
    points = [line.split()[:3] for line in text.splitlines() if line.startswith(("120", "240"))]
    assert points == [[t, snr, own] for t in ("120", "240") for snr in ("0", "15") for own in ("0", "5", "10", "-")]
    assert "…" not in text


def with_looks(table, *counts):
    """The rows of a table for each number of looks; the more of them, the more the eavesdropper reads."""
    parts = []
    for count in counts:
        rows = table.rows.copy()
        heard = rows["node"] == "adversary"
        rows.loc[heard, "looks"] = count
        rows.loc[heard, ["correct", "accuracy"]] += [count, count / 1000]
        parts.append(rows)
    joined = pd.concat(parts, ignore_index=True)
    joined.attrs.update(table.rows.attrs)
    return joined, parts


def test_a_column_that_a_sweep_varies_is_shown_and_parts_the_strongest_attacks(table, printed):
    joined, parts = with_looks(table(), 1, 10)
    lines = leakage_lines(joined)
    assert list(lines.columns[:3]) == ["timestep", "receiver_snr_db", "looks"]
    for count, part in zip((1, 10), parts, strict=True):
        one = lines[lines["looks"] == count].drop(columns="looks").reset_index(drop=True)
        pd.testing.assert_frame_equal(one, leakage(part))
    heard = attack_lines(joined)
    assert len(heard) == 2 * len(attacks(table().rows))
    for make in (terminal_table, leakage_table, attacks_table):
        for width in (80, 250):
            text = printed(make(joined, "title"), width).replace("│", " ")
            firsts = [line.split()[:3] for line in text.splitlines() if line.split()[:1] in (["120"], ["240"])]
            # Two systems, or two attacks on what they share, at each of four points.
            counts = ("1", "1", "10", "10")
            assert firsts == [[t, snr, n] for t in ("120", "240") for snr in ("0", "15") for n in counts]
            # The strongest reads 60% and 0.1 points more for a look.
            assert (text.count("60.10 ["), text.count("61.00 [")) == ((4, 4) if make is attacks_table else (8, 8))
        assert "looks" not in printed(make(table().rows, "title"), 250)


@pytest.mark.parametrize("make", [terminal_table, leakage_table, attacks_table])
@pytest.mark.parametrize("width", [80, 250])
def test_a_variant_has_a_column_for_each_of_its_axes(make, width, variants_table, printed):
    rows = variants_table().rows
    # Its own looks are not told a second time.
    rows.loc[rows["node"] == "adversary", "looks"] = rows["eavesdropper_looks"]
    text = printed(make(rows, "title"), width).replace("│", " ")
    assert max(map(len, text.splitlines())) <= width
    assert text.count("looks") == 1
    firsts = [line.split()[:4] for line in text.splitlines() if line.split()[:1] in (["120"], ["240"])]
    expected = [[t, snr, *axes] for t in ("120", "240") for snr in ("0", "15") for axes in map(list, VARIANTS)]
    assert firsts == [line for line in expected for _ in range(2)]
    # The strongest reads 600 of 1,000 images, 10 more for each seed and 1 more for each look.
    for seed, looks in VARIANTS:
        assert f"{60 + int(seed) + int(looks) / 10:.2f}" in text


@pytest.mark.parametrize("make", [terminal_table, leakage_table, attacks_table])
@pytest.mark.parametrize(
    ("axes", "heads", "width"),
    [
        (("seed", "denoising_steps", "eavesdropper_looks"), ["looks", "seed", "steps"], 80),
        (("transmit_antennas", "receiver_antennas", "eavesdropper_antennas"), ["eve", "rx", "rx", "tx"], 80),
        (AXES, ["eve", "looks", "rx", "rx", "seed", "steps", "tx"], 120),
    ],
)
def test_the_heads_of_several_axes_are_whole_on_a_narrow_terminal(make, axes, heads, width, table, printed):
    rows = pd.concat([table().rows.assign(**dict.fromkeys(axes, value)) for value in (1, 12)], ignore_index=True)
    text = printed(make(rows, "title"), width)
    assert max(map(len, text.splitlines())) <= width
    words = text[: text.index("─")].split()
    assert sorted(word for word in words if word in heads) == heads
    lines = [line.split() for line in text.splitlines() if line.startswith("240")]
    assert lines[-1][2 : 2 + len(axes)] == ["12"] * len(axes)


def test_a_column_that_varies_for_both_nodes_sets_like_beside_like(table):
    low, high = table().rows.assign(seed=1), table().rows.assign(seed=2)
    high.loc[:, "correct"] += 50
    high.loc[:, "accuracy"] += 0.05
    lines = leakage_lines(pd.concat([low, high], ignore_index=True))
    assert len(lines) == 16
    assert lines.groupby("seed")["receiver"].min().to_dict() == {1: 0.7, 2: pytest.approx(0.75)}
    np.testing.assert_allclose(lines["gap"], lines["receiver"] - lines["adversary"])
    assert set(lines["gap"].round(6)) == {0.1, 0.2}


def test_the_order_is_that_of_the_sweep_or_of_a_column(table):
    lines = ordered(leakage_lines(table().rows.iloc[::-1]))
    assert list(lines["timestep"]) == [120] * 4 + [240] * 4
    assert list(lines["receiver_snr_db"]) == [0, 0, 15, 15] * 2
    assert ordered(lines, "gap")["gap"].is_monotonic_increasing
    largest = ordered(lines, "-gap")
    assert largest["gap"].is_monotonic_decreasing
    # Lines that are alike stay in the order of the sweep.
    assert list(largest["timestep"]) == [120, 120, 240, 240] * 2
    with pytest.raises(InputError, match=r"--sort: '\\x1bgap' is not a column; allowed: timestep, receiver_snr_db, "):
        ordered(lines, "\x1bgap")


def test_links_that_read_labels_too_are_shown_in_both_tables(table, error_table):
    labelled = table(attacked=False).rows
    digital = error_table().rows.replace({"system": {"bits+bpsk": "diffsem"}}).assign(timestep=120)
    digital = digital[digital["receiver_snr_db"] == 0]
    whole = pd.concat([labelled, digital], ignore_index=True)
    lines = shown_lines(whole)
    assert list(lines[(lines["timestep"] == 120) & (lines["receiver_snr_db"] == 0)]["system"]) == [
        *("classifier", "diffsem", "bits+qpsk+0.5"),
    ]
    of_labels, of_bits = shown_tables(whole, "labels", "bits", "-ber")
    key = ["timestep", "receiver_snr_db", "system"]
    own, found = (frame.set_index(key).sort_index() for frame in (leakage(labelled), of_labels.lines))
    pd.testing.assert_frame_equal(found[list(own)], own, check_dtype=False, check_index_type=False)
    assert list(of_bits.lines["bit_errors"]) == list(digital["bit_errors"])
    assert [sheet.title for sheet in shown_tables(labelled, "labels", "bits")] == ["labels"]
    assert [sheet.title for sheet in shown_tables(error_table().rows, "labels", "bits")] == ["bits"]
