"""The wiretap link of a transmitter."""

import hashlib

import keras

from diffsem.link import KEY_BYTES, Keying, Keystream, Link, Transmitter, WiretapLink
from diffsem.scenarios.contracts.setup import Setup
from diffsem.scenarios.contracts.transmitter import TransmitterSpec
from diffsem.scenarios.links.kinds import Channels
from diffsem.scenarios.links.reception import build_channel, build_reception
from diffsem.scenarios.schema.nodes import EstimateError
from diffsem.scenarios.schema.scenario import Scenario


def build_link(setup: Setup, transmitter: TransmitterSpec, encoder: keras.Model, channels: Channels) -> Link:
    """The link from a transmitter to receiver and eavesdropper.

    `denoising.step` is about the receiver; the eavesdropper always works out the step that its noise amounts to.

    Parameters
    ----------
    setup : Setup
    transmitter : TransmitterSpec
    encoder : keras.Model
        Its network.
    channels : Channels
        Of both nodes.
    """
    scenario, schedule = setup.scenario, setup.schedule
    legitimate, eavesdropper = scenario.legitimate, scenario.eavesdropper
    if transmitter.link is not None:
        layers = (
            build_channel(node, legitimate, channel)
            for node, channel in ((legitimate, channels.receiver), (eavesdropper, channels.eavesdropper))
        )
        return transmitter.link(setup, encoder, *layers)
    error = legitimate.snr_estimate_error_db
    if not isinstance(error, EstimateError):
        error = EstimateError(mean=error, deviation=0.0)
    return WiretapLink(
        Transmitter(encoder, schedule, error.mean, error.deviation, transmitter.noise_law),
        build_reception(legitimate, legitimate, channels.receiver, schedule, scenario.denoising.step),
        build_reception(eavesdropper, legitimate, channels.eavesdropper, schedule),
        eavesdropper.fading_correlation,
        keying=_keying(scenario, transmitter),
        known_keys=eavesdropper.known_keys,
        precoding="null-space" if transmitter.null_space else legitimate.precoding,
    )


def shared_key(seed: int) -> bytes:
    """The key of a scenario: 32 bytes that hang on its seed, so that tables repeat. A real link draws its own.

    Each system derives keys of its own from it, which hang on the scenario's name too.
    """
    return hashlib.blake2b(seed.to_bytes(8, "little"), digest_size=KEY_BYTES, person=b"diffsem key").digest()


def _keying(scenario: Scenario, transmitter: TransmitterSpec) -> Keying | None:
    if not transmitter.keyed and not transmitter.scrambled:
        return None
    # No name of a scenario has a slash: two pairs never make the same context.
    context = f"{scenario.name}/{transmitter.name}"
    keystream = Keystream(shared_key(scenario.seed), scenario.legitimate.key.generator, context)
    return Keying(keystream, transmitter.keyed, transmitter.scrambled, transmitter.codewords)
