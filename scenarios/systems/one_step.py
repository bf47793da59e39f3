"""Control: the denoiser behind the paper's pair, called once, with a classifier fine-tuned on what comes out."""

from typing import Any

import diffsem.link as link
import diffsem.scenarios.training as training
from diffsem.scenarios.contracts.depends import FINE_TUNING, TAUGHT
from diffsem.scenarios.contracts.stage import Session, Stage
from diffsem.scenarios.contracts.system import System
from diffsem.scenarios.systems import clean_pair, denoisers
from diffsem.scenarios.systems.networks import classifier

CLASSIFIER = classifier("classifier-one-step")


def _fine_tune(session: Session) -> dict[str, Any]:
    return training.fine_tune_on_estimates(
        session, "one-step", CLASSIFIER, clean_pair.PAIR, denoisers.UNGUIDED, solver_steps=1
    )


FINE_TUNE = Stage(
    "one-step", (CLASSIFIER,), (*clean_pair.PAIR, denoisers.UNGUIDED), _fine_tune, (*FINE_TUNING, *TAUGHT)
)


def _receiver(setup, load):
    denoise = denoisers.one_step_estimate(setup, load(denoisers.UNGUIDED))
    shared = {"last_step": setup.schedule.steps, "batch_size": setup.scenario.monte_carlo.batch_size}
    return link.DiffSemReceiver(load(CLASSIFIER), denoise, **shared)


SYSTEMS = (
    System(
        "one-step",
        "one-step estimate",
        "#5EC8EA",
        clean_pair.TRANSMITTER,
        networks=lambda setup: {CLASSIFIER: 1, denoisers.UNGUIDED: 1},
        receiver=_receiver,
        stages=(clean_pair.TRAIN, denoisers.TRAIN_UNGUIDED, FINE_TUNE),
        unet_calls=lambda setup: 1,
        one_call=True,
        default_place=3,
    ),
)
