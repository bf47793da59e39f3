"""Laplace noise with a budget of local differential privacy, on a pair that is trained through it.

Chen et al., arXiv 2405.09234 and 2504.18581, protect features of a semantic link by differential privacy; the Laplace
mechanism is of Dwork et al. (TCC 2006). Taken from them: Laplace noise on the transmitted feature, scaled to a budget.
Chosen here: all of the feature is noised (theirs: what a GAN inversion finds to be private), the step t sets the noise,
and nothing takes it away again. `diffsem.link.laplace_budget` gives the budget of a step. They claim an eavesdropper's
pictures below 15 dB of PSNR with the receiver's above 28 dB, by networks that undo the noise.
"""

from typing import Any

import diffsem.scenarios.training as training
from diffsem.scenarios.contracts.entry import Entry
from diffsem.scenarios.contracts.stage import Session, Stage
from diffsem.scenarios.contracts.system import System
from diffsem.scenarios.contracts.transmitter import TransmitterSpec
from diffsem.scenarios.systems.clean_pair import bypass
from diffsem.scenarios.systems.networks import classifier, encoder

NAME = "laplace-noise"
ENCODER, CLASSIFIER = encoder(f"encoder-{NAME}"), classifier(f"classifier-{NAME}")


def _train(session: Session) -> dict[str, Any]:
    epochs = session.scenario.training.epochs.noise_aware_pair
    return training.train_through_noise(session, NAME, ENCODER, CLASSIFIER, epochs, session.varied, law="laplace")


SYSTEMS = (
    System(
        NAME,
        "Laplace noise, pair trained on it",
        "#8D5FFA",
        TransmitterSpec(NAME, ENCODER, noise_law="laplace"),
        networks=lambda setup: {CLASSIFIER: 1},
        receiver=lambda setup, load: bypass(setup, load(CLASSIFIER)),
        entries=(Entry(240, claim="pictures of an eavesdropper below 15 dB of PSNR, by a budget of privacy"),),
        stages=(Stage(NAME, (ENCODER, CLASSIFIER), (), _train, ("training.epochs.noise_aware_pair",)),),
    ),
)
