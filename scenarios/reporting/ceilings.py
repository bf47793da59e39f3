"""The most that the noise lets through: simplex ceilings of the nodes of a result table."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from diffsem.link import ResultTable, simplex_ceiling
from diffsem.scenarios.reporting.statistics import eavesdropper_axis
from diffsem.scenarios.reporting.style import plain
from diffsem.scenarios.reporting.table_attributes import scenario_of, symbols_of, systems_in


def ceilings(table: ResultTable, rows: pd.DataFrame, axis: str) -> dict[str, pd.Series]:
    """Simplex ceilings at the noise that each node faces, by value of `axis`, under a label; equal ones once.

    Where the eavesdropper's SNR is an axis, one for each.
    Of systems that send features; those that send pictures have more symbols, and other ceilings.

    Parameters
    ----------
    table : ResultTable
    rows : pandas.DataFrame
        Those to be drawn.
    axis : str
        "receiver_snr_db" or "timestep".
    """
    known = rows[rows["ceiling"].notna() & ~rows["transmitter"].isin(_other_shapes(table))]
    if known.empty:
        older = ceiling_over(table, rows, axis)
        return {f"ceiling (simplex code, {symbols_of(table)} symbols)": older} if len(older) else {}
    listeners = [("receiver of {}", known[known["node"] == "receiver"])]
    adversary = known[known["node"] == "adversary"]
    for own_snr_db in eavesdropper_axis(rows):
        listeners.append((f"eavesdropper on {{}}, {own_snr_db:g} dB", adversary[adversary["snr_db"] == own_snr_db]))
    if len(listeners) == 1:
        listeners.append(("eavesdropper on {}", adversary))
    merged: list[tuple[list[str], pd.Series]] = []
    for listener, heard in listeners:
        for transmitter, lines in heard.groupby("transmitter", sort=False):
            curve = lines.groupby(axis)["ceiling"].max()
            same = [names for names, other in merged if other.index.equals(curve.index) and _close(other, curve)]
            if same:
                same[0].append(listener.format(plain(transmitter)))
            else:
                merged.append(([listener.format(plain(transmitter))], curve))
    return {f"ceiling: {_first(names)}": curve for names, curve in merged}


def _close(left: pd.Series, right: pd.Series) -> bool:
    """Two ceilings that nobody could tell apart in a figure."""
    return bool(np.allclose(left, right, atol=5e-3))


def _first(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{names[0]} (and {len(names) - 1} like it)"


def ceiling_over(table: ResultTable, rows: pd.DataFrame, axis: str) -> pd.Series:
    """The ceiling at the receiver of a table that was written before there was a column for it, by value of `axis`.

    Systems that send pictures have more symbols, and no ceiling here. Empty unless the receiver knew one noise for all
    images, over AWGN with perfect CSI and an SNR estimate that is not drawn: the mean step of many does not give their
    mean ceiling.
    """
    scenario = scenario_of(table)
    legitimate = scenario.legitimate
    one_noise = legitimate.csi == "perfect" and isinstance(legitimate.snr_estimate_error_db, float)
    receivers = rows[rows["node"] == "receiver"]
    receivers = receivers[~receivers["transmitter"].isin(["", *_other_shapes(table)])]
    if receivers.empty or legitimate.channel.fades or scenario.denoising.step == "transmitter" or not one_noise:
        return pd.Series(dtype=float)
    schedule = scenario.schedule.build()
    steps = receivers.groupby(axis)["matched_step"].mean()
    alpha_bar = np.interp(steps.to_numpy(), np.arange(schedule.steps + 1), schedule.alpha_bar)
    esnr_db = 10 * np.log10(alpha_bar / np.maximum(1 - alpha_bar, 1e-12))
    symbols, classes = symbols_of(table), int(table.attributes.get("classes", 10))
    return pd.Series([simplex_ceiling(value, symbols, classes) for value in esnr_db], index=steps.index)


def _other_shapes(table: ResultTable) -> list[str]:
    """Transmitters that send no features."""
    transmitters = [system.transmitter for system in systems_in(table.attributes).values()]
    return [sender.name for sender in transmitters if sender is not None and not sender.sends_feature]
