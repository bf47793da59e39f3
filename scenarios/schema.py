"""What a scenario file may say. Every key carries its unit or its set of values."""

import difflib
import math
import os
import stat
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args

import numpy as np
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationError,
    model_validator,
)

from diffsem.link.errors import InputError
from diffsem.link.modulation import coded_bits
from diffsem.scenarios.augmentation import Variation
from diffsem.scenarios.shortening import shortened
from diffsem.scenarios.sizes import DatasetName, Folder, FolderPath, Keys, feature_shape_of
from diffsem.scenarios.strict_yaml import DEEPEST, MOST_BYTES, read_yaml, write_yaml

SHIPPED = Path(__file__).parent

Receiver = Literal[
    "classifier",
    "noise-aware",
    "noise-aware-pair",
    "one-step",
    "diffsem",
    "e-diffsem",
    "ibal",
    "ibal-d",
    "direct",
    "permutation",
    "reference",
    "reference-one-step",
    "keyed-self-noise",
    "keyed-scramble",
    "keyed-self-noise-scramble",
    "null-space-noise",
    "digital",
]
# Whose symbols attacks hear: the paper's pair, and systems with an encoder of their own.
Transmitter = Literal[
    "clean-pair",
    "noise-aware-pair",
    "reference",
    "keyed-self-noise",
    "keyed-scramble",
    "keyed-self-noise-scramble",
    "null-space-noise",
    "ibal",
    "ibal-d",
    "direct",
    "permutation",
]
TRANSMITTERS = get_args(Transmitter)


def transmitter_of(system: str) -> str:
    """The transmitter that a system's receiver belongs to."""
    if system == "reference-one-step":
        return "reference"
    return system if system in TRANSMITTERS else "clean-pair"


# Their recipes are in `attacks.py`; here, so that a scenario can be checked without loading them.
ATTACKS = (
    "inversion-mlp",
    "inversion-residual",
    "inversion-conv",
    "denoise-invert",
    "task-classifier",
    "task-classifier-wide",
    "residual-classifier",
    "schedule-aware",
    "linear-probe",
    "as-heard",
    "sorted-magnitudes",
    "pad-dictionary",
)
# Their denoiser is called once, whatever the solver.
ONE_STEP = ("one-step", "reference-one-step")
# Receivers that take the self-noise away, or never meet it: they do not stand at the transmitter's step.
WITHOUT_SELF_NOISE = ("keyed-self-noise", "keyed-self-noise-scramble", "null-space-noise")


def _ascending(values: tuple) -> tuple:
    if list(values) != sorted(set(values)):
        raise ValueError("must be in ascending order, each value once")
    return values


def _distinct(values: tuple) -> tuple:
    if len(set(values)) != len(values):
        raise ValueError("must name each entry once")
    return values


def _known_attack(name: str) -> str:
    if name not in ATTACKS and ":" not in name:
        near = difflib.get_close_matches(name, ATTACKS, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]}?" if near else f"allowed: {', '.join(ATTACKS)}"
        raise ValueError(f"unknown attack; {hint}; one of your own is written module:NAME")
    if ":" in name and not all(part.isidentifier() for part in name.replace(":", ".", 1).split(".")):
        raise ValueError("no attack's name; one of your own is written module:NAME")
    return name


Decibel = Annotated[float, Field(ge=-50, le=100)]
# A tenth of a decibel apart over 100 dB.
Decibels = Annotated[tuple[Decibel, ...], Field(min_length=1, max_length=1000), AfterValidator(_ascending)]
# The schedule's last.
STEPS = 500
Timestep = Annotated[int, Field(ge=0, le=STEPS)]
# A solver that takes more steps than the schedule has goes through some of them twice.
SolverSteps = Annotated[int, Field(ge=1, le=STEPS)]
# Larger than most test sets: a batch is only there to fill the machine.
BatchSize = Annotated[int, Field(ge=1, le=65536)]
# Of random bits, enough for a block error rate of 1e-6; far more than there are images in any test set.
Images = Annotated[int, Field(ge=1, le=10**8)]
# Hundreds of times what any stage takes.
EpochCount = Annotated[int, Field(ge=1, le=100_000)]
# Systems or attacks of one sweep: a row each a point.
MOST_ENTRIES = 100


Modulation = Literal["bpsk", "qpsk", "16qam", "64qam", "256qam"]
# The code begins at 0.2.
CodeRate = Annotated[float, Field(ge=0.1, lt=1)] | None


