"""The denoisers behind the paper's pair: D and D with a label, and the one-call students of both."""

from functools import partial
from typing import Any

import diffsem.models as models
import diffsem.scenarios.training as training
from diffsem.scenarios.contracts.depends import DENOISER, DISTILLATION
from diffsem.scenarios.contracts.network import NetworkSpec
from diffsem.scenarios.contracts.setup import Setup
from diffsem.scenarios.contracts.stage import Session, Stage
from diffsem.scenarios.systems.clean_pair import ENCODER, NOISE_AWARE_CLASSIFIER
from diffsem.scenarios.systems.networks import denoiser

UNGUIDED = denoiser("denoiser")
UNGUIDED_STUDENT = denoiser("denoiser-distilled")
LABEL = denoiser("denoiser-label", label=True)
LABEL_STUDENT = denoiser("denoiser-label-distilled", label=True)


def _train(session: Session, network: NetworkSpec) -> dict[str, Any]:
    return training.train_denoiser(session, network, ENCODER)


def _distil(session: Session, teacher: NetworkSpec, student: NetworkSpec) -> dict[str, Any]:
    return training.distil(session, teacher, student, ENCODER, NOISE_AWARE_CLASSIFIER)


def _stages(network: NetworkSpec, student: NetworkSpec) -> tuple[Stage, Stage]:
    """Of a denoiser, and of its student."""
    return (
        Stage(network.name, (network,), (ENCODER,), partial(_train, network=network), DENOISER, large=True),
        Stage(
            student.name,
            (student,),
            (ENCODER, NOISE_AWARE_CLASSIFIER, network),
            partial(_distil, teacher=network, student=student),
            DISTILLATION,
            large=True,
        ),
    )


TRAIN_UNGUIDED, DISTIL_UNGUIDED = _stages(UNGUIDED, UNGUIDED_STUDENT)
TRAIN_LABEL, DISTIL_LABEL = _stages(LABEL, LABEL_STUDENT)


def is_distilled(setup: Setup) -> bool:
    """Whether the scenario asks for students, which are called once."""
    return setup.scenario.denoising.solver == "distilled"


def solver_steps(setup: Setup) -> int:
    """Steps that the scenario's solver takes from t' down to 0."""
    return 1 if is_distilled(setup) else setup.scenario.denoising.steps


def denoise(setup: Setup, unet):
    """z^ = D(y, t) by the scenario's solver."""
    denoising = setup.scenario.denoising
    if is_distilled(setup):
        return one_step_estimate(setup, unet)
    return models.Denoise(unet, setup.schedule, denoising.steps, denoising.guidance, denoising.solver)


def one_step_estimate(setup: Setup, unet):
    """z^ from one call of a U-Net."""
    return models.Denoise(unet, setup.schedule, 1, setup.scenario.denoising.guidance)
