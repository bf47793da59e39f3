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
    """

    antennas: tf.Tensor
    signal: tf.Tensor
    noise: tf.Tensor


def null_space_dimensions(transmit_antennas: int, receive_antennas: int) -> int:
    """J, how many directions do not reach the receiver."""
    return max(0, transmit_antennas - receive_antennas)


def artificial_noise(batch, uses: int, dimensions: int):
    """[batch, uses, dimensions], complex64: unit energy each, from Sionna's stream."""
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
