"""An attack: what it builds from what it hears, how it learns, and what it may see while it does."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np

from diffsem.models.costs import NetworkCost
from diffsem.scenarios.contracts.network import COARSE, NetworkSpec, Storage
from diffsem.scenarios.contracts.transmitter import TransmitterSpec
from diffsem.scenarios.datasets.source import LabelledImages
from diffsem.scenarios.schema.nodes import Surrogate
from diffsem.scenarios.schema.schedule import Schedule

if TYPE_CHECKING:  # a scenario is checked without it
    import keras


@dataclass(frozen=True)
class Target:
    """What an eavesdropper knows of a system: the shape of what it hears, and of what it looks for.

    Parameters
    ----------
    feature_shape, image_shape : tuple of three int
    classes : int
    pixel_rms : float
        Root mean square of the pixels of an image, on average over the images.
    keyed : bool
        Whether the self-noise comes from a key.
    scrambled : bool
        Whether a key orders and signs the symbols of each transmission.
    schedule : Schedule
        By which steps t / T stand for noise levels.
    codewords : int
        Words of the codebook that keyed self-noise is one of, as its inventor would publish it; 0: of none.

    Examples
    --------
    >>> from diffsem.models import InversionConv
    >>> from diffsem.scenarios import Target
    >>> target = Target(feature_shape=(8, 8, 1), image_shape=(28, 28, 1), classes=10, pixel_rms=0.3)
    >>> InversionConv(target.feature_shape, target.image_shape, channels=8).output_shape
    (None, 28, 28, 1)
    """

    feature_shape: tuple[int, int, int]
    image_shape: tuple[int, int, int]
    classes: int
    pixel_rms: float
    keyed: bool = False
    scrambled: bool = False
    schedule: Schedule = field(default_factory=Schedule)
    codewords: int = 0


class Eavesdropping(Protocol):
    """One attack's access to one transmitter: black box, chosen plaintext. It is all that an attack gets.

    Examples
    --------
    What an attack's `train` asks of it; this one pretends, and shows what the network learns.

    >>> class Pretended:
    ...     def fit(self, model, loss, target, **plan):
    ...         return [{"epoch": 0, "learns": target(["y", "t / T"], "images", "labels")}]
    >>> def train(eavesdropping, model):
    ...     return eavesdropping.fit(model, "mse", lambda heard, images, labels: images)
    >>> train(Pretended(), None)
    [{'epoch': 0, 'learns': 'images'}]
    """

    @property
    def name(self) -> str:
        """Of the attack's network."""

    @property
    def knows_step(self) -> bool:
        """Whether it is told the noise level."""

    def rng(self, *path: object) -> np.random.Generator:
        """A generator of its own for every use."""

    def images(self) -> tuple[LabelledImages, LabelledImages]:
        """The surrogate images: (training, validation)."""

    def hear(self, images: np.ndarray, rng: np.random.Generator) -> list[np.ndarray]:
        """What the eavesdropper has of images it had sent, through the system and its own channel.

        Parameters
        ----------
        images : [B, height, width, channels], float in [0, 1]
        rng : numpy.random.Generator
            Steps t uniform in 0..T, SNRs uniform in `training.snr_db`, all noise.

        Returns
        -------
        [y, t' / T] : [B, *feature_shape] and [B, 1], float32
            t' / T is 0 if the attack does not know the step. With `AttackMethod.all_looks` y is [B, L,
            *feature_shape], and t' the mean over the L transmissions.
        """

    def hear_clearly(self, images: np.ndarray) -> np.ndarray:
        """[B, *feature_shape] float32: what is heard without self-noise at the best training SNR, four times over."""

    def trained(self, method: "AttackMethod") -> "keras.Model":
        """The network of an attack named in `AttackMethod.after`, trained under the same options."""

    def rebuilt(self) -> "keras.Model":
        """The attack's network once more, from other initial weights."""

    def fit(
        self,
        model: "keras.Model",
        loss: Any,
        target: Callable[[list[np.ndarray], np.ndarray, np.ndarray], np.ndarray],
        part: str = "",
        metrics: Any = (),
        min_delta: float = 1e-4,
        patience: int = 2,
        batch_size: int | None = None,
    ) -> list[dict[str, Any]]:
        """Train on fresh transmissions of the surrogate images every epoch, until validation stands on a plateau.

        Parameters
        ----------
        model : keras.Model
            [y, t / T] -> anything that `loss` compares with the target.
        loss, metrics
            As for `keras.Model.compile`.
        target : callable
            (heard, images, labels) -> what the model shall give.
        part : str
            Names one of several calls.
        min_delta : float
            Validation loss must fall by more to count as progress.
        patience : int
            Epochs without progress that make a plateau.
        batch_size : int, optional
            Samples of a gradient step; default: `training.batch_size`.

        Returns
        -------
        list of dict
            One record an epoch.
        """


