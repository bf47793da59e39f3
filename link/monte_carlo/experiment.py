"""What is simulated: links, systems, attacks, images, and what stays the same over a sweep."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

import diffsem.models as models
from diffsem.link.monte_carlo.places import Places
from diffsem.link.monte_carlo.stopping_rule import StoppingRule
from diffsem.link.transmission.bit_transmission import BitTransmission
from diffsem.link.transmission.link import Link


@dataclass(frozen=True)
class System:
    """A named receiver behind a named transmitter.

    Parameters
    ----------
    name : str
    transmitter : str
        Key of the link that it listens to; systems with the same one share every symbol.
    receiver : callable
        ([y, t']) -> (logits [N, classes], U-Net calls of each image [N]).

    Examples
    --------
    A receiver that always says 3, without a denoiser.

    >>> import numpy as np
    >>> from diffsem.link import System
    >>> always = System("always-3", "pair", lambda inputs: (np.eye(10)[[3] * len(inputs[1])], 0 * inputs[1]))
    >>> logits, calls = always.receiver([np.zeros([2, 8, 8, 1]), np.full(2, 240.0)])
    >>> logits.argmax(axis=1).tolist(), calls.tolist()
    ([3, 3], [0.0, 0.0])
    """

    name: str
    transmitter: str
    receiver: Callable


@dataclass(frozen=True)
class Attack:
    """A named attack on what a named transmitter radiates.

    Parameters
    ----------
    name : str
        Different for two attacks on one transmitter.
    transmitter : str
    run : callable
        ([y, t']) -> image [B, height, width, channels], which judges label, or logits [B, classes] of its own.
    reconstructs : bool
        Whether it makes images.
    knows_step : bool
    surrogate : str
        The kind of images that it was trained on.
    training_images, training_epochs : int
        With how many it was trained, and how long; 0 for one that learns nothing.
    threat : str
        What the attacker knows of the other side: "black-box" or "white-box".
    all_looks : bool
        Whether it reads all repeated transmissions at once that do not add up: y [B, L, ...], and their mean t'.
    warning : str
        In what way it is run under other conditions than it was trained for; "" if it is not.

    Examples
    --------
    The received values themselves, cut to what a pixel may be.

    >>> import numpy as np
    >>> from diffsem.link import Attack
    >>> attack = Attack("as-heard", "pair", lambda inputs: np.clip(inputs[0], 0, 1), knows_step=False)
    >>> attack.run([np.array([-1.5, 0.5, 2.0]), np.array([240.0])]).tolist(), attack.training_images
    ([0.0, 0.5, 1.0], 0)
    """

    name: str
    transmitter: str
    run: Callable
    reconstructs: bool = True
    knows_step: bool = True
    surrogate: str = ""
    training_images: int = 0
    training_epochs: int = 0
    threat: str = "black-box"
    all_looks: bool = False
    warning: str = ""


@dataclass(frozen=True)
class Experiment:
    """Everything that stays the same over a sweep.

    Parameters
    ----------
    links : mapping of str to Link
        Transmitters by name.
    systems : sequence of System
    attacks : sequence of Attack
    judge : callable
        Strong classifier Q: image [B, ...] -> logits.
    clean_judge : callable
        The same for a judge that never saw anything but clean images: one that has seen an attack flatters it.
    images : [N, height, width, channels], float32 in [0, 1]
        Test images, taken in order.
    labels : [N], int
    schedule : NoiseSchedule
    stopping : StoppingRule
    batch_size : int
        Images that share a draw of the channel's noise, and a call of a network.
    seed : int
    channels : mapping of str to str
        Channel kind by node ("receiver", "adversary"), for the table.
    digital : sequence of BitTransmission
        Digital systems over the legitimate channel, without self-noise.
    eavesdroppers : int
        Eavesdropper SNRs a point, or places.
    looks : int
        Repeated transmissions of an image (looks) that an eavesdropper hears.
    passes : int
        Times that a point goes through the test images, each with noise of its own.
    classes : int
    pool : int
        Batches, of one point or of several, that are simulated together. Changes speed and memory, never a count.
    xla : bool
        Compile receivers and attacks by XLA.
    places : mapping of str to Places
        By node ("receiver", "adversary"): where it stands, if its channel is traced; a receiver has one place.
    settings : mapping of str to mapping
        By node ("receiver", "adversary"): the columns `SETTINGS` of its rows, for the table.

    Examples
    --------
    Five images, thrice each, are at most 15; random bits do not run out.

    >>> import numpy as np
    >>> from diffsem.link import Experiment, StoppingRule
    >>> from diffsem.models import NoiseSchedule
    >>> images, labels, stopping = np.zeros([5, 28, 28, 1], np.float32), np.arange(5), StoppingRule(max_images=1000)
    >>> built = Experiment({}, [], [], None, None, images, labels, NoiseSchedule(), stopping, 5, 1, {}, passes=3)
    >>> built.rule("label").images, built.rule("block").images
    (15, 1000)
    """

    links: Mapping[str, Link]
    systems: Sequence[System]
    attacks: Sequence[Attack]
    judge: Callable
    clean_judge: Callable
    images: np.ndarray
    labels: np.ndarray
    schedule: "models.NoiseSchedule"
    stopping: StoppingRule
    batch_size: int
    seed: int
    channels: Mapping[str, str]
    digital: Sequence[BitTransmission] = ()
    eavesdroppers: int = 1
    looks: int = 1
    passes: int = 1
    classes: int = 10
    pool: int = 32
    xla: bool = False
    places: Mapping[str, Places] = field(default_factory=dict)
    settings: Mapping[str, Mapping[str, str | int]] = field(default_factory=dict)

    def rule(self, scored: Literal["label", "block"] = "label") -> StoppingRule:
        """When a node is known well enough; one scored by "block" sends random bits, which do not run out."""
        test_set = self.passes * len(self.labels) if scored == "label" else None
        return replace(self.stopping, test_set=test_set)