Antennas = Annotated[int, Field(ge=1, le=16)]


class _BlockFading(Keys):
    # A feature has 98,304 complex symbols at most, a block of bits 100,000: a block that holds more is null.
    coherence: Annotated[int, Field(ge=1, le=200_000)] | None = Field(
        default=None,
        description="channel uses that a fading block lasts, pilots among them; null: longer than an image",
    )


class AwgnChannel(_BlockFading):
    """Additive white Gaussian noise; `coherence` only says how often pilots are sent."""

    kind: Literal["awgn"]


class RayleighChannel(_BlockFading):
    """Rayleigh block fading: complex gains of unit mean energy, blocks independent; SNR is the average one."""

    kind: Literal["rayleigh"]


class RicianChannel(_BlockFading):
    """Rician block fading: a specular part, the same for all antennas, and a scattered one."""

    kind: Literal["rician"]
    k_factor_db: Decibel = Field(default=6.0, description="K, power of the specular over the scattered part, dB")


class _OfdmChannel(Keys):
    model: Literal["A", "B", "C", "D", "E"] = Field(
        default="A", description="of 3GPP TR 38.901, section 7.7; A to C have no line of sight"
    )
    delay_spread_ns: Annotated[float, Field(ge=1, le=10000)] = Field(
        default=100.0, description="root mean square delay spread, ns"
    )
    carrier_ghz: Annotated[float, Field(ge=0.5, le=100)] = Field(default=3.5, description="carrier frequency, GHz")
    speed_mps: Annotated[float, Field(ge=0, le=200)] = Field(
        default=0.0, description="speed of this node, m/s; its Doppler spread decorrelates OFDM symbols"
    )
    subcarriers: Annotated[int, Field(ge=2, le=4096)] = Field(default=16, description="subcarriers of the OFDM grid")
    subcarrier_spacing_khz: Annotated[float, Field(ge=1, le=1000)] = Field(
        default=60.0, description="subcarrier spacing, kHz"
    )


class TdlChannel(_OfdmChannel):
    """3GPP tapped delay line over an OFDM grid; antennas fade independently."""

    kind: Literal["tdl"]


class CdlChannel(_OfdmChannel):
    """3GPP clustered delay line over an OFDM grid; antennas are uniform linear arrays."""

    kind: Literal["cdl"]


Channel = Annotated[
    AwgnChannel | RayleighChannel | RicianChannel | TdlChannel | CdlChannel, Field(discriminator="kind")
]


def _form(value) -> str:
    """Which member of a union a value is meant to be: it decides whose errors are told."""
    if isinstance(value, str):
        return "word"
    if isinstance(value, dict):
        return "ratio" if {"distance", "path_loss_exponent"} & set(value) else "keys"
    if isinstance(value, BaseModel):
        return "ratio" if isinstance(value, Distance) else "keys"
    return "values"


def _number_or_keys(value) -> str:
    return "keys" if isinstance(value, dict | BaseModel) else "values"


FORMS = ("word", "keys", "ratio", "values")


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


