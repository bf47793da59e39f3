"""Figures from a result table: accuracy, gap, outage, error rates, schedule and reconstructions."""

import io
import itertools
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import quote

import matplotlib
import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from diffsem.link.accuracy import simplex_ceiling
from diffsem.link.errors import InputError
from diffsem.link.escaping import escaped
from diffsem.link.files import check_output_file, check_output_folder, replace_file
from diffsem.link.modulation import bit_error_rate
from diffsem.link.results import ResultTable
from diffsem.models import NoiseSchedule
from diffsem.scenarios.report import (
    PAPER_ATTACKS,
    eavesdropper_axis,
    leakage,
    outage,
    paper_attack,
    scenario_of,
    setting,
    strongest_adversary,
)
from diffsem.scenarios.schema import ONE_STEP, BitErrorRate, DigitalLink
from diffsem.scenarios.sizes import feature_shape_of

# Paul Tol's bright scheme, safe for colour-blind readers; each system keeps its colour over all figures.
COLOURS = {
    "classifier": "#228833",
    "noise-aware": "#CCBB44",
    "noise-aware-pair": "#AA3377",
    "one-step": "#66CCEE",
    "diffsem": "#4477AA",
    "e-diffsem": "#EE6677",
    "reference": "#997700",
    "reference-one-step": "#BBCC33",
    "keyed-self-noise": "#332288",
    "keyed-scramble": "#882255",
    "keyed-self-noise-scramble": "#44AA99",
    "null-space-noise": "#117733",
    "ibal": "#EE7733",
    "ibal-d": "#994F00",
    "direct": "#BBBBBB",
    "permutation": "#555555",
}
LABELS = {
    "classifier": "Classifier (no denoiser)",
    "noise-aware": "control: C fine-tuned on noise",
    "noise-aware-pair": "control: pair trained on noise",
    "one-step": "one-step estimate",
    "diffsem": "DiffSem",
    "e-diffsem": "E-DiffSem",
    "reference": "reference pair",
    "reference-one-step": "reference pair, one-step estimate",
    "keyed-self-noise": "keyed self-noise",
    "keyed-scramble": "keyed scramble",
    "keyed-self-noise-scramble": "keyed self-noise and scramble",
    "null-space-noise": "self-noise in the null space",
    "ibal": "IBAL",
    "ibal-d": "IBAL-D",
    "direct": "Direct",
    "permutation": "Permutation",
}
# Digital links are named by their scenario, and take what is left: Paul Tol's muted scheme.
MUTED = ("#882255", "#117733", "#332288", "#999933", "#44AA99", "#661100", "#888888", "#CC6677")
# Of ceilings, and of adversaries on several transmitters.
DASHES = ("--", ":", "-.", (0, (1, 4)))
# Of eavesdropper SNRs.
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
# Systems that send every pixel.
PICTURES = ("direct", "permutation")
# Of a figure's reconstructions: minutes to draw.
MOST_PICTURES = 10_000
AXES = {"receiver_snr_db": "SNR Es/N0 at the receiver [dB]", "timestep": "self-noising step t"}


def accuracy_figure(
    table: ResultTable,
    axis: str,
    fixed: float,
    systems: Sequence[str] | None = None,
    attacks: Sequence[str] | None = None,
) -> Figure:
    """Receivers and adversaries over one sweep axis, with 95% bands and ceilings; below, the gap if there is one.

    A column for each eavesdropper SNR where that is an axis too.

    Parameters
    ----------
    table : ResultTable
    axis : str
        "receiver_snr_db" or "timestep".
    fixed : float
        Value of the other axis.
    systems : sequence of str, optional
        Draw these only.
    attacks : sequence of str, optional
        The adversary is the strongest of these; default: of all.

    Returns
    -------
    matplotlib.figure.Figure
    """
    other = "timestep" if axis == "receiver_snr_db" else "receiver_snr_db"
    rows = table.rows[(table.rows[other] == fixed) & (table.rows["scored"] == "label")]
    if attacks is not None:
        rows = rows[rows["attack"].isin(["", *attacks])]
    if systems is not None:
        rows = rows[rows["system"].isin(systems)]
    attacked = int((rows["node"] == "adversary").any())
    columns = _by_eavesdropper(rows)
    figure, panels = plt.subplots(
        1 + attacked,
        len(columns),
        figsize=(_width(columns), 7.5 if attacked else 5),
        sharex=True,
        sharey="row",
        squeeze=False,
        height_ratios=(2, 1)[: 1 + attacked],
        layout="constrained",
    )
    for place, (name, heard) in enumerate(columns):
        _compare(table, heard, axis, panels[0, place], panels[1, place] if attacked else None)
        panels[0, place].set_title(name, fontsize=9)
        panels[-1, place].set_xlabel(AXES[axis])
    panels[0, 0].set_ylabel("task accuracy")
    if attacked:
        panels[1, 0].set_ylabel("gap: receiver - adversary")
    at = f"t = {fixed:g}" if other == "timestep" else f"receiver SNR {fixed:g} dB"
    figure.suptitle(_title(table, f"{at}; bands are 95% intervals"), fontsize=10)
    return figure


