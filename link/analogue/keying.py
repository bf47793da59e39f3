"""A key that transmitter and receiver share: self-noise that the receiver takes away, symbols that it puts in order."""

import math
from dataclasses import dataclass

import tensorflow as tf

from diffsem.link.analogue.noisy_feature import NoisyFeature
from diffsem.link.keyed.keystream import Keystream
from diffsem.models import per_sample


@dataclass(frozen=True)
class Pads:
    """What the key gives for a batch of transmissions.

    Parameters
    ----------
    noise : [B, ...], float32, or None
        eps of eq. 20; None: the transmitter draws it itself, and nobody knows it.
    order : [B, k], int32, or None
        The real symbol that goes in each place; None, as `signs`: they go as they are.
    signs : [B, k], float32, or None

    Examples
    --------
    >>> import tensorflow as tf
    >>> from diffsem.link import NoisyFeature, Pads
    >>> pads = Pads(noise=None, order=tf.constant([[2, 0, 1]]), signs=tf.constant([[1.0, 1.0, -1.0]]))
    >>> sent = pads.scramble(tf.constant([[5.0, 6.0, 7.0]]))
    >>> heard = NoisyFeature(sent, signal=tf.ones(1), noise=tf.zeros([1, 3]))
    >>> sent.numpy().tolist(), pads.undo(heard, tf.zeros(1)).values.numpy().tolist()
    ([[7.0, 5.0, -6.0]], [[5.0, 6.0, 7.0]])
    """

    noise: tf.Tensor | None
    order: tf.Tensor | None
    signs: tf.Tensor | None

    def scramble(self, radiated):
        """z~ [B, ...] as it is radiated."""
        if self.order is None:
            return radiated
        symbols = tf.gather(_flat(radiated), self.order, batch_dims=1)
        return tf.reshape(self.signs * symbols, tf.shape(radiated))

    def undo(self, heard: NoisyFeature, self_noise_power) -> NoisyFeature:
        """What was heard, as one who has the key makes of it: in order, and without the self-noise that the key gave.

        Parameters
        ----------
        heard : NoisyFeature
        self_noise_power : [B], float
            1 - abar_s.
        """
        values, noise = heard.values, heard.noise
        if self.order is not None:
            places = tf.argsort(self.order, axis=1)
            shape = tf.shape(values)
            values = tf.reshape(tf.gather(self.signs * _flat(values), places, batch_dims=1), shape)
            noise = tf.reshape(tf.gather(_flat(noise), places, batch_dims=1), shape)
        if self.noise is not None:
            power = per_sample(self_noise_power, values)
            values = values - tf.sqrt(power) * self.noise
            noise = tf.maximum(noise - power, 0.0)
        return NoisyFeature(values, heard.signal, noise, heard.capacity)


@dataclass(frozen=True)
class Keying:
    """What a key is used for in the simulation, which numbers its transmissions itself: every batch is a session.

    A real link has its sessions and numbers from `KeyedSender`, and its receiver takes what `KeyedListener`
    accepts. The announcements' bits are no channel uses of this simulation.

    Parameters
    ----------
    keystream : Keystream
    self_noise : bool
        Whether eps comes from it.
    scramble : bool
        Whether it orders and signs the symbols.
    codewords : int
        Words of the codebook that its eps is one of, as `Keystream.codewords`; 0: Gaussian, and never the same again.

    Examples
    --------
    >>> from diffsem.link import Keying, Keystream
    >>> keying = Keying(Keystream(bytes(32)), self_noise=False, scramble=True)
    >>> pads = keying.pads(session=7, batch=2, shape=(2, 2, 1))
    >>> pads.noise is None, [sorted(order) for order in pads.order.numpy().tolist()]
    (True, [[0, 1, 2, 3], [0, 1, 2, 3]])
    """

    keystream: Keystream
    self_noise: bool
    scramble: bool
    codewords: int = 0

    def pads(self, session, batch, shape) -> Pads:
        """Of `batch` transmissions of features of `shape`; in a graph too, but not under XLA.

        Parameters
        ----------
        session : int or scalar int64 tensor
            Of this batch and no other one, 0 <= session < 2**62; the transmissions' numbers are 0 to batch - 1.
        batch : int or scalar tensor
        shape : tuple of int
            Of a feature, without the batch.
        """
        count = math.prod(shape)

        def draw(session, batch):
            numbers = range(int(batch))
            order, signs = self.keystream.signed_permutations(int(session), numbers, count)
            return self._noise(int(session), numbers, count), order, signs

        noise, order, signs = tf.numpy_function(draw, [session, batch], [tf.float32, tf.int32, tf.float32])
        for drawn in (noise, order, signs):
            drawn.set_shape([None, count])
        return Pads(
            tf.reshape(noise, [-1, *shape]) if self.self_noise else None,
            order if self.scramble else None,
            signs if self.scramble else None,
        )

    def _noise(self, session, numbers, count):
        if self.codewords:
            return self.keystream.codewords(session, numbers, count, self.codewords)
        return self.keystream.gaussians(session, numbers, count)


def _flat(values):
    """[B, ...] -> [B, k]."""
    return tf.reshape(values, [-1, math.prod(values.shape[1:])])
