"""From a scenario's words to channels and receptions."""

import math

import keras

from diffsem.channels import BlockFadingChannel, Csi, Multipath, OfdmChannel
from diffsem.link.errors import InputError
from diffsem.link.noisy_feature import StepRule
from diffsem.link.reception import Reception
from diffsem.models import NoiseSchedule
from diffsem.scenarios.schema import (
    AwgnChannel,
    CdlChannel,
    Eavesdropper,
    Legitimate,
    RayleighChannel,
    RicianChannel,
    TdlChannel,
)


def build_channel(node: Legitimate | Eavesdropper, transmitter: Legitimate) -> BlockFadingChannel | OfdmChannel:
    """The channel of a node, with what it knows of it.

    Raises
    ------
    InputError
        On a Keras backend without channels, or for a kind of channel that is none of those.
    """
    if keras.backend.backend() != "tensorflow":
        raise InputError(
            f"KERAS_BACKEND {keras.backend.backend()}: channels are Sionna's, which needs tensorflow; other backends "
            "train encoders, classifiers, denoisers and judges of clean images only"
        )
    channel = node.channel
    shared = {
        "transmit_antennas": transmitter.transmit_antennas,
        "streams": transmitter.transmit_antennas if transmitter.precoding == "streams" else 1,
        "receive_antennas": node.receive_antennas,
        "csi": Csi() if node.csi == "perfect" else Csi(**node.csi.model_dump()),
    }
    if isinstance(channel, TdlChannel | CdlChannel):
        keys = channel.model_dump()
        return OfdmChannel(Multipath(family=keys.pop("kind"), **keys), **shared)
    if isinstance(channel, AwgnChannel):
        factor = math.inf
    elif isinstance(channel, RayleighChannel):
        factor = 0.0
    elif isinstance(channel, RicianChannel):
        factor = 10 ** (channel.k_factor_db / 10)
    else:
        raise InputError(f"channel.kind {channel.kind}: unknown; allowed: awgn, rayleigh, rician, tdl, cdl")
    return BlockFadingChannel(factor, coherence=channel.coherence, **shared)


def build_reception(
    node: Legitimate | Eavesdropper, transmitter: Legitimate, schedule: NoiseSchedule, step: StepRule = "matched"
) -> Reception:
    """What a node hears; `step` as `denoising.step`."""
    return Reception(build_channel(node, transmitter), schedule, step, node.equalizer)