@dataclass(frozen=True)
class AttackMethod:
    """An attack.

    Parameters
    ----------
    name : str
        The `attack` of its rows in the result table; no +, dot or slash.
    output : str
        "image": judges label it. "label": logits, scored as they are.
    build : callable or None
        Target -> keras.Model, [y [B, *feature_shape], t / T [B, 1]] -> image [B, *image_shape] or logits [B, classes].
        None of a white box.
    train : callable or None
        (Eavesdropping, model) -> history, one record an epoch, as `Eavesdropping.fit` gives it; None if there is
        nothing to learn.
    after : tuple of AttackMethod
        Attacks that are trained before it; `Eavesdropping.trained` gives their networks.
    applies : callable
        Target -> whether the attack makes sense there.
    all_looks : bool
        Whether the network reads all repeated transmissions (looks) at once that do not add up, as scrambled ones do
        not: y [B, L, *feature_shape]. L is 1 where they add up. Else it reads one, and its log-probabilities are added
        up over the others.
    white_box : callable, optional
        Of an attacker who knows the weights of the other side too: the receivers behind the transmitter, each as
        `System.receiver` builds it -> function ([y [B, ...], t' [B]]) -> logits or image. In place of `build`.
    adaptive : bool
        Written against one defence: trained on it even where what is heard has the same law as without it.
    storage : Storage
        How its weights are packed to be shipped.
    cost : callable, optional
        Target -> NetworkCost of a call; None: not known, and left out of estimates.
    papers : bool
        Whether it is the paper's attacker, where it is not told the noise level.
    papers_rank : int
        Of several of the paper's attackers in a result table the highest counts: that for images of the kind.
    default_place : int, optional
        Its place among those that are run where a scenario lists none; None: not one of them.

    Examples
    --------
    A linear probe of the symbols.

    >>> from diffsem.models import SymbolClassifier
    >>> from diffsem.scenarios import AttackMethod, Target
    >>> def build(target):
    ...     return SymbolClassifier(target.feature_shape, target.classes, hidden=())
    >>> probe = AttackMethod("probe", "label", build, train=None, applies=lambda target: not target.scrambled)
    >>> target = Target((8, 8, 1), (28, 28, 1), classes=10, pixel_rms=0.3, scrambled=True)
    >>> probe.build(target).output_shape, probe.applies(target)
    ((None, 10), False)
    """

    name: str
    output: Literal["image", "label"]
    build: "Callable[[Target], keras.Model] | None"
    train: "Callable[[Eavesdropping, keras.Model], list[dict[str, Any]]] | None"
    after: "tuple[AttackMethod, ...]" = ()
    applies: Callable[[Target], bool] = lambda target: True
    all_looks: bool = False
    white_box: "Callable[[Sequence[keras.layers.Layer]], Callable[[list[Any]], Any]] | None" = None
    adaptive: bool = False
    storage: Storage = COARSE
    cost: Callable[[Target], NetworkCost] | None = None
    papers: bool = False
    papers_rank: int = 0
    default_place: int | None = None

    def network(self, target: Target) -> "keras.Model":
        """What it builds. Raises ValueError of a white box, which runs what is there."""
        if self.build is None:
            raise ValueError(f"attack {self.name}: runs the networks of the other side; allowed: one with a build")
        return self.build(target)

    @property
    def threat(self) -> str:
        """What the attacker knows of the other side: "black-box", its inputs and outputs, or "white-box"."""
        return "black-box" if self.white_box is None else "white-box"


@dataclass(frozen=True)
class ListedAttack:
    """An attack as a scenario lists it.

    Parameters
    ----------
    method : AttackMethod
    knows_step : bool
    surrogate : Surrogate
    transmitters : tuple of str, optional
        Those that it is run against; default: all.
    outside : str, optional
        module:NAME of one from outside of the package.
    source : Path, optional
        The file that one from outside comes from.
    """

    method: AttackMethod
    knows_step: bool
    surrogate: Surrogate
    transmitters: tuple[str, ...] | None = None
    outside: str | None = None
    source: Path | None = None

    @property
    def name(self) -> str:
        """The method's name and, behind a +, each option that is not the default."""
        share = "" if self.surrogate.share == 1 else f"+{self.surrogate.share:g}"
        kind = "" if self.surrogate.images == "same" else f"+{self.surrogate.images}"
        return f"{self.method.name}{'' if self.knows_step else '+blind'}{kind}{share}"


@dataclass(frozen=True)
class PlannedAttack:
    """An attack on a transmitter.

    Parameters
    ----------
    attack : ListedAttack
    transmitter : TransmitterSpec
        That it is run against.
    learns_on : TransmitterSpec
        The same, or one that is heard alike.
    target : Target
    network : NetworkSpec
    before : tuple of PlannedAttack
        That are trained first, under the same options.
    """

    attack: ListedAttack
    transmitter: TransmitterSpec
    learns_on: TransmitterSpec
    target: Target
    network: NetworkSpec
    before: "tuple[PlannedAttack, ...]" = ()
