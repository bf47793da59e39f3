"""A kind of channel: its keys in a scenario file, and the layer that they make."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from diffsem.scenarios.schema.channels import ChannelKeys

if TYPE_CHECKING:  # a scenario is checked without it
    import keras


@dataclass(frozen=True)
class Antennas:
    """Of a node and of the transmitter; streams: symbols that are sent at a time."""

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
    """

    name: str
    keys: type[ChannelKeys]
    build: "Callable[[Any, Antennas, Any], keras.layers.Layer]"
