"""A U-Net that tells the noise in features (Algorithm 1, stage 2)."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from diffsem.scenarios.contracts.network import NetworkSpec
from diffsem.scenarios.contracts.stage import Session
from diffsem.scenarios.training.session import add_noise, as_time, predict

LABEL_DROPOUT = 0.1
# Steps t at which the error is reported.
REPORTED_STEPS = (1, 30, 60, 120, 180, 240, 300, 400, 500)
# (features, labels, steps, rng, share of labels that are left out) -> inputs and the noise.
Samples = Callable[..., tuple[list[np.ndarray], np.ndarray]]


def train_denoiser(session: Session, network: NetworkSpec, encoder: NetworkSpec) -> dict[str, Any]:
    """Algorithm 1, stage 2: D on the frozen encoder's features, mean squared error of the noise (eq. 15).

    Parameters
    ----------
    session : Session
    network : NetworkSpec
        A `diffsem.models.UNet`, with a label or without; the stage has its name.
    encoder : NetworkSpec
        image -> feature.

    Returns
    -------
    dict
        history, and scores: errors on validation images, by step and altogether.
    """
    unet = session.build(network)
    training, validation = session.dataset.pair.split_off_validation()
    frozen = session.load(encoder)
    features, held_out_features = predict(frozen, training.as_float()), predict(frozen, validation.as_float())
    samples = _samples(session, unet.context)
    steps_of = session.schedule.steps

    def draw_epoch(epoch):
        rng = session.rng(network.name, epoch)
        order = rng.permutation(len(features))
        steps = rng.integers(1, steps_of + 1, len(order))
        return samples(features[order], training.labels[order], steps, rng, LABEL_DROPOUT)

    rng = session.rng(network.name, "validation")
    steps = rng.integers(1, steps_of + 1, len(validation))
    held_out = samples(held_out_features, validation.labels, steps, rng, LABEL_DROPOUT)
    epochs, loss = session.scenario.training.epochs.denoiser, keras.losses.MeanSquaredError()
    # Gains under 0.002 an epoch come faster at a lower learning rate, long before they end.
    history = session.fit(network.name, epochs, unet, loss, draw_epoch, held_out, min_delta=2e-3)
    session.save(unet, network)
    stored = session.load(network)
    errors = _errors_by_step(session, network, stored, samples, held_out_features, validation.labels)
    inputs, noise = held_out
    error = float(np.mean((predict(stored, inputs) - noise) ** 2))
    return {"history": history, "scores": errors | {"validation_mse_float32": round(error, 6)}}


def _samples(session: Session, context: int | None) -> Samples:
    one_hot = np.eye(session.dimensions.classes, dtype=np.float32)

    def samples(feature, labels, steps, rng, dropout):
        noised, noise = add_noise(feature, steps, session.schedule, rng)
        inputs = [noised, as_time(steps, session.schedule)]
        if context:
            label = one_hot[labels] * (rng.random((len(labels), 1)) >= dropout)
            inputs.append(label.astype(np.float32))
        return inputs, noise

    return samples


def _errors_by_step(
    session: Session,
    network: NetworkSpec,
    stored: keras.Model,
    samples: Samples,
    features: np.ndarray,
    labels: np.ndarray,
) -> dict[str, dict[str, float]]:
    """Mean squared errors of the noise: with the label, if there is one, and without."""
    dropouts = {"noise_mse_by_step": 0}
    if stored.context:
        dropouts["noise_mse_by_step_without_label"] = 1
    errors: dict[str, dict[str, float]] = {}
    for title, dropout in dropouts.items():
        errors[title] = {}
        for step in (step for step in REPORTED_STEPS if step <= session.schedule.steps):
            rng = session.rng(network.name, "score", step)
            inputs, noise = samples(features, labels, np.full(len(labels), step), rng, dropout)
            errors[title][str(step)] = round(float(np.mean((predict(stored, inputs) - noise) ** 2)), 4)
    return errors
