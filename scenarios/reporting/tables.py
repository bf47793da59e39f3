"""Tables for the terminal: receiver against adversary, point by point; every attack; error rates."""

from collections.abc import Callable, Mapping

import pandas as pd
from rich.table import Table
from rich.text import Text

from diffsem.link import escaped
from diffsem.scenarios.reporting.statistics import POINT, attacks, eavesdropper_axis, interval, leakage


def terminal_table(rows: pd.DataFrame, title: str) -> Table:
    """Receiver against its strongest adversary, for the terminal; accuracies in percent with their 95% intervals."""
    return _table(
        leakage(rows),
        title,
        {
            "receiver": lambda line: _percent(line, "receiver"),
            **_eavesdropper(rows),
            "adversary": lambda line: _percent(line, "adversary"),
            "gap": lambda line: _percent(line, "gap", "+"),
            "strongest attack": lambda line: _name(line["attack"]),
            "images": lambda line: _images(line),
            "U-Net calls": lambda line: f"{line['denoiser_calls']:.1f}",
        },
    )


def leakage_table(rows: pd.DataFrame, title: str) -> Table:
    """What the strongest attack leaves of the gap that the paper's attacker alone would have shown, in percent."""
    return _table(
        leakage(rows),
        title,
        {
            "receiver": lambda line: _percent(line, "receiver"),
            **_eavesdropper(rows),
            "strongest attack": lambda line: _name(line["attack"]),
            "its accuracy": lambda line: _percent(line, "adversary"),
            "its ceiling": lambda line: _share(line["adversary_ceiling"]),
            "gap": lambda line: _percent(line, "gap", "+"),
            "paper's attacker": lambda line: _name(line["paper_attack"]),
            "gap to it alone": lambda line: _percent(line, "paper_gap", "+"),
            "worst class": lambda line: _worst(line),
        },
    )


def attacks_table(rows: pd.DataFrame, title: str) -> Table:
    """Every attack, for the terminal; accuracies in percent."""
    return _table(
        attacks(rows),
        title,
        {
            **({"Eve dB": lambda line: _decibel(line["snr_db"])} if eavesdropper_axis(rows) else {}),
            "attack": lambda line: line["attack"],
            "accuracy": lambda line: _percent(interval("accuracy", line), "accuracy"),
            "ceiling": lambda line: _share(line["ceiling"]),
            "clean judge": lambda line: _share(line["clean_judge_accuracy"]),
            "PSNR dB": lambda line: _number(line["psnr_db"], 1),
            "SSIM": lambda line: _number(line["ssim"], 3),
            "learnt from": lambda line: _learnt_from(line),
            "warning": lambda line: "!" if line["warning"] else "",
        },
        "percent, with 95% intervals; ! is run under other conditions than it was trained for",
        "transmitter",
    )


def error_rate_table(rows: pd.DataFrame, title: str) -> Table:
    """Bit and block error rates of the digital links, for the terminal, with their 95% intervals."""
    lines = rows[rows["bits"] > 0]
    return _table(
        lines,
        title,
        {
            "BER": lambda line: _rate(line, "ber"),
            "bit errors": lambda line: f"{line['bit_errors']:,} of {line['bits']:,}",
            "BLER": lambda line: _rate(line, "bler"),
            "block errors": lambda line: f"{line['block_errors']:,} of {line['blocks']:,}",
            "channel uses": lambda line: str(line["channel_uses"]),
        },
        "with 95% intervals",
    )


def _table(
    lines: pd.DataFrame,
    title: str,
    cells: Mapping[str, Callable[[dict], str]],
    caption: str = "percent, with 95% intervals",
    subject: str = "system",
) -> Table:
    # Text, not markup: names come from outside.
    table = Table(
        title=Text(escaped(title), "table.title"), title_justify="left", caption=caption, caption_justify="left"
    )
    for name in ("t", "SNR dB", subject, *cells):
        words = (subject, "strongest attack", "paper's attacker", "attack", "learnt from")
        # Rows that differ in a point of the sweep alone must not look alike in a narrow terminal.
        point = name in ("t", "SNR dB", "Eve dB")
        table.add_column(name, justify="left" if name in words else "right", no_wrap=point, overflow="fold")
    for _, group in lines.groupby(POINT, sort=True):
        for line in group.to_dict("records"):
            table.add_row(
                str(line["timestep"]),
                f"{line['receiver_snr_db']:g}",
                *(Text(escaped(text)) for text in (line[subject], *(cell(line) for cell in cells.values()))),
            )
        table.add_section()
    return table


def _eavesdropper(rows: pd.DataFrame) -> dict[str, Callable[[dict], str]]:
    return {"Eve dB": lambda line: _decibel(line["eavesdropper_snr_db"])} if eavesdropper_axis(rows) else {}


def _decibel(value: float) -> str:
    return "-" if pd.isna(value) else f"{value:g}"


def _rate(line: dict, name: str) -> str:
    return f"{line[name]:.2e} [{line[f'{name}_low']:.2e}, {line[f'{name}_high']:.2e}]"


def _name(attack) -> str:
    return attack if isinstance(attack, str) else "-"


def _learnt_from(line: dict) -> str:
    if not line["training_epochs"]:
        return "-"
    return f"{line['training_images']:,} images, {line['surrogate']}, {line['training_epochs']} epochs"


def _images(line: dict) -> str:
    """How many, and how often each was sent."""
    passes = line["draws"] / line["images"]
    return str(line["images"]) if passes == 1 else f"{line['images']} x {passes:.3g}"


def _share(value: float) -> str:
    return "-" if pd.isna(value) else f"{100 * value:.1f}"


def _number(value: float, digits: int) -> str:
    return "-" if pd.isna(value) else f"{value:.{digits}f}"


def _worst(line: dict) -> str:
    """Of receiver and strongest attack."""
    values = [line["receiver_worst"], line["adversary_worst"]]
    return " / ".join(_share(value) for value in values)


def _percent(line: dict, name: str, sign: str = "") -> str:
    if pd.isna(line[name]):
        return "-"
    value, low, high = (100 * line[key] for key in (name, f"{name}_low", f"{name}_high"))
    return f"{value:{sign}.2f} [{low:{sign}.2f}, {high:{sign}.2f}]"