Csi = Annotated[
    Annotated[Literal["perfect"], Tag("word")] | Annotated[EstimatedCsi, Tag("keys")],
    Discriminator(_form, "form", "should be perfect or {pilots: ...}"),
]
CSI = "perfect, or {pilots: ..., estimator: ls | lmmse, ...}: what this node knows of its channel"
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
    snr_db: Decibels = Field(description="Es/N0 of the radiated signal at the receiver, dB; a sweep axis")
    channel: Channel = Field(
        default=AwgnChannel(kind="awgn"), description="kind: awgn | rayleigh | rician | tdl | cdl, and its keys"
    )
    transmit_antennas: Antennas = Field(
        default=1, description="of the transmitter; each sends a stream of its own with its share of the energy"
    )
    precoding: Literal["streams", "beam"] = Field(
        default="streams",
        description="streams: one a transmit antenna; beam: one, by maximum-ratio transmission over the channel as "
        "csi has it, fed back by the receiver",
    )
    receive_antennas: Antennas = Field(default=1, description="of the receiver; not fewer than streams")
    equalizer: Equalizer = Field(default="zf", description=EQUALIZER)
    csi: Csi = Field(default="perfect", description=CSI)
    snr_estimate_error_db: Annotated[
        Annotated[Decibel, Tag("values")] | Annotated[EstimateError, Tag("keys")],
        Discriminator(_number_or_keys),
    ] = Field(
        default=0.0,
        description="dB by which the transmitter's SNR estimate is too high (negative: too low), or {deviation: dB}",
    )
    key: SharedKey = SharedKey()
    receivers: Annotated[tuple[Receiver, ...], Field(max_length=len(get_args(Receiver))), AfterValidator(_distinct)] = (
        Field(
            default=("classifier", "noise-aware", "noise-aware-pair", "one-step", "diffsem", "e-diffsem"),
            description="systems to compare; classifier bypasses the denoiser; the noise-aware ones are controls",
        )
    )

    @model_validator(mode="after")
    def _can_be_built(self):
        if self.precoding == "streams" and self.transmit_antennas > self.receive_antennas:
            raise ValueError(
                f"{self.transmit_antennas} streams, one a transmit antenna, need as many receive antennas; "
                f"there are {self.receive_antennas}; precoding beam sends one"
            )
        if self.precoding == "beam" and "digital" in self.receivers:
            raise ValueError("receivers: digital links send streams; allowed: precoding streams")
        if "null-space-noise" in self.receivers:
            self._check_null_space()
        _check_node(self, self)
        return self

    def _check_null_space(self) -> None:
        if self.precoding != "beam" or self.transmit_antennas <= self.receive_antennas:
            raise ValueError(
                f"receivers: null-space-noise needs precoding beam and more transmit antennas than the receiver's "
                f"{self.receive_antennas}; there are {self.transmit_antennas}, precoding {self.precoding}"
            )
        if self.channel.kind == "awgn":
            raise ValueError(
                "receivers: null-space-noise needs channels that differ; over awgn all nodes have the same; allowed: "
                "rayleigh, rician, tdl, cdl"
            )


class Surrogate(Keys):
    """What the eavesdropper sends through the transmitter to learn from; never the pair's images, never test images."""

    images: Literal["same", "digits"] = Field(
        default="same",
        description="same: those of the data set that the pair never sees; digits: scikit-learn's 8 x 8 ones, resized",
    )
    share: Annotated[float, Field(gt=0, le=1)] = Field(default=1.0, description="use only this share of them")


class ChosenAttack(Keys):
    """An attack, and how it learnt; what is left out is as the eavesdropper's own key says. A bare name is enough."""

    model_config = ConfigDict(json_schema_extra=lambda schema: _or_a_bare_string(schema))

    attack: Annotated[str, Field(max_length=256), AfterValidator(_known_attack)] = Field(
        description=f"{' | '.join(ATTACKS)} | module:NAME of an AttackMethod of one's own"
    )
    knows_step: bool | None = Field(default=None, description="null: as eavesdropper.knows_step says")
    surrogate: Surrogate | None = Field(default=None, description="null: as eavesdropper.surrogate says")
    transmitters: Annotated[tuple[Transmitter, ...], Field(min_length=1, max_length=len(TRANSMITTERS))] | None = Field(
        default=None, description="run against these only, clean-pair is the paper's; null: against every one"
    )

    @model_validator(mode="before")
    @classmethod
    def _from_name(cls, value):
        return {"attack": value} if isinstance(value, str) else value


def _or_a_bare_string(schema: dict[str, Any]) -> None:
    whole = {key: schema.pop(key) for key in list(schema) if key != "description"}
    schema["anyOf"] = [{"type": "string"}, whole]


