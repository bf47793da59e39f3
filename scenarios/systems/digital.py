"""The digital link: quantised features of the paper's pair, sent as bits to the same classifier."""

import math

import diffsem.link as link
from diffsem.scenarios.contracts.setup import Setup
from diffsem.scenarios.contracts.system import System
from diffsem.scenarios.links.checks import check_digital_lengths, check_streams
from diffsem.scenarios.systems import clean_pair

NAME = "digital"


def _check(setup: Setup) -> None:
    check_streams(NAME, setup.scenario.legitimate)
    check_digital_lengths(setup.scenario, setup.dimensions.feature_shape)


def _links(setup, load, channel):
    encoder, classifier = load(clean_pair.ENCODER), load(clean_pair.CLASSIFIER)
    symbols = math.prod(setup.dimensions.feature_shape)
    systems = []
    for entry in setup.scenario.digital:
        receiver = link.BypassReceiver(classifier, setup.schedule.steps)
        payload = link.FeatureBits(encoder, link.UniformQuantizer(entry.bits), receiver)
        carrier = link.DigitalLink(
            channel, setup.scenario.legitimate.equalizer, entry.modulation, entry.code_rate, symbols * entry.bits
        )
        systems.append(link.DigitalSystem(entry.named(NAME), carrier, payload))
    return systems


SYSTEMS = (
    System(
        NAME,
        "digital",
        "#8A8787",
        None,
        networks=lambda setup: dict.fromkeys(clean_pair.PAIR, 1),
        digital=_links,
        stages=(clean_pair.TRAIN,),
        check=_check,
    ),
)
