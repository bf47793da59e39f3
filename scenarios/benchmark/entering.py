"""Entering systems: sweeps under every threat, and what of their tables goes into an entry."""

import hashlib
import json
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from diffsem.link import InputError, gaussian_budget, laplace_budget, min_entropy_leakage, replace_file
from diffsem.scenarios.attacks import shipped_attacks
from diffsem.scenarios.benchmark.threats import THREATS, Threat
from diffsem.scenarios.contracts.entry import Entry
from diffsem.scenarios.contracts.system import System
from diffsem.scenarios.contracts.transmitter import TransmitterSpec
from diffsem.scenarios.library.simulating import run_scenario, train_scenario
from diffsem.scenarios.parts.finding import is_outside
from diffsem.scenarios.reporting.statistics import strongest_adversary
from diffsem.scenarios.runs.assembly import versions, weights_sha256
from diffsem.scenarios.runs.cost.missing import missing_weights
from diffsem.scenarios.runs.reading import load_scenario
from diffsem.scenarios.runs.resolving import plan
from diffsem.scenarios.schema.scenario import Scenario
from diffsem.scenarios.systems import find_system, shipped_systems

SCENARIO = "benchmark"
QUICK_IMAGES = 2000
# What an attack has to read of a control, or it says nothing of the others.
LEAST_OF_CONTROL = 0.5
DIGITS = 4


@dataclass(frozen=True)
class Candidate:
    """A system under one of its entries.

    Parameters
    ----------
    listed : str
        As a scenario lists it: its name, or module:NAME.
    system : System
    entry : Entry
    """

    listed: str
    system: System
    entry: Entry

    @property
    def name(self) -> str:
        """Of its file."""
        return self.system.name + (f"+{self.entry.name}" if self.entry.name else "")

    def is_under(self, threat: Threat) -> bool:
        """Whether a threat is one to it."""
        return self.system.transmitter is not None and threat.threatens(self.system.transmitter)

    @property
    def alike(self) -> tuple:
        """What candidates have in common that are swept together."""
        return self.entry.timestep, self.entry.settings, self.entry.adaptive_only


def candidates(systems: Sequence[str] = ()) -> list[Candidate]:
    """The entries of systems; without names, of all shipped ones that have some.

    Controls are part of every run. Raises InputError if there is no such system, or attacks hear nothing of it.
    """
    chosen = list(systems) or [name for name, system in shipped_systems().items() if system.entries]
    found = [candidate for listed in dict.fromkeys(chosen) for candidate in _candidates_of(listed)]
    shipped = [candidate for name in shipped_systems() for candidate in _candidates_of(name, shipped_only=True)]
    controls = [candidate for candidate in shipped if candidate.entry.control]
    return list({candidate.name: candidate for candidate in (*found, *controls)}.values())


def _candidates_of(listed: str, shipped_only: bool = False) -> list[Candidate]:
    system = find_system(listed).part
    if shipped_only:
        return [Candidate(listed, system, entry) for entry in system.entries]
    if system.transmitter is None:
        raise InputError(
            f"benchmark: {listed}: attacks hear nothing of a digital link; allowed: a system with features"
        )
    return [Candidate(listed, system, entry) for entry in system.entries or (Entry(),)]


def _swept_together(entered: Iterable[Candidate]) -> list[list[Candidate]]:
    """Candidates of one step and setting, each of another transmitter: a white box has the receivers of one alone."""
    groups: dict[tuple, list[Candidate]] = {}
    for candidate in sorted(entered, key=lambda candidate: candidate.name):
        transmitter, place = candidate.system.transmitter, 0
        while any(other.system.transmitter == transmitter for other in groups.get((candidate.alike, place), ())):
            place += 1
        groups.setdefault((candidate.alike, place), []).append(candidate)
    return list(groups.values())


