"""Belief propagation of the 5G LDPC code that leaves off where nothing changes any more."""

import numpy as np
import scipy.sparse
import tensorflow as tf
from sionna.phy.fec.ldpc import LDPC5GDecoder, LDPC5GEncoder

ITERATIONS = 20
# Between two looks at which blocks are settled; a divisor of the iterations.
CHUNK = 2
# Blocks that are decoded at a time.
WIDTH = 256
# Columns are a multiple of it: what is left of a whole processor vector has its logarithms rounded in another way.
VECTOR = 16
# Of a settled block all checks hold and no log-likelihood ratio is smaller. Checks alone are too little: of blocks of
# 12 information bits at rate 1/2, one in a hundred that satisfied them decided otherwise after all iterations.
MARGIN = 6.0
# Sionna's, of log-likelihood ratios and of the argument of phi.
LLR_MAX = 20.0
PHI_RANGE = (8.5e-8, 16.635532)


class LdpcDecoder:
    """Sionna's LDPC5GDecoder with its sum-product rule and 20 iterations, for float32; decisions are the same.

    A block is settled once all its checks hold and all log-likelihood ratios of its bits are at least 6: it is decided
    then and leaves, and another block takes its place. What a settled block would decide after all iterations was the
    same for every block that was measured; a block that only satisfies its checks may well leave its codeword again.
    Every block's arithmetic is Sionna's, operation by operation: its decisions hang on no other block.

    Parameters
    ----------
    encoder : LDPC5GEncoder
    """

    def __init__(self, encoder: LDPC5GEncoder):
        self._encoder = encoder
        self._graph(LDPC5GDecoder(encoder).pcm)

    def _graph(self, checks) -> None:
        """Edges in the order of their checks, and how they are put into that of their bits: sums add up as Sionna's."""
        check, bit, _ = scipy.sparse.find(checks)
        order = np.argsort(bit)
        check, bit = check[order], bit[order]
        by_check = np.argsort(check)
        self._bits = checks.shape[1]
        self._bit_of_edge = tf.constant(bit, tf.int32)
        self._by_bit = tf.constant(np.argsort(by_check), tf.int32)
        self._check_of_edge = tf.constant(check[by_check], tf.int32)
        self._bit_by_check = tf.constant(bit[by_check], tf.int32)

    def __call__(self, heard):
        """[B, n] logits of coded bits, log p(1) / p(0) -> [B, k] decided information bits, float32 of 0 and 1."""
        ratios = self._recovered(heard)
        blocks, k = tf.shape(ratios)[0], self._encoder.k
        nothing = [tf.zeros([size, 0]) for size in (self._bits, self._bit_of_edge.shape[0])]
        none = tf.zeros([0], tf.int32)
        start = self._filled(ratios, tf.constant(0), none, none, *nothing)

        def unsettled(decided, waiting, block, *_):
            return tf.reduce_any(block >= 0)

        def one_chunk(decided, waiting, block, age, own, messages):
            for _ in range(CHUNK):
                messages, totals = self._iteration(messages, own)
            age += CHUNK
            done = (block >= 0) & (self._settled(totals) | (age >= ITERATIONS))
            columns = tf.where(done)[:, 0]
            bits = tf.transpose(tf.gather(totals[:k], columns, axis=1)) <= 0
            decided = tf.tensor_scatter_nd_update(decided, tf.gather(block, columns)[:, None], bits)
            block = tf.where(done, -1, block)
            state = (waiting, block, age, own, messages)
            # Those that are decided go on for nothing until they are worth the copying.
            worth = 4 * tf.math.count_nonzero(block >= 0, dtype=tf.int32) <= 3 * tf.size(block)
            return decided, *tf.cond(worth, lambda: self._filled(ratios, *state), lambda: state)

        columns = [tf.TensorShape([values.shape[0], None]) for values in nothing]
        shapes = [tf.TensorShape([None, k]), tf.TensorShape([]), *[tf.TensorShape([None])] * 2, *columns]
        start = (tf.zeros([blocks, k], tf.bool), *start)
        decided, *_ = tf.while_loop(unsettled, one_chunk, start, tuple(shapes), parallel_iterations=1)
        return tf.cast(decided, tf.float32)

    def _filled(self, ratios, waiting, block, age, own, messages):
        """Columns without those that are decided (block -1), filled up with the blocks that wait."""
        keep = tf.where(block >= 0)[:, 0]
        last = tf.minimum(waiting + WIDTH - tf.size(keep, tf.int32), tf.shape(ratios)[0])
        new = last - waiting
        idle = -(tf.size(keep, tf.int32) + new) % VECTOR
        fresh = tf.pad(tf.transpose(ratios[waiting:last]), [[0, 0], [0, idle]])
        return (
            last,
            tf.concat([tf.gather(block, keep), tf.range(waiting, last), tf.fill([idle], -1)], 0),
            tf.concat([tf.gather(age, keep), tf.zeros([new + idle], tf.int32)], 0),
            tf.concat([tf.gather(own, keep, axis=1), fresh], 1),
            tf.concat([tf.gather(messages, keep, axis=1), tf.gather(fresh, self._bit_by_check)], 1),
        )

    def _iteration(self, messages, own):
        """Messages of the bits, [edges, W], and the ratios heard of them -> messages and total ratios [bits, W]."""
        sign = tf.where(messages < 0, -1.0, 1.0)
        parity = tf.math.segment_prod(sign, self._check_of_edge)
        doubt = _phi(tf.abs(messages))
        others = tf.gather(tf.math.segment_sum(doubt, self._check_of_edge), self._check_of_edge) - doubt
        told = sign * tf.gather(parity, self._check_of_edge) * _phi(others)
        totals = tf.math.segment_sum(tf.gather(told, self._by_bit), self._bit_of_edge) + own
        return tf.clip_by_value(tf.gather(totals, self._bit_by_check) - told, -LLR_MAX, LLR_MAX), totals

    def _settled(self, totals):
        """[bits, W] total ratios -> [W], whether all checks hold and no bit is in doubt."""
        sign = tf.gather(tf.where(totals <= 0, -1.0, 1.0), self._bit_by_check)
        held = tf.reduce_min(tf.math.segment_prod(sign, self._check_of_edge), axis=0) > 0
        return held & (tf.reduce_min(tf.abs(totals), axis=0) >= MARGIN)

    def _recovered(self, heard):
        """[B, n] -> [B, bits of the code's graph], log p(0) / p(1): 0 for what is not sent, sure for fillers."""
        code = self._encoder
        if code.num_bits_per_symbol is not None:
            heard = tf.gather(heard, code.out_int_inv, axis=-1)
        heard = tf.clip_by_value(heard, -LLR_MAX, LLR_MAX)
        fillers = code.k_ldpc - code.k
        behind = self._bits - fillers - code.n - 2 * code.z
        sent = tf.pad(-heard, [[0, 0], [2 * code.z, behind]])
        sure = tf.fill([tf.shape(heard)[0], fillers], LLR_MAX)
        return tf.concat([sent[:, : code.k], sure, sent[:, code.k : self._bits - fillers]], 1)


def _phi(ratio):
    """-log tanh(x / 2), its own inverse."""
    grown = tf.exp(tf.clip_by_value(ratio, *PHI_RANGE))
    return tf.math.log(grown + 1) - tf.math.log(grown - 1)
