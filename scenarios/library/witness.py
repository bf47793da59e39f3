"""A witness that owes the attacks nothing: how often the nearest transmissions know the label of what is heard."""

import math
from dataclasses import dataclass

import numpy as np

from diffsem.link import Seeds, wilson_interval
from diffsem.scenarios.datasets import splitting
from diffsem.scenarios.datasets.source import LabelledImages
from diffsem.scenarios.library.loading import load_link
from diffsem.scenarios.runs.resolving import plan
from diffsem.scenarios.schema.scenario import Scenario

# The most accurate of these on transmissions that are not among the neighbours.
NEIGHBOURS = (1, 5, 15, 50, 150)
BATCH = 500


@dataclass(frozen=True)
class Witness:
    """What k nearest neighbours read of transmissions, and what that says of the best that anybody could.

    Parameters
    ----------
    accuracy, low, high : float
        Share of test images whose label most of the nearest transmissions have, with its Wilson interval.
    bound : float
        No attack reads more, as far as one nearest neighbour can tell: of C labels an error of 1-NN of e says that
        Bayes' is at least (C - 1) / C (1 - sqrt(1 - C e / (C - 1))) (Cover and Hart, IEEE Trans. Inf. Theory 13(1),
        1967). That holds of infinitely many neighbours; of few, e is too large and the bound too low.
    neighbours : int
        k.
    transmissions : int
        Among which the nearest are looked for.

    Examples
    --------
    >>> from diffsem.scenarios import Witness
    >>> Witness(0.9, low=0.88, high=0.92, bound=0.94, neighbours=15, transmissions=20_000).bound
    0.94
    """

    accuracy: float
    low: float
    high: float
    bound: float
    neighbours: int
    transmissions: int


def nearest_neighbours(
    scenario: Scenario,
    timestep: int,
    snr_db: float,
    transmitter: str | None = None,
    eavesdropper_snr_db: float | None = None,
    images: int = 5000,
    own_images: int | None = None,
    draws: int = 1,
) -> Witness:
    """What scikit-learn's k nearest neighbours read of what the eavesdropper hears at a point.

    Of the eavesdropper's own images, each is sent `draws` times over its channel; what arrives, y, are the neighbours.
    k is chosen on the transmissions of a fifth of these images, from the rest. No network is trained.

    Parameters
    ----------
    scenario : Scenario
    timestep : int
        t.
    snr_db : float
        Es/N0 at the receiver, dB.
    transmitter : str, optional
        As column `transmitter` of a result table has it; default: that of the first system that has one.
    eavesdropper_snr_db : float, optional
        Default: the receiver's.
    images : int
        Test images at most.
    own_images : int, optional
        Of the eavesdropper's images, use only this many.
    draws : int

    Raises
    ------
    InputError
        As `load_link` and `load_dataset` do.

    Examples
    --------
    Among 400 transmissions the nearest already say more often what digit it is than not.

    >>> import diffsem
    >>> from diffsem.scenarios import nearest_neighbours
    >>> quick = diffsem.load_scenario("mnist-quick")
    >>> found = nearest_neighbours(quick, 120, 15.0, images=500, own_images=500)
    >>> found.accuracy > 0.5, found.transmissions
    (True, 400)
    """
    from sklearn.neighbors import KNeighborsClassifier

    data = splitting.load_dataset(plan(scenario).source)
    surrogate = data.surrogate[slice(own_images)]
    link = load_link(scenario, transmitter)
    own_snr_db = snr_db if eavesdropper_snr_db is None else eavesdropper_snr_db

    def heard(part: LabelledImages, repeated: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """[N, symbols] of y at the eavesdropper, and [N] labels."""
        sent = np.tile(np.arange(len(part)), repeated)
        made = []
        for batch, first in enumerate(range(0, len(sent), BATCH)):
            chosen = sent[first : first + BATCH]
            whole = np.ones(len(chosen), np.float32)
            seeds = Seeds(seed + 3 * batch, [seed + 3 * batch + 1], [seed + 3 * batch + 2])
            _, (node,), _ = link.transmit(
                part.images[chosen] / np.float32(255), timestep * whole, snr_db * whole, [own_snr_db * whole], seeds
            )
            made.append(np.reshape(node.received, [len(chosen), -1]))
        return np.concatenate(made), part.labels[sent]

    own, own_labels = heard(surrogate, draws, 1)
    test, labels = heard(data.test[slice(images)], 1, 1_000_001)
    aside = np.tile(np.arange(len(surrogate)) % 5 == 0, draws)
    fitted = KNeighborsClassifier().fit(own[~aside], own_labels[~aside])

    def read(neighbours: int, symbols: np.ndarray) -> np.ndarray:
        return fitted.set_params(n_neighbors=neighbours).predict(symbols)

    allowed = [each for each in NEIGHBOURS if each <= np.count_nonzero(~aside)]
    chosen = max(allowed, key=lambda each: np.mean(read(each, own[aside]) == own_labels[aside]))
    correct = int(np.sum(read(chosen, test) == labels))
    error = float(np.mean(read(1, test) != labels))
    classes = len(np.unique(own_labels))
    low, high = wilson_interval(correct, len(labels))
    return Witness(
        correct / len(labels), low, high, _bayes_accuracy(error, classes), chosen, int(np.count_nonzero(~aside))
    )


def _bayes_accuracy(error: float, classes: int) -> float:
    """The most, for an error of one nearest neighbour."""
    others = (classes - 1) / classes
    return 1 - others * (1 - math.sqrt(max(0.0, 1 - error / others)))
