"""The pair at the ceiling: a better encoder and classifier, trained through noise; and a small denoiser on top."""

from typing import Any

import diffsem.link as link
import diffsem.models as models
import diffsem.scenarios.training as training
from diffsem.models.costs import reference_classifier_cost, reference_encoder_cost
from diffsem.scenarios.contracts.depends import DENOISER, FINE_TUNING, TAUGHT
from diffsem.scenarios.contracts.entry import Entry
from diffsem.scenarios.contracts.network import FINE, NetworkSpec
from diffsem.scenarios.contracts.stage import Session, Stage
from diffsem.scenarios.contracts.system import System
from diffsem.scenarios.contracts.transmitter import TransmitterSpec
from diffsem.scenarios.systems.clean_pair import bypass
from diffsem.scenarios.systems.denoisers import one_step_estimate
from diffsem.scenarios.systems.networks import denoiser


def _classifier(name: str) -> NetworkSpec:
    return NetworkSpec(
        name,
        lambda sizes: models.ReferenceClassifier(sizes.feature_shape, sizes.classes),
        cost=lambda sizes: reference_classifier_cost(sizes.feature_shape),
    )


ENCODER = NetworkSpec(
    "encoder-reference",
    lambda sizes: models.ReferenceEncoder(sizes.image_shape, sizes.feature_shape),
    FINE,
    cost=lambda sizes: reference_encoder_cost(sizes.image_shape, sizes.feature_shape),
)
CLASSIFIER = _classifier("classifier-reference")
ONE_STEP_CLASSIFIER = _classifier("classifier-reference-one-step")
# Half as wide: a quarter of the time to train, next to a classifier that leaves little to gain.
UNET = denoiser("denoiser-reference", half_width=True)
PAIR = (ENCODER, CLASSIFIER)

TRANSMITTER = TransmitterSpec("reference", ENCODER, title="reference pair")


def _train(session: Session) -> dict[str, Any]:
    epochs = session.scenario.training.epochs.reference
    return training.train_through_noise(session, "reference", *PAIR, epochs, session.shifted)


def _train_denoiser(session: Session) -> dict[str, Any]:
    return training.train_denoiser(session, UNET, ENCODER)


def _fine_tune(session: Session) -> dict[str, Any]:
    return training.fine_tune_on_estimates(
        session, "reference-one-step", ONE_STEP_CLASSIFIER, PAIR, UNET, solver_steps=1
    )


TRAIN = Stage("reference", PAIR, (), _train, ("training.epochs.reference",))
TRAIN_DENOISER = Stage(UNET.name, (UNET,), (ENCODER,), _train_denoiser, DENOISER, large=True)
FINE_TUNE = Stage("reference-one-step", (ONE_STEP_CLASSIFIER,), (*PAIR, UNET), _fine_tune, (*FINE_TUNING, *TAUGHT))


def _one_step_receiver(setup, load):
    shared = {"last_step": setup.schedule.steps, "batch_size": setup.scenario.monte_carlo.batch_size}
    return link.DiffSemReceiver(load(ONE_STEP_CLASSIFIER), one_step_estimate(setup, load(UNET)), **shared)


SYSTEMS = (
    System(
        "reference",
        "reference pair",
        "#A78B21",
        TRANSMITTER,
        networks=lambda setup: {CLASSIFIER: 1},
        receiver=lambda setup, load: bypass(setup, load(CLASSIFIER)),
        stages=(TRAIN,),
        entries=(
            Entry(240, claim="none: self-noise on the pair at the ceiling"),
            Entry(0, "no-defence", claim="none: the same without any noise", control=True),
        ),
    ),
    System(
        "reference-one-step",
        "reference pair, one-step estimate",
        "#B5C425",
        TRANSMITTER,
        networks=lambda setup: {ONE_STEP_CLASSIFIER: 1, UNET: 1},
        receiver=_one_step_receiver,
        stages=(TRAIN, TRAIN_DENOISER, FINE_TUNE),
        unet_calls=lambda setup: 1,
        one_call=True,
    ),
)
