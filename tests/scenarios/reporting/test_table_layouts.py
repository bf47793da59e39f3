"""Tables in terminals of several widths: nothing cut, nothing broken, nothing left out in silence."""

import re
from functools import cache
from pathlib import Path

import pandas as pd
import pytest
from rich.cells import cell_len

from diffsem.link import read_results
from diffsem.scenarios.reporting.selection import select
from diffsem.scenarios.reporting.tables import attacks_table, leakage_table, shown_tables

NOTEBOOKS = Path(__file__).parents[3] / "notebooks"
# Of each what takes most room: long names, large gaps, bit error rates.
SHIPPED = (("mnist-awgn.h5", "t=240"), ("defences/keyed-scramble.h5", ""), ("channels/digital.h5", "snr=6"))
KINDS = ("show", "leakage", "attacks")
FOREIGN = "[red]" + "s" * 40 + "\x1b[2J" + "t" * 10


@cache
def rows_of(name, at):
    return select(read_results(NOTEBOOKS / name), at=at)


def tables_of(kind, rows):
    if kind == "show":
        return shown_tables(rows, "title", "rates")
    if kind == "leakage":
        return [leakage_table(rows, "title")]
    return [attacks_table(rows, "title")] if (rows["node"] == "adversary").any() else []


def ranges(line, *names, sign=""):
    """Shares with their intervals as they are to stand in a table; the number, then the interval."""
    known = [name for name in names if pd.notna(line[name[0]])]
    return [
        piece
        for middle, low, high in known
        for piece in (
            f"{100 * line[middle]:{sign}.2f}",
            f"[{100 * line[low]:{sign}.2f}, {100 * line[high]:{sign}.2f}]",
        )
    ]


def named(name):
    return name, f"{name}_low", f"{name}_high"


def shares(*values):
    return [f"{100 * value:.1f}" for value in values if pd.notna(value)]


def expected(kind, line):
    """Every number and name of a line, by the title of the field that says it."""
    if "bits" in line and (kind == "rates"):
        return {
            f"{rate.upper()}": [f"{line[rate]:.2e}", f"[{line[f'{rate}_low']:.2e}, {line[f'{rate}_high']:.2e}]"]
            for rate in ("ber", "bler")
        } | {
            "bit errors": [f"{line['bit_errors']:,} of {line['bits']:,}"],
            "block errors": [f"{line['block_errors']:,} of {line['blocks']:,}"],
            "channel uses": [str(line["channel_uses"])],
        }
    if kind == "attacks":
        psnr = [] if pd.isna(line["psnr_db"]) else [f"{line['psnr_db']:.1f}", f"{line['ssim']:.3f}"]
        return {
            "attack": [line["attack"]],
            "accuracy": ranges(line, ("accuracy", "ci_low", "ci_high")),
            "bits": [f"{line['leaked_bits']:.2f}"] if pd.notna(line["leaked_bits"]) else [],
            "ceiling": shares(line["ceiling"]),
            "clean judge": shares(line["clean_judge_accuracy"]),
            "PSNR dB": psnr,
            "learnt from": [f"{line['training_images']:,} images,"] if line["training_epochs"] else [],
        }
    accuracies = ranges(line, named("receiver"), named("adversary"))
    gaps = {"gap": ranges(line, named("gap"), sign="+")}
    attack = [line["attack"]] if pd.notna(line["attack"]) else []
    if kind == "show":
        more = {"images": [f"{line['images']:.0f}"], "U-Net calls": [f"{line['denoiser_calls']:.1f}"]}
        return {"receiver": accuracies, **gaps, "strongest attack": attack, **more}
    papers = [line["paper_attack"]] if pd.notna(line["paper_attack"]) else []
    return {
        **{"receiver": accuracies, **gaps, "strongest attack": attack, "paper's attacker": papers},
        "gap to it alone": ranges(line, named("paper_gap"), sign="+"),
        "worst class": shares(line["receiver_worst"], line["adversary_worst"]),
        "its ceiling": shares(line["adversary_ceiling"]),
    }


def blocks_of(text, sheet, subject):
    """The printed lines of each line of the table, which begins with its whole point and name."""
    lines = sheet.lines.to_dict("records")
    keys = [[str(line["timestep"]), f"{line['receiver_snr_db']:g}", line[subject]] for line in lines]
    blocks = []
    for line in text.splitlines():
        words = line.replace("│", " ").split()
        if len(blocks) < len(keys) and words[:3] == keys[len(blocks)]:
            blocks.append("")
        if blocks:
            blocks[-1] += line + "\n"
    assert len(blocks) == len(keys)
    return blocks