def _compare(table: ResultTable, rows: pd.DataFrame, axis: str, top: Axes, bottom: Axes | None) -> None:
    """Receivers against one eavesdropper, and below the gap."""
    comparison = leakage(rows).sort_values(axis)
    dashes = dict(zip(rows["transmitter"].unique(), itertools.cycle(DASHES), strict=False))
    heard: set[str] = set()
    colours = _colours(rows)
    for system in comparison["system"].unique():
        lines = comparison[comparison["system"] == system]
        x = lines[axis].to_numpy()
        _band(top, x, lines, "receiver", colours[system], _label(system), "-")
        if bottom is None or lines["adversary"].isna().all():
            continue
        _band(bottom, x, lines, "gap", colours[system], None, "-")
        transmitter = rows.loc[rows["system"] == system, "transmitter"].iloc[0]
        if transmitter not in heard:
            heard.add(transmitter)
            _band(top, x, lines, "adversary", "black", f"adversary on {_plain(transmitter)}", dashes[transmitter])
    for (label, ceiling), style in zip(
        ceilings(table, rows, axis).items(), itertools.cycle(["-", *DASHES]), strict=False
    ):
        top.plot(ceiling.index, ceiling.to_numpy(), color="grey", linewidth=0.8, linestyle=style, label=label)
    top.set_ylim(0, 1.02)
    _legend(top, fontsize=7, loc="lower right" if axis == "receiver_snr_db" else "lower left")
    top.grid(alpha=0.3)
    if bottom is not None:
        bottom.axhline(0, color="grey", linewidth=0.8)
        bottom.grid(alpha=0.3)


def attacks_figure(table: ResultTable, transmitter: str, snr_db: float) -> Figure:
    """Every attack on a transmitter over t, next to its best receiver; a panel for each eavesdropper SNR on an axis.

    Parameters
    ----------
    table : ResultTable
    transmitter : str
    snr_db : float
        Es/N0 at the legitimate receiver, dB.

    Returns
    -------
    matplotlib.figure.Figure
    """
    rows = table.rows[(table.rows["receiver_snr_db"] == snr_db) & (table.rows["transmitter"] == transmitter)]
    columns = _by_eavesdropper(rows)
    best = rows[rows["node"] == "receiver"].sort_values("accuracy").drop_duplicates("timestep", keep="last")
    figure, panels = _panels(columns)
    colours = plt.get_cmap("tab10")
    for panel, (_, heard) in zip(panels, columns, strict=True):
        # Systems behind one transmitter face one adversary.
        adversary = heard[heard["node"] == "adversary"].drop_duplicates(["attack", "timestep"])
        _rows(panel, best.sort_values("timestep"), "timestep", "black", "best receiver at each t", "-")
        for place, (attack, lines) in enumerate(adversary.groupby("attack", sort=False)):
            _rows(panel, lines.sort_values("timestep"), "timestep", colours(place % colours.N), _plain(attack), "--")
        _legend(panel, fontsize=8, loc="lower left")
    figure.suptitle(_title(table, f"attacks on {_plain(transmitter)}, receiver SNR {snr_db:g} dB"), fontsize=10)
    return figure


