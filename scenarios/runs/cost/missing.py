"""What a sweep lacks: weights of networks, and images."""

import os
from pathlib import Path

from diffsem.link import InputError
from diffsem.scenarios.runs.plan import Plan
from diffsem.scenarios.training.places import has_shipped_weights, pretrained_folder, weights_file


def lacking_networks(plan: Plan, own: Path) -> tuple[list[str], list[str]]:
    """The networks of a sweep that a folder of weights lacks, and those of them that no shipped one stands in for.

    Parameters
    ----------
    plan : Plan
    own : Path
        Need not be there.
    """
    lacking = [network.name for network in plan.networks if not os.path.isfile(weights_file(own, network.name))]
    dataset = plan.source.name
    only_own = plan.scenario.weights_only or not any(own.glob("*.weights.h5"))
    if only_own or not has_shipped_weights(dataset):
        return lacking, lacking
    shipped = pretrained_folder(dataset)
    return lacking, [name for name in lacking if not os.path.isfile(weights_file(shipped, name))]


def missing_weights(plan: Plan) -> tuple[list[str], Path | None]:
    """The networks whose weights are nowhere, and the folder that a scenario names for them; None: the shipped one."""
    dataset, named = plan.source.name, plan.scenario.weights
    if named != "pretrained":
        return lacking_networks(plan, Path(named))[1], Path(named)
    if not has_shipped_weights(dataset):
        return [network.name for network in plan.networks], None
    return lacking_networks(plan, pretrained_folder(dataset))[1], None


def missing_data(plan: Plan) -> str:
    """What is missing of the images, and where it was looked for; "": nothing that is known of."""
    try:
        plan.source.find(None)
    except InputError as error:
        return str(error)
    return ""
