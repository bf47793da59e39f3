"""The keys of channels, of any kind, shipped or from outside, and what a node knows of its own."""

import difflib
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Discriminator, Field, Tag

from diffsem.link import shortened
from diffsem.scenarios.schema.forgiving.words import WordFor, spelled
from diffsem.scenarios.schema.keys import FolderPath, Keys, PartName, PlainValue
from diffsem.scenarios.schema.values import Decibel, word_or_keys


class ChannelKeys(Keys):
    """What every channel has. One of one's own is a `BlockFadingKeys` or a `GridKeys`."""

    kind: str = Field(description="a shipped kind, or module:NAME of a ChannelKind of one's own")

    @property
    def fades(self) -> bool:
        """Whether its gain is random, and another one at every node."""
        return True

    @property
    def scatters(self) -> bool:
        """Whether its gain scatters so that two nodes' can be correlated."""
        return self.fades


class BlockFadingKeys(ChannelKeys):
    """A gain that stays for a block of channel uses.

    Examples
    --------
    >>> from diffsem.scenarios import BlockFadingKeys
    >>> class Nakagami(BlockFadingKeys):
    ...     m: float = 1.0
    >>> Nakagami(kind="mine:NAKAGAMI", m=2, coherence=16).model_dump()
    {'kind': 'mine:NAKAGAMI', 'coherence': 16, 'm': 2.0}
    """

    # A feature has 98,304 complex symbols at most, a block of bits 100,000: a block that holds more is null.
    coherence: Annotated[int, Field(ge=1, le=200_000)] | None = Field(
        default=None,
        description="channel uses that a fading block lasts, pilots among them; null: longer than an image",
    )


class OverGrid(ChannelKeys):
    """What changes over a grid of OFDM symbols and subcarriers."""


class GridKeys(OverGrid):
    """A grid of OFDM symbols and subcarriers, over which the gain changes.

    Examples
    --------
    >>> from diffsem.scenarios import GridKeys
    >>> class Street(GridKeys):
    ...     width_m: float = 20.0
    >>> Street(kind="mine:STREET", speed_mps=30).model_dump()
    {'kind': 'mine:STREET', 'speed_mps': 30.0, 'subcarriers': 16, 'width_m': 20.0}
    """

    speed_mps: Annotated[float, Field(ge=0, le=200)] = Field(
        default=0.0, description="speed of this node, m/s; its Doppler spread decorrelates OFDM symbols"
    )
    subcarriers: Annotated[int, Field(ge=2, le=4096)] = Field(default=16, description="subcarriers of the OFDM grid")


class AwgnChannel(BlockFadingKeys):
    """Additive white Gaussian noise; `coherence` only says how often pilots are sent."""

    kind: Literal["awgn"]

    @property
    def fades(self) -> bool:
        return False


class RayleighChannel(BlockFadingKeys):
    """Rayleigh block fading: complex gains of unit mean energy, blocks independent; SNR is the average one."""

    kind: Literal["rayleigh"]


class RicianChannel(BlockFadingKeys):
    """Rician block fading: a specular part, the same for all antennas, and a scattered one."""

    kind: Literal["rician"]
    k_factor_db: Decibel = Field(default=6.0, description="K, power of the specular over the scattered part, dB")


class MultipathKeys(GridKeys):
    """A channel model of 3GPP TR 38.901."""

    model: Literal["A", "B", "C", "D", "E"] = Field(
        default="A", description="of 3GPP TR 38.901, section 7.7; A to C have no line of sight"
    )
    delay_spread_ns: Annotated[float, Field(ge=1, le=10000)] = Field(
        default=100.0, description="root mean square delay spread, ns"
    )
    carrier_ghz: Annotated[float, Field(ge=0.5, le=100)] = Field(default=3.5, description="carrier frequency, GHz")
    subcarrier_spacing_khz: Annotated[float, Field(ge=1, le=1000)] = Field(
        default=60.0, description="subcarrier spacing, kHz"
    )

    @property
    def scatters(self) -> bool:
        return self.model in ("A", "B", "C")


class TdlChannel(MultipathKeys):
    """3GPP tapped delay line over an OFDM grid; antennas fade independently."""

    kind: Literal["tdl"]


class CdlChannel(MultipathKeys):
    """3GPP clustered delay line over an OFDM grid; antennas are uniform linear arrays."""

    kind: Literal["cdl"]


class Spot(Keys):
    """A place by its coordinates; the nearest one that was traced is meant."""

    x_m: Annotated[float, Field(ge=-1e5, le=1e5)] = Field(description="m, in the street's coordinates")
    y_m: Annotated[float, Field(ge=-1e5, le=1e5)] = Field(description="m, in the street's coordinates")


