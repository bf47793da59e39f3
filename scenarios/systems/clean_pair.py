"""The paper's pair, trained on clean features; its classifier alone, as it is and fine-tuned on noise."""

from typing import Any

import diffsem.link as link
import diffsem.scenarios.training as training
from diffsem.scenarios.contracts.depends import FINE_TUNING
from diffsem.scenarios.contracts.setup import Setup
from diffsem.scenarios.contracts.stage import Session, Stage
from diffsem.scenarios.contracts.system import System
from diffsem.scenarios.contracts.transmitter import TransmitterSpec
from diffsem.scenarios.systems.networks import classifier, encoder

ENCODER = encoder("encoder")
CLASSIFIER = classifier("classifier")
PAIR = (ENCODER, CLASSIFIER)
NOISE_AWARE_CLASSIFIER = classifier("classifier-noise-aware")

TRANSMITTER = TransmitterSpec("clean-pair", ENCODER, title="DiffSem's transmitter")


def _train(session: Session) -> dict[str, Any]:
    return training.train_pair(session, "pair", *PAIR)


def _fine_tune(session: Session) -> dict[str, Any]:
    """Control: the pair's C fine-tuned on (y, y, t)."""
    return training.fine_tune(
        session, "noise-aware", NOISE_AWARE_CLASSIFIER, PAIR, lambda split, received, step: lambda rng: received
    )


TRAIN = Stage("pair", PAIR, (), _train, ("training.epochs.pair",))
FINE_TUNE = Stage("noise-aware", (NOISE_AWARE_CLASSIFIER,), PAIR, _fine_tune, FINE_TUNING)


def bypass(setup: Setup, model):
    """C(y, y, t), the receiver without a denoiser."""
    return link.BypassReceiver(model, setup.schedule.steps, setup.scenario.monte_carlo.batch_size)


SYSTEMS = (
    System(
        "classifier",
        "Classifier (no denoiser)",
        "#6EBB4C",
        TRANSMITTER,
        networks=lambda setup: {CLASSIFIER: 1},
        receiver=lambda setup, load: bypass(setup, load(CLASSIFIER)),
        stages=(TRAIN,),
        default_place=0,
    ),
    System(
        "noise-aware",
        "control: C fine-tuned on noise",
        "#7E8646",
        TRANSMITTER,
        networks=lambda setup: {NOISE_AWARE_CLASSIFIER: 1},
        receiver=lambda setup, load: bypass(setup, load(NOISE_AWARE_CLASSIFIER)),
        stages=(TRAIN, FINE_TUNE),
        default_place=1,
    ),
)
