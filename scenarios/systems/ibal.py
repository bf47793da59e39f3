"""The baseline IBAL and its dynamic variant IBAL-D (Wang et al., IEEE TWC 23(8), 2024, arXiv 2312.03252)."""

from functools import partial
from typing import Any

import diffsem.models as models
import diffsem.scenarios.training as training
from diffsem.models.costs import encoder_cost
from diffsem.scenarios.contracts.entry import Entry
from diffsem.scenarios.contracts.network import AS_FLOAT16, Dimensions, NetworkSpec
from diffsem.scenarios.contracts.stage import Session, Stage
from diffsem.scenarios.contracts.system import System
from diffsem.scenarios.contracts.transmitter import TransmitterSpec
from diffsem.scenarios.systems.clean_pair import bypass
from diffsem.scenarios.systems.networks import classifier


def _build_encoder(sizes: Dimensions):
    # IBAL's public code is for MNIST; for colour images it has the encoder that all others have.
    if sizes.image_shape == models.mnist.IMAGE_SHAPE:
        return models.mnist.LinearEncoder(sizes.feature_shape)
    return models.build_encoder(sizes.image_shape, sizes.feature_shape)


def _train(session: Session, stage: str, pair: tuple[NetworkSpec, NetworkSpec], dynamic: bool) -> dict[str, Any]:
    return training.train_against_decoder(session, stage, *pair, dynamic)


def _system(name: str, title: str, colour: str, dynamic: bool) -> System:
    encoder = NetworkSpec(
        f"encoder-{name}", _build_encoder, AS_FLOAT16, cost=lambda sizes: encoder_cost(sizes.image_shape)
    )
    pair = (encoder, classifier(f"classifier-{name}"))
    claim = "little of the image is left in the symbols; dynamic: less, the better the channel"
    return System(
        name,
        title,
        colour,
        TransmitterSpec(name, encoder),
        networks=lambda setup: {pair[1]: 1},
        receiver=lambda setup, load: bypass(setup, load(pair[1])),
        entries=(Entry(0, claim=claim),) if dynamic else (),
        stages=(
            Stage(
                name,
                pair,
                (),
                partial(_train, stage=name, pair=pair, dynamic=dynamic),
                ("training.epochs.ibal", "training.ibal", "training.snr_db"),
            ),
        ),
    )


SYSTEMS = (
    _system("ibal", "IBAL", "#DE6514", dynamic=False),
    _system("ibal-d", "IBAL-D", "#924800", dynamic=True),
)
