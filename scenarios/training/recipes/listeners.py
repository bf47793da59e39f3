"""Training against listeners that read the label themselves: a game of encoder and receiver with their classifiers."""

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

import diffsem.models as models
from diffsem.scenarios.contracts.network import NetworkSpec
from diffsem.scenarios.contracts.stage import Session
from diffsem.scenarios.training.session import as_time, bypass_accuracy, classification_loss

# The game between encoder and listeners keeps the loss from falling steadily: wait for it.
PATIENCE = 4
HIDDEN = (512, 256)


@dataclass(frozen=True)
class Game:
    """Whom the pair is trained against, and how much that counts.

    Parameters
    ----------
    weight : float
        lambda, of the listeners' cross-entropy in the encoder's loss; from 1 on it may gain more by hiding the label
        from its own receiver than by showing it.
    listeners : int
    colluding : bool
        Whether listeners add their logits up before they decide; else each decides alone.
    handicap_db : float
        By which the listeners' SNR is below the receiver's, dB.
    information : float
        Weight of the information in the symbols (KL, nats an image).
    """

    weight: float
    listeners: int = 1
    colluding: bool = False
    handicap_db: float = 0.0
    information: float = 0.0


def train_against_listeners(
    session: Session,
    stage: str,
    encoder: NetworkSpec,
    classifier: NetworkSpec,
    game: Game,
    perturbed: tuple[NetworkSpec, NetworkSpec] | None = None,
) -> dict[str, Any]:
    """E and C minimise CE_C - lambda CE_A (+ beta KL), each listener A minimises its own CE_A.

    All take their step on the same batch, through noise of their own at random steps t. The listeners are thrown away
    afterwards, and every attack is trained anew.

    Parameters
    ----------
    session : Session
    stage : str
        Its draws hang on the name.
    encoder, classifier : NetworkSpec
        image -> feature; [y, z^, t / T] -> logits.
    game : Game
    perturbed : (NetworkSpec, NetworkSpec), optional
        A pair that was trained for its own task: its encoder stays as it is, inside a `diffsem.models.PerturbedEncoder`
        whose perturbation alone is trained, and C starts from its classifier.

    Returns
    -------
    dict
        history, and scores: accuracy on the test images by step.
    """
    schedule = session.schedule
    sender, receiver = session.build(encoder), session.build(classifier)
    if perturbed:
        own, starts_from = (session.load(network) for network in perturbed)
        sender.clean.set_weights(own.get_weights())
        sender.clean.trainable = False
        receiver.set_weights(starts_from.get_weights())
    shape = sender.output_shape[1:]
    model = _game(session, sender, receiver, game)
    decisions = 1 if game.colluding else game.listeners
    losses = [classification_loss() for _ in range(1 + decisions)] + [lambda _, nats: nats]
    training, validation = session.dataset.pair.split_off_validation()
    images = training.as_float()

    def samples(pictures, labels, rng):
        steps = rng.integers(0, schedule.steps + 1, len(labels)).astype(np.int32)
        theirs = _handicapped(steps, schedule, game.handicap_db)
        noises = rng.standard_normal((len(steps), 1 + game.listeners, *shape), np.float32)
        inputs = [pictures, steps, theirs, as_time(steps, schedule), as_time(theirs, schedule), noises]
        return inputs, [labels] * (1 + decisions) + [np.zeros(len(labels), np.float32)]

    def draw_epoch(epoch):
        rng = session.rng(stage, epoch)
        order = rng.permutation(len(images))
        return samples(session.varied(images[order], rng), training.labels[order], rng)

    held_out = samples(validation.as_float(), validation.labels, session.rng(stage, "validation"))
    metrics: list[list[str]] = [["accuracy"] for _ in range(1 + decisions)] + [[]]
    epochs = session.scenario.training.epochs.against_listeners
    history = session.fit(stage, epochs, model, losses, draw_epoch, held_out, metrics, patience=PATIENCE)
    session.save(sender, encoder)
    session.save(receiver, classifier)
    return {"history": history, "scores": bypass_accuracy(session, encoder, classifier)}


def _handicapped(steps: np.ndarray, schedule: models.NoiseSchedule, handicap_db: float) -> np.ndarray:
    """The steps [B] at which a listener hears whose noise is so many dB stronger."""
    if handicap_db == 0:
        return steps
    alpha_bar = schedule.alpha_bar[steps]
    noise = np.maximum((1 - alpha_bar) / alpha_bar, 1e-9) * 10 ** (handicap_db / 10)
    return np.rint(np.asarray(schedule.matched_step(noise.astype(np.float32)))).astype(np.int32)


def _game(session: Session, sender: keras.Model, receiver: keras.Model, game: Game) -> keras.Model:
    """[image, t, the listeners' t, both as t / T, all noises] -> [logits, the listeners' logits, information]."""
    dimensions, schedule = session.dimensions, session.schedule
    shape = sender.output_shape[1:]
    image = keras.Input(dimensions.image_shape)
    step, their_step = keras.Input((), dtype="int32"), keras.Input((), dtype="int32")
    time, their_time = keras.Input((1,)), keras.Input((1,))
    noises = keras.Input((1 + game.listeners, *shape))
    feature = sender(image)
    against = models.Against()([feature, keras.ops.full_like(step, game.weight, dtype="float32")])
    received = _noised(schedule, feature, step, noises[:, 0])
    logits = []
    for place in range(1, 1 + game.listeners):
        listener = models.SymbolClassifier(shape, dimensions.classes, HIDDEN, name=f"listener{place}")
        logits.append(listener([_noised(schedule, against, their_step, noises[:, place]), their_time]))
    information = game.information * models.SymbolInformation(schedule)([feature, step])
    decisions = [keras.ops.sum(keras.ops.stack(logits), axis=0)] if game.colluding else logits
    return keras.Model(
        [image, step, their_step, time, their_time, noises],
        [receiver([received, received, time]), *decisions, information],
    )


def _noised(schedule: models.NoiseSchedule, feature, step, noise):
    """z_t of eq. 11."""
    alpha_bar = keras.ops.take(keras.ops.convert_to_tensor(schedule.alpha_bar, "float32"), step)
    share = models.per_sample(alpha_bar, feature)
    return keras.ops.sqrt(share) * feature + keras.ops.sqrt(1 - share) * noise
