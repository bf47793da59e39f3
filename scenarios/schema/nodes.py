"""Transmitter and receiver, and the eavesdropper: channels, antennas, SNRs, systems and attacks."""

import math
from typing import Annotated, Any, Literal, TypeVar

import numpy as np
from pydantic import AfterValidator, ConfigDict, Discriminator, Field, Tag, model_validator

from diffsem.scenarios.schema.channels import (
    CSI,
    AwgnChannel,
    BlockFadingKeys,
    Channel,
    ChannelKeys,
    Csi,
    EstimatedCsi,
    GridKeys,
    OutsideChannel,
    OverGrid,
)
from diffsem.scenarios.schema.forgiving.lists import OneOrMore
from diffsem.scenarios.schema.keys import Keys, PartName
from diffsem.scenarios.schema.values import (
    MOST_ENTRIES,
    AntennaCount,
    Decibel,
    Decibels,
    distinct,
    number_or_keys,
    or_a_list,
    or_traced,
    word_or_keys,
)

Equalizer = Literal["zf", "mmse", "mrc"]
EQUALIZER = "zf: zero forcing | mmse: LMMSE, bias removed | mrc; with one stream all are maximum-ratio combining"


SnrDb = TypeVar("SnrDb", float, np.ndarray)


class Offset(Keys):
    offset: Decibel = Field(description="dB added to the legitimate SNR")

    def after(self, snr_db: SnrDb) -> SnrDb:
        """The eavesdropper's SNR next to a receiver's, both in dB."""
        return snr_db + self.offset


class Distance(Keys):
    distance: Annotated[float, Field(gt=0, le=1e6)] = Field(
        description="from transmitter to eavesdropper, over that to the receiver"
    )
    path_loss_exponent: Annotated[float, Field(ge=0, le=10)] = Field(
        default=3.0, description="received power falls with distance to this power"
    )

    def after(self, snr_db: SnrDb) -> SnrDb:
        """The eavesdropper's SNR next to a receiver's, both in dB."""
        return snr_db - 10 * self.path_loss_exponent * math.log10(self.distance)


class EstimateError(Keys):
    mean: Decibel = Field(default=0.0, description="dB by which the estimate is too high on average")
    deviation: Annotated[float, Field(ge=0, le=30)] = Field(
        description="standard deviation of the error, dB; normal, drawn for every image"
    )


class SharedKey(Keys):
    """The keys of the keyed systems, derived from the scenario's seed and name so that tables repeat."""

    generator: Literal["chacha20", "weak"] = Field(
        default="chacha20",
        description="stream cipher; weak: a control whose keystream repeats after 16 transmissions",
    )


class Legitimate(Keys):
    snr_db: Decibels = Field(
        description="Es/N0 of the radiated signal at the receiver, dB; a sweep axis; traced: as transmit power, path "
        "gain and noise figure of a traced channel make it",
        json_schema_extra=or_traced,
    )
    channel: Channel = Field(
        default=AwgnChannel(kind="awgn"),
        description="kind: awgn | rayleigh | rician | tdl | cdl | traced | module:NAME, and its keys",
    )
    transmit_antennas: AntennaCount = Field(
        default=1,
        description="of the transmitter; each sends a stream of its own with its share of the energy; a list is a "
        "sweep axis, of which attacks are trained for the first",
        json_schema_extra=or_a_list,
    )
    precoding: Literal["streams", "beam"] = Field(
        default="streams",
        description="streams: one a transmit antenna; beam: one, by maximum-ratio transmission over the channel as "
        "csi has it, fed back by the receiver",
    )
    receive_antennas: AntennaCount = Field(
        default=1,
        description="of the receiver; not fewer than streams; a list is a sweep axis, of which attacks are trained for "
        "the first",
        json_schema_extra=or_a_list,
    )
    equalizer: Equalizer = Field(default="zf", description=EQUALIZER)
    csi: Csi = Field(default="perfect", description=CSI)
    snr_estimate_error_db: Annotated[
        Annotated[Decibel, Tag("values")] | Annotated[EstimateError, Tag("keys")],
        Discriminator(number_or_keys),
    ] = Field(
        default=0.0,
        description="dB by which the transmitter's SNR estimate is too high (negative: too low), or {deviation: dB}",
    )
    key: SharedKey = SharedKey()
    receivers: Annotated[
        tuple[PartName, ...], Field(max_length=MOST_ENTRIES), AfterValidator(distinct), OneOrMore()
    ] = Field(
        default=(),
        description="systems to compare, shipped ones or module:NAME of a System; left out: those of the paper, "
        "and controls",
    )

    @property
    def streams(self) -> int:
        """Symbols that are sent at a time."""
        return self.transmit_antennas if self.precoding == "streams" else 1

    @model_validator(mode="after")
    def _can_be_built(self):
        if self.precoding == "streams" and self.transmit_antennas > self.receive_antennas:
            raise ValueError(
                f"{self.transmit_antennas} streams, one a transmit antenna, need as many receive antennas; "
                f"there are {self.receive_antennas}; precoding beam sends one"
            )
        if not isinstance(self.channel, OutsideChannel):
            check_node(self, self.channel, self)
        return self


