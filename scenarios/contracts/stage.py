"""A stage of a training, and the session that it runs in."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

import diffsem.link
import diffsem.models as models
from diffsem.scenarios.contracts.network import Dimensions, NetworkSpec
from diffsem.scenarios.contracts.transmitter import TransmitterSpec
from diffsem.scenarios.datasets.source import Dataset, DataSource
from diffsem.scenarios.schema.scenario import Scenario

if TYPE_CHECKING:  # a scenario is checked without it
    import keras


class Session(Protocol):
    """What a stage works with: words, data, networks by specification, and a way to fit that survives a crash.

    Examples
    --------
    What a recipe asks of it; this one pretends, and keeps a list of what is saved.

    >>> from diffsem.scenarios import Dimensions, NetworkSpec
    >>> class Pretended:
    ...     dimensions, saved = Dimensions((28, 28, 1), (8, 8, 1), classes=10, pixel_rms=0.3), []
    ...     def build(self, network):
    ...         return network.build(self.dimensions)
    ...     def save(self, network, spec):
    ...         self.saved.append((spec.name, network))
    >>> session, spec = Pretended(), NetworkSpec("own", lambda sizes: f"for {sizes.classes} classes")
    >>> session.save(session.build(spec), spec)
    >>> session.saved
    [('own', 'for 10 classes')]
    """

    @property
    def scenario(self) -> Scenario: ...

    @property
    def dimensions(self) -> Dimensions: ...

    @property
    def schedule(self) -> "models.NoiseSchedule": ...

    @property
    def source(self) -> DataSource: ...

    @property
    def dataset(self) -> Dataset: ...

    def rng(self, *path: object) -> np.random.Generator:
        """A generator of its own for every use: the same (scenario seed, path) draws the same numbers."""

    def varied(self, images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """[N, height, width, channels] training images, varied as the scenario says, or as suits the data."""

    def shifted(self, images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """The same for a pair that can bear more: where the scenario does not say, shifted if that suits the data."""

    def build(self, network: NetworkSpec, *path: str) -> "keras.Model":
        """A network, untrained; `path` tells several of them apart."""

    def load(self, network: NetworkSpec) -> "keras.Model":
        """A network as an earlier stage saved it, frozen. Raises InputError if its weights cannot be used."""

    def save(self, network: "keras.Model", spec: NetworkSpec) -> None: ...

    def link(self, transmitter: TransmitterSpec) -> "diffsem.link.Link":
        """The link from a transmitter, whose encoder an earlier stage has saved, to receiver and eavesdropper."""

    def kept(self, stage: str, split: str, compute: Callable[[], np.ndarray]) -> np.ndarray:
        """An array that is costly to compute: of a stage that was cut off it is read from disk."""

    def fit(
        self, stage: str, epochs: int, model: "keras.Model", loss, draw_epoch, validation, metrics=(), part="", **plan
    ) -> list[dict[str, Any]]:
        """Train for `epochs` and give one record an epoch; resumes after the last finished one.

        Parameters
        ----------
        stage : str
        epochs : int
        model, loss, metrics
            As for `keras.Model.compile`.
        draw_epoch : callable
            Number of the epoch, from 0 -> (inputs, targets).
        validation : (inputs, targets)
        part : str
            Names one of several trainings of a stage.
        **plan
            Fields of `diffsem.models.TrainingPlan` to change.
        """


@dataclass(frozen=True)
class Stage:
    """One training.

    Parameters
    ----------
    name : str
    writes, needs : tuple of NetworkSpec
        Networks that it makes, and that it starts from; its place among other stages follows from them.
    run : callable
        The recipe: Session -> {"history": one record an epoch, as `Session.fit` gives it, "scores": {...}}; it saves
        what it writes.
    depends : tuple of str
        Dotted keys of the scenario that change what is learnt, beside those of every training.
    source : Path, optional
        File of a recipe that comes from outside of the package.
    large : bool
        Whether it gains from several GPUs.

    Examples
    --------
    >>> from diffsem.scenarios import NetworkSpec, Stage
    >>> encoder, classifier = (NetworkSpec(name, lambda sizes: None) for name in ("encoder", "classifier"))
    >>> def run(session):
    ...     session.save(session.build(classifier), classifier)
    ...     return {"history": [], "scores": {"accuracy": 0.1}}
    >>> stage = Stage("own", writes=(classifier,), needs=(encoder,), run=run)
    >>> [spec.name for spec in stage.needs + stage.writes]
    ['encoder', 'classifier']
    """

    name: str
    writes: tuple[NetworkSpec, ...]
    needs: tuple[NetworkSpec, ...]
    run: Callable[[Session], dict[str, Any]]
    depends: tuple[str, ...] = ()
    source: Path | None = None
    large: bool = False
