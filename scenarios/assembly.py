"""From a scenario's words to links, receivers and attacks."""

import hashlib
import math
from collections.abc import Callable, Mapping
from importlib.metadata import version

import keras

from diffsem.link.digital import DigitalLink, DigitalSystem, FeatureBits, RandomBits
from diffsem.link.eavesdropper import NetworkAttack
from diffsem.link.errors import InputError
from diffsem.link.experiment import Attack, Experiment, StoppingRule, System
from diffsem.link.keying import Keying
from diffsem.link.keystream import Keystream
from diffsem.link.quantizer import UniformQuantizer
from diffsem.link.receivers import BypassReceiver, DiffSemReceiver, EDiffSemReceiver
from diffsem.link.secret_key import KEY_BYTES
from diffsem.link.transmitter import Transmitter
from diffsem.link.wiretap import WiretapLink
from diffsem.models import Denoise, NoiseSchedule, Picture, PictureClassifier
from diffsem.scenarios.air import build_channel, build_reception
from diffsem.scenarios.attacks import ListedAttack, listed_attacks
from diffsem.scenarios.datasets import Dataset
from diffsem.scenarios.hearing import HEARING, untrained_conditions
from diffsem.scenarios.networks import (
    KEYED,
    WEIGHTLESS,
    attack_network,
    build_network,
    load_network,
    target_of,
    trained_on,
    weights_file,
    weights_folder,
)
from diffsem.scenarios.outside_code import guarded
from diffsem.scenarios.schema import ONE_STEP, EstimateError, Scenario, transmitter_of
from diffsem.scenarios.sizes import sizes_of
from diffsem.scenarios.weights_folders import training_entries, weights_folders

PACKAGES = ("diffsem", "sionna-no-rt", "tensorflow", "keras", "numpy", "h5py", "pandas")

SCHEDULE = NoiseSchedule()

# Defences, whose encoder and classifier are the reference pair's.
DEFENCES = (*KEYED, "null-space-noise")
PICTURES = ("direct", "permutation")


def transmitters(scenario: Scenario) -> tuple[str, ...]:
    """The transmitters of a scenario's systems, each once; a digital link is none of them."""
    return tuple(dict.fromkeys(transmitter_of(system) for system in analog_systems(scenario)))


def analog_systems(scenario: Scenario) -> tuple[str, ...]:
    """The systems whose symbols are the features themselves."""
    return tuple(system for system in scenario.legitimate.receivers if system != "digital")


def encoder_of(transmitter: str) -> str:
    """Name of a transmitter's network."""
    if transmitter in DEFENCES:
        return "encoder-reference"
    return "encoder" if transmitter == "clean-pair" else f"encoder-{transmitter}"


def attacks_on(transmitter: str, scenario: Scenario) -> list[ListedAttack]:
    """The attacks of a scenario that make sense against a transmitter."""
    return [
        attack
        for attack in listed_attacks(scenario.eavesdropper)
        if (attack.transmitters is None or transmitter in attack.transmitters)
        and attack.method.applies(target_of(transmitter, scenario))
    ]


def judged(scenario: Scenario) -> bool:
    """Whether a sweep has images to judge."""
    names = transmitters(scenario)
    outputs = {attack.method.output for name in names for attack in attacks_on(name, scenario)}
    return "image" in outputs or bool(set(names) & set(PICTURES))


def networks_of(system: str, scenario: Scenario) -> tuple[str, ...]:
    """Names of the networks of a system's receiver: its classifier and, if it has one, its denoiser."""
    if system in PICTURES:
        return ("strong-classifier",)
    if system == "digital":
        return ("encoder", "classifier")
    if system in DEFENCES:
        return ("classifier-reference",)
    classifier = "classifier" if system == "classifier" else f"classifier-{system}"
    denoisers = {
        "one-step": "denoiser",
        "diffsem": "denoiser",
        "e-diffsem": "denoiser-label",
        "reference-one-step": "denoiser-reference",
    }
    if system not in denoisers:
        return (classifier,)
    distilled = scenario.denoising.solver == "distilled" and system not in ONE_STEP
    return classifier, distilled_of(denoisers[system]) if distilled else denoisers[system]


def distilled_of(denoiser: str) -> str:
    """Name of the one-call student of a denoiser."""
    return f"{denoiser}-distilled"


def networks_for(scenario: Scenario) -> tuple[str, ...]:
    """Names of every network that a scenario's sweep runs and that has weights, each once."""
    names = [encoder_of(name) for name in transmitters(scenario)]
    names += [network for system in scenario.legitimate.receivers for network in networks_of(system, scenario)]
    names += [
        attack_network(trained_on(name, attack, scenario), attack, scenario)
        for name in transmitters(scenario)
        for attack in attacks_on(name, scenario)
        if attack.method.train is not None
    ]
    if judged(scenario):
        names += ["strong-classifier", "strong-classifier-clean"]
    return tuple(name for name in dict.fromkeys(names) if name not in WEIGHTLESS)


