"""The tables there are: receiver against adversary, what leaks, every attack, and error rates."""

from collections.abc import Mapping, Sequence
from functools import partial

import pandas as pd

from diffsem.scenarios.reporting.axes import NAMES
from diffsem.scenarios.reporting.statistics import POINT, eavesdropper_axis, interval
from diffsem.scenarios.reporting.tables import cells
from diffsem.scenarios.reporting.tables.data import (
    attack_lines,
    bits_lines,
    error_rate_lines,
    leakage_lines,
    ordered,
    shown_lines,
)
from diffsem.scenarios.reporting.tables.fields import Field, Part
from diffsem.scenarios.reporting.tables.sheet import Sheet

PERCENT = "percent, with 95% intervals"
BENEATH = "95% interval"


def shown_tables(rows: pd.DataFrame, title: str, rates_title: str, sort: str = "") -> list[Sheet]:
    """What `diffsem show` shows of a result table: the systems that read labels, then the digital links.

    One that has neither is shown as an empty one of the first.
    """
    lines = ordered(shown_lines(rows), sort)
    sheets = []
    if "receiver" in lines:
        known = lines["receiver"].notna() if len(lines) else slice(None)
        sheets.append(_against_adversary(rows, lines[known], title, sort))
    if "bits" in lines:
        # A link is there once, however many eavesdroppers hear it.
        own = [*_points(error_rate_lines(rows)), "system"]
        sheets.append(_error_rates(lines[lines["bits"].notna()].drop_duplicates(own), rates_title, sort))
    return sheets


def terminal_table(rows: pd.DataFrame, title: str) -> Sheet:
    """Receiver against its strongest adversary; accuracies in percent with their 95% intervals."""
    return _against_adversary(rows, ordered(leakage_lines(rows)), title)


def leakage_table(rows: pd.DataFrame, title: str, sort: str = "") -> Sheet:
    """What the strongest attack leaves of the gap that the paper's attacker alone would have shown, in percent."""
    lines = ordered(leakage_lines(rows), sort)
    gap, strongest, papers = Part("gap"), Part("strongest attack"), Part("paper's attacker")
    accuracies = [Part("receiver"), Part("its accuracy", "strongest attack's")]
    alone = Part("gap to it alone", "gap to that alone")
    ceiling, worst = Part("its ceiling", "its ceiling"), Part("worst class")
    return Sheet(
        title,
        f"{_how(lines)}; worst class: of receiver / strongest attack",
        lines,
        _keys(rows, lines, "eavesdropper_snr_db", "system"),
        {
            "receiver": Field(lambda line: cells.percent(line, "receiver")),
            "strongest attack": Field(lambda line: cells.name(line["attack"]), is_name=True),
            "its accuracy": Field(lambda line: cells.percent(line, "adversary")),
            "its ceiling": Field(lambda line: cells.share(line["adversary_ceiling"])),
            "gap": Field(lambda line: cells.percent(line, "gap", "+")),
            "paper's attacker": Field(lambda line: cells.name(line["paper_attack"]), is_name=True),
            "gap to it alone": Field(lambda line: cells.percent(line, "paper_gap", "+")),
            "worst class": Field(cells.worst_classes),
        },
        (
            (accuracies, (gap, strongest), (alone, papers), (ceiling, worst)),
            ((*accuracies, ceiling), (gap, strongest, worst), (alone, papers)),
            ((*accuracies, ceiling, worst), (gap, strongest, papers, alone)),
            ((*accuracies, ceiling, worst), (_split("gap"), strongest, papers, _split("gap to it alone", alone.title))),
        ),
        sections=_sections(lines, sort),
    )


