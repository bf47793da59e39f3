import hashlib
import hmac
import pickle

import numpy as np
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.special import ndtri

from diffsem.link import InputError, Keystream
from diffsem.link.keyed.keystream import WEAK_PERIOD, chacha20, weak

KEY = bytes(range(32))
STREAM = Keystream(KEY)
SESSIONS = st.integers(0, 2**64 - 1)
NUMBERS = st.integers(0, 2**32 - 1)


def test_the_cipher_is_chacha20_of_rfc_8439():
    """Section 2.4.2, whose block counter starts at 1: its keystream is our second block of 64 bytes."""
    nonce = bytes.fromhex("000000000000004a00000000")
    session, number = int.from_bytes(nonce[:8], "little"), int.from_bytes(nonce[8:], "little")
    plaintext = b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future"
    expected = bytes.fromhex("6e2e359a2568f98041ba0728dd0d6981e97e7aec1d4360c20a27afccfd9fae0b")
    stream = chacha20(KEY, session, number, 128)[64:96]
    assert bytes(a ^ b for a, b in zip(plaintext, stream, strict=False)) == expected


def hkdf(key, info, length):
    """RFC 5869 with SHA-256 and no salt, written out."""
    secret = hmac.digest(bytes(32), key, "sha256")
    block, stream = b"", b""
    for counter in range(1, -(-length // 32) + 1):
        block = hmac.digest(secret, block + info + bytes([counter]), "sha256")
        stream += block
    return stream[:length]


def test_hkdf_as_it_is_written_out_here_is_that_of_rfc_5869():
    """Test case 3: neither salt nor info."""
    expected = "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"
    assert hkdf(bytes([0x0B] * 22), b"", 42).hex() == expected


def test_each_purpose_of_a_context_has_the_key_that_hkdf_derives():
    stream, nonce = Keystream(KEY, context="a/b"), bytes(4) + (5).to_bytes(8, "little") + (7).to_bytes(4, "little")
    words = {}
    for purpose in (b"self-noise", b"scramble"):
        cipher = Cipher(algorithms.ChaCha20(hkdf(KEY, b"diffsem " + purpose + b"\0a/b", 32), nonce), None)
        words[purpose] = np.frombuffer(cipher.encryptor().update(bytes(4 * 24)), "<u4")
    normal = ndtri((words[b"self-noise"][:8] + 0.5) / 2.0**32)
    np.testing.assert_allclose(stream.gaussians(5, [7], 8)[0], normal, rtol=1e-6)
    order, signs = stream.signed_permutations(5, [7], 8)
    ranks = words[b"scramble"][:16].astype(object).reshape(8, 2)
    np.testing.assert_array_equal(order[0], np.argsort(ranks[:, 0] + (ranks[:, 1] << 32)))
    np.testing.assert_array_equal(signs[0], np.where(words[b"scramble"][16:] % 2, -1, 1))


def test_contexts_share_neither_noise_nor_scrambles():
    streams = [Keystream(KEY, context=context) for context in ("", "a", "a/b", "a/b\0", "self-noise", "\udcff")]
    noise = [stream.gaussians(1, range(50), 64) for stream in streams]
    signs = [stream.signed_permutations(1, range(50), 64)[1] for stream in streams]
    for drawn in (noise, signs):
        apart = np.corrcoef(np.reshape(drawn, (len(streams), -1))) - np.eye(len(streams))
        assert np.abs(apart).max() < 4.5 / np.sqrt(drawn[0].size)


def test_a_keystream_says_which_it_is_but_not_its_key():
    key = bytes(range(100, 132))
    stream = Keystream(key, context="here")
    for text in (repr(stream), str(stream), f"{stream}", str(hash(stream))):
        for shown in (repr(key)[2:-1], key.hex(), str(list(key))[1:-1], str(hash(key))):
            assert shown not in text
    assert "'here'" in repr(stream)
    with pytest.raises(TypeError, match="not copied or pickled"):
        pickle.dumps(stream)


def test_keystreams_are_equal_if_key_generator_and_context_are():
    same = Keystream(KEY, "weak", "a"), Keystream(KEY, "weak", "a")
    assert same[0] == same[1]
    assert hash(same[0]) == hash(same[1])
    others = (Keystream(KEY[::-1], "weak", "a"), Keystream(KEY, "chacha20", "a"), Keystream(KEY, "weak", "b"))
    assert len({same[0], *others}) == 4


def test_self_noise_is_normal_and_its_numbers_are_independent():
    drawn = STREAM.gaussians(5, range(2000), 64)
    assert stats.kstest(drawn.ravel(), "norm").pvalue > 0.001
    assert drawn.var() == pytest.approx(1, abs=0.02)
    # Of neighbours in a transmission, and of the same symbol in neighbouring transmissions.
    for left, right in ((drawn[:, 1:], drawn[:, :-1]), (drawn[1:], drawn[:-1])):
        assert abs(np.mean(left * right)) < 4 / np.sqrt(left.size)


@given(SESSIONS, NUMBERS, SESSIONS, NUMBERS)
def test_transmissions_share_noise_if_and_only_if_they_are_the_same_one(session, number, other, another):
    left, right = STREAM.gaussians(session, [number], 64), STREAM.gaussians(other, [another], 64)
    if (session, number) == (other, another):
        np.testing.assert_array_equal(left, right)
    else:
        assert abs(np.mean(left * right)) < 6 / 8


@given(SESSIONS, st.lists(NUMBERS, min_size=1, max_size=5), st.integers(1, 80))
def test_a_scramble_loses_nothing(session, numbers, count):
    order, signs = STREAM.signed_permutations(session, numbers, count)
    np.testing.assert_array_equal(np.sort(order, axis=1), np.tile(np.arange(count), (len(numbers), 1)))
    assert set(np.unique(signs)) <= {-1.0, 1.0}


def test_every_place_and_sign_is_as_likely_as_another():
    order, signs = STREAM.signed_permutations(1, range(6000), 8)
    places = np.stack([np.bincount(order[:, place], minlength=8) for place in range(8)])
    assert stats.chisquare(places.ravel()).pvalue > 0.001
    assert abs(signs.mean()) < 4 / np.sqrt(signs.size)


def test_another_key_gives_other_noise_and_scrambles_do_not_tell_noise():
    other = Keystream(KEY[::-1]).gaussians(1, range(500), 64)
    own = STREAM.gaussians(1, range(500), 64)
    assert abs(np.mean(other * own)) < 4 / np.sqrt(own.size)
    _, signs = STREAM.signed_permutations(1, range(500), 64)
    assert abs(np.mean(np.sign(own) * signs)) < 4 / np.sqrt(own.size)


def test_the_weak_generator_repeats_itself():
    weak = Keystream(KEY, "weak")
    drawn = weak.gaussians(7, range(2 * WEAK_PERIOD), 64)
    np.testing.assert_array_equal(drawn[:WEAK_PERIOD], drawn[WEAK_PERIOD:])
    np.testing.assert_array_equal(weak.gaussians(8, [3], 64), drawn[3:4])


def test_the_weak_generator_is_the_one_that_attacks_were_trained_on():
    """Its streams as they were before contexts: a key of BLAKE2b, no session, and four bits of the number."""
    stream = "c6253b4128fb45bef14e1715a75dc146a3461ac3b60adfecc0736dc3362f2555"
    assert weak(KEY, 9, 35, 32).hex() == stream
    noise = [0.19137561, -0.22814067, -0.78000176, 0.08396086, 0.73967606, -0.36944795]
    for broken in (Keystream(KEY, "weak"), Keystream(KEY, "weak", "any")):
        np.testing.assert_allclose(broken.gaussians(7, range(20), 64)[[3, 19], :6], [noise, noise], rtol=1e-5)
        order, signs = broken.signed_permutations(2**61 + 5, [0, 3, 19, 1000], 64)
        digest = hashlib.sha256(order.astype("<i4").tobytes() + signs.astype("<f4").tobytes()).hexdigest()
        assert digest == "b900db02635f6a0e23f57ced4e0d90de8154431bbcbb3bc94478dc7bf95f4076"


@pytest.mark.parametrize(
    ("key", "generator", "word"),
    [(b"short", "chacha20", "5 bytes"), (KEY.hex(), "chacha20", "type str"), (KEY, "xor", "allowed")],
)
def test_what_is_no_key_or_generator_is_refused(key, generator, word):
    with pytest.raises(InputError, match=word) as refused:
        Keystream(key, generator)
    assert KEY.hex() not in str(refused.value)


@pytest.mark.parametrize("generator", ["chacha20", "weak"])
@pytest.mark.parametrize(
    ("session", "number", "count", "word"),
    [
        (-1, 0, 8, "session -1"),
        (2**64, 0, 8, "session 18446744073709551616"),
        (1.5, 0, 8, "session 1.5"),
        (0, -1, 8, "number of a transmission -1"),
        (0, 2**32, 8, "number of a transmission 4294967296"),
        (0, 3.2, 8, "number of a transmission 3.2"),
        (0, 0, -1, "symbols of a transmission -1"),
        (0, 0, 10**9, "symbols of a transmission 1000000000"),
    ],
)
def test_what_no_nonce_or_keystream_can_be_is_refused(generator, session, number, count, word):
    stream = Keystream(KEY, generator)
    for draw in (stream.gaussians, stream.signed_permutations):
        with pytest.raises(InputError, match=f"^{word}: allowed: integers from 0 to "):
            draw(session, [number], count)


def test_a_stream_ends_before_the_counter_of_blocks_begins_anew():
    with pytest.raises(InputError, match="bytes of keystream 274877906945: allowed: integers from 0 to 274877906944"):
        chacha20(KEY, 0, 0, 2**38 + 1)


def test_the_last_nonce_numpy_integers_and_nothing_at_all_are_given():
    last = STREAM.gaussians(2**64 - 1, [2**32 - 1], 4)
    np.testing.assert_array_equal(STREAM.gaussians(np.uint64(2**64 - 1), [np.int64(2**32 - 1)], np.int32(4)), last)
    assert STREAM.gaussians(0, [], 4).shape == (0, 4)
    assert STREAM.gaussians(0, [1], 0).shape == (1, 0)


@given(SESSIONS, st.integers(1, 40), st.integers(1, 70))
def test_codewords_are_those_of_one_codebook_whatever_the_session(session, words, count):
    book = {tuple(word) for word in STREAM.codewords(3, range(400), count, words)}
    assert len(book) <= words
    sent = STREAM.codewords(session, range(5), count, words)
    assert set(np.unique(sent)) <= {-1.0, 1.0}
    # Of all words, 400 transmissions leave one of 40 out with a probability of 0.002.
    assert sum(tuple(word) not in book for word in sent) <= 1
    np.testing.assert_array_equal(sent, Keystream(KEY).codewords(session, range(5), count, words))


def test_each_word_is_as_likely_as_another_and_its_signs_are_fair():
    sent = STREAM.codewords(1, range(20_000), 64, 16)
    words, counts = np.unique(sent, axis=0, return_counts=True)
    assert len(words) == 16
    assert stats.chisquare(counts).pvalue > 1e-4
    # 16 words of 64 signs: the sum of a fair 1,024 has a deviation of 32.
    assert abs(words.sum()) < 4.5 * 32
    # Another key has a codebook of its own; another context takes other words of the same one.
    known = {tuple(word) for word in words}
    assert not known & {tuple(word) for word in Keystream(bytes(32)).codewords(1, range(400), 64, 16)}
    theirs = Keystream(KEY, context="other").codewords(1, range(400), 64, 16)
    assert {tuple(word) for word in theirs} == known
    assert (theirs != sent[:400]).any()


@pytest.mark.parametrize("words", [0, -1, 2**16 + 1])
def test_a_codebook_without_words_or_with_too_many_is_refused(words):
    with pytest.raises(InputError, match=f"codebook of {words} words: allowed: 1 to 65536"):
        STREAM.codewords(0, [0], 4, words)