class TracedChannel(OverGrid):
    """Rays that `diffsem trace` traced through a street, each in a random phase, over the trace's OFDM grid."""

    kind: Literal["traced"]
    file: FolderPath = Field(description="what `diffsem trace` wrote, or the name of a shipped trace")
    place: Annotated[
        Annotated[Literal["receiver", "eavesdropper", "map"], Tag("word")] | Annotated[Spot, Tag("keys")],
        Discriminator(word_or_keys, "form", "should be receiver, eavesdropper, map or {x_m: ..., y_m: ...}"),
    ] = Field(
        default="receiver",
        description="where the node stands: receiver | eavesdropper, as the street's file has them | {x_m, y_m} | map: "
        "of the eavesdropper, every place that was traced, a sweep axis",
    )
    every: Annotated[int, Field(ge=1, le=1000)] | None = Field(
        default=None, description="of a map: every so many places along both sides of the grid; null: all"
    )
    transmit_power_dbm: Annotated[float, Field(ge=-100, le=100)] | None = Field(
        default=None, description="radiated over the grid's bandwidth, dBm; of legitimate, where snr_db is traced"
    )
    noise_figure_db: Annotated[float, Field(ge=0, le=50)] = Field(
        default=7.0, description="of the node, over thermal noise at 290 K, dB; where snr_db is traced"
    )

    @property
    def scatters(self) -> bool:
        return False


class OutsideChannel(ChannelKeys):
    """A kind from outside of the package, and its keys, which its own model checks once it is imported."""

    model_config = ConfigDict(extra="allow")

    __pydantic_extra__: dict[str, PlainValue]

    kind: PartName = Field(description="module:NAME of a ChannelKind", json_schema_extra={"pattern": ":"})


KINDS = ("awgn", "rayleigh", "rician", "tdl", "cdl", "traced")
OUTSIDE = "module:NAME"


def _kind_of(value: Any) -> Any:
    return value.get("kind") if isinstance(value, dict) else getattr(value, "kind", None)


def _has_a_kind(value: Any) -> Any:
    if isinstance(value, dict):
        value = {**value, "kind": spelled(value["kind"], KINDS)} if "kind" in value else value
    kind, allowed = _kind_of(value), f"allowed: {', '.join(KINDS)}, or {OUTSIDE} of one of your own"
    if not isinstance(value, dict | ChannelKeys):
        raise ValueError(f"should be a kind, or keys such as {{kind: {KINDS[0]}}}; {allowed}")
    if kind is None:
        raise ValueError(f"kind: missing; {allowed}")
    if not isinstance(kind, str):
        raise ValueError(f"kind: no word; {allowed}")
    if kind not in KINDS and ":" not in kind:
        near = difflib.get_close_matches(kind, KINDS, n=1, cutoff=0.5)
        raise ValueError(f"kind {shortened(kind)}: unknown; " + (f"did you mean {near[0]}?" if near else allowed))
    return value


def _member(value: Any) -> str:
    kind = _kind_of(value)
    return kind if kind in KINDS else OUTSIDE


Channel = Annotated[
    Annotated[AwgnChannel, Tag("awgn")]
    | Annotated[RayleighChannel, Tag("rayleigh")]
    | Annotated[RicianChannel, Tag("rician")]
    | Annotated[TdlChannel, Tag("tdl")]
    | Annotated[CdlChannel, Tag("cdl")]
    | Annotated[TracedChannel, Tag("traced")]
    | Annotated[OutsideChannel, Tag(OUTSIDE)],
    Discriminator(_member),
    BeforeValidator(_has_a_kind),
    WordFor("kind", KINDS, pattern=":"),
]


class EstimatedCsi(Keys):
    """Channel knowledge from pilots."""

    # Thirty times the channel uses of MNIST's feature, and as good as perfect.
    pilots: Annotated[int, Field(ge=1, le=1024)] = Field(
        description="pilots of each stream in a fading block, or OFDM symbols with pilots in a grid"
    )
    estimator: Literal["ls", "lmmse"] = Field(
        default="ls",
        description="ls: least squares, with self-noise takes noise for more than it is on average; lmmse: with the "
        "channel's own statistics",
    )
    boost_db: Decibel = Field(default=0.0, description="energy of a pilot over that of a data symbol, dB")
    correlation: Annotated[float, Field(ge=0, le=1)] = Field(
        default=1.0,
        description="of the fading as measured with that of the transmission; under 1: outdated; not on a grid",
    )

    @property
    def in_words(self) -> str:
        """Pilots and estimator, and what else is not the default: "4 pilots, lmmse, correlation 0.9"."""
        words = [f"{self.pilots} pilot{'s' if self.pilots > 1 else ''}", self.estimator]
        words += [f"boost {self.boost_db:g} dB"] if self.boost_db else []
        words += [f"correlation {self.correlation:g}"] if self.correlation < 1 else []
        return ", ".join(words)


Csi = Annotated[
    Annotated[Literal["perfect"], Tag("word")] | Annotated[EstimatedCsi, Tag("keys")],
    Discriminator(word_or_keys, "form", "should be perfect or {pilots: ...}"),
]
CSI = "perfect, or {pilots: ..., estimator: ls | lmmse, ...}: what this node knows of its channel"