def shared_key(seed: int) -> bytes:
    """The key of a scenario: 32 bytes that hang on its seed, so that tables repeat. A real link draws its own.

    Each system derives keys of its own from it, which hang on the scenario's name too.
    """
    return hashlib.blake2b(seed.to_bytes(8, "little"), digest_size=KEY_BYTES, person=b"diffsem key").digest()


def build_link(scenario: Scenario, encoder: keras.Model, transmitter: str) -> WiretapLink:
    """The wiretap link of a scenario behind an encoder, with what belongs to the transmitter of that name.

    `denoising.step` is about the receiver; the eavesdropper always works out the step that its noise amounts to.
    """
    legitimate, eavesdropper = scenario.legitimate, scenario.eavesdropper
    error = legitimate.snr_estimate_error_db
    if not isinstance(error, EstimateError):
        error = EstimateError(mean=error, deviation=0.0)
    return WiretapLink(
        Transmitter(encoder, SCHEDULE, error.mean, error.deviation),
        build_reception(legitimate, legitimate, SCHEDULE, scenario.denoising.step),
        build_reception(eavesdropper, legitimate, SCHEDULE),
        eavesdropper.fading_correlation,
        keying=_keying(scenario, transmitter),
        known_keys=eavesdropper.known_keys,
        precoding="null-space" if transmitter == "null-space-noise" else legitimate.precoding,
    )


def _keying(scenario: Scenario, transmitter: str) -> Keying | None:
    if transmitter not in KEYED:
        return None
    self_noise, scramble = KEYED[transmitter]
    # No name of a scenario has a slash: two pairs never make the same context.
    context = f"{scenario.name}/{transmitter}"
    keystream = Keystream(shared_key(scenario.seed), scenario.legitimate.key.generator, context)
    return Keying(keystream, self_noise, scramble)


def build_digital(scenario: Scenario, load: Callable[[str], keras.Model]) -> list[DigitalSystem]:
    """The digital links of a scenario: those that carry features, and those that count errors only."""
    legitimate = scenario.legitimate
    channel = build_channel(legitimate, legitimate)
    systems = []
    if "digital" in legitimate.receivers:
        encoder, classifier = (load(name) for name in networks_of("digital", scenario))
        symbols = math.prod(encoder.output_shape[1:])
        for entry in scenario.digital:
            payload = FeatureBits(encoder, UniformQuantizer(entry.bits), BypassReceiver(classifier, SCHEDULE.steps))
            link = DigitalLink(channel, legitimate.equalizer, entry.modulation, entry.code_rate, symbols * entry.bits)
            systems.append(DigitalSystem(entry.name, link, payload))
    for rate in scenario.bit_error_rates:
        link = DigitalLink(channel, legitimate.equalizer, rate.modulation, rate.code_rate, rate.information_bits)
        systems.append(DigitalSystem(rate.name, link, RandomBits(rate.information_bits)))
    return systems


def build_receiver(scenario: Scenario, system: str, load: Callable[[str], keras.Model]) -> keras.layers.Layer:
    """The receiver of a system; `load` gives a network by name."""
    if system in PICTURES:
        # The receiver knows how the quarters were swapped.
        sizes = sizes_of(scenario.dataset)
        picture = Picture(sizes.image_shape, system == "permutation", rms=sizes.pixel_rms, schedule=SCHEDULE)
        classifier = PictureClassifier(picture, load("strong-classifier"))
        return BypassReceiver(classifier, SCHEDULE.steps, scenario.monte_carlo.batch_size)
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
    if system in ONE_STEP or denoising.solver == "distilled":
        return Denoise(unet, SCHEDULE, 1, denoising.guidance)
    return Denoise(unet, SCHEDULE, denoising.steps, denoising.guidance, denoising.solver)


def build_attack(
    scenario: Scenario,
    transmitter: str,
    attack: ListedAttack,
    load: Callable[[str], keras.Model],
    record: Mapping[str, dict],
) -> Attack:
    """An attack against a transmitter.

    Parameters
    ----------
    scenario : Scenario
    transmitter : str
    attack : ListedAttack
    load : callable
        Gives a network by name.
    record : mapping
        Entries of the training records, by name of the attack's network.

    Raises
    ------
    InputError
        If the record does not tell how the attack was trained.
    """
    name, method = attack_network(trained_on(transmitter, attack, scenario), attack, scenario), attack.method
    images = epochs = 0
    if method.train is None:
        network = method.build(target_of(transmitter, scenario))
    else:
        network = load(name)
        try:
            images, epochs = record[name]["scores"]["surrogate_images"], record[name]["epochs"]
        except (KeyError, TypeError) as error:
            raise InputError(
                f"weights: no training record of {name}; keep the training.json that `diffsem train` wrote beside them"
            ) from error
    run = NetworkAttack(network, SCHEDULE.steps, attack.knows_step)
    return Attack(
        attack.name,
        transmitter,
        guarded(attack.outside, run.__call__) if attack.outside else run,
        reconstructs=method.output == "image",
        knows_step=attack.knows_step,
        surrogate=f"{attack.surrogate.images} {attack.surrogate.share:.0%}",
        training_images=images,
        training_epochs=epochs,
        warning=_warning(scenario, transmitter, attack, record),
    )


