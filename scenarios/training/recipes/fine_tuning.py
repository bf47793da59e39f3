"""Fine-tuning of a receiver's classifier on (y, z^, t) (Algorithm 2, and the controls)."""

from collections.abc import Callable
from typing import Any

import numpy as np

from diffsem.scenarios.contracts.network import NetworkSpec
from diffsem.scenarios.contracts.stage import Session
from diffsem.scenarios.training.recipes.denoised import estimator, features
from diffsem.scenarios.training.session import add_noise, as_time, classification_loss

# The encoder, and the classifier to start from.
Pair = tuple[NetworkSpec, NetworkSpec]
# (split, y, t) -> function (rng) -> z^ of an epoch.
DenoiseEpoch = Callable[[str, np.ndarray, np.ndarray], Callable[[np.random.Generator], np.ndarray]]

# Draws of (t, noise) an image. With one, a receiver learns its z^ by heart and loses a point on new noise.
DRAWS = 4


def fine_tune(
    session: Session, stage: str, classifier: NetworkSpec, pair: Pair, denoise_epoch: DenoiseEpoch
) -> dict[str, Any]:
    """Algorithm 2: C reads (y, z^, t) with E and D frozen; the controls run through here with z^ = y.

    All receivers start from the pair's C, see the same draws of (image, t, y) in the same order for the same number
    of steps, and differ in z^ alone.

    Parameters
    ----------
    session : Session
    stage : str
    classifier : NetworkSpec
        That is written.
    pair : (NetworkSpec, NetworkSpec)
        The encoder, and the classifier to start from.
    denoise_epoch : callable
        (split, y, t) -> function (rng) -> z^ for an epoch. Called once for each set of draws; a costly z^ can be kept
        by `Session.kept`.

    Returns
    -------
    dict
        history, and scores: accuracy on validation images over all steps.
    """
    encoder, model = (session.load(network) for network in pair)
    model.trainable = True
    schedule = session.schedule

    def prepare(split, data, draws):
        rng = session.rng("fine-tuning", split)
        feature = features(session, encoder, data, split, draws, rng)
        labels = np.repeat(data.labels, draws)
        steps = rng.integers(0, schedule.steps + 1, len(labels))
        received, _ = add_noise(feature, steps, schedule, rng)
        return received, steps, labels, denoise_epoch(split, received, steps.astype(np.float32))

    training, validation = session.dataset.pair.split_off_validation()
    fresh = session.scenario.training.fresh_draws
    once = None if fresh else prepare("training", training, DRAWS)
    held_out, held_out_steps, held_out_labels, held_out_denoised = prepare("validation", validation, 1)

    def draw_epoch(epoch):
        received, steps, labels, denoised_of = once or prepare(f"training-{epoch}", training, 1)
        clean = denoised_of(session.rng("fine-tuning", "z^", epoch))
        order = session.rng("fine-tuning", "order", epoch).permutation(len(labels))
        return [received[order], clean[order], as_time(steps[order], schedule)], labels[order]

    clean = held_out_denoised(session.rng("fine-tuning", "z^", "validation"))
    validation_set = [held_out, clean, as_time(held_out_steps, schedule)], held_out_labels
    epochs = session.scenario.training.epochs.classifiers
    history = session.fit(stage, epochs, model, classification_loss(), draw_epoch, validation_set, ["accuracy"])
    session.save(model, classifier)
    return {"history": history, "scores": {"validation_accuracy_all_t": round(history[-1]["val_accuracy"], 4)}}


def fine_tune_on_estimates(
    session: Session, stage: str, classifier: NetworkSpec, pair: Pair, denoiser: NetworkSpec, solver_steps: int
) -> dict[str, Any]:
    """`fine_tune` behind a denoiser that reads no label: C on (y, z^, t).

    Parameters
    ----------
    session, stage, classifier, pair
        As for `fine_tune`.
    denoiser : NetworkSpec
        A trained U-Net.
    solver_steps : int
        Of DDIM to z^; 1 is the one-step estimate.
    """
    estimate = estimator(session, denoiser, solver_steps)

    def denoise_epoch(split, received, step):
        clean = session.kept(stage, split, lambda: estimate(received, step))
        return lambda rng: clean

    return fine_tune(session, stage, classifier, pair, denoise_epoch)
