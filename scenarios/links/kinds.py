"""The shipped kinds of channels, and whichever kind a scenario means."""

import math
from dataclasses import dataclass, replace

from pydantic import ValidationError

import diffsem.channels as channels
from diffsem.link import InputError
from diffsem.scenarios.contracts.channel import Antennas, ChannelKind
from diffsem.scenarios.links.streets import build_street, check_streets, standing
from diffsem.scenarios.parts.finding import Source, check_name, find_part
from diffsem.scenarios.parts.outside import guarded
from diffsem.scenarios.schema.channels import (
    AwgnChannel,
    BlockFadingKeys,
    CdlChannel,
    ChannelKeys,
    GridKeys,
    OutsideChannel,
    RayleighChannel,
    RicianChannel,
    TdlChannel,
    TracedChannel,
)
from diffsem.scenarios.schema.explaining import explain
from diffsem.scenarios.schema.scenario import Scenario, check_nodes


def _block_fading(
    rician_factor: float, keys: BlockFadingKeys, antennas: Antennas, csi: "channels.Csi"
) -> "channels.BlockFadingChannel":
    return channels.BlockFadingChannel(
        rician_factor,
        transmit_antennas=antennas.transmit,
        streams=antennas.streams,
        receive_antennas=antennas.receive,
        coherence=keys.coherence,
        csi=csi,
    )


def _awgn(keys: AwgnChannel, antennas: Antennas, csi: "channels.Csi") -> "channels.BlockFadingChannel":
    return _block_fading(math.inf, keys, antennas, csi)


def _rayleigh(keys: RayleighChannel, antennas: Antennas, csi: "channels.Csi") -> "channels.BlockFadingChannel":
    return _block_fading(0.0, keys, antennas, csi)


def _rician(keys: RicianChannel, antennas: Antennas, csi: "channels.Csi") -> "channels.BlockFadingChannel":
    return _block_fading(10 ** (keys.k_factor_db / 10), keys, antennas, csi)


def _ofdm(keys: TdlChannel | CdlChannel, antennas: Antennas, csi: "channels.Csi") -> "channels.OfdmChannel":
    return channels.OfdmChannel(
        channels.Multipath(family=keys.kind, **keys.model_dump(exclude={"kind"})),
        transmit_antennas=antennas.transmit,
        streams=antennas.streams,
        receive_antennas=antennas.receive,
        csi=csi,
    )


CHANNELS = (
    ChannelKind("awgn", AwgnChannel, _awgn),
    ChannelKind("rayleigh", RayleighChannel, _rayleigh),
    ChannelKind("rician", RicianChannel, _rician),
    ChannelKind("tdl", TdlChannel, _ofdm),
    ChannelKind("cdl", CdlChannel, _ofdm),
    ChannelKind("traced", TracedChannel, build_street),
)
_SHIPPED = {kind.name: kind for kind in CHANNELS}


@dataclass(frozen=True)
class Channel:
    """A node's channel.

    Parameters
    ----------
    kind : ChannelKind
    keys : ChannelKeys
        As the kind's own model has them.
    source : Source, optional
        Where a kind from outside of the package comes from.
    """

    kind: ChannelKind
    keys: ChannelKeys
    source: Source | None = None

    @property
    def name(self) -> str:
        """Column `channel` of the result table."""
        return self.kind.name

    @property
    def words(self) -> ChannelKeys:
        """The keys as a scenario has them, defaults filled in."""
        if self.source is None:
            return self.keys
        return OutsideChannel.model_validate({**self.keys.model_dump(mode="json"), "kind": self.source.reference})


@dataclass(frozen=True)
class Channels:
    """The channels of both nodes."""

    receiver: Channel
    eavesdropper: Channel


def find_channel(words: ChannelKeys, where: str) -> Channel:
    """The channel that a node's words mean.

    Parameters
    ----------
    words : ChannelKeys
        As a scenario has them.
    where : str
        Their key in the scenario, for errors.

    Raises
    ------
    InputError
        If there is no such kind, one from outside cannot be imported or is none, or it does not know a key.
    """
    found = find_part(words.kind, _SHIPPED, ChannelKind, where)
    kind, source = found.part, found.source
    if source is None:
        if isinstance(words, TracedChannel):
            standing(words, where)
        return Channel(kind, words)
    check_name(kind.name, _SHIPPED, source, where)
    if not isinstance(kind.keys, type) or not issubclass(kind.keys, BlockFadingKeys | GridKeys):
        raise InputError(
            f"{where}: {source.reference}: its keys are no sub-class of diffsem.scenarios.BlockFadingKeys or GridKeys"
        )
    keys = guarded(source.reference, _validated, where)(kind, words, where)
    return Channel(replace(kind, build=guarded(source.reference, kind.build, where)), keys, source)


def _validated(kind: ChannelKind, words: ChannelKeys, where: str) -> ChannelKeys:
    try:
        return kind.keys.model_validate(words.model_dump())
    except ValidationError as error:
        raise InputError(explain(error, kind.keys, where)) from error


def find_channels(scenario: Scenario) -> Channels:
    """The channels of a scenario's nodes. Raises InputError as `find_channel`, and if they do not go with the nodes."""
    receiver = find_channel(scenario.legitimate.channel, "legitimate.channel")
    eavesdropper = find_channel(scenario.eavesdropper.channel, "eavesdropper.channel")
    try:
        check_nodes(scenario, receiver.keys, eavesdropper.keys)
        check_streets(scenario, receiver.keys, eavesdropper.keys)
    except ValueError as error:
        raise InputError(str(error)) from error
    return Channels(receiver, eavesdropper)
