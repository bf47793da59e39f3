"""The table and the figure that entries make."""

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from diffsem.link import InputError, escaped
from diffsem.scenarios.benchmark.threats import THREATS
from diffsem.scenarios.reporting.drawing.look import SCREEN, Look, drawn
from diffsem.scenarios.reporting.figures.attacks import COLOURS
from diffsem.scenarios.reporting.style import MARKERS, plain
from diffsem.scenarios.reporting.tables import Field, Part, Sheet, cells

# Of an entry, whatever else it holds.
KEYS = ("entry", "claim", "secret", "control", "images", "timestep", "receiver", "threats", "cost")
CAPTION = "percent, with 95% intervals, of the strongest attack of each threat; bits of the label an image, at least"
NONE = dict.fromkeys(("accuracy", "low", "high"), float("nan"))
# Of a line of the figure, inches.
HEIGHT = 0.28


def read_entries(folder: Path) -> list[dict[str, Any]]:
    """The entries of a folder, by name. Raises InputError if it holds none, or a file of it is none."""
    entries = []
    for path in sorted(folder.glob("*.json")):
        try:
            entry = json.loads(path.read_text())
        except (OSError, ValueError) as error:
            raise InputError(f"benchmark entry {path}: cannot be read ({error})") from error
        lacking = [key for key in KEYS if not isinstance(entry, dict) or key not in entry]
        if lacking:
            raise InputError(f"benchmark entry {path}: lacks {', '.join(lacking)}; `diffsem benchmark` writes them")
        try:
            lines_of([entry])
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InputError(f"benchmark entry {path}: is not what `diffsem benchmark` writes ({error})") from error
        entries.append(entry)
    if not entries:
        raise InputError(f"benchmark folder {folder}: holds no entry; `diffsem benchmark` makes some")
    return entries


def lines_of(entries: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """One line an entry, those that leak least first: columns of every threat, and the most that any of them reads.

    Columns NAME, NAME_low and NAME_high of the receiver, of each threat (NaN: it does not apply) and of the worst of
    them; bits_low and bits_high, the most that any attack is told to know; signal_power, channel_uses, unet_calls.
    """
    lines = []
    for entry in entries:
        threats = entry["threats"]
        worst = max(threats.values(), key=lambda threat: threat["accuracy"])
        known = [threat["bits"] for threat in threats.values() if threat["bits"]]
        bits = max(known, default=[float("nan")] * 3)
        line = {name: entry[name] for name in ("entry", "claim", "secret", "control", "images", "timestep")}
        line |= _ends("receiver", entry["receiver"])
        for threat in THREATS:
            line |= _ends(threat.name, threats.get(threat.name, NONE))
        line |= _ends("worst", worst) | {"attack": worst["strongest"]}
        line |= dict(zip(("bits", "bits_low", "bits_high"), bits, strict=True))
        lines.append(line | entry["cost"])
    return pd.DataFrame(lines).sort_values(["control", "worst"], kind="stable", ignore_index=True)


def _ends(name: str, found: dict[str, Any]) -> dict[str, float]:
    return {name: found["accuracy"], f"{name}_low": found["low"], f"{name}_high": found["high"]}


def benchmark_sheet(entries: Sequence[dict[str, Any]], title: str) -> Sheet:
    """What stands in the terminal and in benchmark.md."""
    accuracies = {"receiver": Field(partial(cells.percent, key="receiver"))}
    accuracies |= {threat.title: Field(partial(cells.percent, key=threat.name)) for threat in THREATS}
    others = {
        "worst": Field(lambda line: cells.percent(line, "worst")),
        "strongest attack": Field(lambda line: cells.name(line["attack"]), is_name=True),
        "bits": Field(lambda line: f"{line['bits']:.2f} [{line['bits_low']:.2f}, {line['bits_high']:.2f}]"),
        "power": Field(lambda line: cells.percent_alone(line["signal_power"])),
        "uses": Field(lambda line: str(line["channel_uses"])),
        "epsilon": Field(lambda line: cells.number(line["epsilon"], 0)),
        "shared": Field(lambda line: cells.name(line["secret"] or cells.NOTHING), is_name=True),
        "claim of its paper": Field(lambda line: cells.name(line["claim"] or cells.NOTHING), is_name=True),
    }
    name = {"entry": Field(_name, is_name=True)}
    narrow = ((Part("receiver"), Part("worst")), (Part("bits"), Part("strongest attack")))
    return Sheet(title, CAPTION, lines_of(entries), name, {**accuracies, **others}, (narrow,))


def _name(line: dict) -> str:
    return escaped(f"{line['entry']} (control)" if line["control"] else line["entry"])


@drawn
def benchmark_figure(entries: Sequence[dict[str, Any]], *, look: Look = SCREEN) -> Figure:
    """A line an entry: what its receiver reads, and what the strongest attack of each threat does.

    Between the best receiver at the right and guessing at the left; those that leak least stand on top, controls at the
    bottom.
    """
    lines = lines_of(entries)
    places = range(len(lines))
    figure, panel = plt.subplots(figsize=(look.page, look.scale * (0.9 + HEIGHT * len(lines))))
    series = [("receiver", "receiver", "black"), *zip(*_threats_drawn(), strict=True)]
    for (name, title, colour), marker in zip(series, MARKERS, strict=False):
        low, middle, high = (100 * lines[f"{name}{end}"] for end in ("_low", "", "_high"))
        arms = [middle - low, high - middle]
        panel.errorbar(
            middle, places, xerr=arms, fmt=marker, color=colour, label=title, markerfacecolor="none", elinewidth=0.8
        )
    panel.set_yticks(places, [plain(_name(line)) for line in lines.to_dict("records")])
    panel.invert_yaxis()
    panel.set(xlabel="label read, % (95% intervals)", xlim=(0, 102))
    figure.legend(loc="outside upper center", ncols=4)
    return figure


def _threats_drawn() -> tuple[list[str], list[str], list[str]]:
    """Names, titles and colours."""
    names, titles = ([getattr(threat, key) for threat in THREATS] for key in ("name", "title"))
    return names, titles, list(COLOURS[: len(THREATS)])
