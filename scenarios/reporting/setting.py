"""What the nodes of a result table differ in, for titles."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
from pydantic import BaseModel

from diffsem.link import InputError
from diffsem.scenarios.schema.nodes import Distance
from diffsem.scenarios.schema.strict_yaml import read_yaml


class _Offset(BaseModel):
    offset: float


class _Node(BaseModel):
    """Of a node in a table's scenario what titles tell; what an older one lacks is as the defaults are."""

    channel: dict[str, Any] | None = None
    transmit_antennas: int | list[int] = 1
    receive_antennas: int | list[int] = 1
    looks: int | list[int] = 1
    snr_db: str | list[float] | Distance | _Offset = "same"


class _Nodes(BaseModel):
    legitimate: _Node | None = None
    eavesdropper: _Node | None = None


def setting(scenario: str, rows: pd.DataFrame) -> str:
    """What the nodes of a table differ in, for titles: "receiver awgn; eavesdropper rayleigh, offset -5 dB, 10 looks".

    The eavesdropper's SNR is an offset to the receiver's or, as "SNR", its own; antennas are those that receive; looks
    are repeated transmissions of an image that the eavesdropper combines, "1/10" of a sweep over them. What is the
    same, or one, is left out.

    Parameters
    ----------
    scenario : str
        A table's attribute, the resolved scenario in YAML. What an older one lacks is as the defaults are.
    rows : pandas.DataFrame
        Nothing is said of the eavesdropper where none of them is its own.

    Raises
    ------
    InputError
        If the scenario is not one.
    """
    legitimate, own = _read(scenario)
    channels = _channels(legitimate, own)
    antennas = [node.receive_antennas for node in (legitimate, own)]
    if not (rows["node"] == "adversary").any():
        return ", ".join([str(channels[0]["kind"]), *_antennas(antennas[0])])
    differing = [key for key in channels[0] | channels[1] if channels[0].get(key) != channels[1].get(key)]
    kinds = [_channel(channel, [] if "kind" in differing else differing) for channel in channels]
    receiver = [kinds[0], *_antennas(antennas[0])]
    snr_db = _own_snr(own.snr_db, legitimate.snr_db)
    looks = [f"{_shown(own.looks)} looks"] if own.looks != 1 else []
    if not differing and antennas[0] == antennas[1]:
        head, heard = "both", [*snr_db, *looks]
    else:
        head, heard = "receiver", [kinds[1], *snr_db, *_antennas(antennas[1], antennas[0] != 1), *looks]
    parts = [f"{head} {', '.join(receiver)}"] + ([f"eavesdropper {', '.join(heard)}"] if heard else [])
    return "; ".join(parts)


def nodes(scenario: str, rows: pd.DataFrame) -> str:
    """Both nodes in full, for captions: "receiver awgn, 1 x 1 antennas; eavesdropper rayleigh, 2 antennas, same SNR".

    Transmit antennas x receive antennas; the eavesdropper hears the same transmit antennas. Its SNR is the receiver's
    ("same SNR"), an offset to that or its own.

    Parameters
    ----------
    scenario : str
        As for `setting`.
    rows : pandas.DataFrame
        Nothing is said of the eavesdropper where none of them is its own.

    Raises
    ------
    InputError
        If the scenario is not one.
    """
    legitimate, own = _read(scenario)
    antennas = f"{_shown(legitimate.transmit_antennas)} x {_shown(legitimate.receive_antennas)} antennas"
    channels = _channels(legitimate, own)
    kinds = [_channel(channel, [key for key in channel if key != "kind"]) for channel in channels]
    receiver = f"receiver {kinds[0]}, {antennas}"
    if not (rows["node"] == "adversary").any():
        return receiver
    snr_db = _own_snr(own.snr_db, legitimate.snr_db) or ["same SNR"]
    looks = [f"{_shown(own.looks)} looks"] if own.looks != 1 else []
    return "; ".join(
        [
            receiver,
            ", ".join([f"eavesdropper {kinds[1]}", *_antennas(own.receive_antennas, True), *snr_db, *looks]),
        ]
    )


def _read(scenario: str) -> tuple[_Node, _Node]:
    """The receiver and the eavesdropper."""
    try:
        found = _Nodes.model_validate(read_yaml(scenario))
    except ValueError as error:
        raise InputError("its scenario is not one that `diffsem run` writes") from error
    return found.legitimate or _Node(), found.eavesdropper or _Node()


def _channels(*nodes: _Node) -> list[dict[str, Any]]:
    awgn: dict[str, Any] = {"kind": "awgn"}
    return [awgn | (node.channel or {}) for node in nodes]


def _channel(channel: dict[str, Any], keys: Sequence[str]) -> str:
    """Its kind, and those of some keys that it has a value for."""
    return " ".join([str(channel["kind"]), *(f"{key} {channel[key]}" for key in keys if channel.get(key) is not None)])


def _antennas(count: int | list[int], one_too: bool = False) -> list[str]:
    return [f"{_shown(count)} antenna{'s' if count != 1 else ''}"] if count != 1 or one_too else []


def _shown(count: int | list[int]) -> str:
    """A number, or those of a sweep axis."""
    return "/".join(map(str, count)) if isinstance(count, list) else str(count)


def _own_snr(
    snr_db: str | list[float] | Distance | _Offset, receiver_snr_db: str | list[float] | Distance | _Offset
) -> list[str]:
    if isinstance(snr_db, list):
        same = len(snr_db) == 1 and snr_db == receiver_snr_db
        return [] if same else [f"SNR {', '.join(f'{value:g}' for value in snr_db)} dB"]
    if isinstance(snr_db, str):
        return ["SNR as traced"] if snr_db == "traced" else []
    offset = snr_db.after(0.0) if isinstance(snr_db, Distance) else snr_db.offset
    return [f"offset {offset:+.3g} dB"] if offset else []
