"""An encoder and a classifier, trained together: on clean features, or through self-noise."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from diffsem.models import NoiseLaw, SelfNoise
from diffsem.scenarios.contracts.network import NetworkSpec
from diffsem.scenarios.contracts.stage import Session
from diffsem.scenarios.training.session import (
    accuracy,
    as_time,
    bypass_accuracy,
    classification_loss,
    predict,
    unit_noise,
)


def train_pair(session: Session, stage: str, encoder: NetworkSpec, classifier: NetworkSpec) -> dict[str, Any]:
    """Algorithm 1, stage 1: E and C on clean features, cross-entropy, unit power.

    Parameters
    ----------
    session : Session
    stage : str
        Its draws hang on the name.
    encoder, classifier : NetworkSpec
        image -> feature; [y, z^, t / T] -> logits.

    Returns
    -------
    dict
        history, and scores: accuracy on the test images without noise.
    """
    sender, receiver = session.build(encoder), session.build(classifier)
    image = keras.Input(session.dimensions.image_shape)
    time = keras.Input((1,))
    feature = sender(image)
    model = keras.Model([image, time], receiver([feature, feature, time]))
    training, validation = session.dataset.pair.split_off_validation()
    images = training.as_float()

    def draw(count, rng):
        # The clean feature says nothing of t: drawn at random, C learns to ignore it until it is fine-tuned.
        return rng.random((count, 1), np.float32)

    def draw_epoch(epoch):
        rng = session.rng(stage, epoch)
        order = rng.permutation(len(training))
        return [session.varied(images[order], rng), draw(len(order), rng)], training.labels[order]

    held_out = [validation.as_float(), draw(len(validation), session.rng(stage, "validation"))], validation.labels
    epochs = session.scenario.training.epochs.pair
    history = session.fit(stage, epochs, model, classification_loss(), draw_epoch, held_out, ["accuracy"])
    session.save(sender, encoder)
    session.save(receiver, classifier)
    test = session.dataset.test
    feature = predict(session.load(encoder), test.as_float())
    logits = predict(session.load(classifier), [feature, feature, np.zeros((len(test), 1), np.float32)])
    return {"history": history, "scores": {"test_accuracy_t0": accuracy(logits, test.labels)}}


def train_through_noise(
    session: Session,
    stage: str,
    encoder: NetworkSpec,
    classifier: NetworkSpec,
    epochs: int,
    varied: Callable[[np.ndarray, np.random.Generator], np.ndarray],
    law: NoiseLaw = "gaussian",
) -> dict[str, Any]:
    """E and C together, through self-noise at random steps t from the start; cross-entropy, unit power.

    Parameters
    ----------
    session : Session
    stage : str
        Its draws hang on the name.
    encoder, classifier : NetworkSpec
        image -> feature; [y, z^, t / T] -> logits.
    epochs : int
    varied : callable
        (images, rng) -> the training images of an epoch; `Session.varied`, or another variation.
    law : str
        "gaussian" | "laplace": of the noise.

    Returns
    -------
    dict
        history, and scores: accuracy on the test images by step.
    """
    schedule = session.schedule
    sender, receiver = session.build(encoder), session.build(classifier)
    shape = sender.output_shape[1:]
    image = keras.Input(session.dimensions.image_shape)
    step = keras.Input((), dtype="int32")
    snr = keras.Input(())
    noise = keras.Input(shape)
    received, _, _ = SelfNoise(schedule)([sender(image), step, snr], noise)
    time = keras.Input((1,))
    model = keras.Model([image, step, snr, noise, time], receiver([received, received, time]))
    training, validation = session.dataset.pair.split_off_validation()
    images = training.as_float()

    def inputs(pictures, rng):
        steps = rng.integers(0, schedule.steps + 1, len(pictures)).astype(np.int32)
        drawn = unit_noise((len(pictures), *shape), rng, law)
        # Without a channel the transmitter noises all the way to t: an infinite SNR leaves no margin.
        return [pictures, steps, np.full(len(steps), np.inf, np.float32), drawn, as_time(steps, schedule)]

    def draw_epoch(epoch):
        rng = session.rng(stage, epoch)
        order = rng.permutation(len(training))
        return inputs(varied(images[order], rng), rng), training.labels[order]

    held_out = inputs(validation.as_float(), session.rng(stage, "validation")), validation.labels
    history = session.fit(stage, epochs, model, classification_loss(), draw_epoch, held_out, ["accuracy"])
    session.save(sender, encoder)
    session.save(receiver, classifier)
    return {"history": history, "scores": bypass_accuracy(session, encoder, classifier, law)}