def quality_figure(table: ResultTable, snr_db: float, attacks: Sequence[str] | None = None) -> Figure:
    """Task accuracy of reconstructed images against their SSIM and PSNR, over t (the paper's Fig. 5).

    A pair of panels for each eavesdropper SNR where that is an axis.

    Parameters
    ----------
    table : ResultTable
    snr_db : float
        Es/N0 at the legitimate receiver, dB.
    attacks : sequence of str, optional
        Attacks whose images are shown; default: the paper's attacker, or without it the same one told the noise level,
        and, where pictures are sent, what is heard.

    Returns
    -------
    matplotlib.figure.Figure
    """
    told = [name for attack in PAPER_ATTACKS if (name := attack.removesuffix("+blind")) in set(table.rows["attack"])]
    chosen = attacks or [*(paper_attack(table.rows) or told[:1]), "as-heard"]
    rows = table.rows[(table.rows["receiver_snr_db"] == snr_db) & table.rows["attack"].isin(chosen)]
    rows = rows[rows["ssim"].notna()]
    parts = _by_eavesdropper(rows)
    figure, grid = plt.subplots(
        len(parts), 2, figsize=(11, 5 * len(parts)), sharex="col", sharey=True, squeeze=False, layout="constrained"
    )
    for panels, (name, heard) in zip(grid, parts, strict=True):
        _qualities(panels, heard, chosen)
        panels[0].set_title(name, fontsize=9)
        panels[0].set_ylabel("task accuracy of the images (strong classifier)")
        _legend(panels[0], fontsize=8)
    for panel, label in zip(grid[-1], ("SSIM", "PSNR [dB]"), strict=True):
        panel.set_xlabel(label)
    figure.suptitle(_title(table, f"receiver SNR {snr_db:g} dB, points are steps t, 95% intervals"), fontsize=10)
    return figure


def _qualities(panels: Sequence[Axes], rows: pd.DataFrame, chosen: Sequence[str]) -> None:
    """Of one eavesdropper: accuracy over SSIM, and over PSNR."""
    styles = {attack: style for attack, style in zip(chosen, itertools.cycle("-:"), strict=False)}
    seen: set[tuple[str, str]] = set()
    colours = _colours(rows)
    for (system, transmitter, attack), lines in _groups(rows, ["system", "transmitter", "attack"]):
        if (transmitter, attack) in seen:  # systems behind one transmitter face one adversary
            continue
        seen.add((transmitter, attack))
        name = "DiffSem's transmitter" if transmitter == "clean-pair" else _label(system)
        for panel, measure in zip(panels, ("ssim", "psnr_db"), strict=True):
            lines = lines.sort_values("timestep")
            errors = (lines["accuracy"] - lines["ci_low"], lines["ci_high"] - lines["accuracy"])
            panel.errorbar(
                lines[measure],
                lines["accuracy"],
                errors,
                color=colours[system],
                linestyle=styles[attack],
                marker="o",
                markersize=3,
                elinewidth=0.6,
                label=f"{name}: {_plain(attack)}",
            )
    for panel in panels:
        panel.grid(alpha=0.3)


def channel_figure(table: ResultTable, system: str, attacks: Sequence[str] | None = None) -> Figure:
    """Receiver and adversary of one system against t, a colour an SNR (the paper's Fig. 8).

    A panel for each eavesdropper SNR where that is an axis.

    Parameters
    ----------
    table : ResultTable
    system : str
    attacks : sequence of str, optional
        The adversary is the strongest of these; default: of all.

    Returns
    -------
    matplotlib.figure.Figure
    """
    rows = table.rows[table.rows["system"] == system]
    receivers = rows[rows["node"] == "receiver"]
    snrs = sorted(receivers["receiver_snr_db"].unique())
    columns = _by_eavesdropper(rows)
    figure, panels = _panels(columns)
    for panel, (_, heard) in zip(panels, columns, strict=True):
        strongest = strongest_adversary(heard, attacks).reset_index()
        for place, snr_db in enumerate(snrs):
            colour = plt.get_cmap("viridis")(0.9 * place / max(len(snrs) - 1, 1))
            for lines, style, label in ((receivers, "-", f"receiver, {snr_db:g} dB"), (strongest, "--", None)):
                here = lines[lines["receiver_snr_db"] == snr_db].sort_values("timestep")
                _rows(panel, here, "timestep", colour, label, style)
        _legend(panel, fontsize=8, loc="lower left")
    figure.suptitle(_title(table, f"{_label(system)} (solid) and adversary (dashed)"), fontsize=10)
    return figure


