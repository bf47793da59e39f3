"""The paper's systems: a denoiser in front of the classifier (DiffSem), and rounds of both (E-DiffSem)."""

from typing import Any

import numpy as np

import diffsem.link as link
import diffsem.scenarios.training as training
from diffsem.scenarios.contracts.depends import FINE_TUNING, TAUGHT
from diffsem.scenarios.contracts.entry import Entry
from diffsem.scenarios.contracts.setup import Setup
from diffsem.scenarios.contracts.stage import Session, Stage
from diffsem.scenarios.contracts.system import System
from diffsem.scenarios.systems import clean_pair, denoisers
from diffsem.scenarios.systems.networks import classifier

CLASSIFIER = classifier("classifier-diffsem")
ROUNDS_CLASSIFIER = classifier("classifier-e-diffsem")
FIRST_PASSES = 0.5
# Most labels settle in the first round: the shipped tables have 1.0 to 1.3 rounds on average.
USUAL_ROUNDS = 1.1


def _fine_tune(session: Session) -> dict[str, Any]:
    steps = session.scenario.training.teacher_steps
    return training.fine_tune_on_estimates(
        session, "diffsem", CLASSIFIER, clean_pair.PAIR, denoisers.UNGUIDED, solver_steps=steps
    )


def _fine_tune_for_rounds(session: Session) -> dict[str, Any]:
    """C for E-DiffSem's rounds: half of the samples are first passes (y, y, t), half are (y, z^, t).

    z^ is steered by the soft label of a C that has seen first passes only: what this C's own first pass will be once
    it is trained.
    """
    stage, first = "e-diffsem", clean_pair.NOISE_AWARE_CLASSIFIER
    estimate = training.estimator(session, denoisers.LABEL, session.scenario.training.teacher_steps)

    def denoise_epoch(split, received, step):
        def compute():
            return estimate(received, step, training.first_labels(session, first, received, step))

        clean = session.kept(stage, split, compute)

        def draw(rng):
            is_first = rng.random((len(received), 1, 1, 1)) < FIRST_PASSES
            return np.where(is_first, received, clean)

        return draw

    return training.fine_tune(session, stage, ROUNDS_CLASSIFIER, clean_pair.PAIR, denoise_epoch)


FINE_TUNE = Stage("diffsem", (CLASSIFIER,), (*clean_pair.PAIR, denoisers.UNGUIDED), _fine_tune, (*FINE_TUNING, *TAUGHT))
FINE_TUNE_FOR_ROUNDS = Stage(
    "e-diffsem",
    (ROUNDS_CLASSIFIER,),
    (*clean_pair.PAIR, denoisers.LABEL, clean_pair.NOISE_AWARE_CLASSIFIER),
    _fine_tune_for_rounds,
    (*FINE_TUNING, *TAUGHT),
)


def _denoiser(setup: Setup):
    return denoisers.UNGUIDED_STUDENT if denoisers.is_distilled(setup) else denoisers.UNGUIDED


def _label_denoiser(setup: Setup):
    return denoisers.LABEL_STUDENT if denoisers.is_distilled(setup) else denoisers.LABEL


def _calls_of_rounds(setup: Setup) -> int:
    denoising = setup.scenario.denoising
    # Guidance asks the U-Net with the label and without.
    calls = 2 if denoising.guidance else 1
    return denoisers.solver_steps(setup) * denoising.max_rounds * calls


def _share_of_rounds(setup: Setup) -> float:
    return min(1.0, USUAL_ROUNDS / setup.scenario.denoising.max_rounds)


def _receiver(setup, load):
    denoise = denoisers.denoise(setup, load(_denoiser(setup)))
    shared = {"last_step": setup.schedule.steps, "batch_size": setup.scenario.monte_carlo.batch_size}
    return link.DiffSemReceiver(load(CLASSIFIER), denoise, **shared)


def _receiver_in_rounds(setup, load):
    denoise = denoisers.denoise(setup, load(_label_denoiser(setup)))
    shared = {"last_step": setup.schedule.steps, "batch_size": setup.scenario.monte_carlo.batch_size}
    return link.EDiffSemReceiver(
        load(ROUNDS_CLASSIFIER), denoise, max_rounds=setup.scenario.denoising.max_rounds, **shared
    )


SYSTEMS = (
    System(
        "diffsem",
        "DiffSem",
        "#4578AA",
        clean_pair.TRANSMITTER,
        networks=lambda setup: {CLASSIFIER: 1, _denoiser(setup): denoisers.solver_steps(setup)},
        receiver=_receiver,
        stages=(
            clean_pair.TRAIN,
            clean_pair.FINE_TUNE,
            denoisers.TRAIN_UNGUIDED,
            denoisers.DISTIL_UNGUIDED,
            FINE_TUNE,
        ),
        unet_calls=denoisers.solver_steps,
        default_place=4,
        entries=(Entry(240, claim="noise that every receiver meets hides the image, and a denoiser gives it back"),),
    ),
    System(
        "e-diffsem",
        "E-DiffSem",
        "#FF7783",
        clean_pair.TRANSMITTER,
        networks=lambda setup: {
            ROUNDS_CLASSIFIER: setup.scenario.denoising.max_rounds,
            _label_denoiser(setup): _calls_of_rounds(setup),
        },
        receiver=_receiver_in_rounds,
        stages=(
            clean_pair.TRAIN,
            clean_pair.FINE_TUNE,
            denoisers.TRAIN_LABEL,
            denoisers.DISTIL_LABEL,
            FINE_TUNE_FOR_ROUNDS,
        ),
        unet_calls=_calls_of_rounds,
        usual_share=_share_of_rounds,
        default_place=5,
    ),
)
