"""What a result table says, in words that its intervals allow."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from diffsem.link import ResultTable, escaped
from diffsem.scenarios.reporting.axes import told, variant_of, varying_axes
from diffsem.scenarios.reporting.differences import difference_by_hits
from diffsem.scenarios.reporting.page.wording import listed, percent, percent_range, point, rate, title_of
from diffsem.scenarios.reporting.statistics import POINT, interval, leakage
from diffsem.scenarios.reporting.style import Style, style_of


@dataclass(frozen=True)
class Headline:
    """The sentences at the top of a page, and the row that they are about.

    Parameters
    ----------
    sentences : tuple of str
    line : dict, optional
        Of `diffsem.scenarios.leakage`; None where no receiver reads labels.
    """

    sentences: tuple[str, ...]
    line: dict[str, Any] | None = None


def headline_of(table: ResultTable) -> Headline:
    """The headline of a table; of an incomplete one with a warning, of an empty one that it is empty.

    Raises
    ------
    InputError
        If an attribute is not what `diffsem run` writes.
    """
    unfinished = unfinished_of(table)
    if table.rows.empty:
        return Headline(("This table has no rows yet.", *unfinished))
    lines = leakage(table.rows)
    if lines.empty:
        return Headline((*_error_rates(table), *unfinished))
    line = best_line(lines)
    style = style_of(table)
    if pd.isna(line["gap"]):
        sentences = _unattacked(line, len(lines), style)
    else:
        sentences = [*_gap(line, style), *_attacks(table.rows, line), *_choice(lines)]
    return Headline((*sentences, *_denoisers(table, lines, line, style), *unfinished), line)


def unfinished_of(table: ResultTable) -> tuple[str, ...]:
    """A warning, if a table is not complete."""
    return () if table.complete else ("The table is not complete: points of its sweep are missing.",)


def best_line(lines: pd.DataFrame) -> dict[str, Any]:
    """Of rows of `leakage` the one whose gap is surest to be large: with the highest lower end of its interval.

    Where no attack was run, the one of the receiver that is surest to be accurate.
    """
    attacked = lines[lines["gap"].notna()]
    chosen, measure = (attacked, "gap_low") if len(attacked) else (lines, "receiver_low")
    best = chosen.sort_values(measure, ascending=False, kind="stable").iloc[0]
    return {str(name): value for name, value in best.items()}


def verdict(line: dict[str, Any]) -> str:
    """Whether a gap is told from 0 by its interval, and in whose favour."""
    if pd.isna(line["gap"]):
        return "no attack"
    if line["gap_low"] > 0:
        return "yes, the receiver ahead"
    return "yes, the attack ahead" if line["gap_high"] < 0 else "no"


def _share(line: dict[str, Any], name: str, sign: str = "") -> str:
    unit = "points" if sign else "%"
    value, ends = percent(line[name], sign), percent_range(line[f"{name}_low"], line[f"{name}_high"], sign)
    return f"{value} {ends} {unit}" if sign else f"{value}{unit} {ends}"


def _gap(line: dict[str, Any], style: Style) -> list[str]:
    judged = {
        "yes, the receiver ahead": "It is told from 0: its interval lies above.",
        "no": "It is not told from 0: its interval holds 0.",
        "yes, the attack ahead": "It is told from 0, but the eavesdropper reads more than the receiver.",
    }[verdict(line)]
    how = "paired by image" if line["gap_paired"] else "with the interval of independent runs"
    return [
        f"At {_where(line)} {title_of(style, line['system'])} reads {_share(line, 'receiver')} of the images; the "
        f"strongest attack on it, {escaped(line['attack'])}, reads {_share(line, 'adversary')}.",
        f"The gap is {_share(line, 'gap', '+')}, {how}. {judged}",
    ]


def _where(line: dict[str, Any]) -> str:
    own = line["eavesdropper_snr_db"]
    own = None if own == line["receiver_snr_db"] else own
    return point(line["timestep"], line["receiver_snr_db"], own, told(variant_of(line)))


def _here(rows: pd.DataFrame, line: dict[str, Any]) -> pd.DataFrame:
    """Those at the point of a line, and of its variant."""
    there = {name: line[name] for name in POINT} | variant_of(line)
    return rows[(rows[list(there)] == list(there.values())).all(axis=1)]


def _attacks(rows: pd.DataFrame, line: dict[str, Any]) -> list[str]:
    heard = rows[(rows["node"] == "adversary") & (rows["system"] == line["system"])]
    heard = _here(heard, line)
    heard = heard[heard["snr_db"] == line["eavesdropper_snr_db"]]
    names = [escaped(name) for name in sorted(heard["attack"].unique())]
    count = "One attack was" if len(names) == 1 else f"{len(names)} attacks were"
    sentences = [f"{count} run on it there: {listed(names)}. Of others nothing is known."]
    if (heard["warning"] != "").any():
        sentences.append("Some of them ran under other conditions than they were trained for; see the warnings below.")
    if not pd.isna(line["paper_gap"]) and line["paper_attack"] != line["attack"]:
        name = escaped(line["paper_attack"])
        sentences.append(f"To the paper's attacker alone ({name}) the gap would be {_share(line, 'paper_gap', '+')}.")
    return sentences


def _choice(lines: pd.DataFrame) -> list[str]:
    """That the row is the best of many, and what chance alone would make of so many."""
    gaps = lines[lines["gap"].notna()]
    if len(gaps) == 1:
        return []
    told = int((gaps["gap_low"] > 0).sum())
    # Of 95% intervals one in forty lies above.
    chance = f"{len(gaps) / 40:.1f}"
    return [
        f"Of {len(gaps):,} rows this is the one whose gap has the highest lower end, and each interval holds for its "
        f"row alone. Told from 0 in the receiver's favour are {told:,} of them; if all gaps were 0, up to {chance} "
        "would be by chance."
    ]


def _unattacked(line: dict[str, Any], count: int, style: Style) -> list[str]:
    where = point(line["timestep"], line["receiver_snr_db"], variant=told(variant_of(line)))
    chosen = f", the highest lower end of {count:,} rows" if count > 1 else ""
    return [
        f"At {where} {title_of(style, line['system'])} reads {_share(line, 'receiver')} of the images{chosen}.",
        "No attack was run: nothing here tells how private that is.",
    ]


def _denoisers(table: ResultTable, lines: pd.DataFrame, line: dict[str, Any], style: Style) -> list[str]:
    """What a denoiser is worth: in the row of the headline or, where that calls none, in the best that does."""
    rows = table.rows.reset_index(drop=True)
    receivers = rows[(rows["node"] == "receiver") & (rows["scored"] == "label")]
    calls = receivers.groupby("system")["denoiser_calls"].max()
    denoised = lines[lines["system"].map(calls) > 0]
    if denoised.empty:
        return []
    if calls[line["system"]] > 0:
        return _gain(table, receivers, calls, line, style, title_of(style, line["system"]))
    best = best_line(denoised)
    name = title_of(style, best["system"])
    if pd.isna(best["gap"]):
        measure, value = "accuracy", _share(best, "receiver")
    else:
        judged = "not told from 0" if verdict(best) == "no" else "told from 0"
        measure, value = "gap", f"{_share(best, 'gap', '+')}, {judged}"
    said = f"It calls no denoiser. Of those that do, {name} has the surest {measure} at {_where(best)}: {value}."
    return [said, *_gain(table, receivers, calls, best, style, name)]


def _gain(
    table: ResultTable, receivers: pd.DataFrame, calls: pd.Series, line: dict[str, Any], style: Style, name: str
) -> list[str]:
    """Against the best system that shares the transmitter and never calls a denoiser."""
    here = _here(receivers, line)
    rows = list(zip(map(int, here.index), here.to_dict("records"), strict=True))
    own_place, own = next((place, row) for place, row in rows if row["system"] == line["system"])
    sender = _transmitter(style, own["system"], own["transmitter"])
    controls = [
        (place, row)
        for place, row in rows
        if calls[row["system"]] == 0 and _transmitter(style, row["system"], row["transmitter"]) == sender
    ]
    if not controls:
        return []
    place, control = max(controls, key=lambda found: found[1]["accuracy"])
    gained = difference_by_hits(own, control, table.hits_of(own_place), table.hits_of(place))
    gain = {"gain": gained.value, "gain_low": gained.low, "gain_high": gained.high}
    judged = "not told from 0" if gained.low <= 0 <= gained.high else "told from 0"
    accuracy = _share(interval("control", control), "control")
    return [
        "Over the best receiver without a denoiser behind the same transmitter "
        f"({title_of(style, control['system'])}, {accuracy}) {name} gains {_share(gain, 'gain', '+')}, {judged}."
    ]


def _transmitter(style: Style, system: str, name: str) -> str:
    appearance = style.systems.get(system)
    return appearance.transmitter.name if appearance and appearance.transmitter else name


def _error_rates(table: ResultTable) -> list[str]:
    links = table.rows[table.rows["bits"] > 0]
    if links.empty:
        return ["This table has neither accuracies nor error rates."]
    line = links.sort_values(["ber_high", "ber"], kind="stable").iloc[0].to_dict()
    variant = told({name: line[name] for name in varying_axes(links)})
    levels = f"{links['receiver_snr_db'].min():g} to {links['receiver_snr_db'].max():g} dB"
    return [
        f"Bit error rates of {links['system'].nunique()} digital links at {levels}.",
        f"The lowest is that of {title_of(style_of(table), line['system'])} at {line['receiver_snr_db']:g} dB"
        f"{f' ({variant})' if variant else ''}: "
        f"{rate(line['ber'])} [{rate(line['ber_low'])}, {rate(line['ber_high'])}], "
        f"{line['bit_errors']:,} of {line['bits']:,} bits.",
        "No link reads labels and no attack was run: nothing here tells of privacy.",
    ]