class Surrogate(Keys):
    """What the eavesdropper sends through the transmitter to learn from; never test images."""

    images: Annotated[str, Field(min_length=1, max_length=64)] = Field(
        default="same",
        description="same: those of the data set that the pair never sees; all: the pair's own besides, so that the "
        "eavesdropper has more than the receiver; or a set that goes with it: of mnist digits, scikit-learn's 8 x 8 "
        "ones, resized",
    )
    share: Annotated[float, Field(gt=0, le=1)] = Field(default=1.0, description="use only this share of them")


class ChosenAttack(Keys):
    """An attack, and how it learnt; what is left out is as the eavesdropper's own key says. A bare name is enough."""

    model_config = ConfigDict(json_schema_extra=lambda schema: _or_a_bare_string(schema))

    attack: PartName = Field(description="a shipped attack, or module:NAME of an AttackMethod of one's own")
    knows_step: bool | None = Field(default=None, description="null: as eavesdropper.knows_step says")
    surrogate: Surrogate | None = Field(default=None, description="null: as eavesdropper.surrogate says")
    transmitters: (
        Annotated[
            tuple[Annotated[str, Field(min_length=1, max_length=256)], ...],
            Field(min_length=1, max_length=MOST_ENTRIES),
            OneOrMore(),
        ]
        | None
    ) = Field(default=None, description="run against these transmitters only; null: against every one")

    @model_validator(mode="before")
    @classmethod
    def _from_name(cls, value):
        return {"attack": value} if isinstance(value, str) else value


def _or_a_bare_string(schema: dict[str, Any]) -> None:
    whole = {key: schema.pop(key) for key in list(schema) if key != "description"}
    schema["anyOf"] = [{"type": "string"}, whole]


def _form_of_snr(value: Any) -> str:
    form = word_or_keys(value)
    if isinstance(value, dict) and {"start", "stop", "step"} & set(value):
        return "values"
    if isinstance(value, Distance) or (isinstance(value, dict) and {"distance", "path_loss_exponent"} & set(value)):
        form = "ratio"
    return form or "values"


