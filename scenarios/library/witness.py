"""A witness that owes the attacks nothing: what scikit-learn's learners read of what an eavesdropper hears."""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from diffsem.link import InputError, Seeds, wilson_interval
from diffsem.scenarios.datasets import splitting
from diffsem.scenarios.datasets.attributes import classes_of
from diffsem.scenarios.datasets.source import LabelledImages
from diffsem.scenarios.library.loading import load_link
from diffsem.scenarios.runs.resolving import plan
from diffsem.scenarios.schema.scenario import Scenario

Reader = Literal["neighbours", "network"]
LABEL = "label"
# The most accurate of these on transmissions that are not among the neighbours.
NEIGHBOURS = (1, 5, 15, 50, 150)
BATCH = 500
# Of an eavesdropper's images: a fifth of them is held out.
FEWEST = 10
LARGEST = 10**9


@dataclass(frozen=True)
class Witness:
    """What a learner reads of transmissions.

    It bounds what can be read from below. From above nothing follows: of so few transmissions the nearest one is far
    away, and the bound that its error is in the limit (Cover and Hart, IEEE Trans. Inf. Theory 13(1), 1967) comes out
    below what attacks read.

    Parameters
    ----------
    accuracy, low, high : float
        Share of test images of which it reads right what was asked for, with its Wilson interval.
    guess : float
        Share of the commonest answer: what is right without hearing anything.
    neighbours : int
        k; 0: a network.
    transmissions : int
        That it has learnt from.

    Examples
    --------
    >>> from diffsem.scenarios import Witness
    >>> Witness(0.9, low=0.88, high=0.92, guess=0.11, neighbours=15, transmissions=20_000).neighbours
    15
    """

    accuracy: float
    low: float
    high: float
    guess: float
    neighbours: int
    transmissions: int


def overheard(
    scenario: Scenario,
    timestep: int,
    snr_db: float,
    transmitter: str | None = None,
    eavesdropper_snr_db: float | None = None,
    reads: str = LABEL,
    reader: Reader = "neighbours",
    images: int = 5000,
    own_images: int | None = None,
    draws: int = 1,
) -> Witness:
    """What scikit-learn's learners read of what the eavesdropper hears at a point: the label, or what was not sent.

    Each of the eavesdropper's own images is sent `draws` times over its channel; a learner has what arrives, y.

    - "neighbours": the most frequent answer of the k nearest. k is chosen on the transmissions of a fifth of the
      images among the rest. No network is trained.
    - "network": `sklearn.neural_network.MLPClassifier` with two layers of 256, stopped early.

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
    reads : str
        "label", or one of the data set's attributes: of MNIST "stroke-thickness", in thirds of the eavesdropper's
        images; of CIFAR-10 "animal", or vehicle.
    reader : str
        "neighbours" or "network".
    images : int
        Test images at most.
    own_images : int, optional
        Of the eavesdropper's images, use only this many.
    draws : int

    Raises
    ------
    InputError
        If an argument is out of range, the data set has no such attribute, and as `load_link` and `load_dataset` do.

    Examples
    --------
    Among 500 transmissions the nearest already say more often what digit it is than not.

    >>> import diffsem
    >>> from diffsem.scenarios import overheard
    >>> quick = diffsem.load_scenario("mnist-quick")
    >>> found = overheard(quick, 120, 15.0, images=500, own_images=500)
    >>> found.accuracy > 0.5, found.transmissions
    (True, 500)
    """
    resolved = plan(scenario)
    source, steps = resolved.source, resolved.setup.schedule.steps
    for name, value, allowed in (
        ("timestep", timestep, range(steps + 1)),
        ("reader", reader, get_args(Reader)),
        ("images", images, range(1, LARGEST)),
        ("own_images", FEWEST if own_images is None else own_images, range(FEWEST, LARGEST)),
        ("draws", draws, range(1, LARGEST)),
    ):
        if value not in allowed:
            raise InputError(f"overheard: {name} {value}; allowed: {_words(allowed)}")
    if reads not in (LABEL, *source.attributes):
        known = ", ".join((LABEL, *source.attributes))
        raise InputError(f"dataset {source.name}: '{reads}' is nothing that its images tell; allowed: {known}")
    data = splitting.load_dataset(source)
    own_part, test_part = data.surrogate[slice(own_images)], data.test[slice(images)]
    own_answers, answers = own_part.labels, test_part.labels
    if reads != LABEL:
        own_values, values = (source.attributes[reads](part) for part in (own_part, test_part))
        own_answers, answers = (classes_of(each, own_values) for each in (own_values, values))
    link = load_link(scenario, transmitter)
    levels = timestep, snr_db, snr_db if eavesdropper_snr_db is None else eavesdropper_snr_db
    own, own_answers = _heard(link, own_part, draws, levels, 1), np.tile(own_answers, draws)
    test = _heard(link, test_part, 1, levels, 1_000_001)
    if reader == "network":
        read, neighbours = _network(own, own_answers, test), 0
    else:
        aside = np.tile(np.arange(len(own_part)) % 5 == 0, draws)
        read, neighbours = _nearest(own, own_answers, aside, test)
    correct = int(np.sum(read == answers))
    low, high = wilson_interval(correct, len(answers))
    guess = float(np.bincount(answers).max() / len(answers))
    return Witness(correct / len(answers), low, high, guess, neighbours, len(own))


def _words(allowed: range | tuple[str, ...]) -> str:
    if isinstance(allowed, range):
        return f"{allowed.start} or more" if allowed.stop == LARGEST else f"{allowed.start} to {allowed.stop - 1}"
    return ", ".join(allowed)


def _heard(link, part: LabelledImages, draws: int, levels: tuple[int, float, float], seed: int) -> np.ndarray:
    """[draws x N, symbols] of y at the eavesdropper."""
    timestep, *snr_db = levels
    sent = np.tile(np.arange(len(part)), draws)
    made = []
    for first in range(0, len(sent), BATCH):
        chosen = sent[first : first + BATCH]
        own, other = (np.full(len(chosen), each, np.float32) for each in snr_db)
        seeds = Seeds(seed + 3 * first, [seed + 3 * first + 1], [seed + 3 * first + 2])
        pixels = part.images[chosen] / np.float32(255)
        _, (node,), _ = link.transmit(pixels, np.full(len(chosen), timestep), own, [other], seeds)
        made.append(np.reshape(node.received, [len(chosen), -1]))
    return np.concatenate(made)


def _nearest(own, own_answers, aside, test) -> tuple[np.ndarray, int]:
    """[N] answers of the k nearest, and k."""
    from sklearn.neighbors import KNeighborsClassifier

    def read(neighbours: int, among: np.ndarray, symbols: np.ndarray) -> np.ndarray:
        fitted = KNeighborsClassifier(neighbours).fit(own[among], own_answers[among])
        return fitted.predict(symbols)

    allowed = [each for each in NEIGHBOURS if each <= np.count_nonzero(~aside)]
    chosen = max(allowed, key=lambda each: np.mean(read(each, ~aside, own[aside]) == own_answers[aside]))
    return read(chosen, np.ones(len(own), bool), test), chosen


def _network(own, own_answers, test) -> np.ndarray:
    from sklearn.neural_network import MLPClassifier

    return MLPClassifier((256, 256), early_stopping=True, random_state=1).fit(own, own_answers).predict(test)