@dataclass(frozen=True)
class Benchmark:
    """Where and how entries are made.

    Parameters
    ----------
    folder : Path
        Receives NAME.json an entry.
    work : Path
        Receives result tables, of which one that is complete is not made again, and weights that do not ship.
    images : int
        Test images at most.
    log : callable
        Takes a line of text for each thing that happens.
    """

    folder: Path
    work: Path
    images: int
    log: Callable[[str], None] = lambda line: None

    def enter(self, entered: Iterable[Candidate]) -> list[dict[str, Any]]:
        """Sweep candidates under every threat, those of one step and setting together; one entry each.

        Raises InputError as `run_scenario` and `train_scenario` do.
        """
        entries = [entry for group in _swept_together(entered) for entry in self._entries_of(group)]
        return sorted(entries, key=lambda entry: entry["entry"])

    def _entries_of(self, group: list[Candidate]) -> list[dict[str, Any]]:
        found: dict[str, dict[str, pd.DataFrame]] = {candidate.name: {} for candidate in group}
        weights = self._weights(group)
        for threat in THREATS:
            threatened = [candidate for candidate in group if candidate.is_under(threat)]
            if not threatened:
                continue
            rows = self._rows(threatened, threat, weights)
            for candidate in threatened:
                own = rows[rows["system"] == candidate.system.name]
                # No attack of a threat may make sense there.
                if (own["node"] == "adversary").any():
                    found[candidate.name][threat.name] = own
        return [self._entry(candidate, found[candidate.name], weights) for candidate in group]

    def _entry(self, candidate: Candidate, rows: dict[str, pd.DataFrame], weights: str) -> dict[str, Any]:
        """An entry, which does not hang on what else was swept beside it."""
        if THREATS[0].name not in rows:
            raise InputError(
                f"benchmark: {candidate.name}: no attack of the suite makes sense there; allowed: one that some do"
            )
        alone = plan(self._scenario([candidate], THREATS[0], weights))
        symbols = math.prod(alone.setup.dimensions.feature_shape)
        return _entry(candidate, rows, self.images, symbols) | {"weights_sha256": weights_sha256(alone)}

    def _rows(self, group: Sequence[Candidate], threat: Threat, weights: str) -> pd.DataFrame:
        words = self._scenario(group, threat, weights)
        digest = hashlib.sha256(words.model_dump_json().encode()).hexdigest()[:12]
        table = self.work / "tables" / f"{threat.name}-{digest}.h5"
        self.log(f"{threat.title}: {', '.join(candidate.name for candidate in group)}")
        return run_scenario(words, table, progress=False)

    def _scenario(self, group: Sequence[Candidate], threat: Threat, weights: str = "pretrained") -> Scenario:
        entry = group[0].entry
        listed = ", ".join(f"'{candidate.listed}'" for candidate in group)
        point = [f"timesteps=[{entry.timestep}]", f"legitimate.receivers=[{listed}]"]
        cost = [f"monte_carlo.max_images={self.images}", f"weights={weights}"]
        settings = [*entry.settings, *threat.settings]
        words = load_scenario(SCENARIO, [*point, *cost, *settings])
        kept = _attacks(entry, threat, [chosen[0] for chosen in words.eavesdropper.chosen()])
        return load_scenario(SCENARIO, [*point, *cost, *settings, f"eavesdropper.attacks=[{', '.join(kept)}]"])

    def _weights(self, group: Sequence[Candidate]) -> str:
        """Where weights come from: the shipped ones or, where they lack some, a folder in which those are trained.

        Attacks are trained under the first threat, and used under all: over all noise levels, what is heard is alike.
        """
        words = self._scenario(group, THREATS[0])
        missing, _ = missing_weights(plan(words))
        if not missing:
            return "pretrained"
        folder = self.work / "weights" / "+".join(sorted(candidate.name for candidate in group))
        self.log(f"training {', '.join(missing)}, which do not ship")
        train_scenario(words, folder, start="pretrained", log=self.log, progress=False)
        return str(folder)


def _attacks(entry: Entry, threat: Threat, suite: Sequence[str]) -> list[str]:
    """Names of the attacks of a threat: those of the suite, or those that know more."""
    known = shipped_attacks()
    if threat.white_box:
        return [name for name, method in known.items() if method.threat == "white-box"]
    return [name for name in suite if known[name].adaptive or not entry.adaptive_only]


