"""Fading channels: bad blocks, what a node knows, eavesdroppers close by, and digital links."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from diffsem.scenarios import outage, private_share
from rendering.claims import PageError
from rendering.markdown import lines
from rendering.measures import Accuracy, Difference, Measure, number
from rendering.tables import Table

Known = Mapping[str, Table]


class Share(Measure):
    """A share in percent, with its interval."""


def bad_blocks(one: Table, system: str, t: int, snr_db: float, attack: str = "") -> Share:
    """The 5th percentile of blocks: of a system's receiver, or of an attack on it."""
    return _share(_outage_line(one, system, t, snr_db, attack), "outage")


def block_mean(one: Table, system: str, t: int, snr_db: float, attack: str = "") -> Share:
    """The mean over blocks of the same node."""
    return _share(_outage_line(one, system, t, snr_db, attack), "mean")


def outage_table(one: Table, system: str, t: int, attack: str) -> str:
    """A row an SNR: mean and 5th percentile of blocks, of the receiver and of an attack on it."""
    rows = [
        [
            number(snr_db, 0),
            *(measure(one, system, t, snr_db, node) for node in ("", attack) for measure in (block_mean, bad_blocks)),
        ]
        for snr_db in one.values("snr_db")
    ]
    nodes = [f"`{system}`", f"`{attack}`"]
    return lines(["SNR [dB]", *(f"{node}, {what}" for node in nodes for what in ("mean", "5th percentile"))], rows)


def _outage_line(one: Table, system: str, t: int, snr_db: float, attack: str) -> dict[str, Any]:
    found = outage(one.result)
    found = found[(found["system"] == system) & (found["timestep"] == t) & (found["receiver_snr_db"] == snr_db)]
    return _only(found[found["attack"] == attack], one, f"{system} at t = {t}, {snr_db:g} dB")


def private(one: Table, system: str, attack: str, t: int) -> Share:
    """Images that a receiver reads and an attack does not."""
    found = private_share(one.rows)
    found = found[(found["system"] == system) & (found["attack"] == attack) & (found["timestep"] == t)]
    return _share(_only(found, one, f"{system} and {attack} at t = {t}"), "private")


def private_table(cases: Known, system: str, attack: str) -> str:
    """A row a table, a column a step: what `private` gives."""
    steps = next(iter(cases.values())).steps
    rows = [[name, *(private(one, system, attack, t) for t in steps)] for name, one in cases.items()]
    return lines(["correlation", *(f"t = {t}" for t in steps)], rows)


def known_table(cases: Known, system: str) -> str:
    """A row a kind of knowledge, a column a step: channel uses, and what a receiver reads."""
    steps = next(iter(cases.values())).steps
    rows = [
        [
            name,
            one.receiver(system, t=steps[0]).row["channel_uses"],
            *(one.receiver(system, t=t) for t in steps),
        ]
        for name, one in cases.items()
    ]
    return lines(["knowledge", "channel uses", *(f"t = {t}" for t in steps)], rows)


def over_channels(cases: Known, system: str, t: int) -> str:
    """A row an SNR, a column a channel: what a system's receiver reads."""
    snrs = next(iter(cases.values())).values("snr_db")
    rows = [
        [number(snr_db, 0), *(one.receiver(system, t=t, snr_db=snr_db) for one in cases.values())] for snr_db in snrs
    ]
    return lines(["SNR [dB]", *cases], rows)


def block_errors(cell: Accuracy) -> str:
    """The block error rate of a digital link, as "0.533 [0.513, 0.552]"."""
    rate, low, high = (number(cell.row[name], 3) for name in ("bler", "bler_low", "bler_high"))
    return f"{rate} [{low}, {high}]"


def block_sizes(one: Table, systems: Iterable[str]) -> list[int]:
    """Bits of a block of each of several links, ascending, each once."""
    rows = [one.over("snr_db", system=system) for system in systems]
    return sorted({int(cell.row["bits"] / cell.row["blocks"]) for column in rows for cell in column.values()})


def moved(cells: Sequence[tuple[Accuracy, Accuracy]]) -> float:
    """How far apart two accuracies are at most, points, whatever the direction."""
    return max(abs(first.value - second.value) for first, second in cells)


def apart_by(first: Share, second: Share) -> bool:
    """Whether two intervals do not touch."""
    return first.low > second.high or second.low > first.high


def none_moves(several: Iterable[Difference]) -> bool:
    """Whether all differences are nothing at all."""
    differences = list(several)
    return bool(differences) and all(one.value == 0 for one in differences)


def _share(line: Mapping[str, Any], name: str) -> Share:
    return Share(*(100 * line[f"{name}{end}"] for end in ("", "_low", "_high")))


def _only(found: pd.DataFrame, one: Table, what: str) -> dict[str, Any]:
    if len(found) != 1:
        raise PageError(f"{one.path}: {len(found)} rows of {what} where one is meant")
    return found.iloc[0].to_dict()


FUNCTIONS = (
    bad_blocks,
    block_mean,
    outage_table,
    private,
    private_table,
    known_table,
    over_channels,
    block_errors,
    block_sizes,
    moved,
    apart_by,
    none_moves,
)
