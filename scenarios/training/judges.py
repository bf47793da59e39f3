"""Training of judges: strong classifiers that label what attacks reconstruct, and are never part of a system."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import keras
import numpy as np

from diffsem.scenarios.contracts.attack import PlannedAttack
from diffsem.scenarios.contracts.network import NetworkSpec
from diffsem.scenarios.contracts.stage import Session
from diffsem.scenarios.parts.outside import guarded
from diffsem.scenarios.training.eavesdropping import eavesdropping_of
from diffsem.scenarios.training.session import accuracy, add_noise, classification_loss, predict

# The loss is mostly that of hopeless noise levels: smaller gains only come at a lower learning rate.
MIN_DELTA = 3e-3
# A judge that goes on from another's weights has a short way to go, and something to lose.
START_RATE, GOING_ON_RATE = 1e-3, 3e-4

# (whether for training, rng) -> images and labels.
Samples = Callable[[bool, np.random.Generator], tuple[np.ndarray, np.ndarray]]


def train_judge(
    session: Session, judge: NetworkSpec, clean: NetworkSpec, attacks: Sequence[PlannedAttack]
) -> dict[str, Any]:
    """Q: clean images, images noised directly at all steps (eq. 11) and attacks' reconstructions, with labels.

    The judge is a third party: it learns from the images of the pair and of the eavesdropper alike. An epoch holds
    every image twice clean, once noised, and once as one attack or another sees it; one half of the images, where it
    goes on from the clean judge's weights.

    Parameters
    ----------
    session : Session
    judge, clean : NetworkSpec
        image -> logits: the one that is trained, and the one that it goes on from where `training.epochs` gives
        `judge_of_attacks`.
    attacks : sequence of PlannedAttack
        That make images, and have learnt.

    Returns
    -------
    dict
        history, and scores: accuracy on the test images.
    """
    model = session.build(judge)
    epochs, learning_rate = session.scenario.training.epochs.strong_classifier, START_RATE
    going_on = session.scenario.training.epochs.judge_of_attacks
    if going_on is not None:
        epochs, learning_rate = going_on, GOING_ON_RATE
        model.set_weights(session.load(clean).get_weights())
    reconstruct = _reconstruction(session, attacks) if attacks else None

    def samples(training, rng):
        images, labels = _images(session, training, rng)
        if going_on is not None:
            chosen = rng.permutation(len(images))[: len(images) // 2]
            images, labels = images[chosen], labels[chosen]
        steps = rng.integers(1, session.schedule.steps + 1, len(images))
        noised, _ = add_noise(images, steps, session.schedule, rng)
        # Half of the samples are clean, or the judge forgets what a clean image looks like.
        pictures = [images, images, noised]
        if reconstruct:
            pictures.append(reconstruct(images, rng))
        order = rng.permutation(len(pictures) * len(images))
        return np.concatenate(pictures)[order], np.tile(labels, len(pictures))[order]

    return _train(session, judge, model, samples, epochs, learning_rate)


def train_clean_judge(session: Session, judge: NetworkSpec) -> dict[str, Any]:
    """The second judge: the same network on clean images alone, which no attack has taught anything."""

    def samples(training, rng):
        images, labels = _images(session, training, rng)
        order = rng.permutation(len(images))
        return images[order], labels[order]

    epochs = session.scenario.training.epochs.strong_classifier
    return _train(session, judge, session.build(judge), samples, epochs, START_RATE)


def _images(session: Session, training: bool, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Images and labels of the pair and of the eavesdropper: those for training, varied, or those for validation."""
    chosen = []
    for part in (session.dataset.pair, session.dataset.surrogate):
        for_training, for_validation = part.split_off_validation()
        chosen.append(for_training if training else for_validation)
    images = np.concatenate([part.as_float() for part in chosen])
    labels = np.concatenate([part.labels for part in chosen])
    return session.varied(images, rng) if training else images, labels


def _reconstruction(
    session: Session, attacks: Sequence[PlannedAttack]
) -> Callable[[np.ndarray, np.random.Generator], np.ndarray]:
    """(images, rng) -> the same images, each as one of the attacks reconstructs it."""
    taps = [eavesdropping_of(session, planned) for planned in attacks]
    makers = [_image_maker(session, planned) for planned in attacks]

    def reconstruct(images, rng):
        shares = np.array_split(rng.permutation(len(images)), len(taps))
        seen = np.empty_like(images)
        for tap, make, share in zip(taps, makers, shares, strict=True):
            seen[share] = make(tap.hear(images[share], rng))
        return seen

    return reconstruct


def _image_maker(session: Session, planned: PlannedAttack) -> Callable[[list[np.ndarray]], np.ndarray]:
    """What is heard -> what a trained attack makes of it; the errors of one from outside are told as its own."""
    make, outside = partial(predict, session.load(planned.network)), planned.attack.outside
    return make if outside is None else guarded(outside, make, "eavesdropper.attacks")


def _train(
    session: Session, judge: NetworkSpec, model: keras.Model, samples: Samples, epochs: int, learning_rate: float
) -> dict[str, Any]:
    held_out = samples(False, session.rng(judge.name, "validation"))
    history = session.fit(
        judge.name,
        epochs,
        model,
        classification_loss(),
        lambda epoch: samples(True, session.rng(judge.name, epoch)),
        held_out,
        ["accuracy"],
        min_delta=MIN_DELTA,
        learning_rate=learning_rate,
    )
    session.save(model, judge)
    test = session.dataset.test
    logits = predict(session.load(judge), test.as_float())
    return {"history": history, "scores": {"test_accuracy_clean": accuracy(logits, test.labels)}}