def bits_table(rows: pd.DataFrame, title: str, sort: str = "") -> Sheet:
    """What leaks of the label in bits, beside what the channels alone would keep."""
    lines = ordered(bits_lines(rows), sort)
    one_try, known = (Part("in one try"), Part("strongest attack")), (Part("known"), Part("informed attack"))
    channels = Part("left open"), Part("channel"), Part("kept a use")
    return Sheet(
        title,
        "bits an image, with 95% intervals; known: at least, of the label; left open, channel: at most; "
        "kept a use: secrecy capacity of the channels alone, bits a channel use",
        lines,
        _keys(rows, lines, "eavesdropper_snr_db", "system"),
        {
            "in one try": Field(lambda line: cells.bits(line, "min_entropy_leakage")),
            "strongest attack": Field(lambda line: cells.name(line["attack"]), is_name=True),
            "known": Field(lambda line: cells.bits(line, "leaked_bits")),
            "informed attack": Field(lambda line: cells.name(line["informed"]), is_name=True),
            "left open": Field(lambda line: cells.number(line["equivocation"], 3)),
            "channel": Field(lambda line: cells.number(line["capacity"], 1)),
            "kept a use": Field(lambda line: cells.bits(line, "secrecy_capacity")),
        },
        (
            (one_try, known, channels),
            ((*one_try[:1], *known[:1]), (one_try[1], known[1]), channels),
            ((_split("in one try"), _split("known")), (one_try[1], known[1]), (*channels[:2], _split("kept a use"))),
        ),
        sections=_sections(lines, sort),
    )


def attacks_table(rows: pd.DataFrame, title: str, sort: str = "") -> Sheet:
    """Every attack; accuracies in percent."""
    lines = ordered(attack_lines(rows), sort)
    qualities = Part("ceiling"), Part("clean judge")
    accuracy = Part("accuracy"), Part("bits")
    ratios = Part("PSNR dB"), Part("SSIM")
    learnt = Part("learnt from", split=", ", beneath="")
    mark = Part("warning", "!")
    return Sheet(
        title,
        f"{PERCENT}; bits an image of the label, at least; ! is run under other conditions than it was trained for",
        lines,
        _keys(rows, lines, "snr_db", "transmitter"),
        {
            "attack": Field(lambda line: cells.name(line["attack"]), is_name=True),
            "accuracy": Field(lambda line: cells.percent(interval("accuracy", line), "accuracy")),
            "bits": Field(lambda line: cells.number(line["leaked_bits"], 2)),
            "ceiling": Field(lambda line: cells.share(line["ceiling"])),
            "clean judge": Field(lambda line: cells.share(line["clean_judge_accuracy"])),
            "PSNR dB": Field(lambda line: cells.number(line["psnr_db"], 1)),
            "SSIM": Field(lambda line: cells.number(line["ssim"], 3)),
            "learnt from": Field(cells.learnt_from, is_name=True),
            "warning": Field(lambda line: "!" if line["warning"] else ""),
        },
        (
            ((Part("attack"), Part("learnt from")), accuracy, qualities, ratios, (mark,)),
            ((Part("attack"), learnt), accuracy, qualities, ratios, (mark,)),
            ((Part("attack"), learnt), (*accuracy, Part("ceiling / judge"), Part("PSNR dB / SSIM")), (mark,)),
        ),
        {
            "ceiling / judge": (("ceiling", "clean judge"), Field(cells.ceiling_and_judge)),
            "PSNR dB / SSIM": (("PSNR dB", "SSIM"), Field(cells.quality)),
        },
        _sections(lines, sort),
    )


def comparison_table(rows: pd.DataFrame, lines: pd.DataFrame, title: str, sort: str = "") -> Sheet:
    """The differences that `comparison.compare` tells; in percent."""
    lines = ordered(lines, sort)
    names, ends = (Part("first"), Part("second")), (Part("difference"), Part("p (Holm)"))
    return Sheet(
        title,
        f"{PERCENT}; p: McNemar's test, - where it is not told which draws go together",
        lines,
        {key: field for key, field in _keys(rows, lines, "snr_db", "first").items() if key != "first"},
        {
            "first": Field(lambda line: cells.name(line["first"]), is_name=True),
            "second": Field(lambda line: cells.name(line["second"]), is_name=True),
            "difference": Field(lambda line: cells.percent(line, "difference", "+")),
            "p (Holm)": Field(lambda line: cells.chance(line["p_holm"])),
            "draws": Field(lambda line: f"{line['draws']:,}"),
        },
        ((names, ends, (Part("draws"),)), (names, ends)),
        sections=_sections(lines, sort),
    )


