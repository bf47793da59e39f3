import numpy as np
import pytest

from diffsem.link import empty_table
from diffsem.scenarios.reporting.statistics import (
    attacks,
)
from diffsem.scenarios.reporting.tables import attacks_table, leakage_table, terminal_table


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


@pytest.mark.parametrize("make", [terminal_table, leakage_table])
def test_tables_have_a_column_for_the_eavesdroppers_snr_where_it_is_an_axis(make, table, swept_table, printed):
    text = printed(make(swept_table().rows, "title"))
    assert "Eve dB" in text
    cells = [[cell.strip() for cell in line.split("│")[1:-1]] for line in text.splitlines() if "15 │" in line]
    column = [row[4] for row in cells]
    assert column == ["0", "5", "10", "-"] * 2
    for number, snr_db in (("55.00", "0"), ("55.00", "5"), ("70.00", "10")):
        assert any(row[4] == snr_db and any(cell.startswith(number) for cell in row) for row in cells)
    assert "Eve dB" not in printed(make(table().rows, "title"))


@pytest.mark.parametrize("width", [80, 120])
def test_a_narrow_table_still_tells_its_rows_apart(width, swept_table, printed):
    text = printed(terminal_table(swept_table().rows, "title"), width)
    points = [[cell.strip() for cell in line.split("│")[1:6]] for line in text.splitlines() if "│" in line]
    points = [(row[0], row[1], row[4]) for row in points if row[0]]
    assert points == [(t, snr, own) for t in ("120", "240") for snr in ("0", "15") for own in ("0", "5", "10", "-")]
    assert "…" not in text
