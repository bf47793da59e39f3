"""A one-call student of a denoiser."""

from typing import Any

import keras
import numpy as np

from diffsem.scenarios.contracts.network import NetworkSpec
from diffsem.scenarios.contracts.stage import Session
from diffsem.scenarios.training.recipes.denoised import ddim_layer, estimator, features, first_labels
from diffsem.scenarios.training.session import add_noise

DRAWS = 1
LEARNING_RATE = 2e-4


def distil(
    session: Session, teacher: NetworkSpec, student: NetworkSpec, encoder: NetworkSpec, first_classifier: NetworkSpec
) -> dict[str, Any]:
    """A one-call student of a denoiser: from the teacher's weights, mean squared error to the teacher's DDIM output.

    The loss is taken on z^ and not on the noise: at early steps the two differ by a factor of many thousands.

    Parameters
    ----------
    session : Session
    teacher : NetworkSpec
        A trained U-Net, with a label or without.
    student : NetworkSpec
        That is written, built as its teacher is; the stage has its name.
    encoder : NetworkSpec
        image -> feature.
    first_classifier : NetworkSpec
        [y, z^, t / T] -> logits, whose soft label a teacher with a label is steered by.

    Returns
    -------
    dict
        history, and scores: mean squared errors to the teacher on validation images.
    """
    stage, teacher_steps = student.name, session.scenario.training.teacher_steps
    unet = session.load(teacher)
    unet.trainable = True
    estimate = estimator(session, teacher, teacher_steps)
    frozen = session.load(encoder)

    def prepare(split, data, draws):
        rng = session.rng(stage, split)
        feature = features(session, frozen, data, split, draws, rng)
        steps = rng.integers(0, session.schedule.steps + 1, len(feature))
        received, _ = add_noise(feature, steps, session.schedule, rng)
        inputs = [received, steps.astype(np.float32)]
        if unet.context:
            inputs.append(first_labels(session, first_classifier, *inputs))
        return inputs, session.kept(stage, split, lambda: estimate(*inputs))

    training, validation = session.dataset.pair.split_off_validation()
    inputs, targets = prepare("training", training, DRAWS)
    held_out = prepare("validation", validation, 1)

    def draw_epoch(epoch):
        order = session.rng(stage, "order", epoch).permutation(len(targets))
        return [array[order] for array in inputs], targets[order]

    symbolic = [keras.Input(array.shape[1:]) for array in inputs]
    model = keras.Model(symbolic, ddim_layer(session, unet, 1)(symbolic))
    epochs, loss = session.scenario.training.epochs.distillation, keras.losses.MeanSquaredError()
    history = session.fit(stage, epochs, model, loss, draw_epoch, held_out, learning_rate=LEARNING_RATE)
    session.save(unet, student)

    def error_of(network: NetworkSpec) -> float:
        made = estimator(session, network, 1)(*held_out[0])
        return round(float(np.mean((made - held_out[1]) ** 2)), 6)

    scores = {
        "teacher_steps": teacher_steps,
        "validation_mse_to_teacher": error_of(student),
        "validation_mse_of_teachers_own_single_call": error_of(teacher),
    }
    return {"history": history, "scores": scores}
