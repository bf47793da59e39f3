"""From a node's words to its channel, and to what it hears."""

import keras

from diffsem.channels import Csi
from diffsem.link import InputError, Reception, StepRule
from diffsem.models import NoiseSchedule
from diffsem.scenarios.contracts.channel import Antennas
from diffsem.scenarios.links.kinds import Channel
from diffsem.scenarios.schema.channels import EstimatedCsi
from diffsem.scenarios.schema.nodes import Eavesdropper, Legitimate


def build_channel(node: Legitimate | Eavesdropper, transmitter: Legitimate, channel: Channel) -> keras.layers.Layer:
    """The channel of a node, with what it knows of it.

    Raises
    ------
    InputError
        On a Keras backend without channels, or if a kind from outside of the package builds no layer.
    """
    if keras.backend.backend() != "tensorflow":
        raise InputError(
            f"KERAS_BACKEND {keras.backend.backend()}: channels are Sionna's, which needs tensorflow; other backends "
            "train encoders, classifiers, denoisers and judges of clean images only"
        )
    antennas = Antennas(transmitter.transmit_antennas, transmitter.streams, node.receive_antennas)
    csi = Csi(**node.csi.model_dump()) if isinstance(node.csi, EstimatedCsi) else Csi()
    layer = channel.kind.build(channel.keys, antennas, csi)
    if not isinstance(layer, keras.layers.Layer):
        raise InputError(
            f"channel.kind {channel.words.kind}: its build gives {type(layer).__name__}; allowed: a Keras layer"
        )
    return layer


def build_reception(
    node: Legitimate | Eavesdropper,
    transmitter: Legitimate,
    channel: Channel,
    schedule: NoiseSchedule,
    step: StepRule = "matched",
) -> Reception:
    """What a node hears; `step` as `denoising.step`."""
    return Reception(build_channel(node, transmitter, channel), schedule, step, node.equalizer)
