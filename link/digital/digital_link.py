"""The digital link: bits over the same channels, uncoded or with the 5G LDPC code, by Sionna."""

from collections.abc import Callable

import tensorflow as tf
from sionna.phy.fec.ldpc import LDPC5GEncoder
from sionna.phy.mapping import Constellation, Demapper, Mapper

from diffsem.channels import Equalizer, EqualizerKind
from diffsem.link.digital.ldpc_decoder import LdpcDecoder
from diffsem.link.digital.ldpc_encoder import LdpcEncoder
from diffsem.link.digital.modulation import MODULATIONS, coded_bits
from diffsem.link.digital.payload_key import payload_key


class DigitalLink:
    """bits -> (LDPC) -> Gray-mapped QAM -> channel -> equaliser -> demapper -> (LDPC) -> bits.

    Uncoded bits are those of the nearest constellation point, the decision that `bit_error_rate` is about. For the code
    the demapper computes exact bit log-likelihood ratios from every symbol's own effective noise variance; its decoder
    decides what 20 iterations of belief propagation do (`LdpcDecoder`).

    Where uncoded bits do not fill the last symbol, random ones that nobody counts do, and all of its bits are turned
    round by a random number of places: the bits of a symbol are not equally well protected, and so each of the block
    has any place as often as another.

    Parameters
    ----------
    channel : Channel
        BlockFadingChannel, OfdmChannel or one's own.
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

    Examples
    --------
    Eight bits in four symbols, with next to no noise.

    >>> import math
    >>> import tensorflow as tf
    >>> from diffsem.channels import BlockFadingChannel
    >>> from diffsem.link import DigitalLink
    >>> link = DigitalLink(BlockFadingChannel(math.inf), "zf", "qpsk", None, information_bits=8)
    >>> decided = link.transmit(tf.constant([[0.0, 1, 1, 0, 1, 0, 0, 0]]), no=tf.constant([1e-6]))
    >>> link.channel_uses, decided.numpy().astype(int).tolist()
    (4, [[0, 1, 1, 0, 1, 0, 0, 0]])
    """

    def __init__(
        self, channel, equalizer: EqualizerKind, modulation: str, code_rate: float | None, information_bits: int
    ):
        per_symbol = MODULATIONS[modulation]
        self.channel = channel
        self.modulation = modulation
        self.code_rate = code_rate
        self.information_bits = information_bits
        self._bits = coded_bits(information_bits, code_rate, modulation)
        self._per_symbol = per_symbol
        self._symbols = self._bits // per_symbol
        self._equalizer = Equalizer(equalizer, self._symbols)
        constellation = Constellation("pam" if per_symbol == 1 else "qam", per_symbol)
        self._map = Mapper(constellation=constellation)
        # The sign of a max-log ratio is the bit of the nearest point; exact ratios decide better at very low SNR.
        uncoded = code_rate is None
        demapper = Demapper("maxlog" if uncoded else "app", constellation=constellation, hard_out=uncoded)
        self._demap = _signs(per_symbol) if uncoded and per_symbol <= 2 else demapper
        self._encode = self._decode = None
        if code_rate is not None:
            code = LDPC5GEncoder(information_bits, self._bits, num_bits_per_symbol=per_symbol)
            self._encode, self._decode = LdpcEncoder(code), LdpcDecoder(code)

    @property
    def format(self) -> str:
        """What is sent: two links of one format send the same symbols for the same bits and seed."""
        code = "uncoded" if self.code_rate is None else f"rate {self.code_rate:g}"
        return f"{self.information_bits} bits, {code}, {self.modulation}"

    @property
    def channel_uses(self) -> int:
        """Of a block, pilots among them."""
        return self.channel.channel_uses(self._symbols)

    def fading(self, blocks):
        """A draw of this channel's fading for so many blocks, as `transmit` draws it."""
        return self.channel.fading(blocks, self._symbols)

    def transmit(self, bits, no, seed=0, fading=None):
        """Send a batch of blocks.

        Parameters
        ----------
        bits : [B, k], float32
            0 or 1.
        no : [B], float32
            Noise variance a complex symbol, 1 / (mean Es/N0).
        seed : int or scalar int64 tensor
            Of what fills the last symbol, 0 <= seed < 2**62.
        fading : optional
            As the method `fading` draws it. Default: a fresh draw.

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
        symbols, effective_no = self._equalizer(self.channel([self._map(bits), no], fading=fading))
        heard = self._demap(symbols, effective_no)
        if self._decode:
            return self._decode(heard)
        return heard if turn is None else self._turned(heard, -turn)[:, : self.information_bits]

    def _filling(self, blocks, seed):
        """Random bits [B, n - k] for the last symbol, and by how many places its bits are turned round, [B]."""
        # The key itself draws the payload.
        keys = tf.random.split(tf.random.fold_in(payload_key(seed), 1))
        shape = [blocks, self._bits - self.information_bits]
        filling = tf.random.stateless_uniform(shape, keys[0], maxval=2, dtype=tf.int32)
        turn = tf.random.stateless_uniform([blocks], keys[1], maxval=self._per_symbol, dtype=tf.int32)
        return tf.cast(filling, tf.float32), turn

    def _turned(self, bits, turn):
        """[B, n] bits, those of the last symbol turned round by [B] places."""
        places = (tf.range(self._per_symbol) + turn[:, None]) % self._per_symbol
        last = tf.gather(bits[:, -self._per_symbol :], places, batch_dims=1)
        return tf.concat([bits[:, : -self._per_symbol], last], axis=1)


def _signs(per_symbol: int) -> Callable:
    """The nearest points of BPSK and QPSK, where every real symbol is a bit: distances need not be computed."""

    def bits(symbols, effective_no):
        parts = [tf.math.real(symbols), tf.math.imag(symbols)][:per_symbol]
        return tf.cast(tf.reshape(tf.stack(parts, axis=-1) < 0, [tf.shape(symbols)[0], -1]), tf.float32)

    return bits
