"""A kind of channel: its keys in a scenario file, and the layer that they make."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from diffsem.scenarios.schema.channels import ChannelKeys

if TYPE_CHECKING:  # a scenario is checked without it
    import keras


@dataclass(frozen=True)
class Antennas:
    """Of a node and of the transmitter; streams: symbols that are sent at a time.

    Examples
    --------
    >>> from diffsem.channels import null_space_dimensions
    >>> from diffsem.scenarios import Antennas
    >>> node = Antennas(transmit=4, streams=1, receive=1)
    >>> null_space_dimensions(node.transmit, node.receive)  # where artificial noise can go
    3
    """

    transmit: int
    streams: int
    receive: int


@dataclass(frozen=True)
class ChannelKind:
    """A kind of channel.

    Parameters
    ----------
    name : str
        `kind` in scenarios, column `channel` of the result table.
    keys : type of ChannelKeys
        pydantic model of its keys, a `BlockFadingKeys` or a `GridKeys`; it says whether the gain fades and scatters.
    build : callable
        (keys, Antennas, Csi) -> Keras layer as `diffsem.channels.BlockFadingChannel` is one.

    Examples
    --------
    >>> from diffsem.channels import BlockFadingChannel
    >>> from diffsem.scenarios import Antennas, BlockFadingKeys, ChannelKind
    >>> def build(keys, antennas, csi):
    ...     return BlockFadingChannel(0.0, antennas.transmit, antennas.receive, keys.coherence, csi, antennas.streams)
    >>> kind = ChannelKind("own", BlockFadingKeys, build)
    >>> kind.build(kind.keys(kind="mine:KIND", coherence=8), Antennas(1, 1, 2), None).blocks(32)
    4
    """

    name: str
    keys: type[ChannelKeys]
    build: "Callable[[Any, Antennas, Any], keras.layers.Layer]"
