"""show, leakage and attacks as a user types them: what they select, how they sort, and what a pipe gets."""

import io
import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from rich.cells import cell_len

from diffsem.link import read_results
from diffsem.scenarios.reporting.statistics import attacks, leakage

NOTEBOOKS = Path(__file__).parents[3] / "notebooks"
TABLE = NOTEBOOKS / "mnist-awgn.h5"
COMMAND = [sys.executable, "-m", "diffsem.scenarios.command_line"]


@pytest.mark.parametrize(("command", "statistics"), [("show", leakage), ("leakage", leakage), ("attacks", attacks)])
def test_numbers_are_printed_of_what_is_asked_for_in_the_order_asked_for(command, statistics, diffsem):
    rows = read_results(TABLE)
    chosen = rows.query("system in ['diffsem', 'noise-aware-pair'] and timestep == 240 and receiver_snr_db == 15")
    key = "accuracy" if command == "attacks" else "gap"
    expected = statistics(chosen).sort_values(key, ascending=False, kind="stable")
    asked = ("--systems", "diffsem", "--systems", "noise-aware-pair", "--at", "t=240,snr=15", "--sort", f"-{key}")
    status, out, err = diffsem(command, TABLE, *asked, "--format", "csv")
    assert (status, err) == (0, "")
    read = pd.read_csv(io.StringIO(out), float_precision="round_trip")
    assert list(read) == list(expected)
    assert list(read[key]) == list(expected[key])
    status, out, err = diffsem(command, TABLE, *asked, "--format", "json")
    assert [line[key] for line in json.loads(out)] == list(expected[key])
    status, out, err = diffsem(command, TABLE, *asked)
    assert "(only diffsem, noise-aware-pair, t=240,snr=15)" in out
    place = {"show": 5, "leakage": 8, "attacks": 5}[command]
    lines = [line.split("│") for line in out.splitlines() if line.startswith("│")]
    shown = [float(cells[place].split()[0]) for cells in lines]
    column = {"show": "adversary", "leakage": "gap", "attacks": "accuracy"}[command]
    assert shown == [pytest.approx(100 * value, abs=0.005) for value in expected[column]]


def test_bits_are_printed_of_a_table_that_has_them_and_left_empty_of_an_older_one(diffsem):
    status, out, _ = diffsem("leakage", TABLE, "--bits", "--at", "t=240,snr=15", "--format", "csv")
    assert status == 0
    read = pd.read_csv(io.StringIO(out))
    assert len(read) == 6
    assert read["attack"].notna().all()
    assert read["secrecy_capacity"].isna().all()


def test_digital_links_have_their_rates_among_the_numbers(diffsem):
    path = NOTEBOOKS / "channels" / "digital.h5"
    rows = read_results(path)
    status, out, _ = diffsem("show", path, "--at", "snr=6", "--format", "csv")
    assert status == 0
    read = pd.read_csv(io.StringIO(out), float_precision="round_trip").set_index("system")
    there = rows[rows["receiver_snr_db"] == 6].set_index("system")
    assert list(read.index) == list(there.index)
    assert list(read["receiver"]) == list(there["accuracy"])
    links = there[there["bits"] > 0]
    for name in ("bits", "bit_errors", "ber", "ber_low", "ber_high", "block_errors", "bler", "channel_uses"):
        assert list(read.loc[links.index, name]) == list(links[name])
    assert read.loc[there["bits"] == 0, "ber"].isna().all()
    for kind, mark in (("markdown", "| --: "), ("latex", "\\end{tabular}")):
        status, out, _ = diffsem("show", path, "--at", "snr=6", "--format", kind)
        assert out.count("digital links") == 1
        assert len(re.findall(rf"{re.escape(mark)}", out)) >= 2
        assert "95" in out


def test_a_file_beside_leaves_standard_output_to_the_numbers(diffsem, tmp_path):
    for command in ("leakage", "attacks"):
        file = tmp_path / f"{command}.csv"
        asked = ("--at", "t=240", "--systems", "diffsem")
        status, out, err = diffsem(command, TABLE, *asked, "--csv", file, "--format", "csv")
        assert status == 0
        assert str(file) in err
        pd.testing.assert_frame_equal(pd.read_csv(io.StringIO(out)), pd.read_csv(file))
        status, out, err = diffsem(command, TABLE, *asked, "--csv", file)
        assert out.endswith(f"{file}\n")


@pytest.mark.parametrize(
    ("command", "options", "told"),
    [
        ("show", ["--systems", "dif"], "--systems: 'dif' is not in the table; allowed: classifier, noise-aware, "),
        ("show", ["--at", "steps=3"], "--at: 'steps' is not an axis of the table; allowed: t, snr, eavesdropper_snr"),
        ("leakage", ["--at", "t=1"], "--at: t=1 is not in the table; allowed: 60, 120, "),
        ("attacks", ["--sort", "x\x1b"], "--sort: 'x\\x1b' is not a column; allowed: timestep, receiver_snr_db, "),
        ("show", ["--sort", "bits"], "--sort: 'bits' is not a column; allowed: timestep, receiver_snr_db, "),
        ("leakage", ["--format", "pdf"], "'table', 'csv', 'markdown', 'latex', 'json'"),
    ],
)
def test_what_is_not_there_ends_in_one_line(command, options, told, diffsem):
    status, out, err = diffsem(command, TABLE, *options)
    assert (status, out) == (2, "")
    assert told in err
    assert err.count("\n") == 1


def test_a_pipe_has_every_cell_whole_whatever_the_terminal():
    environment = os.environ | {"COLUMNS": "40", "PYTHONIOENCODING": "utf-8"}
    asked = [*COMMAND, "attacks", str(NOTEBOOKS / "fig4-mnist.h5"), "--at", "t=240"]
    out = subprocess.run(asked, capture_output=True, text=True, env=environment, check=True).stdout
    assert "…" not in out
    rows = read_results(NOTEBOOKS / "fig4-mnist.h5")
    expected = attacks(rows[rows["timestep"] == 240])
    lines = [line for line in out.splitlines() if line.startswith("│")]
    assert len(lines) == len(expected)
    for line, row in zip(lines, expected.to_dict("records"), strict=True):
        cells = [cell.strip() for cell in line.split("│")[1:-1]]
        assert cells[:4] == ["240", "15", row["transmitter"], row["attack"]]
        assert cells[4] == f"{100 * row['accuracy']:.2f} [{100 * row['ci_low']:.2f}, {100 * row['ci_high']:.2f}]"
        assert str(row["training_epochs"]) in cells[10]


def test_a_terminal_of_80_columns_has_no_longer_line():
    parent, child = pty.openpty()
    asked = [*COMMAND, "show", str(TABLE), "--at", "t=240"]
    with subprocess.Popen(asked, stdout=child, env=os.environ | {"COLUMNS": "80", "TERM": "xterm"}) as process:
        os.close(child)
        text = read_all(parent)
    assert process.returncode == 0
    lines = re.sub(r"\x1b\[[0-9;]*m", "", text).splitlines()
    assert max(cell_len(line) for line in lines) <= 80
    assert "…" not in text
    assert "left out: images, U-Net calls" in text
    firsts = [line.split()[2] for line in lines if line.startswith("240")]
    receivers = read_results(TABLE).query("node == 'receiver' and timestep == 240")
    assert firsts == list(receivers["system"])


def read_all(terminal):
    parts = []
    while True:
        try:
            part = os.read(terminal, 65536)
        except OSError:  # what a terminal without another end says
            break
        if not part:
            break
        parts.append(part)
    os.close(terminal)
    return b"".join(parts).decode()
