"""Measured speed: ratios of one sitting, exponents of scaling, the course of a long sweep, start-up."""

import json
from collections.abc import Mapping
from typing import Any

from rendering.markdown import span
from rendering.measures import number
from rendering.sources import share
from rendering.tables import ROOT

# What a ratio of the benchmark compares, and the part of the record that tells its machine.
COMPARED = {
    "classifier": ("`classifier`, a sweep", "`sim_ber`", "classifier"),
    "e-diffsem": ("`e-diffsem`, as many DDIM steps", "`sim_ber`", "e-diffsem"),
    "qpsk": ("bits in QPSK, uncoded", "`sim_ber`", "qpsk"),
    "ldpc": ("bits in QPSK behind an LDPC code of rate 1/2", "`sim_ber`", "ldpc"),
    "mnist-quick": ("all of `mnist-quick`, traced before", "`sim_ber`", "mnist-quick"),
    "mnist-quick-traced": ("all of `mnist-quick`, with tracing", "`sim_ber`", "mnist-quick"),
    "workers-2": ("`fig4-mnist`, `--workers 2`", "one process", "workers"),
    "workers-auto": ("`fig4-mnist`, `--workers auto`", "one process", "workers"),
}
AXES = ("points", "images", "systems", "positions", "places")


def record_of(path: str) -> dict[str, Any]:
    """What a JSON file holds, by its path from the repository's root; nothing while nobody has measured it."""
    there = ROOT / path
    return json.loads(there.read_text()) if there.exists() else {}


def ratio_lines(bench: Mapping[str, Any]) -> list[list[str]]:
    """What was measured, against what, the ratio with its spread, what is asked for, turns, cores and day."""
    lines = []
    for name, (what, against, part) in COMPARED.items():
        if name in bench["ratios"]:
            one, machine = bench["ratios"][name], bench["machines"][part]
            spread = f" [{number(one['low'], 2)}, {number(one['high'], 2)}]" if "low" in one else ""
            asked = "" if one["needed"] is None else f"{one['needed']:g}"
            where = f"{machine['cores']} cores, {machine['cpu']}"
            turns = str(one.get("repeats", ""))
            lines.append([what, against, number(one["ratio"], 2) + spread, asked, turns, where, machine["date"]])
    return lines


def scaling_lines(scaling: Mapping[str, Any]) -> list[list[str]]:
    """Axis, sizes, exponent with its interval, seconds behind the start, and those of the start."""
    lines = []
    for name in AXES:
        if name in scaling:
            axis = scaling[name]
            sizes = axis["sizes"]
            lines.append(
                [
                    axis["unit"],
                    f"{sizes[0]['size']:,} to {sizes[-1]['size']:,}",
                    f"{number(axis['exponent'], 2)} [{number(axis['low'], 2)}, {number(axis['high'], 2)}]",
                    f"{span(size['seconds'] for size in sizes)} s",
                    f"{span(size['start_seconds'] for size in sizes)} s",
                    f"{axis['machine']['cores']} cores, {axis['machine']['cpu']}",
                    axis["machine"]["date"],
                ]
            )
    return lines


def growth(samples: list[Mapping[str, float]], quantity: str) -> float:
    """How much a quantity of a long sweep grows over the second half of it, by how much over the first; 1 is linear."""
    first, last = samples[0], samples[-1]
    middle = min(samples, key=lambda sample: abs(2 * sample["points"] - first["points"] - last["points"]))
    halves = [
        (end[quantity] - start[quantity]) / (end["points"] - start["points"])
        for start, end in ((first, middle), (middle, last))
    ]
    return halves[1] / halves[0]


def stage_lines(profile: Mapping[str, Any]) -> list[list[str]]:
    """Stages of a run, the longest first: seconds and their share of all."""
    stages = sorted(profile["stages"].items(), key=lambda stage: -stage[1])
    return [[name, f"{number(seconds, 2)} s", f"{share(seconds / profile['seconds'])}%"] for name, seconds in stages]


def batch_lines(digital: Mapping[str, Any]) -> list[list[str]]:
    """Link, Es/N0, blocks of a batch, blocks a second of ours and of `sim_ber`, and their ratio, by batch size."""
    names = {"uncoded": "QPSK, uncoded", "ldpc": "QPSK, LDPC of rate 1/2"}
    return [_blocks(names[kind], one) for kind in names for one in digital["batch_sizes"][kind]]


def link_lines(digital: Mapping[str, Any]) -> list[list[str]]:
    """The same of every link of `ber-calibration`."""
    codes = {"uncoded": "uncoded", "0.5": "LDPC of rate 1/2"}
    named = {key: key.split() for key in digital["links"]}
    return [
        _blocks(f"{modulation.upper()}, {codes[code]}", digital["links"][key])
        for key, (modulation, code) in named.items()
    ]


def grid_lines(digital: Mapping[str, Any]) -> list[list[str]]:
    """Code, grid of Es/N0, and how many times as fast as `sim_ber` we are, compiled and by XLA."""
    names = {"uncoded": "uncoded", "ldpc": "LDPC of rate 1/2"}
    return [
        [
            names[kind],
            f"{', '.join(f'{snr_db:g}' for snr_db in one['snr_db'])} dB",
            number(one["times_as_fast_as_sim_ber"], 2),
            number(one["times_as_fast_as_sim_ber_xla"], 2),
        ]
        for kind in names
        for one in digital[kind]["grids"].values()
    ]


def _blocks(name: str, one: Mapping[str, Any]) -> list[str]:
    rates = [one[f"{loop}_blocks_per_second"] for loop in ("engine", "sim_ber")]
    ratio = number(one["times_as_fast_as_sim_ber"], 2)
    where = ", ".join(f"{snr_db:g}" for snr_db in one["snr_db"])
    return [name, f"{where} dB", f"{one['batch_size']:,}", *(f"{rate:,.0f}" for rate in rates), ratio]


def worker_lines(cluster: Mapping[str, Any]) -> list[list[str]]:
    """Workers, seconds of the sweep, and how many times as fast as one it is."""
    return [
        [workers, f"{number(seconds, 0)} s", number(cluster["speedup"][workers], 2)]
        for workers, seconds in cluster["seconds"].items()
    ]


def paying_lines(cluster: Mapping[str, Any]) -> list[list[str]]:
    """Cores, and how long one process takes for the smallest sweep that workers pay for."""
    told = cluster["workers_pay_from_seconds"].items()
    return [[cores, "(never)" if seconds is None else f"{number(seconds, 0)} s"] for cores, seconds in told]


def is_there(path: str) -> bool:
    """Whether a file is in the repository, by its path from the root."""
    return (ROOT / path).is_file()


FUNCTIONS = (
    record_of,
    ratio_lines,
    scaling_lines,
    growth,
    stage_lines,
    batch_lines,
    link_lines,
    grid_lines,
    worker_lines,
    paying_lines,
    is_there,
)
