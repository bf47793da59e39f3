"""What all nodes made of a pool of batches."""

from dataclasses import dataclass

import numpy as np

from diffsem.link.results.point import Point

# Reconstructions that are kept of each batch.
EXAMPLES = 10


@dataclass(frozen=True)
class Job:
    """One batch of one point."""

    point: Point
    batch: int


@dataclass(frozen=True)
class Attacked:
    """What an attack made of a pool of K batches.

    Parameters
    ----------
    hits : [K, B], bool
        Whether the attack itself, or the judge of its images, sees the right label.
    finite : [K], bool
        Whether all that the attack made of a batch is, and all that the judges say of it.
    clean_hits : [K, B], bool or None
        Whether the judge that saw clean images only does; None, as all that follows, if there are no images.
    psnr_db, ssim : [K, B], float32, or None
    images : [K, n, height, width, channels], float32, or None
        The first of every batch, in [0, 1].
    surprisal : [K, B, len(TEMPERATURES)], float32, or None
        -log2 of the probability that an attack on labels gives the right one; None where a judge labels images.
    """

    hits: np.ndarray
    finite: np.ndarray
    clean_hits: np.ndarray | None = None
    psnr_db: np.ndarray | None = None
    ssim: np.ndarray | None = None
    images: np.ndarray | None = None
    surprisal: np.ndarray | None = None


@dataclass(frozen=True)
class Outcome:
    """What all nodes made of a pool of K batches; a digital link of random bits has a pool, and a K, of its own.

    Parameters
    ----------
    noise_step : [K, B], int
        s (eq. 24); 0 where nothing but digital links is simulated.
    labels : [K, B], int
        The right ones.
    steps : dict of str to [K, 1 + eavesdroppers, B], float32
        t' at the receiver and at every eavesdropper, by transmitter.
    esnr : dict of str to [K, 1 + eavesdroppers, B], float32
        Signal over noise power a real symbol of all that each of them heard, linear.
    capacity : dict of str to [K, 1 + eavesdroppers, B], float32
        Bits an image that the channel of each of them lets through; NaN: not told.
    hits : dict of str to [K, B], bool
        Whether a system sees the right label.
    calls : dict of str to [K, B], float32
        U-Net calls of each image, by system.
    attacks : list of list of Attacked
        One entry an attack of the experiment, and in it one an eavesdropper.
    bit_errors : dict of str to [K, B], int
        Of each block, by digital system.
    heard_finite : dict of str to [K, 1 + eavesdroppers], bool
        Whether all that each of them heard of a batch is, y as well as t', by transmitter.
    finite : dict of str to [K], bool
        Whether all logits of a batch are, by system, and by digital system, whose features count too.
    """

    noise_step: np.ndarray
    labels: np.ndarray
    steps: dict[str, np.ndarray]
    esnr: dict[str, np.ndarray]
    capacity: dict[str, np.ndarray]
    hits: dict[str, np.ndarray]
    calls: dict[str, np.ndarray]
    attacks: list[list[Attacked]]
    bit_errors: dict[str, np.ndarray]
    heard_finite: dict[str, np.ndarray]
    finite: dict[str, np.ndarray]