@pytest.mark.parametrize("width", [80, 100, 120, 200, None])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("name", "at"), SHIPPED)
def test_every_number_is_there_in_one_piece(name, at, kind, width, printed):
    for sheet in tables_of(kind, rows_of(name, at)):
        text = printed(sheet, width or sheet.whole_width)
        assert "…" not in text
        lines = [line.rstrip() for line in text.splitlines()]
        assert max(map(cell_len, lines)) <= (width or sheet.whole_width)
        assert not any(len(re.findall(r"\[", line)) != len(re.findall(r"\]", line)) for line in lines)
        told = re.search(r"left out: (.*); shown at (\d+) columns", " ".join(text.split()))
        missing = told.group(1).split(", ") if told else []
        assert not (missing and width is None)
        blocks = blocks_of(text, sheet, "transmitter" if kind == "attacks" else "system")
        for block, line in zip(blocks, sheet.lines.to_dict("records"), strict=True):
            # With all the room there is, a line is one.
            shown = block if width else block.splitlines()[0]
            for title, pieces in expected("rates" if sheet.title == "rates" else kind, line).items():
                for piece in pieces:
                    assert piece in shown or title in missing, (title, piece)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_left_out_is_there_at_the_width_that_is_told(kind, printed):
    for sheet in tables_of(kind, rows_of("mnist-awgn.h5", "t=240")):
        narrow = " ".join(printed(sheet, 80).split())
        for title in sheet.fields:
            assert title in narrow or title in ("its accuracy", "gap to it alone", "clean judge", "warning"), title
        if found := re.search(r"shown at (\d+) columns", narrow):
            width = int(found.group(1))
            assert "left out" not in printed(sheet, width)
            assert "│" in printed(sheet, width)
            assert "│" not in printed(sheet, width - 1)


@pytest.mark.parametrize("width", [80, 100, 120, 200])
@pytest.mark.parametrize("kind", KINDS)
def test_a_long_name_from_outside_folds_and_breaks_no_number(kind, width, attacked_table, printed):
    rows = attacked_table().rows.replace({"classifier": FOREIGN, "clean-pair": FOREIGN, "task-classifier": FOREIGN})
    (sheet,) = tables_of(kind, rows)
    text = printed(sheet, width)
    assert "\x1b" not in text
    assert "…" not in text
    assert max(cell_len(line.rstrip()) for line in text.splitlines()) <= width
    lines = text.splitlines()
    (first,) = [place for place, line in enumerate(lines) if line.replace("│", " ").split()[:2] == ["240", "15"]][:1]
    assert "[red]s" in lines[first]
    intervals = re.findall(r"\[[-+]?\d+\.\d\d, [-+]?\d+\.\d\d\]", text)
    columns = ("receiver", "adversary", "gap") + (("paper_gap",) if kind == "leakage" else ())
    count = sum(sheet.lines[name].notna().sum() for name in (("accuracy",) if kind == "attacks" else columns))
    assert len(intervals) == count


@pytest.mark.parametrize("width", [80, 120])
def test_a_name_that_folds_is_whole(width, table, printed):
    rows = table(attacked=False).rows.replace({"system": {"classifier": FOREIGN}})
    rows = rows[rows["system"] == FOREIGN]
    (sheet,) = shown_tables(rows, "title", "rates")
    pieces = re.findall(r"\[red\]s+|s{2,}|s*\\x1b\[2Jt*|(?<= )t{2,}(?= )", printed(sheet, width))
    assert "".join(pieces).count("s" * 40 + "\\x1b[2J" + "t" * 10) == len(sheet.lines)


def test_a_terminal_too_narrow_for_any_layout_still_has_whole_numbers(attacked_table, printed):
    for kind in KINDS:
        (sheet,) = tables_of(kind, attacked_table().rows)
        assert sheet.least_width < 80
        for text in (printed(sheet, sheet.least_width), printed(sheet, sheet.whole_width)):
            assert "…" not in text
            assert all(line.count("[") == line.count("]") for line in text.splitlines())


def test_a_table_without_rows_has_a_header(table, printed):
    empty = table().rows.iloc[:0]
    for kind in ("show", "leakage"):
        (sheet,) = tables_of(kind, empty)
        assert "receiver" in printed(sheet, 80)