def _warning(scenario: Scenario, transmitter: str, attack: ListedAttack, record: Mapping[str, dict]) -> str:
    if attack.method.train is None:
        return ""
    entry = record.get(attack_network(trained_on(transmitter, attack, scenario), attack, scenario), {})
    trained = entry.get("hangs_on", {}).get("scenario", {})
    return untrained_conditions(scenario, trained if set(HEARING) <= set(trained) else {}, attack.knows_step)


def attack_warnings(scenario: Scenario) -> dict[str, str]:
    """By attack: in what way it is run under other conditions than it was trained for; those that are not are left out.

    Raises InputError if weights are missing or do not go together, or their record is broken.
    """
    record = training_entries(weights_folders(scenario, networks_for(scenario)))
    found = {
        attack.name: _warning(scenario, transmitter, attack, record)
        for transmitter in transmitters(scenario)
        for attack in attacks_on(transmitter, scenario)
    }
    return {name: warning for name, warning in found.items() if warning}


def no_judge(image):
    """Stands for the judges of a scenario in which nothing is to be judged."""
    raise ValueError("no system or attack of this scenario makes images, so there is nothing to judge")


def assemble(scenario: Scenario, dataset: Dataset) -> Experiment:
    """Everything that a sweep over a data set needs, weights loaded. Raises InputError if they cannot be used."""
    folders = weights_folders(scenario, networks_for(scenario))
    networks = {name: load_network(scenario, folder, name) for name, folder in folders.items()}
    record = training_entries(folders)

    def load(name):
        return networks[name] if name in networks else build_network(scenario, name)

    rules = scenario.monte_carlo
    return Experiment(
        links={name: build_link(scenario, load(encoder_of(name)), name) for name in transmitters(scenario)},
        systems=[
            System(system, transmitter_of(system), build_receiver(scenario, system, load))
            for system in analog_systems(scenario)
        ],
        digital=build_digital(scenario, load),
        attacks=[
            build_attack(scenario, name, attack, load, record)
            for name in transmitters(scenario)
            for attack in attacks_on(name, scenario)
        ],
        judge=networks.get("strong-classifier", no_judge),
        clean_judge=networks.get("strong-classifier-clean", no_judge),
        images=dataset.test.as_float(),
        labels=dataset.test.labels,
        schedule=SCHEDULE,
        stopping=StoppingRule(rules.max_images, rules.target_errors, rules.ci_half_width),
        batch_size=rules.batch_size,
        seed=scenario.seed,
        channels={"receiver": scenario.legitimate.channel.kind, "adversary": scenario.eavesdropper.channel.kind},
        eavesdroppers=len(scenario.eavesdropper.snr_db) if isinstance(scenario.eavesdropper.snr_db, tuple) else 1,
        looks=scenario.eavesdropper.looks,
        passes=rules.passes,
        classes=sizes_of(scenario.dataset).classes,
        xla=scenario.execution.xla,
    )


def weights_sha256(scenario: Scenario) -> str:
    """SHA-256 over the files of all networks that a sweep runs.

    Raises InputError if one is missing, or they do not go together.
    """
    digest = hashlib.sha256()
    for name, folder in weights_folders(scenario, networks_for(scenario)).items():
        digest.update(weights_file(folder, name).read_bytes())
    return digest.hexdigest()


def pretrained_networks(scenario: Scenario) -> list[str]:
    """The networks of a sweep that are the shipped ones because the folder that the scenario names lacks them."""
    own = weights_folder(scenario)
    return [name for name, folder in weights_folders(scenario, networks_for(scenario)).items() if folder != own]


def versions() -> dict[str, str]:
    """Versions of the packages that a table's numbers hang on."""
    return {package: version(package) for package in PACKAGES}


def origin_of(scenario: Scenario, dataset: Dataset) -> str:
    """What has to be the same on two machines for the same rows: versions, and SHA-256 of weights and test images."""
    packages = [f"{package} {number}" for package, number in versions().items()]
    return " ".join([*packages, weights_sha256(scenario), dataset.test_sha256()])
