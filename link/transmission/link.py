"""A link behind a transmitter, as a sweep and a training see it."""

from collections.abc import Sequence
from typing import Any, Protocol

from diffsem.link.transmission.observation import Observation
from diffsem.link.transmission.seeds import Seeds


class Link(Protocol):
    """image -> what the receiver has of it and, apart, what each eavesdropper has.

    All that is drawn at random hangs on the seeds alone; an eavesdropper that is added never moves the receiver.

    Examples
    --------
    A wire that carries the image itself, at the SNR of the channel, to whoever listens.

    >>> import numpy as np
    >>> from diffsem.link import Observation, Seeds
    >>> class Wire:
    ...     feature_shape, scrambled, bounded_symbols = (28, 28, 1), False, None
    ...     receiver_channel_uses = eavesdropper_channel_uses = 392
    ...     def observations(self, looks):
    ...         return 1
    ...     def signal_power(self, step, noise_step):
    ...         return 1.0
    ...     def transmit(self, image, step, snr_db, eavesdropper_snr_db, seeds):
    ...         nodes = [Observation(image, 0 * step, 10 ** (own / 10)) for own in (snr_db, *eavesdropper_snr_db)]
    ...         return nodes[0], nodes[1:], 0 * step
    >>> receiver, heard, _ = Wire().transmit(
    ...     np.ones([1, 28, 28, 1]), np.zeros(1), np.full(1, 20.0), [np.zeros(1)], Seeds(2, [1], [3])
    ... )
    >>> receiver.esnr.tolist(), [each.esnr.tolist() for each in heard]
    ([100.0], [[1.0]])
    """

    @property
    def feature_shape(self) -> tuple[int, ...]:
        """Of y, without the batch."""

    @property
    def scrambled(self) -> bool:
        """Whether repeated transmissions (looks) do not add up, as where each orders its symbols in its own way."""

    @property
    def bounded_symbols(self) -> int | None:
        """Real symbols an image whose ESNR bounds what a node can read (`simplex_ceiling`); None: no such bound."""

    @property
    def receiver_channel_uses(self) -> int:
        """Channel uses of an image on the receiver's channel, pilots among them."""

    @property
    def eavesdropper_channel_uses(self) -> int:
        """The same on the eavesdropper's channel."""

    def observations(self, looks: int) -> int:
        """What an eavesdropper has of so many looks: their combination or, if they do not add up, each by itself."""

    def signal_power(self, step: int, noise_step: float) -> float:
        """Share of the radiated power that carries the feature; NaN where that is not to be told.

        Parameters
        ----------
        step : int
            t, 0..T.
        noise_step : float
            s, on average over images.
        """

    def transmit(
        self, image: Any, step: Any, snr_db: Any, eavesdropper_snr_db: Sequence[Any], seeds: Seeds
    ) -> tuple[Observation, list[Observation], Any]:
        """One transmission of a batch, heard by both nodes, and those that the eavesdropper alone goes on to hear.

        As part of a graph or outside of one.

        Parameters
        ----------
        image : [B, height, width, channels], float in [0, 1]
        step : [B], int
            t, 0..T.
        snr_db : [B], float
            Es/N0 at the legitimate receiver, dB.
        eavesdropper_snr_db : sequence of [B] float
            Es/N0 at the eavesdropper, dB; each entry is an eavesdropper with the same noise scaled differently.
        seeds : Seeds
            As many looks of the eavesdropper as there are seeds for them.

        Returns
        -------
        receiver : Observation
        eavesdroppers : list of Observation
            `observations(seeds.looks)` for every entry of `eavesdropper_snr_db`, one entry after another.
        noise_step : [B], int32
            s (eq. 24); differs within a batch if the transmitter's estimate of the SNR does.
        """
