"""What classifiers and students are taught by: features, and what a denoiser makes of them."""

import keras
import numpy as np

from diffsem.models import Denoise
from diffsem.scenarios.contracts.network import NetworkSpec
from diffsem.scenarios.contracts.stage import Session
from diffsem.scenarios.datasets.source import LabelledImages
from diffsem.scenarios.training.session import as_time, predict


def features(
    session: Session, encoder: keras.Model, data: LabelledImages, split: str, draws: int, rng: np.random.Generator
) -> np.ndarray:
    """Features of every image, `draws` of each one after another: [N draws, ...]. Only training images are varied."""
    images, varied = data.as_float(), split != "validation"
    drawn = [predict(encoder, session.varied(images, rng) if varied else images) for _ in range(draws)]
    return np.stack(drawn, axis=1).reshape(-1, *drawn[0].shape[1:])


def teacher(session: Session, unet: keras.Model, steps: int) -> Denoise:
    """The denoiser that others are taught by, whatever solver the sweep runs: so many steps of DDIM."""
    return Denoise(unet, session.schedule, steps, session.scenario.denoising.guidance)


def denoised(denoise: Denoise, *inputs: np.ndarray) -> np.ndarray:
    """z^ [B, ...] from y [B, ...], t [B] and, for a denoiser with a label, class probabilities [B, classes]."""
    symbolic = [keras.Input(array.shape[1:]) for array in inputs]
    return predict(keras.Model(symbolic, denoise(symbolic)), list(inputs))


def first_labels(session: Session, classifier: NetworkSpec, received: np.ndarray, step: np.ndarray) -> np.ndarray:
    """[B, classes] float32: what a receiver makes of y before it denoises."""
    logits = predict(session.load(classifier), [received, received, as_time(step, session.schedule)])
    return np.asarray(keras.ops.softmax(logits))
