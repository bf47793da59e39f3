"""Control: another pair of the same sizes, trained through self-noise from the start; no denoiser."""

from typing import Any

import diffsem.scenarios.training as training
from diffsem.scenarios.contracts.entry import Entry
from diffsem.scenarios.contracts.stage import Session, Stage
from diffsem.scenarios.contracts.system import System
from diffsem.scenarios.contracts.transmitter import TransmitterSpec
from diffsem.scenarios.systems.clean_pair import bypass
from diffsem.scenarios.systems.networks import classifier, encoder

NAME = "noise-aware-pair"
ENCODER, CLASSIFIER = PAIR = encoder("encoder-noise-aware-pair"), classifier("classifier-noise-aware-pair")


def _train(session: Session) -> dict[str, Any]:
    epochs = session.scenario.training.epochs.noise_aware_pair
    return training.train_through_noise(session, NAME, ENCODER, CLASSIFIER, epochs, session.varied)


STAGES = (Stage(NAME, PAIR, (), _train, ("training.epochs.noise_aware_pair",)),)

SYSTEMS = (
    System(
        NAME,
        "control: pair trained on noise",
        "#992872",
        TransmitterSpec(NAME, ENCODER),
        networks=lambda setup: {CLASSIFIER: 1},
        receiver=lambda setup, load: bypass(setup, load(CLASSIFIER)),
        stages=STAGES,
        default_place=2,
        entries=(Entry(240, claim="none: the control without a denoiser"),),
    ),
)
