"""What a system, or what it is compared under, needs of the rest of a scenario; every check raises ValueError."""

import math
from collections.abc import Collection

from diffsem.link import coded_bits
from diffsem.scenarios.schema.channels import TracedChannel
from diffsem.scenarios.schema.nodes import Eavesdropper, Legitimate
from diffsem.scenarios.schema.scenario import Scenario
from diffsem.scenarios.schema.simulation import Denoising


def check_streams(name: str, legitimate: Legitimate) -> None:
    """A system of that name, which sends bits, needs a stream an antenna."""
    if legitimate.precoding == "beam":
        raise ValueError(f"legitimate: receivers: {name} links send streams; allowed: precoding streams")


def check_digital_lengths(scenario: Scenario, feature_shape: tuple[int, int, int]) -> None:
    """The bits of a feature must have a code, over each of the scenario's links."""
    symbols = math.prod(feature_shape)
    for link in scenario.digital:
        try:
            coded_bits(link.bits * symbols, link.code_rate, link.modulation)
        except ValueError as error:
            raise ValueError(f"digital: {error}") from None


def check_null_space(name: str, legitimate: Legitimate) -> None:
    """A system of that name, whose self-noise goes where the receiver does not hear it, needs such a place."""
    if legitimate.precoding != "beam" or legitimate.transmit_antennas <= legitimate.receive_antennas:
        raise ValueError(
            f"legitimate: receivers: {name} needs precoding beam and more transmit antennas than the receiver's "
            f"{legitimate.receive_antennas}; there are {legitimate.transmit_antennas}, precoding "
            f"{legitimate.precoding}"
        )
    if not legitimate.channel.fades:
        raise ValueError(
            f"legitimate: receivers: {name} needs channels that differ; over {legitimate.channel.kind} all nodes have "
            "the same; allowed: rayleigh, rician, tdl, cdl"
        )


def check_known_keys(name: str, eavesdropper: Eavesdropper) -> None:
    """A system of that name scrambles its symbols."""
    if eavesdropper.known_keys > 0:
        raise ValueError(
            "eavesdropper.known_keys: attacks on scrambles do not tell apart the transmissions whose key they have; "
            f"allowed: 0 with {name}"
        )


def check_places(name: str, eavesdropper: Eavesdropper) -> None:
    """The link of a transmitter of that name is its own, and hears from one place."""
    channel = eavesdropper.channel
    if isinstance(channel, TracedChannel) and channel.place == "map":
        raise ValueError(
            f"eavesdropper.channel.place map: {name} has a link of its own, which knows no places; allowed: one place"
        )


def check_step(name: str, denoising: Denoising) -> None:
    """The receiver of a system of that name does not stand at the transmitter's step."""
    if denoising.step == "transmitter":
        raise ValueError(f"denoising.step transmitter: {name} does not stand at that step; allowed: matched, mean")


def check_transmitters(eavesdropper: Eavesdropper, there: Collection[str]) -> None:
    """Each attack must have a transmitter to be run against, among those of the systems."""
    for entry in eavesdropper.attacks:
        if entry.transmitters and not set(there) & set(entry.transmitters):
            raise ValueError(
                f"eavesdropper.attacks: {entry.attack}: none of its transmitters {', '.join(entry.transmitters)} "
                f"is there; allowed with these receivers: {', '.join(sorted(there)) or 'none'}"
            )
