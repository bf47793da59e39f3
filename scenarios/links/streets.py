"""From a scenario's words to a place in a traced street: which rays reach it, and how loud."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

import diffsem.channels as channels
from diffsem.link import InputError, Places, shortened
from diffsem.scenarios.contracts.channel import Antennas
from diffsem.scenarios.schema.channels import ChannelKeys, Spot, TracedChannel
from diffsem.scenarios.schema.explaining import explain
from diffsem.scenarios.schema.scenario import Scenario
from diffsem.scenarios.streets.trace import Trace, Traced, read_trace

SHIPPED = Path(__file__).parents[1] / "streets" / "shipped"
TRACED = "traced"
# Of thermal noise at 290 K, in dBm and 1 Hz.
THERMAL_DBM_HZ = 10 * math.log10(1.380649e-23 * 290 * 1000)
# Of the spacing: half of a square's diagonal, and a little more.
FARTHEST = 0.75
# Digits of an SNR behind the point: a scenario is read by people, too.
DIGITS = 4


@dataclass(frozen=True)
class Standing:
    """A node in a street, or everywhere in it.

    Parameters
    ----------
    trace : Trace
    traced : Traced
        The places among which it stands.
    numbers : [P], int
        Its own among them.
    """

    trace: Trace
    traced: Traced
    numbers: np.ndarray

    @property
    def paths(self) -> "channels.TracedPaths":
        """Those to its places."""
        return self.traced.paths.at(self.numbers)

    @property
    def places(self) -> Places:
        """Where they are."""
        x_m, y_m, _ = self.traced.positions[self.numbers].T
        seen, gain_db = (values[self.numbers] for values in (self.traced.line_of_sight, self.traced.path_gain_db))
        return Places(self.numbers, x_m, y_m, gain_db, seen)

    def snr_db(self, transmit_power_dbm: float, noise_figure_db: float) -> np.ndarray:
        """[P], mean Es/N0, dB: received power over that of the node's noise in the grid's bandwidth."""
        noise_dbm = THERMAL_DBM_HZ + 10 * math.log10(self.trace.street.bandwidth_hz) + noise_figure_db
        return transmit_power_dbm + self.traced.path_gain_db[self.numbers] - noise_dbm


def standing(keys: TracedChannel, where: str) -> Standing:
    """Where a node stands; on a map, wherever a path was traced to.

    Parameters
    ----------
    keys : TracedChannel
    where : str
        The channel's key in the scenario, for errors.

    Raises
    ------
    InputError
        If there is no such trace, or no path was traced to the place.
    """
    trace = _trace(keys.file, where)
    if keys.place == "receiver":
        found = Standing(trace, trace.receiver, np.array([0]))
    elif keys.place == "map":
        found = Standing(trace, trace.eavesdropper, _every(trace, keys.every or 1))
    else:
        found = Standing(trace, trace.eavesdropper, np.array([_nearest(trace, keys, where)]))
    reached = found.numbers[found.traced.paths.power_gains[found.numbers] > 0]
    if not len(reached):
        raise InputError(f"{where}.place: no path reaches it; allowed: a place that the transmitter reaches")
    return replace(found, numbers=reached)


def _every(trace: Trace, step: int) -> np.ndarray:
    """Places of every so many rows and columns of the grid."""
    grid = trace.street.eavesdropper
    along = np.rint((trace.eavesdropper.positions[:, :2] - grid.area_m[:2]) / grid.spacing_m).astype(int)
    return np.flatnonzero((along % step == 0).all(axis=1))


def _nearest(trace: Trace, keys: TracedChannel, where: str) -> int:
    if isinstance(keys.place, Spot):
        spot = (keys.place.x_m, keys.place.y_m)
    elif trace.street.eavesdropper.place_m is None:
        raise InputError(f"{where}.place eavesdropper: the street has no eavesdropper.place_m; allowed: {{x_m, y_m}}")
    else:
        spot = trace.street.eavesdropper.place_m
    grid = trace.eavesdropper.positions
    apart = np.hypot(*(grid[:, :2] - spot).T)
    nearest = int(np.argmin(apart))
    if apart[nearest] > FARTHEST * trace.street.eavesdropper.spacing_m:
        raise InputError(
            f"{where}.place: nothing was traced around x {spot[0]:g} m, y {spot[1]:g} m: it lies in a wall or out of "
            f"the area; the nearest place is x {grid[nearest, 0]:g} m, y {grid[nearest, 1]:g} m"
        )
    return nearest


def build_street(
    keys: TracedChannel, antennas: Antennas, csi: "channels.Csi", where: str = "channel"
) -> "channels.OfdmChannel":
    """The channel of a node in a street. Raises InputError as `standing`, and if other antennas were traced."""
    found = standing(keys, where)
    street = found.trace.street
    receive, transmit = found.traced.paths.gains.shape[1:3]
    if (antennas.receive, antennas.transmit) != (receive, transmit):
        raise InputError(
            f"{where}: {keys.file} was traced from {transmit} transmit to {receive} receive antennas; the scenario has "
            f"{antennas.transmit} and {antennas.receive}"
        )
    paths = found.paths
    try:
        return channels.OfdmChannel(
            channels.Rays(paths.gains, paths.delays, street.subcarriers, street.subcarrier_spacing_khz),
            transmit_antennas=antennas.transmit,
            streams=antennas.streams,
            receive_antennas=antennas.receive,
            csi=csi,
        )
    except ValueError as error:
        raise InputError(f"{where}: {error}") from error


def subcarriers_of(keys: TracedChannel) -> int:
    """Of the trace's grid. Raises InputError as `standing`."""
    return _trace(keys.file, "channel").street.subcarriers


