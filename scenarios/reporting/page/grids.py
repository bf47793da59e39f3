"""The tables of the page: receivers against their strongest attack, every attack, error rates, several files."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from diffsem.link import ResultTable
from diffsem.scenarios.reporting.axes import NAMES, varying_axes
from diffsem.scenarios.reporting.page.grid import Cell, Grid, Maker, grid, number, words
from diffsem.scenarios.reporting.page.headline import best_line, verdict
from diffsem.scenarios.reporting.page.wording import percent, percent_range, rate, title_of
from diffsem.scenarios.reporting.statistics import attacks, leakage, private_share
from diffsem.scenarios.reporting.style import Style, style_of


def grids_of(table: ResultTable, prefix: str) -> list[Grid]:
    """The tables of a result table that have rows; `prefix` begins their names."""
    style, rows = style_of(table), table.rows
    lines = _with_private_share(rows)
    points, variant = _point("eavesdropper_snr_db"), _variant(varying_axes(rows))
    found = [
        grid(
            f"{prefix}-receivers",
            "Receivers",
            "Receivers and the strongest attack on each, with 95% intervals.",
            lines,
            [_system(style), *points, *variant, *_compared(), *_more()],
        ),
        grid(
            f"{prefix}-attacks",
            "Attacks",
            "Every attack on every transmitter, with 95% intervals.",
            attacks(rows),
            [_text("transmitter", "transmitter"), *_point("snr_db"), *variant, *_attacked()],
        ),
        grid(
            f"{prefix}-error-rates",
            "Error rates",
            "Bit and block error rates of digital links, with 95% intervals.",
            rows[rows["bits"] > 0],
            [_system(style), *_point("snr_db")[:2], *variant, *_rates()],
        ),
    ]
    return [one for one in found if one.rows]


def comparison(tables: Mapping[str, ResultTable]) -> Grid:
    """Of each system of each file the row of its surest gap, side by side."""
    axes = [axis for axis in NAMES if any(axis in varying_axes(table.rows) for table in tables.values())]
    best = []
    for name, table in tables.items():
        lines, style = leakage(table.rows), style_of(table)
        for system in lines["system"].unique():
            line = best_line(lines[lines["system"] == system])
            # Of an axis that does not vary in a table all of its rows say the same.
            variant = {axis: line.get(axis, table.rows[axis].iloc[0]) for axis in axes}
            best.append(line | variant | {"file": name, "title": title_of(style, system)})
    makers = [
        _text("file", "file"),
        Maker("system", lambda line: words(line["title"], _other(line["system"], line["title"])), False, True),
        *_point("eavesdropper_snr_db"),
        *_variant(axes),
        *_compared(),
    ]
    caption = "Of each system in each file the row whose gap has the highest lower end, with 95% intervals."
    return grid("comparison", "Side by side", caption, pd.DataFrame(best), makers if best else [])


def _with_private_share(rows: pd.DataFrame) -> pd.DataFrame:
    shares = private_share(rows).rename(columns={"snr_db": "eavesdropper_snr_db"})
    keys = ["system", "attack", "timestep", "receiver_snr_db", *varying_axes(rows), "eavesdropper_snr_db"]
    shares = shares.drop_duplicates(keys).astype({name: object for name in ("system", "attack")})
    lines = leakage(rows).astype({name: object for name in ("system", "attack")})
    return lines.merge(shares.astype(lines[keys].dtypes), "left", keys)


def _other(name: str, title: str) -> str:
    return "" if name == title else name


def _system(style: Style) -> Maker:
    def cell(line: Mapping[str, Any]) -> Cell:
        title = title_of(style, line["system"])
        return words(title, _other(line["system"], title))

    return Maker("system", cell, False, True)


def _text(title: str, name: str) -> Maker:
    return Maker(title, lambda line: words(line[name]), False, True)


def _point(eavesdropper: str) -> list[Maker]:
    named = {"t": "timestep", "SNR, dB": "receiver_snr_db", "Eve's SNR, dB": eavesdropper}
    return [_level(title, name) for title, name in named.items()]


def _variant(axes: Sequence[str]) -> list[Maker]:
    """A column an axis beyond t and SNR."""
    return [_whole(NAMES[axis].title, axis) for axis in axes]


def _whole(title: str, name: str) -> Maker:
    return Maker(title, lambda line: number(line[name], str(line[name])), chosen=True)


def _level(title: str, name: str) -> Maker:
    return Maker(title, lambda line: number(line[name], f"{line[name]:g}"), chosen=True)


def _share(title: str, name: str, sign: str = "", low: str = "", high: str = "") -> Maker:
    ends = (low or f"{name}_low", high or f"{name}_high")

    def cell(line: Mapping[str, Any]) -> Cell:
        between = percent_range(line[ends[0]], line[ends[1]], sign) if ends[0] in line else ""
        return number(line[name], percent(line[name], sign), between)

    return Maker(title, cell)


def _count(title: str, name: str) -> Maker:
    return Maker(title, lambda line: number(line[name] or float("nan"), f"{line[name]:,}"))


def _decimal(title: str, name: str, digits: int) -> Maker:
    return Maker(title, lambda line: number(line[name], f"{line[name]:.{digits}f}"))


def _compared() -> list[Maker]:
    return [
        _share("receiver, %", "receiver"),
        _text("strongest attack", "attack"),
        _share("its accuracy, %", "adversary"),
        _share("gap, points", "gap", "+"),
        Maker("gap told from 0", lambda line: words(verdict(dict(line))), False, True),
    ]


def _more() -> list[Maker]:
    return [
        _text("paper's attacker", "paper_attack"),
        _share("gap to it alone, points", "paper_gap", "+"),
        _share("read by the receiver alone, %", "private"),
        _share("receiver's ceiling, %", "receiver_ceiling"),
        _share("attack's ceiling, %", "adversary_ceiling"),
        _share("receiver, worst class, %", "receiver_worst"),
        _share("attack, worst class, %", "adversary_worst"),
        _count("images", "images"),
        _count("draws", "draws"),
        _decimal("U-Net calls", "denoiser_calls", 1),
    ]


def _attacked() -> list[Maker]:
    return [
        _text("attack", "attack"),
        _share("accuracy, %", "accuracy", low="ci_low", high="ci_high"),
        _share("ceiling, %", "ceiling"),
        _share("clean judge, %", "clean_judge_accuracy"),
        _decimal("PSNR, dB", "psnr_db", 1),
        _decimal("SSIM", "ssim", 3),
        _text("learnt from", "surrogate"),
        _count("training images", "training_images"),
        _count("epochs", "training_epochs"),
        # The texts are long, and the same in many rows: they stand once, below.
        Maker("warning", lambda line: words("yes" if line["warning"] else ""), False, True),
    ]


def _rates() -> Sequence[Maker]:
    def of(title: str, name: str) -> Maker:
        def cell(line: Mapping[str, Any]) -> Cell:
            return number(line[name], rate(line[name]), f"[{rate(line[f'{name}_low'])}, {rate(line[f'{name}_high'])}]")

        return Maker(title, cell)

    def counted(title: str, part: str, whole: str) -> Maker:
        return Maker(title, lambda line: number(line[part], f"{line[part]:,}", f"of {line[whole]:,}"))

    return [
        of("BER", "ber"),
        counted("bit errors", "bit_errors", "bits"),
        of("BLER", "bler"),
        counted("block errors", "block_errors", "blocks"),
        _count("channel uses", "channel_uses"),
    ]