def _entry(candidate: Candidate, rows: dict[str, pd.DataFrame], images: int, symbols: int) -> dict[str, Any]:
    """One entry, in words and numbers that JSON has; nothing in it depends on when it was made."""
    first = rows[THREATS[0].name]
    receiver = first[first["node"] == "receiver"].iloc[0]
    entry = candidate.entry
    shipped = [] if is_outside(candidate.listed) else [candidate.system.name]
    return {
        "entry": candidate.name,
        "system": candidate.listed,
        "title": candidate.system.title,
        "claim": entry.claim,
        "secret": entry.secret,
        "control": entry.control,
        "timestep": entry.timestep,
        "settings": list(entry.settings),
        "images": int(receiver["images"]),
        "receiver": _accuracy(receiver),
        "threats": {name: _threat(found) for name, found in rows.items()},
        "cost": {
            "signal_power": _rounded(receiver["signal_power"]),
            "channel_uses": int(receiver["channel_uses"]),
            "unet_calls": _rounded(receiver["denoiser_calls"]),
            "epsilon": _epsilon(candidate.system.transmitter, float(receiver["signal_power"]), symbols),
        },
        "command": _command(candidate, shipped, images),
        "versions": versions(),
        "data_sha256": first.attrs["data_sha256"],
    }


def _epsilon(transmitter: TransmitterSpec | None, signal_power: float, symbols: int) -> float | None:
    """The budget of differential privacy of its self-noise; None where noise is no promise to all who listen."""
    if transmitter is None or transmitter.keyed or transmitter.null_space or signal_power >= 1:
        return None
    laplace = transmitter.noise_law == "laplace"
    budget = laplace_budget(signal_power, symbols) if laplace else gaussian_budget(signal_power, symbols)
    return _rounded(budget) if math.isfinite(budget) else None


def _command(candidate: Candidate, shipped: Sequence[str], images: int) -> str:
    words = ["diffsem", "benchmark", *(shipped or [candidate.listed])]
    return " ".join([*words, *(["--quick"] if images == QUICK_IMAGES else [])])


def _threat(rows: pd.DataFrame) -> dict[str, Any]:
    """What the strongest attack reads, chosen on other images than it is reported on, and each of them."""
    adversaries = rows[rows["node"] == "adversary"]
    strongest = strongest_adversary(rows).reset_index().iloc[0]
    labelled = adversaries[adversaries["leaked_bits"].notna()]
    most = labelled.sort_values("leaked_bits").iloc[-1] if len(labelled) else None
    return {
        "strongest": str(strongest["attack"]),
        **_accuracy(strongest),
        "min_entropy_bits": _rounded(min_entropy_leakage(strongest["accuracy"], strongest["largest_class"])),
        "bits": None if most is None else [_rounded(most[f"leaked_bits{end}"]) for end in ("", "_low", "_high")],
        "capacity_bits": None if pd.isna(strongest["capacity"]) else _rounded(strongest["capacity"]),
        "attacks": {str(row["attack"]): _accuracy(row) for _, row in adversaries.iterrows()},
    }


def _accuracy(row: pd.Series) -> dict[str, float]:
    return {"accuracy": _rounded(row["accuracy"]), "low": _rounded(row["ci_low"]), "high": _rounded(row["ci_high"])}


def _rounded(number: Any) -> float:
    return round(float(number), DIGITS)


def check_controls(entries: Iterable[dict[str, Any]]) -> None:
    """Raises InputError if the attacks do not read a control: what they do not read of others says nothing then."""
    for entry in entries:
        read = max(threat["accuracy"] for threat in entry["threats"].values())
        if entry["control"] and read < LEAST_OF_CONTROL:
            raise InputError(
                f"benchmark: control {entry['entry']}: the strongest attack reads {100 * read:.1f}%; allowed: "
                f"{100 * LEAST_OF_CONTROL:.0f}% or more, or this suite says nothing of the other entries"
            )


def write_entries(entries: Iterable[dict[str, Any]], folder: Path) -> list[Path]:
    """One file an entry, whole or not at all. Raises InputError if it cannot be written."""
    paths = []
    for entry in entries:
        path = folder / f"{entry['entry']}.json"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            replace_file(path, (json.dumps(entry, indent=1) + "\n").encode())
        except OSError as error:
            raise InputError(f"benchmark folder {folder}: cannot be written ({error.strerror or error})") from error
        paths.append(path)
    return paths
