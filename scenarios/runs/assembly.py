"""From a plan to an experiment: weights loaded, links, receivers and attacks built."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version

import keras

from diffsem.link import (
    Attack,
    DigitalLink,
    DigitalSystem,
    Experiment,
    InputError,
    NetworkAttack,
    Places,
    RandomBits,
    StoppingRule,
    System,
)
from diffsem.scenarios.contracts.attack import PlannedAttack
from diffsem.scenarios.contracts.depends import HEARING
from diffsem.scenarios.contracts.network import NetworkSpec
from diffsem.scenarios.datasets.source import Dataset
from diffsem.scenarios.links.hearing import untrained_conditions
from diffsem.scenarios.links.points import places_a_point
from diffsem.scenarios.links.reception import build_channel
from diffsem.scenarios.links.streets import standing, traces_sha256
from diffsem.scenarios.links.wiretap import build_link
from diffsem.scenarios.parts.outside import guarded
from diffsem.scenarios.runs.plan import Plan
from diffsem.scenarios.runs.weights_folders import training_entries, weights_folders
from diffsem.scenarios.schema.channels import TracedChannel
from diffsem.scenarios.schema.scenario import settings
from diffsem.scenarios.training.checkpoints import load_network, weights_file

PACKAGES = ("diffsem", "sionna-no-rt", "tensorflow", "keras", "numpy", "h5py", "pandas")

Load = Callable[[NetworkSpec], keras.Model]


def assemble(plan: Plan, dataset: Dataset) -> Experiment:
    """Everything that a sweep over a data set needs, weights loaded. Raises InputError if they cannot be used."""
    scenario, setup = plan.scenario, plan.setup
    folders = weights_folders(plan)
    precision = scenario.execution.precision
    networks = {
        network.name: load_network(network, setup.dimensions, folders[network.name], precision)
        for network in plan.networks
    }
    record = training_entries(folders)

    def load(network: NetworkSpec) -> keras.Model:
        return networks[network.name] if network.trained else network.build(setup.dimensions)

    systems = _receivers(plan, load)
    rules = scenario.monte_carlo
    own_snr_db, on_map = scenario.eavesdropper.snr_db, places_a_point(scenario)
    return Experiment(
        links={
            transmitter.name: build_link(setup, transmitter, load(transmitter.encoder), plan.channels)
            for transmitter in plan.transmitters
        },
        systems=systems,
        digital=_digital_links(plan, load),
        attacks=[_attack(plan, planned, load, record, systems) for planned in plan.attacks],
        judge=load(plan.judge.network) if plan.judged else _no_judge,
        clean_judge=load(plan.judge.clean) if plan.judged else _no_judge,
        images=dataset.test.as_float(),
        labels=dataset.test.labels,
        schedule=setup.schedule,
        stopping=StoppingRule(rules.max_images, rules.target_errors, rules.ci_half_width),
        batch_size=rules.batch_size,
        seed=scenario.seed,
        channels={"receiver": plan.channels.receiver.name, "adversary": plan.channels.eavesdropper.name},
        eavesdroppers=on_map or (len(own_snr_db) if isinstance(own_snr_db, tuple) else 1),
        looks=scenario.eavesdropper.looks,
        passes=rules.passes,
        classes=setup.dimensions.classes,
        # What all places hear of a batch is held at a time.
        **({"pool": 1} if on_map else {}),
        # What is measured is settled before a sweep; elsewhere nobody asked for it.
        xla=scenario.execution.xla is True,
        settings=settings(scenario),
        places=_places(plan),
    )


def _places(plan: Plan) -> dict[str, Places]:
    """Where each node stands whose channel is traced."""
    nodes = {"receiver": plan.channels.receiver.keys, "adversary": plan.channels.eavesdropper.keys}
    return {
        role: standing(keys, f"{role}'s channel").places
        for role, keys in nodes.items()
        if isinstance(keys, TracedChannel)
    }


def _receivers(plan: Plan, load: Load) -> list[System]:
    """The systems that listen to a transmitter, in the order of the scenario."""
    found = []
    for system in plan.systems:
        if system.transmitter is not None and system.receiver is not None:
            found.append(System(system.name, system.transmitter.name, system.receiver(plan.setup, load)))
    return found


def _digital_links(plan: Plan, load: Load) -> list[DigitalSystem]:
    """The digital links of a scenario: those that carry features, and those that count errors only."""
    scenario = plan.scenario
    wanted = [system for system in plan.systems if system.digital is not None]
    if not wanted and not scenario.bit_error_rates:
        return []
    legitimate = scenario.legitimate
    channel = build_channel(legitimate, legitimate, plan.channels.receiver)
    found = [link for system in wanted if system.digital for link in system.digital(plan.setup, load, channel)]
    for rate in scenario.bit_error_rates:
        link = DigitalLink(channel, legitimate.equalizer, rate.modulation, rate.code_rate, rate.information_bits)
        found.append(DigitalSystem(rate.name, link, RandomBits(rate.information_bits)))
    return found


def _attack(
    plan: Plan, planned: PlannedAttack, load: Load, record: Mapping[str, dict], systems: Sequence[System]
) -> Attack:
    """An attack against a transmitter. Raises InputError if the record does not tell how it was trained."""
    attack = planned.attack
    images = epochs = 0
    if planned.network.trained:
        name = planned.network.name
        try:
            images, epochs = record[name]["scores"]["surrogate_images"], record[name]["epochs"]
        except (KeyError, TypeError) as error:
            raise InputError(
                f"weights: no training record of {name}; keep the training.json that `diffsem train` wrote beside them"
            ) from error
    if attack.method.white_box:
        behind = [each.receiver for each in systems if each.transmitter == planned.transmitter.name]
        run = attack.method.white_box(behind)
    else:
        run = NetworkAttack(load(planned.network), plan.setup.schedule.steps, attack.knows_step).__call__
    return Attack(
        attack.name,
        planned.transmitter.name,
        guarded(attack.outside, run, "eavesdropper.attacks") if attack.outside else run,
        reconstructs=attack.method.output == "image",
        knows_step=attack.knows_step,
        surrogate="" if attack.method.white_box else f"{attack.surrogate.images} {attack.surrogate.share:.0%}",
        training_images=images,
        training_epochs=epochs,
        threat=attack.method.threat,
        all_looks=attack.method.all_looks,
        warning=_warning(plan, planned, record),
    )


def _warning(plan: Plan, planned: PlannedAttack, record: Mapping[str, dict]) -> str:
    if not planned.network.trained:
        return ""
    trained = record.get(planned.network.name, {}).get("hangs_on", {}).get("scenario", {})
    # Records of earlier versions did not keep it all.
    known = trained if set(HEARING) <= set(trained) else {}
    attack = planned.attack
    all_looks = attack.method.all_looks and planned.transmitter.scrambled
    return untrained_conditions(
        plan.scenario, plan.channels, plan.setup.dimensions, known, attack.knows_step, all_looks
    )


def attack_warnings(plan: Plan) -> dict[str, str]:
    """By attack: in what way it is run under other conditions than it was trained for; those that are not are left out.

    Raises InputError if weights are missing or do not go together, or their record is broken.
    """
    record = training_entries(weights_folders(plan))
    found = {planned.attack.name: _warning(plan, planned, record) for planned in plan.attacks}
    return {name: warning for name, warning in found.items() if warning}


def _no_judge(image):
    """Stands for the judges of a scenario in which nothing is to be judged."""
    raise ValueError("no system or attack of this scenario makes images, so there is nothing to judge")


def weights_sha256(*plans: Plan) -> str:
    """SHA-256 over the files of all networks that a sweep runs, over the variants of a scenario each of them once.

    Raises InputError if one is missing, or they do not go together.
    """
    digest = hashlib.sha256()
    folders = {name: folder for plan in plans for name, folder in weights_folders(plan).items()}
    for name, folder in folders.items():
        digest.update(weights_file(folder, name).read_bytes())
    return digest.hexdigest()


def versions() -> dict[str, str]:
    """Versions of the packages that a table's numbers hang on."""
    return {package: version(package) for package in PACKAGES}


def sources_sha256(plan: Plan) -> dict[str, str]:
    """SHA-256 of the file of each part from outside, by module:NAME. Raises InputError if one cannot be read."""
    try:
        return {source.reference: source.sha256() for source in plan.outside}
    except OSError as error:
        raise InputError(f"{error.filename}: cannot be read ({error.strerror})") from error


def origin_of(plan: Plan, dataset: Dataset) -> str:
    """What has to be the same on two machines for the same rows: versions, and hashes of all that is read."""
    packages = [f"{package} {number}" for package, number in versions().items()]
    code = [f"{reference} {digest}" for reference, digest in sources_sha256(plan).items()]
    code += traces_sha256(plan.channels.receiver.keys, plan.channels.eavesdropper.keys).values()
    return " ".join([*packages, *code, weights_sha256(plan), dataset.test_sha256()])
