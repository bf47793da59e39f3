"""What a stage of a training works with: scenario, data, folder, and a way to fit that survives a crash."""

import io
import math
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np

from diffsem.link import InputError, Link, replace_file
from diffsem.models import BrokenStateError, NoiseLaw, NoiseSchedule, NotFiniteError, TrainingPlan, train
from diffsem.scenarios.contracts.network import Dimensions, NetworkSpec
from diffsem.scenarios.contracts.setup import Setup
from diffsem.scenarios.contracts.stage import Session
from diffsem.scenarios.contracts.transmitter import TransmitterSpec
from diffsem.scenarios.datasets.augmentation import augmented, shifted
from diffsem.scenarios.datasets.source import Dataset, DataSource
from diffsem.scenarios.schema.scenario import Scenario
from diffsem.scenarios.training.checkpoints import load_network, precision, save_network

PREDICT_BATCH = 512
# Steps t of eq. 11 at which a classifier is scored.
SCORED_STEPS = (0, 120, 240, 300)


@dataclass(frozen=True)
class TrainingSession:
    """What every stage works with, as `diffsem.scenarios.contracts.stage.Session` says.

    Parameters
    ----------
    setup : Setup
    source : DataSource
        Where the data set comes from, and how its images are varied where the scenario does not say.
    dataset : Dataset
    folder : Path
        Where weights go; half-done stages live in its `.progress`.
    link_of : callable
        (transmitter, its network) -> the link to receiver and eavesdropper.
    callbacks : callable
        (stage, epochs) -> Keras callbacks that show progress.
    """

    setup: Setup
    source: DataSource
    dataset: Dataset
    folder: Path
    link_of: Callable[[TransmitterSpec, keras.Model], Link]
    callbacks: Callable[[str, int], Sequence[keras.callbacks.Callback]] = field(default=lambda stage, epochs: ())

    @property
    def scenario(self) -> Scenario:
        return self.setup.scenario

    @property
    def dimensions(self) -> Dimensions:
        return self.setup.dimensions

    @property
    def schedule(self) -> NoiseSchedule:
        return self.setup.schedule

    def varied(self, images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Training images of an epoch, varied as the scenario says, or else as suits the data set."""
        chosen = self.scenario.training.augmentation
        return augmented(images, self.source.sizes.augmentation if chosen is None else chosen, rng)

    def shifted(self, images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """The same for a pair that can bear more: where the scenario does not say, shifted if that suits the data."""
        largest = self.source.sizes.reference_shift
        if largest == 0 or self.scenario.training.augmentation is not None:
            return self.varied(images, rng)
        return shifted(images, largest, rng)

    def rng(self, *path: object) -> np.random.Generator:
        """A generator of its own for every use: the same (scenario seed, path) draws the same numbers."""
        return np.random.default_rng([self.scenario.seed, *(zlib.crc32(str(part).encode()) for part in path)])

    def build(self, network: NetworkSpec, *path: str) -> keras.Model:
        """A network, untrained; `path` tells several of them apart."""
        keras.utils.set_random_seed(int(self.rng("initial weights", network.name, *path).integers(2**31)))
        with precision(self.scenario.training.precision):
            return network.build(self.dimensions)

    def load(self, network: NetworkSpec) -> keras.Model:
        """A network as an earlier stage saved it, frozen. Raises InputError if its weights cannot be used."""
        return load_network(network, self.dimensions, self.folder, self.scenario.execution.precision)

    def save(self, network: keras.Model, spec: NetworkSpec) -> None:
        """Write a network's weights as they are, whole or not at all. Raises OSError if they cannot be written."""
        save_network(network, self.folder, spec.name)

    def link(self, transmitter: TransmitterSpec) -> Link:
        """The link from a transmitter, whose encoder an earlier stage has saved, to receiver and eavesdropper."""
        return self.link_of(transmitter, self.load(transmitter.encoder))

    def kept(self, stage: str, split: str, compute: Callable[[], np.ndarray]) -> np.ndarray:
        """An array that is costly to compute: of a stage that was cut off it is read from disk."""
        # An archive, for its checksum.
        path = self.folder / ".progress" / stage / f"denoised-{split}.npz"
        try:
            with np.load(path) as file:
                return file["denoised"]
        except Exception:  # of a damaged file, NumPy, zipfile and zlib may raise anything
            denoised = compute()
        path.parent.mkdir(parents=True, exist_ok=True)
        content = io.BytesIO()
        np.savez(content, denoised=denoised)
        replace_file(path, content.getvalue())
        return denoised

    def fit(
        self, stage: str, epochs: int, model, loss, draw_epoch, validation, metrics=(), part: str = "", **plan
    ) -> list[dict[str, Any]]:
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


def classification_loss() -> keras.losses.Loss:
    """Cross-entropy of logits [B, classes] and labels [B]."""
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def predict(model: keras.Model, inputs) -> np.ndarray:
    """What a network gives for arrays [N, ...], in batches."""
    return np.asarray(model.predict(inputs, batch_size=PREDICT_BATCH, verbose=0))


def accuracy(logits: np.ndarray, labels: np.ndarray) -> float:
    """Share of logits [N, classes] whose largest is that of the label [N], to four digits."""
    return round(float((logits.argmax(-1) == labels).mean()), 4)


def as_time(step, schedule: NoiseSchedule) -> np.ndarray:
    """[B, 1] float32: steps [B] as fractions t / T, as the networks read them."""
    return (np.asarray(step, np.float32) / schedule.steps)[:, None]


def add_noise(
    feature: np.ndarray,
    step: np.ndarray,
    schedule: NoiseSchedule,
    rng: np.random.Generator,
    law: NoiseLaw = "gaussian",
) -> tuple[np.ndarray, np.ndarray]:
    """(z_t, eps) of eq. 11 for [B, ...] features or images and [B] steps; eps of unit variance."""
    noise = unit_noise(feature.shape, rng, law)
    alpha_bar = schedule.alpha_bar[step].astype(np.float32).reshape(-1, 1, 1, 1)
    return np.sqrt(alpha_bar) * feature + np.sqrt(1 - alpha_bar) * noise, noise


def unit_noise(shape: tuple[int, ...], rng: np.random.Generator, law: NoiseLaw = "gaussian") -> np.ndarray:
    """[*shape] float32 of unit variance."""
    if law == "laplace":
        return rng.laplace(scale=math.sqrt(0.5), size=shape).astype(np.float32)
    return rng.standard_normal(shape, np.float32)


def bypass_accuracy(
    session: Session, encoder: NetworkSpec, classifier: NetworkSpec, law: NoiseLaw = "gaussian"
) -> dict[str, float]:
    """Accuracy by step on test images, noised directly and classified without a denoiser."""
    test, schedule = session.dataset.test, session.schedule
    feature, network = predict(session.load(encoder), test.as_float()), session.load(classifier)
    scores = {}
    for step in (step for step in SCORED_STEPS if step <= schedule.steps):
        steps = np.full(len(test), step)
        received, _ = add_noise(feature, steps, schedule, session.rng(classifier.name, "score", step), law)
        logits = predict(network, [received, received, as_time(steps, schedule)])
        scores[f"test_accuracy_t{step}"] = accuracy(logits, test.labels)
    return scores
