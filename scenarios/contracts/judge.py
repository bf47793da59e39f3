"""The judges: strong classifiers that label images, and are never part of what is attacked."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from diffsem.scenarios.contracts.attack import PlannedAttack
from diffsem.scenarios.contracts.network import NetworkSpec
from diffsem.scenarios.contracts.stage import Stage
from diffsem.scenarios.schema.scenario import Scenario


@dataclass(frozen=True)
class Judge:
    """Who labels reconstructed images.

    Parameters
    ----------
    name : str
    network : NetworkSpec
        image [B, height, width, channels] -> logits [B, classes]; may have learnt from what attacks make.
    clean : NetworkSpec
        The same of one that never saw anything but clean images: whoever has seen an attack flatters it.
    stages : callable
        (Scenario, trained attacks that make images, each once) -> stages that train both.

    Examples
    --------
    >>> from diffsem.models import build_strong_classifier
    >>> from diffsem.scenarios import Dimensions, Judge, NetworkSpec
    >>> network = NetworkSpec("own-judge", lambda sizes: build_strong_classifier(sizes.image_shape, sizes.classes))
    >>> judge = Judge("own", network, clean=network, stages=lambda scenario, attacks: ())
    >>> judge.clean.build(Dimensions((28, 28, 1), (8, 8, 1), classes=10, pixel_rms=0.3)).output_shape
    (None, 10)
    """

    name: str
    network: NetworkSpec
    clean: NetworkSpec
    stages: Callable[[Scenario, Sequence[PlannedAttack]], tuple[Stage, ...]]
