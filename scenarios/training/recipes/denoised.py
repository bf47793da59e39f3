"""What classifiers and students are taught by: features, and what a denoiser makes of them."""

from collections.abc import Callable

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


def ddim_layer(session: Session, unet: keras.Model, solver_steps: int) -> Denoise:
    """The denoiser that others are taught by, whatever solver the sweep runs: so many steps of DDIM."""
    return Denoise(unet, session.schedule, solver_steps, session.scenario.denoising.guidance)


def estimator(session: Session, denoiser: NetworkSpec, solver_steps: int) -> Callable[..., np.ndarray]:
    """z^ [B, ...] of y [B, ...], t [B] and, for a denoiser with a label, class probabilities [B, classes].

    Parameters
    ----------
    session : Session
    denoiser : NetworkSpec
        A trained U-Net.
    solver_steps : int
        Of DDIM, whatever solver the sweep runs; 1 is the one-step estimate.
    """
    denoise = ddim_layer(session, session.load(denoiser), solver_steps)

    def estimate(*inputs: np.ndarray) -> np.ndarray:
        symbolic = [keras.Input(array.shape[1:]) for array in inputs]
        return predict(keras.Model(symbolic, denoise(symbolic)), list(inputs))

    return estimate


def first_labels(session: Session, classifier: NetworkSpec, received: np.ndarray, step: np.ndarray) -> np.ndarray:
    """[B, classes] float32: what a receiver makes of y before it denoises."""
    logits = predict(session.load(classifier), [received, received, as_time(step, session.schedule)])
    return np.asarray(keras.ops.softmax(logits))
