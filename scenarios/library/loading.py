"""Data, trained networks and links of a scenario, by name."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diffsem.link import Link
from diffsem.scenarios.datasets import resolve_dataset, splitting
from diffsem.scenarios.datasets.source import Dataset
from diffsem.scenarios.parts.finding import check_known
from diffsem.scenarios.runs.parallel.quiet import load_tensorflow
from diffsem.scenarios.runs.plan import Plan
from diffsem.scenarios.runs.resolving import plan
from diffsem.scenarios.schema.scenario import Scenario

if TYPE_CHECKING:  # data are loaded without it
    import keras


def load_dataset(dataset: str | Mapping[str, Any] | Scenario, data_dir: str | Path | None = None) -> Dataset:
    """The images of a data set, shared out: `pair`, `surrogate` and `test`, each with `images` and `labels`.

    Parameters
    ----------
    dataset : str, mapping or Scenario
        What a scenario says under `dataset`, as "mnist" or {"folder": "photographs"}; or a scenario.
    data_dir : str or Path, optional
        Where cifar10 is looked for first.

    Returns
    -------
    Dataset
        Images are uint8 [N, height, width, channels], labels int32 [N].

    Raises
    ------
    InputError
        If there is no such data set, or its files are missing or broken.

    Examples
    --------
    >>> import diffsem
    >>> mnist = diffsem.load_dataset("mnist")
    >>> mnist.test.images.shape
    (10000, 28, 28, 1)
    """
    words = dataset.dataset if isinstance(dataset, Scenario) else dataset
    source, _, _ = resolve_dataset(words)
    return splitting.load_dataset(source, None if data_dir is None else Path(data_dir))


def load_network(scenario: Scenario, name: str) -> "keras.Model":
    """A trained network of a scenario.

    Parameters
    ----------
    scenario : Scenario
        Its `weights` say where from.
    name : str
        Of the network's file, without .weights.h5: "encoder", "classifier", "denoiser", "clean-pair.inversion-mlp".

    Returns
    -------
    keras.Model
        Frozen.

    Raises
    ------
    InputError
        If the scenario runs no network of that name (the line lists those it runs), or weights are missing or broken.

    Examples
    --------
    >>> import diffsem
    >>> encoder = diffsem.load_network(diffsem.load_scenario("mnist-quick"), "encoder")
    >>> encoder.output_shape
    (None, 8, 8, 1)
    """
    load_tensorflow()
    return _network(plan(scenario), name)


def load_link(scenario: Scenario, transmitter: str | None = None) -> Link:
    """The link behind one of a scenario's transmitters: to the receiver and, apart, to the eavesdropper.

    Parameters
    ----------
    scenario : Scenario
    transmitter : str, optional
        As column `transmitter` of a result table has it; default: that of the first system that has one.

    Returns
    -------
    Link
        A `diffsem.link.WiretapLink` with the trained encoder, unless the transmitter has a link of its own.
        `link.transmit(images, steps, snr_db, [eavesdropper_snr_db], Seeds(...))` sends a batch of images.

    Raises
    ------
    InputError
        If no system of the scenario listens to that transmitter, or weights are missing or broken.

    Examples
    --------
    >>> import diffsem
    >>> link = diffsem.load_link(diffsem.load_scenario("mnist-quick"))
    >>> type(link).__name__
    'WiretapLink'
    """
    from diffsem.scenarios.links.wiretap import build_link

    load_tensorflow()
    resolved = plan(scenario)
    known = {spec.name: spec for spec in resolved.transmitters}
    wanted = next(iter(known), "") if transmitter is None else transmitter
    check_known(wanted, known, f"scenario {scenario.name}: transmitter", or_outside=False)
    spec = known[wanted]
    encoder = _network(resolved, spec.encoder.name)
    return build_link(resolved.setup, spec, encoder, resolved.channels)


def _network(resolved: Plan, name: str) -> "keras.Model":
    from diffsem.scenarios.runs.weights_folders import weights_folders
    from diffsem.scenarios.training.checkpoints import load_network as load

    scenario = resolved.scenario
    known = {network.name: network for network in resolved.networks}
    check_known(name, known, f"scenario {scenario.name}: network", or_outside=False)
    folder = weights_folders(resolved)[name]
    return load(known[name], resolved.setup.dimensions, folder, scenario.execution.precision)
