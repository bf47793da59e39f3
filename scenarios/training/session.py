"""What every stage of a training works with: scenario, data, folder, and a way to fit that survives a crash."""

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import keras
import numpy as np

from diffsem.link.errors import InputError
from diffsem.models import BrokenStateError, NotFiniteError, TrainingPlan, train
from diffsem.scenarios.assembly import SCHEDULE
from diffsem.scenarios.augmentation import augmented
from diffsem.scenarios.datasets import Dataset
from diffsem.scenarios.networks import build_network, load_network, precision, save_network
from diffsem.scenarios.schema import Scenario
from diffsem.scenarios.sizes import Sizes, sizes_of

PREDICT_BATCH = 512


@dataclass(frozen=True)
class Workshop:
    """What every stage works with.

    Parameters
    ----------
    scenario : Scenario
    dataset : Dataset
    folder : Path
        Where weights go; half-done stages live in its `.progress`.
    callbacks : callable
        (stage, epochs) -> Keras callbacks that show progress.
    """

    scenario: Scenario
    dataset: Dataset
    folder: Path
    callbacks: Callable[[str, int], Sequence[keras.callbacks.Callback]] = field(default=lambda stage, epochs: ())

    @property
    def sizes(self) -> Sizes:
        return sizes_of(self.scenario.dataset)

    def varied(self, images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Training images of an epoch, varied as the scenario says, or else as suits the data set."""
        chosen = self.scenario.training.augmentation
        return augmented(images, self.sizes.augmentation if chosen is None else chosen, rng)

    def rng(self, *path) -> np.random.Generator:
        """A generator of its own for every use: the same (scenario seed, path) draws the same numbers."""
        return np.random.default_rng([self.scenario.seed, *(zlib.crc32(str(part).encode()) for part in path)])

    def build(self, name: str, *path: str) -> keras.Model:
        """A network, untrained; `path` tells several of them apart."""
        keras.utils.set_random_seed(int(self.rng("initial weights", name, *path).integers(2**31)))
        with precision(self.scenario.training.precision):
            return build_network(self.scenario, name)

    def load(self, name: str) -> keras.Model:
        return load_network(self.scenario, self.folder, name)

    def save(self, network: keras.Model, name: str) -> None:
        save_network(network, self.folder, name)

    def fit(
        self, stage: str, epochs: int, model, loss, draw_epoch, validation, metrics=(), part: str = "", **plan
    ) -> list[dict]:
        """Train for `epochs`; `part` names one of several trainings of a stage, `plan` changes the TrainingPlan."""
        options = self.scenario.training
        cosine = options.learning_rate == "cosine" and not plan.get("until_plateau", False)
        whole = TrainingPlan(**{"epochs": epochs, "batch_size": options.batch_size, "cosine": cosine} | plan)
        progress = self.folder / ".progress" / stage / part
        try:
            return train(model, loss, draw_epoch, validation, whole, progress, metrics, self.callbacks(stage, epochs))
        except BrokenStateError as error:
            raise InputError(f"training state {error}; delete that folder to train the stage anew") from error
        except NotFiniteError as error:
            named = f"{stage} ({part})" if part else stage
            raise InputError(
                f"training stage {named}, {error}; allowed: finite losses; epochs before it are kept in {progress}"
            ) from error


@dataclass(frozen=True)
class Stage:
    """One training.

    Parameters
    ----------
    name : str
    writes, needs : tuple of str
        Names of networks.
    run : callable
        The recipe: Workshop -> history and scores.
    depends : tuple of str
        Dotted keys of the scenario that change what is learnt, beside those of every training.
    source : Path, optional
        File of a recipe that comes from outside of the package.
    large : bool
        Whether it gains from several GPUs.
    """

    name: str
    writes: tuple[str, ...]
    needs: tuple[str, ...]
    run: Callable[[Workshop], dict]
    depends: tuple[str, ...] = ()
    source: Path | None = None
    large: bool = False


def classification_loss():
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def predict(model, inputs) -> np.ndarray:
    return np.asarray(model.predict(inputs, batch_size=PREDICT_BATCH, verbose=0))


def accuracy(logits: np.ndarray, labels: np.ndarray) -> float:
    return round(float((logits.argmax(-1) == labels).mean()), 4)


def as_time(step) -> np.ndarray:
    """[B, 1] float32: steps as fractions t / T, as the networks read them."""
    return (np.asarray(step, np.float32) / SCHEDULE.steps)[:, None]


def add_noise(feature: np.ndarray, step: np.ndarray, rng) -> tuple[np.ndarray, np.ndarray]:
    """(z_t, eps) of eq. 11 for [B, ...] features or images and [B] steps."""
    noise = rng.standard_normal(feature.shape, np.float32)
    alpha_bar = SCHEDULE.alpha_bar[step].astype(np.float32).reshape(-1, 1, 1, 1)
    return np.sqrt(alpha_bar) * feature + np.sqrt(1 - alpha_bar) * noise, noise


def bypass_accuracy(shop: Workshop, encoder: str, classifier: str) -> dict:
    """Accuracy by step on test images, noised directly and classified without a denoiser."""
    test = shop.dataset.test
    feature, network = predict(shop.load(encoder), test.as_float()), shop.load(classifier)
    scores = {}
    for step in (0, 120, 240, 300):
        steps = np.full(len(test), step)
        received, _ = add_noise(feature, steps, shop.rng(classifier, "score", step))
        scores[f"test_accuracy_t{step}"] = accuracy(predict(network, [received, received, as_time(steps)]), test.labels)
    return scores
