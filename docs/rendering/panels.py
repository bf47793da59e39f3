"""Figures that compare several tables, which the package draws none of."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

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


def _dots(panel, places, rows, columns: tuple[str, str, str], label: str | None, colour: str | None = None) -> None:
    value, low, high = (rows[column] for column in columns)
    panel.errorbar(places, value, (value - low, high - value), marker="o", linestyle="none", label=label, color=colour)
