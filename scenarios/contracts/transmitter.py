"""A transmitter: what is radiated, and what a listener is up against."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import diffsem.link as link
import diffsem.models as models
from diffsem.scenarios.contracts.network import Dimensions, NetworkSpec
from diffsem.scenarios.contracts.setup import Setup

if TYPE_CHECKING:  # a scenario is checked without it
    import keras

BuildLink = Callable[[Setup, "keras.Model", "keras.layers.Layer", "keras.layers.Layer"], "link.Link"]


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
    codewords : int
        Words of the codebook that its keyed self-noise is one of; 0: Gaussian noise that never comes again.
    noise_law : str
        "gaussian" | "laplace": of self-noise that comes from no key.
    heard_like : TransmitterSpec, optional
        Whoever has no key, and stands beside the beam, hears what is heard of this one: attacks are trained on it.
    sent_shape : callable
        Dimensions -> height, width and channels of what is radiated; default: a feature.
    link : callable, optional
        (Setup, encoder, channel of the receiver, of the eavesdropper) -> diffsem.link.Link, where what is radiated is
        no feature in noise; default: `diffsem.link.WiretapLink`.
    title : str, optional
        In figures; default: those of the systems that share it.

    Examples
    --------
    One that sends every pixel.

    >>> from diffsem.models import PictureEncoder
    >>> from diffsem.scenarios import Dimensions, NetworkSpec, TransmitterSpec
    >>> encoder = NetworkSpec("pixels", lambda sizes: PictureEncoder(sizes.image_shape), trained=False)
    >>> transmitter = TransmitterSpec("own-direct", encoder, sent_shape=lambda sizes: sizes.image_shape)
    >>> transmitter.sent_shape(Dimensions((28, 28, 1), (8, 8, 1), classes=10, pixel_rms=0.3))
    (28, 28, 1)
    """

    name: str
    encoder: NetworkSpec
    keyed: bool = False
    scrambled: bool = False
    null_space: bool = False
    codewords: int = 0
    noise_law: "models.NoiseLaw" = "gaussian"
    heard_like: "TransmitterSpec | None" = None
    sent_shape: Callable[[Dimensions], tuple[int, int, int]] = lambda dimensions: dimensions.feature_shape
    link: "BuildLink | None" = None
    title: str | None = None
