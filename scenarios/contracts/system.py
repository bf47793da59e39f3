"""A system: a receiver behind a transmitter, with all that others must know of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import diffsem.link as link
from diffsem.scenarios.contracts.entry import Entry
from diffsem.scenarios.contracts.network import NetworkSpec
from diffsem.scenarios.contracts.setup import Setup
from diffsem.scenarios.contracts.stage import Stage
from diffsem.scenarios.contracts.transmitter import TransmitterSpec

if TYPE_CHECKING:  # a scenario is checked without it
    import keras


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
    entries : tuple of Entry
        How `diffsem benchmark` enters it; none: not by default, and as `Entry()` where it is named.
    usual_share : callable
        Setup -> share of the calls of `networks` that images take on average, for estimates of time.

    Examples
    --------
    A shipped one under a name and colour of its own, as a module of one's own may declare it.

    >>> from dataclasses import replace
    >>> from diffsem.scenarios import System, shipped_systems
    >>> one_step = shipped_systems()["one-step"]
    >>> own = replace(one_step, name="own", title="my own", colour="#0077BB", default_place=None)
    >>> isinstance(own, System), own.transmitter.name, own.one_call
    (True, 'clean-pair', True)
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
    entries: tuple[Entry, ...] = ()
    usual_share: Callable[[Setup], float] = field(default=lambda setup: 1.0)


# Gives a network by its specification, its weights loaded.
Load = Callable[[NetworkSpec], "keras.Model"]
BuildReceiver = Callable[[Setup, Load], "keras.layers.Layer"]
BuildDigital = Callable[[Setup, Load, "keras.layers.Layer"], "Sequence[link.DigitalSystem]"]