def check_streets(scenario: Scenario, receiver: ChannelKeys, eavesdropper: ChannelKeys) -> None:
    """Whether two traced channels go with each other and the scenario. Raises ValueError and InputError."""
    if isinstance(receiver, TracedChannel) and receiver.place == "map":
        raise ValueError("legitimate.channel.place: map is the eavesdropper's; allowed: receiver, {x_m, y_m}")
    is_traced = scenario.eavesdropper.snr_db == TRACED
    if not isinstance(receiver, TracedChannel) or not isinstance(eavesdropper, TracedChannel):
        on_map = isinstance(eavesdropper, TracedChannel) and eavesdropper.place == "map"
        if is_traced or on_map:
            raise ValueError("eavesdropper.snr_db: traced, as it is of a map, it needs both channels traced")
        return
    if is_traced != (eavesdropper.place == "map"):
        raise ValueError("eavesdropper.snr_db: of a map each place has its own; allowed: traced")
    _check_one_grid(receiver, eavesdropper)


def _check_one_grid(receiver: TracedChannel, eavesdropper: TracedChannel) -> None:
    """Whether two traces are of one carrier and grid, as one transmission is. Raises ValueError."""
    one, other = (
        _trace(keys.file, where).street
        for keys, where in ((receiver, "legitimate.channel"), (eavesdropper, "eavesdropper.channel"))
    )
    for key in ("carrier_ghz", "subcarriers", "subcarrier_spacing_khz"):
        if getattr(one, key) != getattr(other, key):
            raise ValueError(
                f"eavesdropper.channel.file {eavesdropper.file}: traced with {key} {getattr(other, key):g}, the "
                f"receiver's with {getattr(one, key):g}; allowed: the same"
            )


def street_attribute(eavesdropper: ChannelKeys) -> str:
    """What a table of a map says of its street, as JSON; "" without a map. Raises InputError as `standing`.

    outline: walls at the eavesdropper's height, [x, y, x, y] each, m; transmitter, receiver: [x, y, z], m; spacing_m;
    silent: places that no path reaches, which have no rows.
    """
    if not isinstance(eavesdropper, TracedChannel) or eavesdropper.place != "map":
        return ""
    found = standing(eavesdropper, "eavesdropper.channel")
    street = found.trace.street
    return json.dumps(
        {
            "outline": np.round(found.trace.outline.reshape(-1, 4).astype(float), 2).tolist(),
            "transmitter": list(street.transmitter.position_m),
            "receiver": list(street.receiver.position_m),
            "spacing_m": street.eavesdropper.spacing_m * (eavesdropper.every or 1),
            "silent": len(_every(found.trace, eavesdropper.every or 1)) - len(found.numbers),
        }
    )