def error_rate_table(rows: pd.DataFrame, title: str) -> Sheet:
    """Bit and block error rates of the digital links, with their 95% intervals."""
    return _error_rates(ordered(error_rate_lines(rows)), title)


def _against_adversary(rows: pd.DataFrame, lines: pd.DataFrame, title: str, sort: str = "") -> Sheet:
    accuracies = Part("receiver"), Part("adversary")
    strongest = Part("strongest attack")
    return Sheet(
        title,
        _how(lines),
        lines,
        _keys(rows, lines, "eavesdropper_snr_db", "system"),
        {
            "receiver": Field(lambda line: cells.percent(line, "receiver")),
            "adversary": Field(lambda line: cells.percent(line, "adversary")),
            "gap": Field(lambda line: cells.percent(line, "gap", "+")),
            "strongest attack": Field(lambda line: cells.name(line["attack"]), is_name=True),
            "images": Field(cells.images),
            "U-Net calls": Field(lambda line: f"{line['denoiser_calls']:.1f}"),
        },
        (
            (accuracies, (Part("gap"), strongest), (Part("images"), Part("U-Net calls"))),
            (accuracies, (Part("gap"), strongest)),
            (accuracies, (_split("gap"), strongest)),
        ),
        sections=_sections(lines, sort),
    )


def _how(lines: pd.DataFrame) -> str:
    """What there is to say of gaps and of the choice of attacks, where there are any."""
    attacked = lines[lines["gap"].notna()]
    if attacked.empty:
        return PERCENT
    paired, apart = (attacked[name].astype(bool).all() for name in ("gap_paired", "chosen_apart"))
    gaps = "gaps paired by image" if paired else "gaps not paired"
    choice = "attack chosen on other images" if apart else "attack chosen on the same images"
    return f"{PERCENT}; {gaps}, {choice}"


def _error_rates(lines: pd.DataFrame, title: str, sort: str = "") -> Sheet:
    bits, blocks = (Part("BER"), Part("bit errors")), (Part("BLER"), Part("block errors"))
    uses = (Part("channel uses"),)
    return Sheet(
        title,
        "with 95% intervals",
        lines,
        _keys(lines, lines, None, "system"),
        {
            "BER": Field(lambda line: cells.rate(line, "ber")),
            "bit errors": Field(lambda line: f"{line['bit_errors']:,} of {line['bits']:,}"),
            "BLER": Field(lambda line: cells.rate(line, "bler")),
            "block errors": Field(lambda line: f"{line['block_errors']:,} of {line['blocks']:,}"),
            "channel uses": Field(lambda line: str(line["channel_uses"])),
        },
        ((bits, blocks, uses), ((*bits, *blocks), uses)),
        sections=_sections(lines, sort),
    )


def _keys(rows: pd.DataFrame, lines: pd.DataFrame, own_snr: str | None, subject: str) -> Mapping[str, Field]:
    """The fields that tell lines apart; the eavesdropper's SNR is one where it is a sweep axis."""
    columns = {"t": "timestep", "SNR dB": "receiver_snr_db"}
    if own_snr is not None and eavesdropper_axis(rows):
        columns["Eve dB"] = own_snr
    columns |= {NAMES[axis].head: axis for axis in _points(lines)[len(POINT) :]}
    return {
        **{title: Field(partial(cells.value, name=column)) for title, column in columns.items()},
        subject: Field(lambda line: cells.name(line[subject]), is_name=True),
    }


def _points(lines: pd.DataFrame) -> list[str]:
    return [*POINT, *(axis for axis in NAMES if axis in lines)]


def _sections(lines: pd.DataFrame, sort: str) -> Sequence[str]:
    return [] if sort else _points(lines)


def _split(field: str, title: str = "") -> Part:
    return Part(field, title, " ", BENEATH)
