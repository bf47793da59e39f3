"""Defences of others that train the pair against classifiers which listen in.

Min-max: Sagduyu et al., "Privacy-Preserving Semantic Communications via Multi-Task Learning and Adversarial
Perturbations", arXiv 2512.24452. From its abstract: an eavesdropper that is trained to infer the label, a
transmitter-receiver pair that is trained to keep its task while the eavesdropper loses its own, and a layer that adds
an adversarially crafted perturbation to what is sent, even where the pair was trained for its own task alone. Chosen
here: one gradient step of both sides on each batch instead of turns; lambda 0.5; a perturbation of a tenth of the
feature's power, made from the feature; no reconstruction task. It claims that the eavesdropper's inference falls
significantly without harm to the receiver.

Privacy funnel: Ameli Kalkhoran et al., "Secure Deep-JSCC Against Multiple Eavesdroppers", arXiv 2308.02892, and
Letafati et al., arXiv 2412.17110. From the abstracts: several eavesdroppers, who collude by adding their logits up or
decide alone, against an encoder that weighs what its receiver gets against what leaks. Chosen here: what the receiver
gets is the label, not the picture, and so is the secret; two eavesdroppers, 5 dB below the receiver in training;
lambda 0.5, and a little weight on the information in the symbols. It claims that adversarial accuracy falls by 28
points (on CIFAR-10, of a private attribute).
"""

import math
from dataclasses import replace
from typing import Any

import diffsem.models as models
import diffsem.scenarios.training as training
from diffsem.models.costs import NetworkCost, dense_cost, encoder_cost, in_sequence
from diffsem.scenarios.contracts.entry import Entry
from diffsem.scenarios.contracts.network import AS_FLOAT16, Dimensions, NetworkSpec
from diffsem.scenarios.contracts.stage import Session, Stage
from diffsem.scenarios.contracts.system import System
from diffsem.scenarios.contracts.transmitter import TransmitterSpec
from diffsem.scenarios.systems import noise_aware_pair
from diffsem.scenarios.systems.clean_pair import bypass
from diffsem.scenarios.systems.networks import classifier, encoder

# Without self-noise, as their papers have them.
MIN_MAX = Entry(0, claim="an eavesdropper reads much less, and the receiver loses nothing")
FUNNEL = Entry(0, claim="adversaries read 28 points less of a private attribute (CIFAR-10)")
EPOCHS = ("training.epochs.against_listeners",)
WEIGHT = 0.5
PERTURBATION = 0.1
PERTURBING = 256


def _system(
    name: str, title: str, colour: str, entry: Entry, sender: NetworkSpec, receiver: NetworkSpec, stage: Stage
) -> System:
    return System(
        name,
        title,
        colour,
        TransmitterSpec(name, sender),
        networks=lambda setup: {receiver: 1},
        receiver=lambda setup, load: bypass(setup, load(receiver)),
        entries=(entry,),
        stages=(*noise_aware_pair.STAGES, stage) if stage.needs else (stage,),
    )


def _trained_against(name: str, title: str, colour: str, entry: Entry, listeners: int = 1, **game: Any) -> System:
    pair = (encoder(f"encoder-{name}"), classifier(f"classifier-{name}"))

    def train(session: Session) -> dict[str, Any]:
        against = training.Game(WEIGHT, listeners, **game)
        return training.train_against_listeners(session, name, *pair, against)

    return _system(name, title, colour, entry, *pair, Stage(name, pair, (), train, EPOCHS))


def _perturbed_cost(sizes: Dimensions) -> NetworkCost:
    symbols = math.prod(sizes.feature_shape)
    parts = encoder_cost(sizes.image_shape), dense_cost(symbols, PERTURBING, symbols)
    # What is said of an encoder's weights leaves room for as much again.
    return replace(in_sequence(*parts), weights=max(part.weights for part in parts))


def _perturbed(name: str, title: str, colour: str, entry: Entry) -> System:
    sender = NetworkSpec(
        f"encoder-{name}",
        lambda sizes: models.PerturbedEncoder(sizes.image_shape, sizes.feature_shape, PERTURBATION, PERTURBING),
        AS_FLOAT16,
        cost=_perturbed_cost,
    )
    pair, own = (sender, classifier(f"classifier-{name}")), noise_aware_pair.PAIR

    def train(session: Session) -> dict[str, Any]:
        return training.train_against_listeners(session, name, *pair, training.Game(WEIGHT), perturbed=own)

    return _system(name, title, colour, entry, *pair, Stage(name, pair, own, train, EPOCHS))


SYSTEMS = (
    _trained_against("min-max", "min-max against a listener", "#B295F4", MIN_MAX),
    _perturbed("min-max-perturbed", "perturbed against a listener", "#5B4A9E", MIN_MAX),
    _trained_against(
        "privacy-funnel",
        "privacy funnel, two listeners",
        "#B0457B",
        FUNNEL,
        listeners=2,
        handicap_db=5.0,
        information=1e-3,
    ),
    _trained_against(
        "privacy-funnel-colluding",
        "privacy funnel, two that collude",
        "#8C6D1F",
        FUNNEL,
        listeners=2,
        colluding=True,
        handicap_db=5.0,
        information=1e-3,
    ),
)
