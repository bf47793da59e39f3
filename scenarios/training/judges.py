"""The judges: strong classifiers that label what attacks reconstruct, and are never part of a system."""

import keras
import numpy as np

from diffsem.scenarios.assembly import SCHEDULE, attacks_on, transmitters
from diffsem.scenarios.attacks import ListedAttack
from diffsem.scenarios.datasets import LabelledImages
from diffsem.scenarios.eavesdropping import Eavesdropping
from diffsem.scenarios.networks import trained_on
from diffsem.scenarios.schema import Scenario
from diffsem.scenarios.workshop import Workshop, accuracy, add_noise, classification_loss, predict

# The loss is mostly that of hopeless noise levels: smaller gains only come at a lower learning rate.
MIN_DELTA = 3e-3
# A judge that goes on from another's weights has a short way to go, and something to lose.
START_RATE, GOING_ON_RATE = 1e-3, 3e-4

# (training, validation) of the pair and of the eavesdropper.
Splits = list[tuple[LabelledImages, LabelledImages]]


def judged_attacks(scenario: Scenario) -> list[tuple[str, ListedAttack]]:
    """(transmitter that it learns on, attack) of every trained attack that makes images, each once."""
    return list(
        dict.fromkeys(
            (trained_on(transmitter, attack, scenario), attack)
            for transmitter in transmitters(scenario)
            for attack in attacks_on(transmitter, scenario)
            if attack.method.output == "image" and attack.method.train is not None
        )
    )


def train_judge(shop: Workshop) -> dict:
    """Q: clean images, images noised directly at all steps (eq. 11) and attacks' reconstructions, with labels.

    The judge is a third party: it learns from the images of the pair and of the eavesdropper alike. An epoch holds
    every image twice clean, once noised, and once as one attack or another sees it; one half of the images, where it
    goes on from the clean judge's weights.
    """
    model = shop.build("strong-classifier")
    epochs = shop.scenario.training.epochs
    goes_on = epochs.judge_of_attacks is not None
    if goes_on:
        model.set_weights(shop.load("strong-classifier-clean").get_weights())
    splits = [part.split_off_validation() for part in (shop.dataset.pair, shop.dataset.surrogate)]
    taps = [Eavesdropping(shop, transmitter, attack) for transmitter, attack in judged_attacks(shop.scenario)]
    networks = [shop.load(tap.name) for tap in taps]

    def samples(part, rng):
        images = _images(shop, splits, part, rng)
        labels = np.concatenate([split[part].labels for split in splits])
        if goes_on:
            chosen = rng.permutation(len(images))[: len(images) // 2]
            images, labels = images[chosen], labels[chosen]
        noised, _ = add_noise(images, rng.integers(1, SCHEDULE.steps + 1, len(images)), rng)
        # Half of the samples are clean, or the judge forgets what a clean image looks like.
        pictures = [images, images, noised]
        if taps:
            shares = np.array_split(rng.permutation(len(images)), len(taps))
            seen = np.empty_like(images)
            for tap, network, share in zip(taps, networks, shares, strict=True):
                seen[share] = predict(network, tap.hear(images[share], rng))
            pictures.append(seen)
        order = rng.permutation(len(pictures) * len(images))
        return np.concatenate(pictures)[order], np.tile(labels, len(pictures))[order]

    return _train(
        shop,
        "strong-classifier",
        model,
        lambda epoch: samples(0, shop.rng("strong-classifier", epoch)),
        samples(1, shop.rng("strong-classifier", "validation")),
        epochs.judge_of_attacks or epochs.strong_classifier,
        GOING_ON_RATE if goes_on else START_RATE,
    )


def train_clean_judge(shop: Workshop) -> dict:
    """The second judge: the same network on clean images alone, which no attack has taught anything."""
    splits = [part.split_off_validation() for part in (shop.dataset.pair, shop.dataset.surrogate)]

    def samples(part, rng):
        images = _images(shop, splits, part, rng)
        order = rng.permutation(len(images))
        return images[order], np.concatenate([split[part].labels for split in splits])[order]

    name = "strong-classifier-clean"
    return _train(
        shop,
        name,
        shop.build(name),
        lambda epoch: samples(0, shop.rng(name, epoch)),
        samples(1, shop.rng(name, "validation")),
        shop.scenario.training.epochs.strong_classifier,
    )


def _images(shop: Workshop, splits: Splits, part: int, rng: np.random.Generator) -> np.ndarray:
    """The training images (part 0), varied, or those for validation (part 1)."""
    images = np.concatenate([split[part].as_float() for split in splits])
    return shop.varied(images, rng) if part == 0 else images


def _train(
    shop: Workshop, name: str, model: keras.Model, draw_epoch, held_out, epochs: int, learning_rate: float = START_RATE
) -> dict:
    history = shop.fit(
        name,
        epochs,
        model,
        classification_loss(),
        draw_epoch,
        held_out,
        ["accuracy"],
        min_delta=MIN_DELTA,
        learning_rate=learning_rate,
    )
    shop.save(model, name)
    test = shop.dataset.test
    logits = predict(shop.load(name), test.as_float())
    return {"history": history, "scores": {"test_accuracy_clean": accuracy(logits, test.labels)}}
