"""The table and the figure of entries."""

import io
import json

import numpy as np
import pytest
from matplotlib import pyplot as plt
from rich.console import Console

from diffsem.link import InputError
from diffsem.scenarios.benchmark.showing import benchmark_figure, benchmark_sheet, lines_of, read_entries
from diffsem.scenarios.reporting.tables import markdown


@pytest.fixture
def entries(entry):
    return [
        entry("leaky", read=(0.8, 0.85), bits=2.0),
        entry("tight", read=(0.2, 0.3)),
        entry("open", read=(0.99, 0.9), control=True),
    ]


def test_lines_stand_by_what_the_worst_threat_reads_and_controls_last(entries):
    lines = lines_of(entries)
    assert list(lines["entry"]) == ["tight", "leaky", "open"]
    assert list(lines["worst"]) == [0.3, 0.85, 0.99]
    assert list(lines["attack"]) == ["attack-1", "attack-1", "attack-0"]
    # A threat that is none to a system has no number.
    assert lines["white-box"].isna().all()


@pytest.mark.parametrize("width", [80, 400])
def test_a_table_has_a_line_an_entry_at_every_width(entries, width):
    console = Console(file=io.StringIO(), width=width)
    console.print(benchmark_sheet(entries, "all"))
    printed = console.file.getvalue()
    for told in ("tight", "open", "(control)", "30.00 [28.00, 32.00]"):
        assert told in printed
    assert max(map(len, printed.splitlines())) <= width
    assert "| leaky |" in markdown(benchmark_sheet(entries, "all")).replace("  ", " ")


def test_a_line_of_the_figure_is_an_entry_and_a_sign_what_somebody_reads(entries):
    figure = benchmark_figure(entries)
    (panel,) = figure.axes
    # Those that leak least on top.
    assert [label.get_text() for label in panel.get_yticklabels()] == ["tight", "leaky", "open (control)"]
    assert panel.yaxis_inverted()
    drawn = {each.get_label(): np.asarray(each[0].get_xdata(), float).round(6).tolist() for each in panel.containers}
    assert drawn["receiver"] == [90, 90, 90]
    assert drawn["equal SNR"] == [20, 80, 99]
    assert drawn["5 dB worse"] == [30, 85, 90]
    # A threat that is none to a system has no sign.
    assert np.isnan(drawn["white box"]).all()
    plt.close("all")


def test_entries_are_read_back_and_what_is_none_is_told_in_one_line(entries, tmp_path):
    for each in entries:
        (tmp_path / f"{each['entry']}.json").write_text(json.dumps(each))
    assert [each["entry"] for each in read_entries(tmp_path)] == ["leaky", "open", "tight"]
    (tmp_path / "other.json").write_text('{"entry": "other"}')
    with pytest.raises(InputError, match=r"other\.json: lacks claim, secret, control"):
        read_entries(tmp_path)
    (tmp_path / "other.json").write_text(json.dumps(entries[0] | {"threats": {"equal-snr": {}}}))
    with pytest.raises(InputError, match=r"other\.json: is not what `diffsem benchmark` writes"):
        read_entries(tmp_path)
    (tmp_path / "other.json").write_text("{")
    with pytest.raises(InputError, match=r"other\.json: cannot be read"):
        read_entries(tmp_path)
    with pytest.raises(InputError, match="holds no entry"):
        read_entries(tmp_path / "nowhere")