class Eavesdropper(Keys):
    snr_db: Annotated[
        Annotated[Literal["same", "traced"], Tag("word")]
        | Annotated[Offset, Tag("keys")]
        | Annotated[Distance, Tag("ratio")]
        | Annotated[Decibels, Tag("values")],
        Discriminator(_form_of_snr),
    ] = Field(
        default="same",
        description="same | {offset: dB} | {distance: ratio, path_loss_exponent: n} | dB, list or "
        "{start: dB, stop: dB, step: dB} of dB (a third sweep axis) | traced: as path gain and noise figure of traced "
        "channels make it beside the receiver's",
    )
    channel: Channel = Field(
        default=AwgnChannel(kind="awgn"),
        description="kind: awgn | rayleigh | rician | tdl | cdl | traced | module:NAME, and its keys",
    )
    receive_antennas: AntennaCount = Field(
        default=1,
        description="of the eavesdropper; a list is a sweep axis, of which attacks are trained for the first",
        json_schema_extra=or_a_list,
    )
    equalizer: Equalizer = Field(default="zf", description=EQUALIZER)
    csi: Csi = Field(default="perfect", description=CSI)
    fading_correlation: Annotated[float, Field(ge=0, le=1)] = Field(
        default=0.0, description="of the eavesdropper's fading with the receiver's; both need the same channel"
    )
    attacks: Annotated[
        tuple[ChosenAttack, ...], Field(max_length=MOST_ENTRIES), AfterValidator(distinct), OneOrMore()
    ] = Field(
        default=(),
        description="a name each, or {attack: NAME, knows_step: ..., surrogate: ..., transmitters: ...}; left out: the "
        "shipped suite",
    )
    judge: PartName | None = Field(
        default=None, description="who labels reconstructed images: module:NAME of a Judge; null: the shipped one"
    )
    known_keys: Annotated[float, Field(ge=0, le=1)] = Field(
        default=0.0,
        description="share of the keyed transmissions whose keystream the eavesdropper has as well; not with scrambles",
    )
    looks: Annotated[int, Field(ge=1, le=100)] = Field(
        default=1,
        description="transmissions of an image that the eavesdropper combines; the receiver hears one; a list is a "
        "sweep axis, of which attacks are trained for the first: column warning tells where that matters",
        json_schema_extra=or_a_list,
    )
    knows_step: bool = Field(
        default=True, description="whether attacks are told the noise level; false: the paper's attacker"
    )
    surrogate: Surrogate = Surrogate()

    def chosen(self) -> list[tuple[str, bool, Surrogate, tuple[str, ...] | None]]:
        """The attacks with every option filled in: attack, knows_step, surrogate, transmitters."""
        return [
            (
                entry.attack,
                self.knows_step if entry.knows_step is None else entry.knows_step,
                entry.surrogate or self.surrogate,
                entry.transmitters,
            )
            for entry in self.attacks
        ]


def check_node(node: Legitimate | Eavesdropper, channel: ChannelKeys, transmitter: Legitimate) -> None:
    """Whether a node's antennas, pilots and equaliser go with its channel and the transmitter. Raises ValueError."""
    csi = node.csi
    pilots = csi.pilots if isinstance(csi, EstimatedCsi) else 0
    antennas = transmitter.transmit_antennas
    streams = transmitter.streams
    if node.equalizer == "mrc" and streams > 1:
        raise ValueError(f"equalizer mrc: combines one stream, not {streams}; allowed: zf, mmse")
    if node.equalizer == "zf" and streams > node.receive_antennas:
        raise ValueError(
            f"equalizer zf: cannot separate {streams} streams, one a transmit antenna, with "
            f"{node.receive_antennas} receive antennas; allowed: mmse"
        )
    if isinstance(channel, BlockFadingKeys):
        if channel.coherence is not None and channel.coherence <= pilots * antennas:
            raise ValueError(
                f"channel.coherence {channel.coherence}: {pilots} pilots for each of {antennas} transmit antennas "
                f"leave no channel use for data; allowed: more than {pilots * antennas}"
            )
    elif isinstance(channel, OverGrid):
        if isinstance(channel, GridKeys) and channel.subcarriers % antennas:
            raise ValueError(
                f"channel.subcarriers {channel.subcarriers}: must be a multiple of the {antennas} transmit antennas"
            )
        if pilots and transmitter.precoding == "beam":
            raise ValueError(f"csi: beams over {channel.kind} need it perfect")
        if isinstance(csi, EstimatedCsi) and csi.correlation < 1:
            raise ValueError(f"csi.correlation {csi.correlation:g}: for {channel.kind}, give channel.speed_mps instead")


def check_correlation(
    legitimate: Legitimate, eavesdropper: Eavesdropper, receiver_keys: ChannelKeys, eavesdropper_keys: ChannelKeys
) -> None:
    """Whether the fading of two nodes can be correlated. Raises ValueError."""
    if not receiver_keys.scatters:
        raise ValueError(
            "eavesdropper.fading_correlation: needs a channel that scatters; allowed: rayleigh, rician, and models "
            "A to C of tdl and cdl"
        )
    if _frame(legitimate, receiver_keys) != _frame(eavesdropper, eavesdropper_keys):
        raise ValueError(
            "eavesdropper.fading_correlation: receiver and eavesdropper need the same channel, and as many pilots "
            "in a block or grid"
        )


def _frame(node: Legitimate | Eavesdropper, channel: ChannelKeys) -> tuple[ChannelKeys, int]:
    """What two nodes must share for their fading to resemble each other."""
    pilots = node.csi.pilots if isinstance(node.csi, EstimatedCsi) else 0
    if isinstance(channel, BlockFadingKeys) and channel.coherence is None:
        pilots = 0
    return channel, pilots
