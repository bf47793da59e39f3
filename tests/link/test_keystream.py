import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from diffsem.link import Keystream
from diffsem.link.keystream import WEAK_PERIOD, chacha20

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


@pytest.mark.parametrize(("key", "generator", "word"), [(b"short", "chacha20", "5 bytes"), (KEY, "xor", "allowed")])
def test_what_is_no_key_or_generator_is_refused(key, generator, word):
    with pytest.raises(ValueError, match=word):
        Keystream(key, generator)