class Eavesdropper(Keys):
    snr_db: Annotated[
        Annotated[Literal["same"], Tag("word")]
        | Annotated[Offset, Tag("keys")]
        | Annotated[Distance, Tag("ratio")]
        | Annotated[Decibels, Tag("values")],
        Discriminator(_form),
    ] = Field(
        default="same",
        description="same | {offset: dB} | {distance: ratio, path_loss_exponent: n} | list of dB (a third sweep axis)",
    )
    channel: Channel = Field(
        default=AwgnChannel(kind="awgn"), description="kind: awgn | rayleigh | rician | tdl | cdl, and its keys"
    )
    receive_antennas: Antennas = Field(default=1, description="of the eavesdropper")
    equalizer: Equalizer = Field(default="zf", description=EQUALIZER)
    csi: Csi = Field(default="perfect", description=CSI)
    fading_correlation: Annotated[float, Field(ge=0, le=1)] = Field(
        default=0.0, description="of the eavesdropper's fading with the receiver's; both need the same channel"
    )
    attacks: Annotated[tuple[ChosenAttack, ...], Field(max_length=MOST_ENTRIES), AfterValidator(_distinct)] = Field(
        default=tuple(ChosenAttack(attack=name) for name in ATTACKS[:6]),
        description="a name each, or {attack: NAME, knows_step: ..., surrogate: ..., transmitters: ...}",
    )
    known_keys: Annotated[float, Field(ge=0, le=1)] = Field(
        default=0.0,
        description="share of the keyed transmissions whose keystream the eavesdropper has as well; not with scrambles",
    )
    looks: Annotated[int, Field(ge=1, le=100)] = Field(
        default=1,
        description="transmissions of an image that the eavesdropper combines; the receiver hears one",
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


def _check_node(node: Legitimate | Eavesdropper, transmitter: Legitimate) -> None:
    """Whether a node's antennas, pilots and equaliser go with each other and the transmitter. Raises ValueError."""
    channel, csi = node.channel, node.csi
    pilots = csi.pilots if isinstance(csi, EstimatedCsi) else 0
    antennas = transmitter.transmit_antennas
    streams = antennas if transmitter.precoding == "streams" else 1
    if node.equalizer == "mrc" and streams > 1:
        raise ValueError(f"equalizer mrc: combines one stream, not {streams}; allowed: zf, mmse")
    if node.equalizer == "zf" and streams > node.receive_antennas:
        raise ValueError(
            f"equalizer zf: cannot separate {streams} streams, one a transmit antenna, with "
            f"{node.receive_antennas} receive antennas; allowed: mmse"
        )
    if isinstance(channel, _BlockFading):
        if channel.coherence is not None and channel.coherence <= pilots * antennas:
            raise ValueError(
                f"channel.coherence {channel.coherence}: {pilots} pilots for each of {antennas} transmit antennas "
                f"leave no channel use for data; allowed: more than {pilots * antennas}"
            )
    elif channel.subcarriers % antennas:
        raise ValueError(
            f"channel.subcarriers {channel.subcarriers}: must be a multiple of the {antennas} transmit antennas"
        )
    elif pilots and transmitter.precoding == "beam":
        raise ValueError(f"csi: beams over {channel.kind} need it perfect")
    elif isinstance(csi, EstimatedCsi) and csi.correlation < 1:
        raise ValueError(f"csi.correlation {csi.correlation:g}: for {channel.kind}, give channel.speed_mps instead")


def _frame(node: Legitimate | Eavesdropper) -> tuple:
    """What two nodes must share for their fading to resemble each other."""
    pilots = node.csi.pilots if isinstance(node.csi, EstimatedCsi) else 0
    if isinstance(node.channel, _BlockFading) and node.channel.coherence is None:
        pilots = 0
    return node.channel, pilots


class Denoising(Keys):
    solver: Literal["ddim", "dpm-solver++", "distilled"] = Field(
        default="ddim", description="ddim | dpm-solver++ | distilled: the U-Nets' one-call students"
    )
    steps: SolverSteps = Field(default=2, description="steps of the solver from t' down to 0")
    guidance: Annotated[float, Field(ge=0, le=20)] = Field(default=0.0, description="w of eq. 18; e-diffsem only")
    step: Literal["matched", "mean", "transmitter"] = Field(
        default="matched",
        description="of the receiver. matched: the step that fits the noise, symbol by symbol; mean: that of the mean "
        "noise of all symbols; transmitter: t, as in the paper",
    )
    # Labels that have not settled by then go round in a circle.
    max_rounds: Annotated[int, Field(ge=1, le=100)] = Field(
        default=5, description="rounds of e-diffsem at most; a label that settles ends them"
    )
    # 64 times the weights of the paper's 128.
    channels: Annotated[int, Field(ge=8, le=1024, multiple_of=8)] = Field(
        default=128, description="U-Net channels; must fit the weights"
    )


class MonteCarlo(Keys):
    batch_size: BatchSize = Field(default=256, description="images a batch")
    max_images: Images = Field(
        default=10000, description="images a point at most; a point ends at the end of its test set, too"
    )
    # Of 10,000 test images as many as `max_images` may be.
    passes: Annotated[int, Field(ge=1, le=10_000)] = Field(
        default=1,
        description="times that a point may go through its test set, with new noise; intervals are then clustered by "
        "image",
    )
    target_errors: Images | None = Field(
        default=500, description="a node is done after this many wrong labels; null: never"
    )
    # A hundredth of what the most images come to.
    ci_half_width: Annotated[float, Field(ge=1e-6, lt=1)] | None = Field(
        default=0.005, description="a node is done once its 95% interval is this narrow (half width); null: never"
    )


class DigitalLink(Keys):
    """Features, quantised and sent as bits to the same classifier."""

    modulation: Modulation = Field(default="256qam", description="bpsk to 256qam, Gray mapping")
    code_rate: CodeRate = Field(default=0.5, description="of Sionna's 5G LDPC code; null: uncoded")
    bits: Annotated[int, Field(ge=1, le=8)] = Field(default=2, description="bits a real symbol of the feature")

    @property
    def name(self) -> str:
        """`digital`, and what is not the default."""
        return _joined("digital", self, {"modulation": "{}", "code_rate": "{}", "bits": "{}bit"})


class BitErrorRate(Keys):
    """A calibration of the channel: random bits, no image."""

    modulation: Modulation = Field(default="qpsk", description="bpsk to 256qam, Gray mapping")
    code_rate: CodeRate = Field(default=None, description="of Sionna's 5G LDPC code; null: uncoded")
    information_bits: Annotated[int, Field(ge=1, le=100000)] = Field(default=512, description="a block")

    @property
    def name(self) -> str:
        """`bits`, the modulation, and what else is not the default."""
        return _joined(f"bits+{self.modulation}", self, {"code_rate": "{}", "information_bits": "{}bit"})

    @model_validator(mode="after")
    def _has_a_code(self):
        coded_bits(self.information_bits, self.code_rate, self.modulation)
        return self


def _joined(name: str, link: Keys, formats: dict[str, str]) -> str:
    for key, form in formats.items():
        value = getattr(link, key)
        if value != type(link).model_fields[key].default:
            name += "+" + ("uncoded" if value is None else form.format(value))
    return name


class Execution(Keys):
    precision: Literal["float32", "mixed_bfloat16", "mixed_float16"] = Field(
        default="float32", description="arithmetic of the denoisers; Keras' names of mixed precision"
    )
    xla: bool = Field(default=False, description="compile receivers and attacks by XLA")


class Epochs(Keys):
    pair: EpochCount = Field(default=25, description="encoder and classifier on clean features")
    noise_aware_pair: EpochCount = Field(default=40, description="control: encoder and classifier through self-noise")
    reference: EpochCount = Field(
        default=40, description="the pair at the ceiling: encoder and classifier through noise"
    )
    denoiser: EpochCount = Field(default=15, description="each U-Net")
    distillation: EpochCount = Field(default=4, description="each one-call student of a U-Net")
    classifiers: EpochCount = Field(default=25, description="fine-tuning of each receiver's classifier")
    adversary: EpochCount = Field(default=200, description="each attack, at most: it ends on a plateau")
    strong_classifier: EpochCount = Field(default=14, description="each judge")
    judge_of_attacks: EpochCount | None = Field(
        default=None,
        description="the judge that sees attacks' images, on from the clean judge's weights; null: from new weights, "
        "for as long as the clean one",
    )
    ibal: EpochCount = Field(default=30, description="baseline: encoder, classifier and auxiliary decoder of IBAL")


class Ibal(Keys):
    # With more, nothing else of the loss is left.
    beta: Annotated[float, Field(ge=0, le=1e6)] = Field(
        default=1e-3, description="weight of the information in the symbols (KL, nats an image), once it is ramped up"
    )
    decoder_weight: Annotated[float, Field(ge=0, le=1e6)] = Field(
        default=20.0, description="lambda, weight of the auxiliary decoder's mean squared error"
    )


class Training(Keys):
    epochs: Epochs = Epochs()
    ibal: Ibal = Ibal()
    batch_size: BatchSize = Field(default=256, description="samples a step")
    # More than fit in any machine's memory.
    images: Annotated[int, Field(ge=100, le=10**8)] | None = Field(
        default=None, description="use only this many training images; null: all"
    )
    augmentation: Annotated[tuple[Variation, ...], AfterValidator(_distinct)] | None = Field(
        default=None,
        description="how training images are varied at random in every epoch: list of mirror (left to right) and shift "
        "(by up to an eighth); null: mnist not (shifted by 2 pixels for the reference pair), cifar10 [mirror, shift], "
        "a folder [shift]",
    )
    learning_rate: Literal["plateau", "cosine"] = Field(
        default="plateau",
        description="falls from 1e-3 to 1e-5 whenever the validation loss stands still (the paper's), or along half a "
        "cosine over the epochs; attacks wait for a plateau in any case",
    )
    precision: Literal["float32", "mixed_bfloat16", "mixed_float16"] = Field(
        default="float32", description="arithmetic of networks that are trained from new weights"
    )
    fresh_draws: bool = Field(
        default=False,
        description="fine-tune receivers' classifiers on one new draw of (t, noise) an image and epoch, denoised anew, "
        "instead of on the same four in every epoch",
    )
    teacher_steps: SolverSteps = Field(
        default=3, description="DDIM steps of what receivers' classifiers are fine-tuned on and students learn to give"
    )
    snr_db: tuple[Decibel, Decibel] = Field(
        default=(-10.0, 25.0), description="range of Es/N0 in dB at which the eavesdropper trains, uniform"
    )


# dB that come of an eavesdropper's offset or distance.
LOUDEST = 200


class Scenario(Keys):
    name: Annotated[str, Field(max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")] = Field(
        description="letters, digits, . _ -"
    )
    seed: Annotated[int, Field(ge=0, lt=2**31)] = Field(default=1, description="every random draw derives from it")
    dataset: Annotated[
        Annotated[DatasetName, Tag("word")] | Annotated[Folder, Tag("keys")],
        Discriminator(_form, "form", "should be mnist, cifar10 or {folder: PATH}"),
    ] = Field(description="mnist | cifar10 | {folder: PATH, image_size: pixels, compression: symbols a value}")
    weights: FolderPath = Field(default="pretrained", description="pretrained, or a folder that `diffsem train` wrote")
    weights_only: bool = Field(default=False, description="take no shipped network in the place of one that they lack")
    timesteps: Annotated[
        tuple[Timestep, ...], Field(min_length=1, max_length=STEPS + 1), AfterValidator(_ascending)
    ] = Field(description="self-noising steps t, 0 to 500; a sweep axis")
    legitimate: Legitimate
    eavesdropper: Eavesdropper = Eavesdropper()
    denoising: Denoising = Denoising()
    digital: Annotated[
        tuple[DigitalLink, ...], Field(min_length=1, max_length=MOST_ENTRIES), AfterValidator(_distinct)
    ] = Field(
        default=(DigitalLink(),),
        description="links of the receiver `digital`, a system each; no self-noise, no attacks",
    )
    bit_error_rates: Annotated[tuple[BitErrorRate, ...], Field(max_length=MOST_ENTRIES), AfterValidator(_distinct)] = (
        Field(default=(), description="bit and block error rates of these over the legitimate channel, a system each")
    )
    monte_carlo: MonteCarlo = MonteCarlo()
    execution: Execution = Execution()
    training: Training = Training()

    @model_validator(mode="after")
    def _goes_together(self):
        if not self.legitimate.receivers and not self.bit_error_rates:
            raise ValueError("legitimate.receivers and bit_error_rates are both empty; nothing to simulate")
        try:
            _check_node(self.eavesdropper, self.legitimate)
        except ValueError as error:
            raise ValueError(f"eavesdropper: {error}") from None
        own = self.eavesdropper.snr_db
        if isinstance(own, Offset | Distance):
            for snr_db in self.legitimate.snr_db:
                # A float32 holds noise down to -370 dB.
                if not -LOUDEST <= own.after(snr_db) <= LOUDEST:
                    raise ValueError(
                        f"eavesdropper.snr_db: {own.after(snr_db):.0f} dB where the receiver has {snr_db:g} dB; "
                        f"allowed: -{LOUDEST} to {LOUDEST} dB"
                    )
        if self.eavesdropper.fading_correlation > 0:
            self._check_correlation()
        surrogates = [self.eavesdropper.surrogate, *(attack.surrogate for attack in self.eavesdropper.attacks)]
        if self.dataset != "mnist" and any(surrogate and surrogate.images == "digits" for surrogate in surrogates):
            raise ValueError(
                "eavesdropper: surrogate.images digits: look like MNIST's; allowed with dataset mnist only"
            )
        receivers = self.legitimate.receivers
        there = {transmitter_of(system) for system in receivers if system != "digital"}
        for entry in self.eavesdropper.attacks:
            if entry.transmitters and not there & set(entry.transmitters):
                raise ValueError(
                    f"eavesdropper.attacks: {entry.attack}: none of its transmitters {', '.join(entry.transmitters)} "
                    f"is there; allowed with these receivers: {', '.join(sorted(there)) or 'none'}"
                )
        if self.eavesdropper.known_keys > 0 and any("scramble" in system for system in receivers):
            raise ValueError(
                "eavesdropper.known_keys: attacks on scrambles do not tell apart the transmissions whose key they "
                "have; allowed: 0 with keyed-scramble or keyed-self-noise-scramble"
            )
        if self.denoising.step == "transmitter" and (free := [s for s in receivers if s in WITHOUT_SELF_NOISE]):
            raise ValueError(
                f"denoising.step transmitter: {free[0]} does not stand at that step; allowed: matched, mean"
            )
        if self.bit_error_rates and self.legitimate.precoding == "beam":
            raise ValueError("bit_error_rates: digital links send streams; allowed: legitimate.precoding streams")
        if "digital" in self.legitimate.receivers:
            symbols = math.prod(feature_shape_of(self.dataset))
            for link in self.digital:
                try:
                    coded_bits(link.bits * symbols, link.code_rate, link.modulation)
                except ValueError as error:
                    raise ValueError(f"digital: {error}") from None
        return self

    def _check_correlation(self) -> None:
        legitimate, eavesdropper = self.legitimate, self.eavesdropper
        channel = legitimate.channel
        if isinstance(channel, AwgnChannel) or (isinstance(channel, _OfdmChannel) and channel.model in "DE"):
            raise ValueError(
                "eavesdropper.fading_correlation: needs a channel that scatters; allowed: rayleigh, rician, and models "
                "A to C of tdl and cdl"
            )
        if _frame(legitimate) != _frame(eavesdropper):
            raise ValueError(
                "eavesdropper.fading_correlation: receiver and eavesdropper need the same channel, and as many pilots "
                "in a block or grid"
            )

    def to_yaml(self) -> str:
        """The resolved scenario, defaults included, as the YAML that reads back to it."""
        return write_yaml(self.model_dump(mode="json"))


def value_at(scenario: Scenario, key: str) -> Any:
    """The value of a dotted key of a scenario, as JSON holds it."""
    value: Any = scenario.model_dump(mode="json")
    for part in key.split("."):
        value = value[part]
    return value


def shipped_scenarios() -> list[str]:
    """Names of the scenarios inside the package."""
    return sorted(path.stem for path in SHIPPED.glob("*.yaml"))


def load_scenario(scenario: str | Path, overrides: tuple[str, ...] | list[str] = ()) -> Scenario:
    """Read and validate a scenario.

    Parameters
    ----------
    scenario : str or Path
        A shipped name or a path to a YAML file.
    overrides : sequence of str
        "key.sub=VALUE" pairs, VALUE in YAML, applied before validation.

    Raises
    ------
    InputError
        One line: what is wrong, where, what is allowed.
    """
    path = _find(scenario)
    try:
        content = read_yaml(_text_of(path))
    except OSError as error:
        raise InputError(f"scenario {path}: {error.strerror}") from error
    except ValueError as error:
        raise InputError(f"scenario {path}: {error}") from error
    if not isinstance(content, dict):
        raise InputError(f"scenario {path}: must hold keys and values, such as 'name: {path.stem}'")
    for override in overrides:
        _apply(content, override)
    return parse_scenario(content, str(path))


def parse_scenario(content: dict[str, Any], where: str) -> Scenario:
    """Validate a scenario's keys and values; `where` names their origin in errors. Raises InputError."""
    try:
        return Scenario.model_validate(content)
    except ValidationError as error:
        raise InputError(f"scenario {where}: {_explain(error)}") from error


def _find(scenario: str | Path) -> Path:
    path, shown = Path(scenario), shortened(str(scenario))
    is_there = os.path.lexists(path)
    if path.suffix in {".yaml", ".yml"}:
        if not is_there:
            raise InputError(f"scenario {shown}: no such file")
        return path
    if is_there and (os.path.isfile(path) or str(scenario) not in shipped_scenarios()):
        return path
    if str(scenario) in shipped_scenarios():
        return SHIPPED / f"{scenario}.yaml"
    raise InputError(f"scenario {shown}: neither a file nor a shipped one ({', '.join(shipped_scenarios())})")


def _text_of(path: Path) -> str:
    """The text of a scenario file. Raises OSError, and ValueError if it is no regular file, too large or no UTF-8."""
    status = path.stat()
    # Before it is opened: a pipe would wait for a writer, a device might never end.
    if not stat.S_ISREG(status.st_mode):
        raise ValueError("is a folder, a device or a pipe; allowed: a YAML file")
    if status.st_size > MOST_BYTES:
        raise ValueError(f"has {status.st_size:,} bytes; allowed: at most {MOST_BYTES:,}")
    with path.open("rb") as file:
        content = file.read(MOST_BYTES + 1)  # some files of the system tell no size
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise ValueError(f"byte {error.start + 1} is no UTF-8") from error


def _apply(content: dict[str, Any], override: str) -> None:
    shown = shortened(override)
    key, equals, text = override.partition("=")
    if not equals or not key:
        raise InputError(f"--set {shown}: write KEY=VALUE, such as timesteps=[240] or legitimate.snr_db=[15]")
    *parents, leaf = key.split(".")
    if "" in (*parents, leaf):
        raise InputError(f"--set {shown}: an empty key beside a dot; write KEY.KEY=VALUE")
    if len(parents) >= DEEPEST:
        raise InputError(f"--set {shown}: {len(parents) + 1} keys deep; allowed: at most {DEEPEST}")
    try:
        value = read_yaml(text)
    except ValueError as error:
        raise InputError(f"--set {shown}: {error}") from error
    for parent in parents:
        child = content.setdefault(parent, {})
        if not isinstance(child, dict):
            raise InputError(f"--set {shown}: {shortened(parent)} has no keys of its own")
        content = child
    content[leaf] = value


def _explain(error: ValidationError) -> str:
    """The first problem in one line; for an unknown key, the nearest known one."""
    first = error.errors()[0]
    *parents, last = first["loc"] or ("",)
    unknown = first["type"] == "extra_forbidden"
    # An unknown key may be called as a form is.
    parts = [part for part in parents if part not in FORMS] + ([last] if unknown or last not in FORMS else [])
    where = ".".join(shortened(str(part)) for part in parts) or "top level"
    if unknown:
        allowed = _known_keys(tuple(parents))
        near = difflib.get_close_matches(str(last), allowed, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]}?" if near else f"allowed: {', '.join(allowed)}"
        return f"{where}: unknown key; {hint}"
    if first["type"] == "missing":
        return f"{where}: missing"
    message = first["msg"].removeprefix("Value error, ").removeprefix("Input ")
    if first["type"] == "union_tag_invalid":
        message = message.replace(first["ctx"]["tag"], shortened(first["ctx"]["tag"]))
    message = message[0].lower() + message[1:]
    if last == "word":
        message += f", or keys: {', '.join(_known_keys((*parents, 'keys')))}"
    # What is wrong with several keys together is said of them, not of all that is beside them.
    together = first["type"] == "value_error" and isinstance(first["input"], dict)
    return f"{where}: {message}" if together else f"{where}: {_shown(first['input'])}: {message}"


def _shown(value: Any) -> str:
    try:
        return shortened(repr(value))
    except (ValueError, RecursionError):  # from Python: an integer of thousands of digits, a thousand lists
        return f"a {type(value).__name__}"


def _known_keys(location: tuple) -> list[str]:
    """Keys allowed at a place of the scenario, found by walking the JSON Schema."""
    schema = Scenario.model_json_schema()
    nodes: list[dict[str, Any]] = [schema]
    for part in location:
        options = [option for node in nodes for option in _options(node, schema)]
        if isinstance(part, int):
            nodes = [node["items"] for node in options if "items" in node]
        elif part in FORMS:  # members of a union that are told apart by their form
            nodes = [
                node
                for node in options
                if "properties" in node and ("distance" in node["properties"]) == (part == "ratio")
            ]
        elif tagged := [node for node in options if node.get("properties", {}).get("kind", {}).get("const") == part]:
            nodes = tagged  # those that are told apart by a tag
        else:
            nodes = [node["properties"][part] for node in options if part in node.get("properties", {})]
    return sorted({key for node in nodes for option in _options(node, schema) for key in option.get("properties", {})})


def _options(node: dict[str, Any], schema: dict[str, Any]) -> list[dict[str, Any]]:
    """What a value may be: the members of a union, theirs in turn, and no references."""
    if "$ref" in node:
        return _options(schema["$defs"][node["$ref"].rsplit("/", 1)[-1]], schema)
    members = [*node.get("allOf", []), *node.get("anyOf", []), *node.get("oneOf", [])]
    return [option for member in members for option in _options(member, schema)] if members else [node]
