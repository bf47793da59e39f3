"""From a scenario's words to links, receivers and attacks."""

import hashlib
from collections.abc import Callable
from importlib.metadata import version

import keras

from diffsem.channels import AwgnChannel, RayleighBlockFadingChannel
from diffsem.link.eavesdropper import InversionAttack
from diffsem.link.experiment import Attack, Experiment, StoppingRule, System
from diffsem.link.receivers import BypassReceiver, DiffSemReceiver, EDiffSemReceiver
from diffsem.link.reception import Reception
from diffsem.link.transmitter import Transmitter
from diffsem.link.wiretap import WiretapLink
from diffsem.models import Denoise, NoiseSchedule
from diffsem.scenarios.datasets import load_dataset
from diffsem.scenarios.networks import existing_weights_file, load_network, weights_folder
from diffsem.scenarios.schema import Scenario

PACKAGES = ("diffsem", "sionna-no-rt", "tensorflow", "keras", "numpy", "h5py", "pandas")

SCHEDULE = NoiseSchedule()

CHANNELS = {"awgn": AwgnChannel, "rayleigh": RayleighBlockFadingChannel}


def transmitter_of(system: str) -> str:
    """The transmitter that a system's receiver belongs to: the paper's clean pair, or the control's noise-aware one."""
    return "noise-aware-pair" if system == "noise-aware-pair" else "clean-pair"


def transmitters(scenario: Scenario) -> tuple[str, ...]:
    """The transmitters of a scenario's systems, each once."""
    return tuple(dict.fromkeys(transmitter_of(system) for system in scenario.legitimate.receivers))


def encoder_of(transmitter: str) -> str:
    """Name of a transmitter's network."""
    return "encoder" if transmitter == "clean-pair" else f"encoder-{transmitter}"


def inversion_of(transmitter: str) -> str:
    """Name of the inversion network that was trained against a transmitter."""
    return "inversion-mlp" if transmitter == "clean-pair" else f"inversion-mlp-{transmitter}"


def networks_of(system: str, scenario: Scenario) -> tuple[str, ...]:
    """Names of the networks of a system's receiver: its classifier and, if it has one, its denoiser."""
    classifier = "classifier" if system == "classifier" else f"classifier-{system}"
    denoisers = {"one-step": "denoiser", "diffsem": "denoiser", "e-diffsem": "denoiser-label"}
    if system not in denoisers:
        return (classifier,)
    distilled = scenario.denoising.solver == "distilled" and system != "one-step"
    return classifier, distilled_of(denoisers[system]) if distilled else denoisers[system]


def distilled_of(denoiser: str) -> str:
    """Name of the one-call student of a denoiser."""
    return f"{denoiser}-distilled"


def networks_for(scenario: Scenario) -> tuple[str, ...]:
    """Names of every network that a scenario's sweep runs, each once."""
    names = [encoder_of(name) for name in transmitters(scenario)]
    names += [network for system in scenario.legitimate.receivers for network in networks_of(system, scenario)]
    if scenario.eavesdropper.attacks:
        names += [inversion_of(name) for name in transmitters(scenario)] + ["strong-classifier"]
    return tuple(dict.fromkeys(names))


def build_link(scenario: Scenario, encoder: keras.Model) -> WiretapLink:
    """The wiretap link of a scenario behind an encoder."""
    matched = scenario.denoising.step == "matched"
    return WiretapLink(
        Transmitter(encoder, SCHEDULE, scenario.legitimate.snr_estimate_error_db),
        Reception(CHANNELS[scenario.legitimate.channel.kind](), SCHEDULE, matched),
        Reception(CHANNELS[scenario.eavesdropper.channel.kind](), SCHEDULE, matched),
    )


def build_receiver(scenario: Scenario, system: str, load: Callable[[str], keras.Model]) -> keras.layers.Layer:
    """The receiver of a system; `load` gives a network by name."""
    classifier, *denoisers = (load(name) for name in networks_of(system, scenario))
    shared = {"last_step": SCHEDULE.steps, "batch_size": scenario.monte_carlo.batch_size}
    if not denoisers:
        return BypassReceiver(classifier, **shared)
    denoise = build_denoise(scenario, system, denoisers[0])
    if system == "e-diffsem":
        return EDiffSemReceiver(classifier, denoise, max_rounds=scenario.denoising.max_rounds, **shared)
    return DiffSemReceiver(classifier, denoise, **shared)


def build_denoise(scenario: Scenario, system: str, unet: keras.Model) -> Denoise:
    """The denoiser of a system, around its U-Net."""
    denoising = scenario.denoising
    if system == "one-step" or denoising.solver == "distilled":
        return Denoise(unet, SCHEDULE, 1, denoising.guidance)
    return Denoise(unet, SCHEDULE, denoising.steps, denoising.guidance, denoising.solver)


def build_attack(attack: str, transmitter: str, load: Callable[[str], keras.Model]) -> keras.layers.Layer:
    """The attack of a name against a transmitter; `load` gives a network by name."""
    builders = {"inversion-mlp": lambda: InversionAttack(load(inversion_of(transmitter)), SCHEDULE.steps)}
    return builders[attack]()


def no_judge(image):
    """Stands for the judge of a scenario without attacks, in which nothing is to be judged."""
    raise ValueError("this scenario lists no attack, so there is no reconstruction to judge")


def assemble(scenario: Scenario) -> Experiment:
    """Everything that a sweep needs, weights loaded. Raises InputError if weights or data cannot be used."""
    folder = weights_folder(scenario)
    networks = {name: load_network(scenario, folder, name) for name in networks_for(scenario)}
    load = networks.__getitem__
    dataset = load_dataset(scenario.dataset)
    rules = scenario.monte_carlo
    return Experiment(
        links={name: build_link(scenario, load(encoder_of(name))) for name in transmitters(scenario)},
        systems=[
            System(system, transmitter_of(system), build_receiver(scenario, system, load))
            for system in scenario.legitimate.receivers
        ],
        attacks=[
            Attack(attack, name, build_attack(attack, name, load))
            for attack in scenario.eavesdropper.attacks
            for name in transmitters(scenario)
        ],
        judge=networks.get("strong-classifier", no_judge),
        images=dataset.test.as_float(),
        labels=dataset.test.labels,
        schedule=SCHEDULE,
        stopping=StoppingRule(rules.max_images, rules.target_errors, rules.ci_half_width),
        batch_size=rules.batch_size,
        seed=scenario.seed,
        channels={"receiver": scenario.legitimate.channel.kind, "adversary": scenario.eavesdropper.channel.kind},
        eavesdroppers=len(scenario.eavesdropper.snr_db) if isinstance(scenario.eavesdropper.snr_db, tuple) else 1,
        xla=scenario.execution.xla,
    )


def weights_sha256(scenario: Scenario) -> str:
    """SHA-256 over the files of all networks that a sweep runs. Raises InputError if one is missing."""
    folder = weights_folder(scenario)
    digest = hashlib.sha256()
    for name in networks_for(scenario):
        digest.update(existing_weights_file(folder, name).read_bytes())
    return digest.hexdigest()


def versions() -> dict[str, str]:
    """Versions of the packages that a table's numbers hang on."""
    return {package: version(package) for package in PACKAGES}


def origin_of(scenario: Scenario) -> str:
    """What has to be the same on two machines for the same rows: package versions, and SHA-256 of the weights."""
    return " ".join([*(f"{package} {number}" for package, number in versions().items()), weights_sha256(scenario)])
