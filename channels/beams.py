"""Signal towards the receiver, noise into the null space of its channel (Goel and Negi, IEEE TWC 7(6), 2008)."""

from dataclasses import dataclass

import tensorflow as tf
from sionna.phy.utils import complex_normal


@dataclass(frozen=True)
class Beams:
    """What several antennas radiate in N channel uses, of unit mean energy each.

    Parameters
    ----------
    antennas : [B, N, K], complex64
        x, what each of K antennas radiates.
    signal : [B, N, K, 1], complex64
        How a signal symbol of unit energy goes to the antennas.
    noise : [B, N, K, J], complex64
        How J noise symbols of unit energy go there.

    Examples
    --------
    >>> import numpy as np
    >>> from diffsem.channels import artificial_noise, form_beams
    >>> known = np.array([[[[3, 4]]]], "complex64")  # from two antennas to one
    >>> beams = form_beams(np.ones((1, 1), "complex64"), known, np.array([0.5], "float32"), artificial_noise(1, 1, 1))
    >>> tuple(beams.antennas.shape), tuple(beams.signal.shape), tuple(beams.noise.shape)
    ((1, 1, 2), (1, 1, 2, 1), (1, 1, 2, 1))
    """

    antennas: tf.Tensor
    signal: tf.Tensor
    noise: tf.Tensor


def null_space_dimensions(transmit_antennas: int, receive_antennas: int) -> int:
    """J, how many directions do not reach the receiver.

    Examples
    --------
    >>> from diffsem.channels import null_space_dimensions
    >>> null_space_dimensions(4, 1), null_space_dimensions(2, 2)
    (3, 0)
    """
    return max(0, transmit_antennas - receive_antennas)


def artificial_noise(batch, uses: int, dimensions: int):
    """[batch, uses, dimensions], complex64: unit energy each, from Sionna's stream.

    Examples
    --------
    >>> from diffsem.channels import artificial_noise, null_space_dimensions
    >>> artificial_noise(batch=5, uses=32, dimensions=null_space_dimensions(4, 1)).shape.as_list()
    [5, 32, 3]
    """
    return complex_normal([batch, uses, dimensions])


def form_beams(symbols, known, signal_energy, noise) -> Beams:
    """One stream of symbols by maximum-ratio transmission, and noise where the receiver does not hear it.

    The signal goes along the strongest right singular vector of the receiver's channel, the noise in equal shares
    along those that span its null space.

    Parameters
    ----------
    symbols : [B, N], complex64
        Of unit mean energy.
    known : [B, N, M, K], complex64
        The receiver's channel, as the transmitter knows it.
    signal_energy : [B], float
        Share of the radiated energy that the signal gets, 0..1; the noise gets the rest.
    noise : [B, N, J], complex64
        Unit energy each, as `artificial_noise` draws it; J = K - M, or 0 for none, which leaves the rest unused.

    Returns
    -------
    Beams

    Examples
    --------
    Half of the energy goes to the receiver, whose gain is 5; of the noise it hears nothing.

    >>> import numpy as np
    >>> from diffsem.channels import artificial_noise, form_beams
    >>> known, symbols = np.array([[[[3, 4]]]], "complex64"), np.ones((1, 1), "complex64")
    >>> beams = form_beams(symbols, known, np.array([0.5], "float32"), artificial_noise(1, 1, 1))
    >>> [round(abs((known @ part.numpy()).item()), 3) for part in (beams.signal, beams.noise)]
    [3.536, 0.0]
    """
    _, _, right = tf.linalg.svd(known, full_matrices=True)
    dimensions = noise.shape[-1]
    signal = _amplitude(signal_energy) * right[..., :1]
    directions = right[..., right.shape[-1] - dimensions :]
    spread = _amplitude((1 - signal_energy) / max(dimensions, 1)) * directions
    antennas = signal[..., 0] * symbols[..., None] + tf.linalg.matvec(spread, noise)
    return Beams(antennas, signal, spread)


def _amplitude(energy):
    """[B] energies as amplitudes [B, 1, 1, 1], complex64."""
    return tf.cast(tf.sqrt(tf.maximum(energy, 0.0))[:, None, None, None], tf.complex64)