def front_figure(tables: Sequence[ResultTable], snr_db: float) -> Figure:
    """Privacy against utility: the receiver over the strongest attack, a curve a system over t, 95% intervals.

    Up and to the left is better; on the diagonal the eavesdropper reads as much as the receiver. A thin curve of the
    same colour is where both would be at their ceilings. Each table has a line style of its own, and each eavesdropper
    SNR on an axis a marker and a curve.

    Parameters
    ----------
    tables : sequence of ResultTable
        At least one.
    snr_db : float
        Es/N0 at the legitimate receiver, dB.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, panel = plt.subplots(figsize=(7.5, 6.5), layout="constrained")
    panel.plot([0, 1], [0, 1], color="grey", linewidth=0.8)
    for table, style in zip(tables, itertools.cycle(["-", *DASHES]), strict=False):
        name = f"{_plain(scenario_of(table).name)}: " if len(tables) > 1 else ""
        looks = table.rows["looks"].max()
        lines = leakage(table.rows[table.rows["receiver_snr_db"] == snr_db])
        lines = lines[lines["adversary"].notna()].sort_values("timestep")
        colours = _colours(table.rows)
        swept: list[float | None] = [*eavesdropper_axis(table.rows)]
        for system, own_snr_db in itertools.product(lines["system"].unique(), swept or [None]):
            curve = lines[lines["system"] == system]
            if own_snr_db is not None:
                curve = curve[curve["eavesdropper_snr_db"] == own_snr_db]
            words = [f"{name}{_label(system)}"]
            words += [f"{looks} looks"] if looks > 1 else []
            words += [f"eavesdropper {own_snr_db:g} dB"] if own_snr_db is not None else []
            across, up = (
                (curve[node] - curve[f"{node}_low"], curve[f"{node}_high"] - curve[node])
                for node in ("adversary", "receiver")
            )
            panel.errorbar(
                curve["adversary"],
                curve["receiver"],
                up,
                across,
                linestyle=style,
                color=colours[system],
                marker=MARKERS[swept.index(own_snr_db) % len(MARKERS)] if own_snr_db is not None else "o",
                markersize=3,
                elinewidth=0.6,
                label=", ".join(words),
            )
            panel.plot(curve["adversary_ceiling"], curve["receiver_ceiling"], color=colours[system], linewidth=0.6)
            for line in curve.to_dict("records"):
                panel.annotate(
                    f"{line['timestep']}",
                    (line["adversary"], line["receiver"]),
                    (2, 3),
                    fontsize=6,
                    color=colours[system],
                    textcoords="offset points",
                )
    panel.set_xlabel("accuracy of the strongest attack")
    panel.set_ylabel("accuracy of the receiver")
    panel.set_xlim(0, 1.04)
    panel.set_ylim(0, 1.05)
    settings = dict.fromkeys(_title(table, f"receiver SNR {snr_db:g} dB") for table in tables)
    panel.set_title("\n".join([*settings, "points are steps t, bars 95% intervals; thin: ceilings"]), fontsize=10)
    _legend(panel, fontsize=7, loc="lower right")
    panel.grid(alpha=0.3)
    return figure


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
    symbols = math.prod(feature_shape_of(scenario_of(table).dataset))
    known = rows[rows["ceiling"].notna() & ~rows["transmitter"].isin(PICTURES)]
    if known.empty:
        older = ceiling_over(table, rows, axis)
        return {f"ceiling (simplex code, {symbols} symbols)": older} if len(older) else {}
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
                same[0].append(listener.format(_plain(transmitter)))
            else:
                merged.append(([listener.format(_plain(transmitter))], curve))
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
    receivers = rows[(rows["node"] == "receiver") & (rows["channel"] == "awgn")]
    receivers = receivers[~receivers["transmitter"].isin(["", *PICTURES])]
    if receivers.empty or scenario.denoising.step == "transmitter" or not one_noise:
        return pd.Series(dtype=float)
    schedule = NoiseSchedule()
    steps = receivers.groupby(axis)["matched_step"].mean()
    alpha_bar = np.interp(steps.to_numpy(), np.arange(schedule.steps + 1), schedule.alpha_bar)
    esnr_db = 10 * np.log10(alpha_bar / np.maximum(1 - alpha_bar, 1e-12))
    symbols, classes = math.prod(feature_shape_of(scenario.dataset)), int(table.attributes.get("classes", 10))
    return pd.Series([simplex_ceiling(value, symbols, classes) for value in esnr_db], index=steps.index)


def outage_figure(table: ResultTable, timestep: int) -> Figure:
    """Receivers over SNR: the mean accuracy, and the accuracy in the 5th percentile of the blocks.

    Parameters
    ----------
    table : ResultTable
    timestep : int
        t.

    Returns
    -------
    matplotlib.figure.Figure
    """
    lines = outage(table)
    lines = lines[(lines["node"] == "receiver") & (lines["timestep"] == timestep)].sort_values("receiver_snr_db")
    figure, panel = plt.subplots(figsize=(7.5, 5), layout="constrained")
    colours = _colours(table.rows)
    for system in lines["system"].unique():
        curve = lines[lines["system"] == system]
        x = curve["receiver_snr_db"].to_numpy()
        _band(panel, x, curve, "mean", colours[system], _label(system), "-")
        _band(panel, x, curve, "outage", colours[system], None, "--")
    panel.set_xlabel(AXES["receiver_snr_db"].replace("SNR", "average SNR"))
    panel.set_ylabel("task accuracy")
    panel.set_ylim(0, 1.02)
    channel = _plain(table.rows["channel"].iloc[0])
    panel.set_title(
        f"{scenario_of(table).name}: {channel}, t = {timestep}; mean (solid), 5th percentile of blocks (dashed)",
        fontsize=10,
    )
    _legend(panel, fontsize=8, loc="lower right")
    panel.grid(alpha=0.3)
    return figure


def error_rate_figure(table: ResultTable, timestep: int) -> Figure:
    """Bit and block error rates over SNR, with 95% intervals; the closed forms beside uncoded links that have one.

    A triangle is the upper end of the interval where no error was seen. Closed forms are drawn over AWGN and Rayleigh
    fading, one stream, perfect CSI.

    Parameters
    ----------
    table : ResultTable
    timestep : int
        t; changes nothing in a digital link, whose rows stand at each.

    Returns
    -------
    matplotlib.figure.Figure
    """
    rows = table.rows[(table.rows["bits"] > 0) & (table.rows["timestep"] == timestep)].sort_values("receiver_snr_db")
    scenario = scenario_of(table)
    legitimate = scenario.legitimate
    kind = legitimate.channel.kind
    exact = kind in ("awgn", "rayleigh") and legitimate.transmit_antennas == 1 and legitimate.csi == "perfect"
    exact &= kind == "rayleigh" or legitimate.receive_antennas == 1
    links: dict[str, BitErrorRate | DigitalLink] = {link.name: link for link in scenario.bit_error_rates}
    links |= {link.name: link for link in scenario.digital}
    figure, panels = plt.subplots(1, 2, figsize=(11, 5), sharex=True, sharey=True, layout="constrained")
    colours = _colours(rows)
    for system in rows["system"].unique():
        lines = rows[rows["system"] == system]
        for panel, measure in zip(panels, ("ber", "bler"), strict=True):
            seen = lines[lines[measure] > 0]
            errors = (seen[measure] - seen[f"{measure}_low"], seen[f"{measure}_high"] - seen[measure])
            link = links.get(system)
            coded = link is None or link.code_rate is not None
            panel.errorbar(
                seen["receiver_snr_db"],
                seen[measure],
                errors,
                color=colours[system],
                linestyle="-" if coded or not exact or measure == "bler" else "none",
                marker="o",
                markersize=3,
                elinewidth=0.6,
                label=_plain(system),
            )
            none = lines[lines[measure] == 0]
            panel.plot(none["receiver_snr_db"], none[f"{measure}_high"], "v", color=colours[system], markersize=4)
        if exact and link is not None and link.code_rate is None:
            x = np.linspace(lines["receiver_snr_db"].min(), lines["receiver_snr_db"].max(), 200)
            branches = legitimate.receive_antennas if kind == "rayleigh" else None
            closed = bit_error_rate(link.modulation, x, branches)
            panels[0].plot(x, closed, color=colours[system], linewidth=0.8)
    for panel, name in zip(panels, ("bit error rate", "block error rate"), strict=True):
        panel.set_yscale("log")
        # The other way round NaN would win, where no error was seen.
        panel.set_ylim(max(1e-8, rows.loc[rows["ber"] > 0, "ber"].min() / 3), 1.2)
        panel.set_xlabel(AXES["receiver_snr_db"])
        panel.set_ylabel(name)
        panel.grid(alpha=0.3)
    _legend(panels[1], fontsize=8)
    drawn = "; lines on the left are closed forms" if exact else ""
    antennas = f"{legitimate.transmit_antennas} x {legitimate.receive_antennas}"
    figure.suptitle(f"{scenario.name}: {kind}, {antennas} antennas, 95% intervals{drawn}", fontsize=10)
    return figure


def schedule_figure(schedule: NoiseSchedule) -> Figure:
    """The noise schedule and the equivalent SNR against t (the paper's Fig. 3).

    Parameters
    ----------
    schedule : NoiseSchedule

    Returns
    -------
    matplotlib.figure.Figure
    """
    steps = np.arange(1, schedule.steps + 1)
    figure, left = plt.subplots(figsize=(6.5, 4), layout="constrained")
    left.plot(steps, np.sqrt(schedule.alpha_bar[1:]), color="#4477AA", label=r"signal $\sqrt{\bar\alpha_t}$")
    left.plot(steps, np.sqrt(1 - schedule.alpha_bar[1:]), color="#EE6677", label=r"noise $\sqrt{1 - \bar\alpha_t}$")
    left.set_xlabel("diffusion step t")
    left.set_ylabel("amplitude")
    right = left.twinx()
    esnr_db = schedule.esnr_db(steps)
    right.plot(steps, esnr_db, color="#228833", linestyle="--", label="ESNR")
    crossing = int(steps[np.argmin(np.abs(esnr_db))])
    right.plot(crossing, esnr_db[crossing - 1], "o", color="#228833")
    right.annotate(
        f"t = {crossing}: {esnr_db[crossing - 1]:.2f} dB",
        (crossing, esnr_db[crossing - 1]),
        (8, 8),
        textcoords="offset points",
    )
    right.set_ylabel("ESNR [dB]")
    handles = [*left.get_lines(), right.get_lines()[0]]
    left.legend(handles, [str(handle.get_label()) for handle in handles], fontsize=8, loc="center right")
    left.grid(alpha=0.3)
    return figure


def reconstruction_figure(
    table: ResultTable,
    snr_db: float,
    timesteps: Sequence[int] | None = None,
    transmitters: Sequence[str] | None = None,
    attacks: Sequence[str] | None = None,
) -> Figure:
    """Originals and what the eavesdropper makes of them, a row a transmitter, attack and t (the paper's Fig. 6 and 7).

    Parameters
    ----------
    table : ResultTable
    snr_db : float
        Es/N0 at the legitimate receiver, dB.
    timesteps, transmitters, attacks : sequence, optional
        Show these only.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        If the table holds no such reconstructions.
    """
    examples = table.examples
    index = examples.index[examples.index["receiver_snr_db"] == snr_db]
    for column, chosen in (("timestep", timesteps), ("transmitter", transmitters), ("attack", attacks)):
        if chosen is not None:
            index = index[index[column].isin(chosen)]
    if index.empty:
        raise InputError(f"reconstructions: none at {snr_db:g} dB of the kind in this table")
    index = index.sort_values(["transmitter", "attack", "snr_db", "timestep"])
    pictures = [("original", examples.originals)]
    for place, row in zip(index.index, index.itertuples(), strict=True):
        label = f"{_plain(row.transmitter)}\n{_plain(row.attack)}\nt = {row.timestep}, {row.snr_db:g} dB"
        pictures.append((label, examples.reconstructions[place]))
    count = len(examples.originals)
    if count * len(pictures) > MOST_PICTURES:
        raise InputError(f"reconstructions: {count * len(pictures):,} images; allowed in one figure: {MOST_PICTURES:,}")
    figure, grid = plt.subplots(
        len(pictures), count, figsize=(0.75 * count + 1.8, 0.78 * len(pictures)), squeeze=False, layout="constrained"
    )
    for line, (label, images) in zip(grid, pictures, strict=True):
        for panel, image in zip(line, images, strict=True):
            panel.imshow(image[..., 0] if image.shape[-1] == 1 else image, cmap="gray", vmin=0, vmax=255)
            panel.set_xticks([])
            panel.set_yticks([])
        line[0].set_ylabel(label, rotation=0, ha="right", va="center", fontsize=7)
    return figure


def accuracy_against_calls(tables: Sequence[ResultTable]) -> pd.DataFrame:
    """Receivers of several tables, with the solver that each was run with.

    Parameters
    ----------
    tables : sequence of ResultTable

    Returns
    -------
    pandas.DataFrame
        system, solver, timestep, receiver_snr_db, denoiser_calls, accuracy, ci_low, ci_high, total; systems with a
        denoiser only, each row once.
    """
    frames = []
    for table in tables:
        rows = table.rows[(table.rows["node"] == "receiver") & (table.rows["denoiser_calls"] > 0)]
        solver = scenario_of(table).denoising.solver
        frames.append(rows.assign(solver=np.where(rows["system"].isin(ONE_STEP), "one call", solver)))
    columns = ["system", "solver", "timestep", "receiver_snr_db", "denoiser_calls"]
    lines = pd.concat(frames)[[*columns, "accuracy", "ci_low", "ci_high", "total"]]
    return lines.drop_duplicates(columns).sort_values(columns, ignore_index=True)


def calls_figure(tables: Sequence[ResultTable]) -> Figure:
    """Accuracy against U-Net calls an image, a panel a point of the sweep, with 95% intervals.

    Parameters
    ----------
    tables : sequence of ResultTable
        Runs of one scenario that differ in their denoising.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        If no receiver in them has a denoiser.
    """
    lines = accuracy_against_calls(tables)
    if lines.empty:
        raise InputError("accuracy against calls: no receiver with a denoiser in these tables")
    points = lines[["timestep", "receiver_snr_db"]].drop_duplicates().to_records(index=False)
    figure, panels = plt.subplots(
        1, len(points), figsize=(1 + 3.6 * len(points), 4.6), squeeze=False, layout="constrained"
    )
    markers = {"one call": "*", "ddim": "o", "dpm-solver++": "s", "distilled": "D"}
    for panel, (timestep, snr_db) in zip(panels[0], points, strict=True):
        here = lines[(lines["timestep"] == timestep) & (lines["receiver_snr_db"] == snr_db)]
        colours = _colours(here)
        for (system, solver), curve in here.groupby(["system", "solver"]):
            panel.errorbar(
                curve["denoiser_calls"],
                curve["accuracy"],
                (curve["accuracy"] - curve["ci_low"], curve["ci_high"] - curve["accuracy"]),
                color=colours[system],
                marker=markers[solver],
                linestyle=":" if solver == "dpm-solver++" else "-",
                markersize=5,
                linewidth=1,
                elinewidth=0.6,
                label=_label(system) if system in ONE_STEP else f"{_label(system)}, {solver}",
            )
        panel.set_xscale("log")
        panel.set_xlabel("U-Net calls an image")
        panel.set_title(f"t = {timestep}, {snr_db:g} dB", fontsize=10)
        panel.grid(alpha=0.3)
    panels[0][0].set_ylabel("task accuracy, 95% intervals")
    handles, labels = panels[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, fontsize=8, loc="outside lower center", ncols=4)
    return figure


def figures_of(table: ResultTable) -> Iterator[tuple[str, Figure]]:
    """Every figure that a table has the data for, with its name.

    Accuracy over SNR for each t, over t for each SNR (axes of more than one value; a single point counts as an SNR
    axis), the outage over SNR where the channel fades, privacy against utility at the highest SNR, each system over t
    with a colour an SNR, every attack on each transmitter and the quality of its images over t at the highest SNR, the
    schedule, and reconstructions at the highest SNR; bit and block error rates of digital links.
    """
    if (table.rows["bits"] > 0).any():
        yield "error-rates", error_rate_figure(table, table.rows["timestep"].min())
    rows = table.rows[table.rows["scored"] == "label"]
    if rows.empty:
        return
    timesteps = sorted(rows["timestep"].unique())
    snrs = sorted(rows["receiver_snr_db"].unique())
    if len(snrs) > 1 or len(timesteps) == 1:
        for timestep in timesteps:
            yield f"accuracy-snr-t{timestep}", accuracy_figure(table, "receiver_snr_db", timestep)
    fading = (rows.loc[rows["node"] == "receiver", "channel"] != "awgn").all()
    if len(snrs) > 1 and fading and (outage(table)["node"] == "receiver").any():
        for timestep in timesteps:
            yield f"outage-t{timestep}", outage_figure(table, timestep)
    if len(timesteps) > 1:
        for snr_db in snrs:
            yield f"accuracy-t-{snr_db:g}dB", accuracy_figure(table, "timestep", snr_db)
        attacked = rows[rows["node"] == "adversary"]
        if len(attacked):
            yield "front", front_figure([table], max(snrs))
        for transmitter in attacked["transmitter"].unique():
            yield f"attacks-{transmitter}", attacks_figure(table, transmitter, max(snrs))
        if attacked["ssim"].notna().any():
            yield "quality", quality_figure(table, max(snrs))
        if len(snrs) > 1:
            for system in rows.loc[rows["transmitter"] != "", "system"].unique():
                yield f"channels-{system}", channel_figure(table, system)
    yield "schedule", schedule_figure(NoiseSchedule())
    if len(table.examples.index):
        snr_db = table.examples.index["receiver_snr_db"].max()
        yield f"reconstructions-{snr_db:g}dB", reconstruction_figure(table, snr_db)


def save_figures(tables: Sequence[ResultTable], folder: Path, stem: str) -> list[Path]:
    """Draw every figure of a table as PNG and PDF.

    Of several tables only privacy against utility, if attacks were run, or accuracy against denoiser calls.

    Parameters
    ----------
    tables : sequence of ResultTable
        At least one.
    folder : Path
    stem : str
        Start of the file names.

    Returns
    -------
    list of Path
        The files, PNG and PDF of each figure.

    Raises
    ------
    InputError
        If a table has no rows, or the folder cannot be written.
    """
    if any(table.rows.empty for table in tables):
        raise InputError(f"result table {stem}: has no finished point yet, nothing to draw")
    matplotlib.use("Agg")
    figures = figures_of(tables[0]) if len(tables) == 1 else [_figure_of_several(tables)]
    paths = []
    check_output_folder(folder, "figures in")
    try:
        for name, figure in figures:
            for suffix in ("png", "pdf"):
                path = folder / f"{stem}-{_file_name(name)}.{suffix}"
                check_output_file(path, "figure")
                content = io.BytesIO()
                figure.savefig(content, dpi=150, format=suffix)
                replace_file(path, content.getvalue())
                paths.append(path)
            plt.close(figure)
    except OSError as error:
        raise InputError(f"figures in {folder}: cannot be written ({error.strerror or error})") from error
    return paths


def _figure_of_several(tables: Sequence[ResultTable]) -> tuple[str, Figure]:
    if any((table.rows["node"] == "adversary").any() for table in tables):
        return "front", front_figure(tables, max(table.rows["receiver_snr_db"].max() for table in tables))
    return "accuracy-calls", calls_figure(tables)


def _by_eavesdropper(rows: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """Receivers with the adversaries of one eavesdropper SNR each, under its name; all rows where that is no axis."""
    return [
        (f"eavesdropper {snr_db:g} dB", rows[(rows["node"] == "receiver") | (rows["snr_db"] == snr_db)])
        for snr_db in eavesdropper_axis(rows)
    ] or [("", rows)]


def _width(columns: Sequence) -> float:
    return 7.5 if len(columns) == 1 else 5.0 * len(columns)


def _panels(columns: Sequence[tuple[str, pd.DataFrame]]) -> tuple[Figure, list[Axes]]:
    """Accuracy over t, a panel for each eavesdropper."""
    figure, grid = plt.subplots(
        1, len(columns), figsize=(_width(columns), 5), sharey=True, squeeze=False, layout="constrained"
    )
    for panel, (name, _) in zip(grid[0], columns, strict=True):
        panel.set_title(name, fontsize=9)
        panel.set_xlabel(AXES["timestep"])
        panel.set_ylim(0, 1.02)
        panel.grid(alpha=0.3)
    grid[0, 0].set_ylabel("task accuracy")
    return figure, list(grid[0])


def _legend(panel: Axes, **options) -> None:
    """Of what has a name, if anything has."""
    if panel.get_legend_handles_labels()[1]:
        panel.legend(**options)


def _title(table: ResultTable, rest: str) -> str:
    """Scenario, nodes and the rest, in two lines where one would be longer than a figure is wide."""
    nodes = _plain(f"{scenario_of(table).name}: {setting(str(table.attributes['scenario']), table.rows)}")
    return nodes + ("; " if len(nodes) + len(rest) < 90 else "\n") + rest


def _colours(rows: pd.DataFrame) -> dict[str, str]:
    """By system."""
    digital = [system for system in rows["system"].unique() if system not in COLOURS]
    return COLOURS | dict(zip(digital, itertools.cycle(MUTED), strict=False))


def _band(panel: Axes, x, lines: pd.DataFrame, name: str, colour: str, label: str | None, style) -> None:
    panel.plot(x, lines[name], color=colour, label=label, linestyle=style, marker="o", markersize=3)
    panel.fill_between(x, lines[f"{name}_low"], lines[f"{name}_high"], color=colour, alpha=0.15, linewidth=0)


def _rows(panel: Axes, rows: pd.DataFrame, axis: str, colour, label: str | None, style: str) -> None:
    panel.plot(rows[axis], rows["accuracy"], color=colour, label=label, linestyle=style, marker="o", markersize=3)
    panel.fill_between(rows[axis], rows["ci_low"], rows["ci_high"], color=colour, alpha=0.15, linewidth=0)


def _groups(rows: pd.DataFrame, columns: list[str]) -> Iterator[tuple[tuple[str, ...], pd.DataFrame]]:
    """Rows by the values of some text columns, in the order of their first appearance."""
    for key in rows[columns].drop_duplicates().itertuples(index=False, name=None):
        yield key, rows[(rows[columns] == list(key)).all(axis=1)]


def _label(system: str) -> str:
    return LABELS.get(system, _plain(system))


def _plain(name: object) -> str:
    """A name from outside as Matplotlib shows it letter by letter, with no formula between dollars."""
    return escaped(name).replace("$", r"\$")


def _file_name(name: str) -> str:
    """A name as part of a file's: ordinary ones as they are, what a path or a terminal minds as in a URL."""
    return "".join(
        letter if letter.isprintable() and letter not in "/\\%" else quote(letter, safe="") for letter in name
    )
