"""Figures that compare several tables, which the package draws none of."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from diffsem.link import ResultTable
from diffsem.scenarios import private_share


def step_rules_figure(panels: Mapping[str, Mapping[str, ResultTable]], system: str) -> Figure:
    """A system's accuracy over t by the rule for its step; panels: scenario -> rule -> table."""
    figure, axes = plt.subplots(1, len(panels), figsize=(13, 3.8), sharey=True, layout="constrained")
    for panel, (scenario, rules) in zip(axes, panels.items(), strict=True):
        for place, (rule, one) in enumerate(rules.items()):
            rows = one.rows[(one.rows["system"] == system) & (one.rows["node"] == "receiver")]
            steps = np.arange(len(rows)) + 0.15 * (place - 1)
            _dots(panel, steps, rows, ("accuracy", "ci_low", "ci_high"), rule)
        panel.set_xticks(range(len(rows)), [f"t = {t}" for t in rows["timestep"]])
        panel.set_title(scenario, fontsize=10)
        panel.grid(alpha=0.3)
    axes[0].set_ylabel(f"accuracy of {system}, 95% intervals")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return figure


def channels_figure(tables: Mapping[str, ResultTable], system: str, steps: Sequence[int]) -> Figure:
    """A system's receiver over the SNR, a curve a channel and a panel a step."""
    figure, axes = plt.subplots(1, len(steps), figsize=(11, 4.5), layout="constrained")
    for panel, t in zip(axes, steps, strict=True):
        for label, one in tables.items():
            rows = one.rows
            rows = rows[(rows["system"] == system) & (rows["node"] == "receiver") & (rows["timestep"] == t)]
            panel.plot(rows["snr_db"], rows["accuracy"], marker="o", markersize=3, label=label)
            panel.fill_between(rows["snr_db"], rows["ci_low"], rows["ci_high"], alpha=0.15, linewidth=0)
        panel.set_title(f"{system}, t = {t}", fontsize=10)
        panel.set_xlabel("average Es/N0 an antenna [dB]")
        panel.grid(alpha=0.3)
    axes[0].set_ylabel("task accuracy, 95% intervals")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=6)
    return figure


def private_figure(tables: Mapping[float, ResultTable], system: str, attack: str, steps: Sequence[int]) -> Figure:
    """The private share over the correlation of the nodes' fading, a panel a step."""
    figure, axes = plt.subplots(1, len(steps), figsize=(10, 3.8), layout="constrained")
    shares = {value: private_share(one.rows) for value, one in tables.items()}
    for panel, t in zip(axes, steps, strict=True):
        for value, lines in shares.items():
            chosen = (lines["system"] == system) & (lines["attack"] == attack) & (lines["timestep"] == t)
            _dots(panel, [value], lines[chosen], ("private", "private_low", "private_high"), None, "C0")
        panel.set_title(f"{system} against {attack}, t = {t}", fontsize=10)
        panel.set_xlabel("correlation of the two nodes' fading")
        panel.grid(alpha=0.3)
    axes[0].set_ylabel("private share, 95% intervals")
    return figure


def scaling_figure(scaling: Mapping[str, Any], axes: Sequence[str]) -> Figure:
    """Seconds over the work behind a sweep's start, both logarithmic, a panel an axis; dashed, what grows as the work.

    Each point is the least of its runs, the bar goes up to the most.
    """
    figure, row = plt.subplots(1, len(axes), figsize=(13, 3.6), layout="constrained")
    for panel, name in zip(row, axes, strict=True):
        axis = scaling[name]
        work, least, most = (
            np.array([size[column] for size in axis["sizes"]]) for column in ("work", "seconds", "most_seconds")
        )
        panel.errorbar(work, least, (0 * least, most - least), marker="o", linestyle="none", label="measured")
        # Through the middle of the points, in logarithms.
        through = np.exp(np.mean(np.log(least)) - np.mean(np.log(work)))
        panel.plot(work, through * work, linestyle="--", color="black", linewidth=1, label="as the work")
        panel.set_xscale("log")
        panel.set_yscale("log")
        panel.set_xticks(work, [f"{value:,.0f}" for value in work], fontsize=9)
        panel.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        panel.yaxis.set_major_formatter("{x:g}")
        for ruler in (panel.xaxis, panel.yaxis):
            ruler.set_minor_locator(NullLocator())
        panel.set_xlabel(axis["unit"])
        panel.set_title(f"exponent {axis['exponent']:.2f} [{axis['low']:.2f}, {axis['high']:.2f}]", fontsize=10)
        panel.grid(alpha=0.3)
    row[0].set_ylabel("seconds behind the start")
    figure.legend(*row[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return figure


def workers_figure(cluster: Mapping[str, Any]) -> Figure:
    """Seconds of a large sweep over its workers, both logarithmic; dashed, one worker's seconds shared out evenly."""
    workers = np.array([int(count) for count in cluster["seconds"]])
    seconds = np.array(list(cluster["seconds"].values()))
    figure, panel = plt.subplots(figsize=(6, 3.8), layout="constrained")
    panel.plot(workers, seconds, marker="o", label=f"{cluster['points']:,} points")
    evenly = seconds[0] * workers[0] / workers
    panel.plot(workers, evenly, linestyle="--", color="black", linewidth=1, label="shared out evenly")
    panel.set_xscale("log")
    panel.set_yscale("log")
    panel.set_xticks(workers, workers)
    panel.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    panel.yaxis.set_major_formatter("{x:,g}")
    for ruler in (panel.xaxis, panel.yaxis):
        ruler.set_minor_locator(NullLocator())
    panel.set_xlabel("workers")
    panel.set_ylabel("seconds")
    panel.grid(alpha=0.3)
    panel.legend()
    return figure


def long_sweep_figure(long: Mapping[str, Any]) -> Figure:
    """Time, files and memory of a long sweep over the points that are done."""
    samples = long["samples"]
    points = [sample["points"] for sample in samples]
    panels = (
        ("seconds", "seconds since the start", 1),
        ("bytes", "files, MiB", 2**20),
        ("peak_memory_mib", "peak memory of the process, MiB", 1),
    )
    figure, row = plt.subplots(1, len(panels), figsize=(11, 3.4), layout="constrained")
    for panel, (column, label, unit) in zip(row, panels, strict=True):
        values = [sample[column] / unit for sample in samples]
        panel.plot(points, values, marker="o", markersize=3)
        panel.set_ylim(0, 1.1 * max(values))
        panel.set_xlabel("points done")
        panel.set_ylabel(label)
        panel.grid(alpha=0.3)
    return figure


def _dots(panel, places, rows, columns: tuple[str, str, str], label: str | None, colour: str | None = None) -> None:
    value, low, high = (rows[column] for column in columns)
    panel.errorbar(places, value, (value - low, high - value), marker="o", linestyle="none", label=label, color=colour)