def traces_sha256(*keys: ChannelKeys) -> dict[str, str]:
    """By file, the SHA-256 of each trace that channels are of. Raises InputError as `standing`."""
    return {each.file: _trace(each.file, "channel").sha256 for each in keys if isinstance(each, TracedChannel)}


def with_traced_snr(content: Any) -> Any:
    """A scenario's content in which SNRs that are "traced" are numbers.

    The receiver's is that of its place, transmit power and noise figure; the eavesdropper's an offset to it. Of a map,
    each of whose places has its own, the word stays: `offsets_db` tells them.

    Raises
    ------
    InputError
        If a node whose SNR is traced is none of a traced channel, or as `standing`.
    """
    nodes = ("legitimate", "eavesdropper") if isinstance(content, dict) else ()
    words = {node: content[node] for node in nodes if isinstance(content.get(node), dict)}
    asked = [node for node, keys in words.items() if keys.get("snr_db") == TRACED]
    if not asked:
        return content
    heard = {node: _heard_db(node, words.get(node, {}), words.get("legitimate", {})) for node in {"legitimate", *asked}}
    changed = dict(content)
    if "legitimate" in asked:
        changed["legitimate"] = {**words["legitimate"], "snr_db": [round(float(heard["legitimate"][0]), DIGITS)]}
    if "eavesdropper" in asked and len(heard["eavesdropper"]) == 1:
        offset = round(float(heard["eavesdropper"][0] - heard["legitimate"][0]), DIGITS)
        changed["eavesdropper"] = {**words["eavesdropper"], "snr_db": {"offset": offset}}
    return changed


def offsets_db(receiver: TracedChannel, eavesdropper: TracedChannel) -> np.ndarray:
    """[P], the SNR at each place of an eavesdropper less the receiver's, dB. Raises InputError as `standing`."""
    one, other = (
        standing(keys, f"{node}.channel").snr_db(0.0, keys.noise_figure_db)
        for keys, node in ((receiver, "legitimate"), (eavesdropper, "eavesdropper"))
    )
    return np.round(other - one[0], DIGITS)


def _heard_db(node: str, words: Mapping[str, Any], legitimate: Mapping[str, Any]) -> np.ndarray:
    """Es/N0 at a node's places, with the transmit power of the legitimate channel."""
    keys, sender = _traced_keys(node, words), _traced_keys("legitimate", legitimate)
    power = sender.transmit_power_dbm
    if power is None and legitimate.get("snr_db") == TRACED:
        raise InputError("legitimate.channel.transmit_power_dbm: missing; needed where legitimate.snr_db is traced")
    return standing(keys, f"{node}.channel").snr_db(power or 0.0, keys.noise_figure_db)


def _traced_keys(node: str, words: Mapping[str, Any]) -> TracedChannel:
    channel = words.get("channel")
    if not isinstance(channel, Mapping) or channel.get("kind") != TRACED:
        raise InputError(f"{node}.snr_db traced: needs {node}.channel {{kind: traced, file: ...}}")
    try:
        return TracedChannel.model_validate(channel)
    except ValidationError as error:
        raise InputError(explain(error, TracedChannel, f"{node}.channel")) from error


def _trace(file: str, where: str) -> Trace:
    """Raises InputError."""
    path = Path(file)
    shipped = SHIPPED / f"{file}.channels.h5"
    if not path.exists() and "/" not in file and shipped.exists():
        path = shipped
    try:
        stamp = path.stat().st_mtime_ns
    except (OSError, ValueError):
        stamp = 0
    try:
        return _read(path, stamp)
    except InputError as error:
        names = [each.name.removesuffix(".channels.h5") for each in sorted(SHIPPED.glob("*.channels.h5"))]
        more = f"; shipped: {', '.join(names)}" if stamp == 0 and names else ""
        raise InputError(f"{where}.file {shortened(file)}: {error}{more}") from error


@lru_cache(maxsize=4)
def _read(path: Path, stamp: int) -> Trace:
    """A file is read once as long as it stays as it is."""
    return read_trace(path)
