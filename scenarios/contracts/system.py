"""A system: a receiver behind a transmitter, with all that others must know of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import diffsem.link as link
import diffsem.models as models
from diffsem.scenarios.contracts.network import Dimensions, NetworkSpec
from diffsem.scenarios.contracts.stage import Stage
from diffsem.scenarios.schema.scenario import Scenario

if TYPE_CHECKING:  # a scenario is checked without it
    import keras


@dataclass(frozen=True)
class Setup:
    """What the parts of a simulation may depend on: the scenario's words, and what follows from them.

    Parameters
    ----------
    scenario : Scenario
    dimensions : Dimensions
    judge : NetworkSpec
        The strong classifier that labels images.
    """

    scenario: Scenario
    dimensions: Dimensions
    judge: NetworkSpec

    @cached_property
    def schedule(self) -> "models.NoiseSchedule":
        return self.scenario.schedule.build()


@dataclass(frozen=True)
class TransmitterSpec:
    """A transmitter: what is radiated, and what a listener is up against.

    Parameters
    ----------
    name : str
        Column `transmitter` of the result table, and part of the names of attacks' networks.
    encoder : NetworkSpec
        image [B, ...] -> feature [B, ...].
    keyed : bool
        Whether its self-noise comes from a key that the receiver has.
    scrambled : bool
        Whether a key orders and signs the symbols of each transmission, so that repeated ones do not add up.
    null_space : bool
        Whether its self-noise goes where the receiver does not hear it.
    heard_like : TransmitterSpec, optional
        Whoever has no key, and stands beside the beam, hears what is heard of this one: attacks are trained on it.
    sent_shape : callable
        Dimensions -> height, width and channels of what is radiated; default: a feature.
    link : callable, optional
        (Setup, encoder, channel of the receiver, of the eavesdropper) -> diffsem.link.Link, where what is radiated is no
        feature in noise; default: `diffsem.link.WiretapLink`.
    """

    name: str
    encoder: NetworkSpec
    keyed: bool = False
    scrambled: bool = False
    null_space: bool = False
    heard_like: "TransmitterSpec | None" = None
    sent_shape: Callable[[Dimensions], tuple[int, int, int]] = lambda dimensions: dimensions.feature_shape
    link: "BuildLink | None" = None


def _nothing_to_check(setup: Setup) -> None:
    return None


@dataclass(frozen=True)
class System:
    """A system. Either `receiver` or `digital` is given.

    Parameters
    ----------
    name : str
        In scenarios, and column `system` of the result table; no +, dot or slash.
    title : str
        In figures and tables.
    colour : str
        #RRGGBB, in figures.
    transmitter : TransmitterSpec, optional
        None: nothing that attacks could hear.
    networks : callable
        Setup -> {network of the receiver: calls for an image, at most}.
    receiver : callable, optional
        (Setup, load) -> Keras layer, [y [B, ...], t' [B]] -> (logits [B, classes], U-Net calls of each image [B]);
        `load` gives a network by its specification.
    digital : callable, optional
        (Setup, load, channel) -> links over the receiver's channel that carry bits, a named system each.
    stages : tuple of Stage
        That train its networks, those that it shares with others included.
    unet_calls : callable
        Setup -> calls of a U-Net for an image, at most.
    one_call : bool
        Its U-Net is called once, whatever the scenario's solver.
    at_transmitters_step : bool
        Whether what reaches the receiver stands at the transmitter's step t, as `denoising.step: transmitter` supposes.
    check : callable
        Setup -> None; raises ValueError, "KEY: what is wrong; allowed: ...", if the scenario cannot have it.
    default_place : int, optional
        Its place among those that are compared where a scenario lists none; None: not one of them.
    """

    name: str
    title: str
    colour: str
    transmitter: TransmitterSpec | None
    networks: Callable[[Setup], Mapping[NetworkSpec, int]]
    receiver: "BuildReceiver | None" = None
    digital: "BuildDigital | None" = None
    stages: tuple[Stage, ...] = ()
    unet_calls: Callable[[Setup], int] = field(default=lambda setup: 0)
    one_call: bool = False
    at_transmitters_step: bool = True
    check: Callable[[Setup], None] = _nothing_to_check
    default_place: int | None = None


# Gives a network by its specification, its weights loaded.
Load = Callable[[NetworkSpec], "keras.Model"]
BuildLink = Callable[[Setup, "keras.Model", "keras.layers.Layer", "keras.layers.Layer"], "link.Link"]
BuildReceiver = Callable[[Setup, Load], "keras.layers.Layer"]
BuildDigital = Callable[[Setup, Load, "keras.layers.Layer"], "Sequence[link.DigitalSystem]"]
