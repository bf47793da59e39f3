"""The digital link: bits over the same channels, uncoded or with the 5G LDPC code, by Sionna."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import keras
import tensorflow as tf
from sionna.phy.fec.ldpc import LDPC5GDecoder, LDPC5GEncoder
from sionna.phy.mapping import Constellation, Demapper, Mapper

from diffsem.channels import Equalizer, EqualizerKind, reseed
from diffsem.link.modulation import MODULATIONS, coded_bits
from diffsem.link.quantizer import UniformQuantizer

DECODER_ITERATIONS = 20


class DigitalLink:
    """bits -> (LDPC) -> Gray-mapped QAM -> channel -> equaliser -> demapper -> (LDPC) -> bits.

    Uncoded bits are those of the nearest constellation point, the decision that `bit_error_rate` is about. For the code
    the demapper computes exact bit log-likelihood ratios from every symbol's own effective noise variance; its decoder
    runs 20 iterations of belief propagation.

    Where uncoded bits do not fill the last symbol, random ones that nobody counts do, and all of its bits are turned
    round by a random number of places: the bits of a symbol are not equally well protected, and so each of the block
    has any place as often as another.

    Parameters
    ----------
    channel : keras.layers.Layer
        BlockFadingChannel or OfdmChannel.
    equalizer : str
        "zf" | "mmse" | "mrc".
    modulation : str
        bpsk | qpsk | 16qam | 64qam | 256qam.
    code_rate : float or None
        None: uncoded.
    information_bits : int
        k of a block.

    Raises
    ------
    ValueError
        If Sionna has no LDPC code of that length and rate.
    """

    def __init__(
        self, channel, equalizer: EqualizerKind, modulation: str, code_rate: float | None, information_bits: int
    ):
        per_symbol = MODULATIONS[modulation]
        self.channel = channel
        self.information_bits = information_bits
        self._bits = coded_bits(information_bits, code_rate, modulation)
        self._per_symbol = per_symbol
        self._symbols = self._bits // per_symbol
        self._equalizer = Equalizer(equalizer, self._symbols)
        constellation = Constellation("pam" if per_symbol == 1 else "qam", per_symbol)
        self._map = Mapper(constellation=constellation)
        # The sign of a max-log ratio is the bit of the nearest point; exact ratios decide better at very low SNR.
        uncoded = code_rate is None
        self._demap = Demapper("maxlog" if uncoded else "app", constellation=constellation, hard_out=uncoded)
        self._encode = self._decode = None
        if code_rate is not None:
            self._encode = LDPC5GEncoder(information_bits, self._bits, num_bits_per_symbol=per_symbol)
            self._decode = LDPC5GDecoder(self._encode, hard_out=True, num_iter=DECODER_ITERATIONS)

    @property
    def channel_uses(self) -> int:
        """Of a block, pilots among them."""
        return self.channel.channel_uses(self._symbols)

    def transmit(self, bits, no, seed=0):
        """Send a batch of blocks.

        Parameters
        ----------
        bits : [B, k], float32
            0 or 1.
        no : [B], float32
            Noise variance a complex symbol, 1 / (mean Es/N0).
        seed : int or scalar int64 tensor
            Of what fills the last symbol, 0 <= seed < 2**62.

        Returns
        -------
        [B, k], float32
            As decided by the receiver.
        """
        turn = None
        if self._encode:
            bits = self._encode(bits)
        elif self._bits > self.information_bits:
            filling, turn = self._filling(tf.shape(bits)[0], seed)
            bits = self._turned(tf.concat([bits, filling], axis=1), turn)
        symbols, effective_no = self._equalizer(self.channel([self._map(bits), no]))
        heard = self._demap(symbols, effective_no)
        if self._decode:
            return self._decode(heard)
        return heard if turn is None else self._turned(heard, -turn)[:, : self.information_bits]

    def _filling(self, blocks, seed):
        """Random bits [B, n - k] for the last symbol, and by how many places its bits are turned round, [B]."""
        # The key itself draws the payload.
        keys = tf.random.split(tf.random.fold_in(_key(seed), 1))
        shape = [blocks, self._bits - self.information_bits]
        filling = tf.random.stateless_uniform(shape, keys[0], maxval=2, dtype=tf.int32)
        turn = tf.random.stateless_uniform([blocks], keys[1], maxval=self._per_symbol, dtype=tf.int32)
        return tf.cast(filling, tf.float32), turn

    def _turned(self, bits, turn):
        """[B, n] bits, those of the last symbol turned round by [B] places."""
        places = (tf.range(self._per_symbol) + turn[:, None]) % self._per_symbol
        last = tf.gather(bits[:, -self._per_symbol :], places, batch_dims=1)
        return tf.concat([bits[:, : -self._per_symbol], last], axis=1)


@dataclass(frozen=True)
class RandomBits:
    """A payload without meaning: it only counts errors."""

    count: int

    def bits(self, images, seed):
        """[B, count] float32 of 0 and 1 from a scalar seed; the images only say how many."""
        shape = [tf.shape(images)[0], self.count]
        return tf.cast(tf.random.stateless_uniform(shape, _key(seed), maxval=2, dtype=tf.int32), tf.float32)


@dataclass(frozen=True)
class FeatureBits:
    """Quantised features, to be classified as they arrive.

    Parameters
    ----------
    encoder : keras.Model
        image -> z.
    quantizer : UniformQuantizer
    receiver : callable
        ([z^, step]) -> (logits, calls); hears of no noise, step 0.
    """

    encoder: keras.Model
    quantizer: UniformQuantizer
    receiver: Callable

    def bits(self, images, seed):
        """[B, k bits] float32 of 0 and 1; NaN where a feature is not finite."""
        feature = self.encoder(images)
        return self.quantizer.to_bits(tf.reshape(feature, [-1, math.prod(feature.shape[1:])]))

    def logits(self, bits):
        """[B, classes] float from the bits that arrived."""
        feature = tf.reshape(self.quantizer.to_values(bits), [-1, *self.encoder.output_shape[1:]])
        logits, _ = self.receiver([feature, tf.zeros(tf.shape(feature)[:1])])
        return logits


@dataclass(frozen=True)
class DigitalSystem:
    """A named payload over a digital link.

    Parameters
    ----------
    name : str
    link : DigitalLink
    payload : RandomBits or FeatureBits
    """

    name: str
    link: DigitalLink
    payload: RandomBits | FeatureBits

    @property
    def scored(self) -> str:
        """What counts as correct: "label", or "block" where nothing is sent that has a label."""
        return "block" if isinstance(self.payload, RandomBits) else "label"

    def run(self, images, labels, snr_db, channel_seed, payload_seed):
        """One transmission of a batch.

        Parameters
        ----------
        images : [B, height, width, channels], float32
        labels : [B], int64
        snr_db : [B], float
            Es/N0, dB.
        channel_seed, payload_seed : scalar int64

        Returns
        -------
        hits : [B], bool
            Whether the label, or the whole block, arrived right.
        bit_errors : [B], int32
        finite : [B], bool
            Whether features and logits were.
        """
        sent = self.payload.bits(images, payload_seed)
        reseed(channel_seed)
        no = tf.cast(10 ** (-tf.cast(snr_db, tf.float64) / 10), tf.float32)
        has_bit = tf.math.is_finite(sent)
        decided = self.link.transmit(tf.where(has_bit, sent, 0.0), no, payload_seed)
        errors = tf.reduce_sum(tf.cast(decided != sent, tf.int32), axis=-1)
        if isinstance(self.payload, RandomBits):
            return errors == 0, errors, tf.ones_like(errors, tf.bool)
        logits = self.payload.logits(decided)
        finite = tf.reduce_all(has_bit, axis=-1) & tf.reduce_all(tf.math.is_finite(logits), axis=-1)
        return tf.argmax(logits, axis=-1) == labels, errors, finite


def _key(seed):
    """[2] of a scalar seed, for stateless draws."""
    seed = tf.cast(seed, tf.int64)
    return tf.stack([seed // 2**31, seed % 2**31])
