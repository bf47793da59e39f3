"""What a scenario file may say. Every key carries its unit or its set of values."""

import difflib
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from diffsem.link.errors import InputError

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
]
# Their recipes are in `attacks.py`; here, so that a scenario can be checked without loading them.
ATTACKS = (
    "inversion-mlp",
    "inversion-conv",
    "denoise-invert",
    "task-classifier",
    "schedule-aware",
    "linear-probe",
    "as-heard",
)


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
    return name


Decibel = Annotated[float, Field(ge=-50, le=100)]
Decibels = Annotated[tuple[Decibel, ...], Field(min_length=1), AfterValidator(_ascending)]
Timestep = Annotated[int, Field(ge=0, le=500)]
Positive = Annotated[int, Field(ge=1)]


class _Keys(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class AwgnChannel(_Keys):
    """Additive white Gaussian noise."""

    kind: Literal["awgn"]


class RayleighChannel(_Keys):
    """Rayleigh block fading: one complex gain of unit mean energy an image; SNR is the average one."""

    kind: Literal["rayleigh"]


Channel = Annotated[AwgnChannel | RayleighChannel, Field(discriminator="kind")]


class Offset(_Keys):
    offset: Decibel = Field(description="dB added to the legitimate SNR")


class Legitimate(_Keys):
    snr_db: Decibels = Field(description="Es/N0 of the radiated signal at the receiver, dB; a sweep axis")
    channel: Channel = Field(default=AwgnChannel(kind="awgn"), description="kind: awgn | rayleigh")
    equalizer: Literal["zf"] = Field(default="zf", description="zf: one-tap zero forcing")
    csi: Literal["perfect"] = Field(default="perfect", description="perfect: the node knows its channel gain")
    snr_estimate_error_db: Decibel = Field(
        default=0.0, description="dB by which the transmitter's SNR estimate is too high (negative: too low)"
    )
    receivers: Annotated[tuple[Receiver, ...], Field(min_length=1), AfterValidator(_distinct)] = Field(
        default=("classifier", "noise-aware", "noise-aware-pair", "one-step", "diffsem", "e-diffsem"),
        description="systems to compare; classifier bypasses the denoiser; the noise-aware ones are controls",
    )


class Surrogate(_Keys):
    """What the eavesdropper sends through the transmitter to learn from; never the pair's images, never test images."""

    images: Literal["same", "digits"] = Field(
        default="same",
        description="same: those of the data set that the pair never sees; digits: scikit-learn's 8 x 8 ones, resized",
    )
    share: Annotated[float, Field(gt=0, le=1)] = Field(default=1.0, description="use only this share of them")


class ChosenAttack(_Keys):
    """An attack, and how it learnt; what is left out is as the eavesdropper's own key says. A bare name is enough."""

    model_config = ConfigDict(json_schema_extra=lambda schema: _or_a_bare_string(schema))

    attack: Annotated[str, AfterValidator(_known_attack)] = Field(
        description=f"{' | '.join(ATTACKS)} | module:NAME of an AttackMethod of one's own"
    )
    knows_step: bool | None = Field(default=None, description="null: as eavesdropper.knows_step says")
    surrogate: Surrogate | None = Field(default=None, description="null: as eavesdropper.surrogate says")

    @model_validator(mode="before")
    @classmethod
    def _from_name(cls, value):
        return {"attack": value} if isinstance(value, str) else value


def _or_a_bare_string(schema: dict[str, Any]) -> None:
    whole = {key: schema.pop(key) for key in list(schema) if key != "description"}
    schema["anyOf"] = [{"type": "string"}, whole]


class Eavesdropper(_Keys):
    snr_db: Literal["same"] | Offset | Decibels = Field(
        default="same", description="same | {offset: dB} | list of dB (a third sweep axis)"
    )
    channel: Channel = Field(default=AwgnChannel(kind="awgn"), description="kind: awgn | rayleigh")
    equalizer: Literal["zf"] = Field(default="zf", description="zf: one-tap zero forcing")
    csi: Literal["perfect"] = Field(default="perfect", description="perfect: the node knows its channel gain")
    attacks: Annotated[tuple[ChosenAttack, ...], AfterValidator(_distinct)] = Field(
        default=tuple(ChosenAttack(attack=name) for name in ATTACKS[:5]),
        description="a name each, or {attack: NAME, knows_step: ..., surrogate: ...}",
    )
    looks: Annotated[int, Field(ge=1, le=100)] = Field(
        default=1,
        description="transmissions of an image that the eavesdropper combines; the receiver hears one",
    )
    knows_step: bool = Field(
        default=True, description="whether attacks are told the noise level; false: the paper's attacker"
    )
    surrogate: Surrogate = Surrogate()

    def chosen(self) -> list[tuple[str, bool, Surrogate]]:
        """The attacks with every option filled in: attack, knows_step, surrogate."""
        return [
            (
                entry.attack,
                self.knows_step if entry.knows_step is None else entry.knows_step,
                entry.surrogate or self.surrogate,
            )
            for entry in self.attacks
        ]


class Denoising(_Keys):
    solver: Literal["ddim", "dpm-solver++", "distilled"] = Field(
        default="ddim", description="ddim | dpm-solver++ | distilled: the U-Nets' one-call students"
    )
    steps: Positive = Field(default=2, description="steps of the solver from t' down to 0")
    guidance: Annotated[float, Field(ge=0, le=20)] = Field(default=0.0, description="w of eq. 18; e-diffsem only")
    step: Literal["matched", "transmitter"] = Field(
        default="matched", description="matched: the step that fits the measured noise; transmitter: t, as in the paper"
    )
    max_rounds: Positive = Field(default=5, description="rounds of e-diffsem at most; a label that settles ends them")
    channels: Annotated[int, Field(ge=8, multiple_of=8)] = Field(
        default=128, description="U-Net channels; must fit the weights"
    )


class MonteCarlo(_Keys):
    batch_size: Positive = Field(default=256, description="images a batch")
    max_images: Positive = Field(
        default=10000, description="images a point at most; the test set is repeated if needed"
    )
    target_errors: Positive | None = Field(
        default=500, description="a node is done after this many wrong labels; null: never"
    )
    ci_half_width: Annotated[float, Field(gt=0, lt=1)] | None = Field(
        default=0.005, description="a node is done once its 95% interval is this narrow (half width); null: never"
    )


class Execution(_Keys):
    precision: Literal["float32", "mixed_bfloat16", "mixed_float16"] = Field(
        default="float32", description="arithmetic of the denoisers; Keras' names of mixed precision"
    )
    xla: bool = Field(default=False, description="compile receivers and attacks by XLA")


class Epochs(_Keys):
    pair: Positive = Field(default=25, description="encoder and classifier on clean features")
    noise_aware_pair: Positive = Field(default=40, description="control: encoder and classifier through self-noise")
    denoiser: Positive = Field(default=15, description="each U-Net")
    distillation: Positive = Field(default=4, description="each one-call student of a U-Net")
    classifiers: Positive = Field(default=25, description="fine-tuning of each receiver's classifier")
    adversary: Positive = Field(default=200, description="each attack, at most: it ends on a plateau")
    strong_classifier: Positive = Field(default=14, description="each judge")
    ibal: Positive = Field(default=30, description="baseline: encoder, classifier and auxiliary decoder of IBAL")


class Ibal(_Keys):
    beta: Annotated[float, Field(ge=0)] = Field(
        default=1e-3, description="weight of the information in the symbols (KL, nats an image), once it is ramped up"
    )
    decoder_weight: Annotated[float, Field(ge=0)] = Field(
        default=20.0, description="lambda, weight of the auxiliary decoder's mean squared error"
    )


class Training(_Keys):
    epochs: Epochs = Epochs()
    ibal: Ibal = Ibal()
    batch_size: Positive = Field(default=256, description="samples a step")
    images: Annotated[int, Field(ge=100)] | None = Field(
        default=None, description="use only this many training images; null: all"
    )
    teacher_steps: Positive = Field(
        default=3, description="DDIM steps of what receivers' classifiers are fine-tuned on and students learn to give"
    )
    snr_db: tuple[Decibel, Decibel] = Field(
        default=(-10.0, 25.0), description="range of Es/N0 in dB at which the eavesdropper trains, uniform"
    )


class Scenario(_Keys):
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")] = Field(description="letters, digits, . _ -")
    seed: Annotated[int, Field(ge=0, lt=2**31)] = Field(default=1, description="every random draw derives from it")
    dataset: Literal["mnist"] = Field(description="mnist")
    weights: str = Field(default="pretrained", description="pretrained, or a folder that `diffsem train` wrote")
    timesteps: Annotated[tuple[Timestep, ...], Field(min_length=1), AfterValidator(_ascending)] = Field(
        description="self-noising steps t, 0 to 500; a sweep axis"
    )
    legitimate: Legitimate
    eavesdropper: Eavesdropper = Eavesdropper()
    denoising: Denoising = Denoising()
    monte_carlo: MonteCarlo = MonteCarlo()
    execution: Execution = Execution()
    training: Training = Training()

    def to_yaml(self) -> str:
        """The resolved scenario, defaults included, as the YAML that reads back to it."""
        return yaml.safe_dump(self.model_dump(mode="json"), sort_keys=False)


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
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"scenario {path}: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"scenario {path}: not valid YAML: {' '.join(str(error).split())}") from error
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
    path = Path(scenario)
    if path.suffix in {".yaml", ".yml"} or (path.exists() and path.is_file()):
        if not path.is_file():
            raise InputError(f"scenario {path}: no such file")
        return path
    if str(scenario) in shipped_scenarios():
        return SHIPPED / f"{scenario}.yaml"
    raise InputError(f"scenario {scenario}: neither a file nor a shipped one ({', '.join(shipped_scenarios())})")


def _apply(content: dict[str, Any], override: str) -> None:
    key, equals, text = override.partition("=")
    if not equals or not key:
        raise InputError(f"--set {override}: write KEY=VALUE, such as timesteps=[240] or legitimate.snr_db=[15]")
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise InputError(f"--set {override}: {text!r} is not valid YAML") from error
    *parents, leaf = key.split(".")
    for parent in parents:
        child = content.setdefault(parent, {})
        if not isinstance(child, dict):
            raise InputError(f"--set {override}: {parent} has no keys of its own")
        content = child
    content[leaf] = value


def _explain(error: ValidationError) -> str:
    """The first problem in one line; for an unknown key, the nearest known one."""
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"]) or "top level"
    if first["type"] == "extra_forbidden":
        allowed = _known_keys(first["loc"][:-1])
        near = difflib.get_close_matches(str(first["loc"][-1]), allowed, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]}?" if near else f"allowed: {', '.join(allowed)}"
        return f"{where}: unknown key; {hint}"
    if first["type"] == "missing":
        return f"{where}: missing"
    message = first["msg"].removeprefix("Value error, ").removeprefix("Input ")
    return f"{where}: {first['input']!r}: {message[0].lower()}{message[1:]}"


def _known_keys(location: tuple) -> list[str]:
    """Keys allowed at a place of the scenario, found by walking the JSON Schema."""
    schema = Scenario.model_json_schema()
    node: dict[str, Any] = schema
    for part in location:
        options = node.get("items") if isinstance(part, int) else node.get("properties", {}).get(part)
        if options is None:  # a discriminated union names its member by its tag
            options = {"$ref": node.get("discriminator", {}).get("mapping", {}).get(part, "")}
        node = _resolve(options, schema)
    return sorted(node.get("properties", {}))


def _resolve(node: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    if "allOf" in node:
        node = node["allOf"][0]
    if "$ref" in node:
        node = schema["$defs"].get(node["$ref"].rsplit("/", 1)[-1], {})
    # An attack is a bare name or a mapping: the mapping is what has keys.
    return next((option for option in node.get("anyOf", []) if "properties" in option), node)
