"""Against Sionna's encoder, and its decoder with all of its iterations, bit for bit."""

import numpy as np
import pytest
import tensorflow as tf
from sionna.phy.fec.ldpc import LDPC5GDecoder, LDPC5GEncoder

from diffsem.link.digital.ldpc_decoder import ITERATIONS, VECTOR, WIDTH, LdpcDecoder
from diffsem.link.digital.ldpc_encoder import LdpcEncoder


def heard(encode, snr_db, blocks, rng):
    """Information bits, and the logits of their BPSK symbols in noise."""
    bits = rng.integers(0, 2, [blocks, encode.k]).astype(np.float32)
    noise = 10 ** (-snr_db / 10) / 2
    received = 2 * encode(bits).numpy() - 1 + rng.normal(0, noise**0.5, [blocks, encode.n])
    return bits, (2 * received / noise).astype(np.float32)


def both(encode):
    sionna, own = LDPC5GDecoder(encode, hard_out=True, num_iter=ITERATIONS), LdpcDecoder(encode)
    signature = [tf.TensorSpec([None, encode.n])]
    return (tf.function(lambda logits: decode(logits), signature, autograph=False) for decode in (sionna, own))


@pytest.mark.parametrize(
    ("k", "n", "per_symbol", "snr_db"),
    [(128, 256, 2, (-3.5, -2.0, 1.0)), (12, 24, 2, (-4.0, 0.0)), (100, 112, 4, (3.0,)), (40, 200, None, (-8.0,))],
)
def test_blocks_are_decided_as_after_all_iterations(k, n, per_symbol, snr_db, rng):
    encode = LDPC5GEncoder(k, n, num_bits_per_symbol=per_symbol)
    sionna, own = both(encode)
    wrong = 0
    for snr in snr_db:
        # Columns of a last group that is not full, and of several full ones.
        for blocks in (VECTOR, 2 * WIDTH + 3 * VECTOR):
            bits, logits = heard(encode, snr, blocks, rng)
            decided = own(logits).numpy()
            np.testing.assert_array_equal(decided, sionna(logits).numpy())
            wrong += np.any(decided != bits, axis=1).mean()
    assert 0 < wrong < 2 * len(snr_db)


@pytest.mark.parametrize(("k", "n"), [(12, 24), (512, 1024), (1500, 3000)])
def test_the_same_bits_are_sent(k, n, rng):
    encode = LDPC5GEncoder(k, n, num_bits_per_symbol=2)
    bits = tf.constant(rng.integers(0, 2, [16, k]), tf.float32)
    np.testing.assert_array_equal(LdpcEncoder(encode)(bits), encode(bits))


@pytest.mark.slow
def test_no_settled_block_leaves_its_codeword(rng):
    """Short blocks around the waterfall, where one that only satisfies its checks leaves in one of a hundred."""
    encode = LDPC5GEncoder(12, 24)
    sionna, own = both(encode)
    for snr_db in np.repeat([-4.0, -2.0, 0.0], 5):
        _, logits = heard(encode, snr_db, 2048, rng)
        np.testing.assert_array_equal(own(logits).numpy(), sionna(logits).numpy())


def test_blocks_hang_on_no_other_and_no_block_is_lost(rng):
    encode = LDPC5GEncoder(64, 128)
    _, own = both(encode)
    _, logits = heard(encode, -2.0, WIDTH + 1, rng)
    decided = own(logits).numpy()
    np.testing.assert_array_equal(own(logits[::-1]).numpy()[::-1], decided)
    np.testing.assert_array_equal(own(logits[-1:]).numpy(), decided[-1:])
    assert own(logits[:0]).shape == (0, 64)


def test_noise_free_blocks_leave_after_their_first_look(rng, monkeypatch):
    """With a budget of iterations that would never end, it ends."""
    monkeypatch.setattr("diffsem.link.digital.ldpc_decoder.ITERATIONS", 10**9)
    encode = LDPC5GEncoder(64, 128)
    bits, logits = heard(encode, 10.0, 64, rng)
    np.testing.assert_array_equal(LdpcDecoder(encode)(tf.constant(logits)).numpy(), bits)
