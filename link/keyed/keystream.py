"""Self-noise and scrambles out of a shared key: a stream cipher, under a nonce of the transmission's own."""

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms
from scipy.special import ndtri

from diffsem.link.errors import InputError
from diffsem.link.keyed.nonce_range import LAST_NUMBER, LAST_SESSION, in_range
from diffsem.link.keyed.secret_key import Purpose, SecretKey

Generator = Literal["chacha20", "weak"]
# Bytes after which ChaCha20's counter of blocks begins anew.
LONGEST_STREAM = 2**38
# Of a transmission: more would take a machine's memory before the cipher's end is near.
MOST_SYMBOLS = 2**24
# Of a codebook.
MOST_WORDS = 2**16
# Transmissions after which the weak generator begins anew.
WEAK_PERIOD = 16


def chacha20(key: bytes, session: int, number: int, count: int) -> bytes:
    """ChaCha20 (RFC 8439) under a nonce of 64 bits for the session and 32 for the transmission.

    Parameters
    ----------
    key : bytes
        32 of them.
    session : int
        0 <= session < 2**64.
    number : int
        Of the transmission in its session, 0 <= number < 2**32.
    count : int
        Bytes of keystream, 0 <= count <= 2**38.

    Returns
    -------
    bytes

    Raises
    ------
    InputError
        If a number is out of its range.
    """
    session, number = _nonce(session, number)
    count = in_range("bytes of keystream", count, LONGEST_STREAM)
    # The first four bytes count the cipher's blocks.
    nonce = bytes(4) + session.to_bytes(8, "little") + number.to_bytes(4, "little")
    return Cipher(algorithms.ChaCha20(key, nonce), mode=None).encryptor().update(bytes(count))


def weak(key: bytes, session: int, number: int, count: int) -> bytes:
    """A broken generator, as a control: its nonce has four bits, so that pads repeat. Attacks must notice."""
    _, number = _nonce(session, number)
    return chacha20(key, 0, number % WEAK_PERIOD, count)


def _nonce(session: int, number: int) -> tuple[int, int]:
    return in_range("session", session, LAST_SESSION), in_range("number of a transmission", number, LAST_NUMBER)


GENERATORS: dict[Generator, Callable[[bytes, int, int, int], bytes]] = {"chacha20": chacha20, "weak": weak}


class Keystream:
    """What a key gives for each transmission: Gaussian self-noise, and signs and an order for its symbols.

    Every context has keys of its own for noise and for scrambles, derived by HKDF. Under each of them no nonce (session
    and number) comes twice as long as no session does. A real link draws its key, and has its sessions from
    `KeyedSender`. A sweep derives its key from the seed, and has a session of 62 bits for each batch of each point; its
    context is the scenario's name and the system. Two runs of one name and seed, such as variants by --set, share
    keystreams on purpose: tables repeat, and can be compared image by image.

    Parameters
    ----------
    key : bytes
        32 of them, the same at transmitter and receiver. It is not shown, and a keystream is not pickled.
    generator : str
        "chacha20", or "weak" as a control: it knows neither contexts nor sessions.
    context : str
        The system that it is for, the same at transmitter and receiver.

    Raises
    ------
    InputError
        If the key has another length, or the generator is unknown.

    Examples
    --------
    Both ends draw the same noise; another transmission has noise of its own.

    >>> import numpy as np
    >>> from diffsem.link import Keystream
    >>> ours, theirs = (Keystream(bytes(32)).gaussians(session=7, numbers=[0, 1], count=64) for _ in range(2))
    >>> ours.shape, np.array_equal(ours, theirs), np.array_equal(ours[0], ours[1])
    ((2, 64), True, False)
    """

    def __init__(self, key: bytes, generator: Generator = "chacha20", context: str = ""):
        if generator not in GENERATORS:
            raise InputError(f"generator {generator!r}: allowed: {', '.join(GENERATORS)}")
        self._key, self._generator, self._context = SecretKey(key), generator, context

    def __eq__(self, other):
        return isinstance(other, Keystream) and self._parts() == other._parts()

    def __hash__(self):
        return hash(self._parts())

    def __repr__(self):
        return f"Keystream({self._key!r}, {self._generator!r}, {self._context!r})"

    def gaussians(self, session: int, numbers: Sequence[int], count: int) -> np.ndarray:
        """Normal numbers for each transmission, by the inverse of their distribution; none beyond 6.3.

        Parameters
        ----------
        session : int
            0 <= session < 2**64.
        numbers : sequence of int
            Of the transmissions, 0 <= number < 2**32.
        count : int
            Normal numbers a transmission, 0 <= count <= 2**24.

        Returns
        -------
        [transmissions, count], float32

        Raises
        ------
        InputError
            If a number is out of its range.
        """
        uniform = self._words("self-noise", session, numbers, count)
        return ndtri((uniform.astype(np.float64) + 0.5) / 2.0**32).astype(np.float32)

    def codewords(self, session: int, numbers: Sequence[int], count: int, words: int) -> np.ndarray:
        """One word for each transmission out of a codebook of the key's, of signs: 4-QAM at unit power.

        Contexts share the codebook, which is drawn once and kept; which of its words is taken is each one's own.

        Parameters
        ----------
        session, numbers
            As for `gaussians`; which word is taken hangs on them, the codebook on the key alone.
        count : int
            Signs a word, 0 <= count <= 2**24.
        words : int
            Of the codebook, 1 <= words <= 2**16.

        Returns
        -------
        [transmissions, count], float32
            1 or -1.

        Raises
        ------
        InputError
            If a number is out of its range.

        Examples
        --------
        Of two words, five transmissions have some again.

        >>> import numpy as np
        >>> from diffsem.link import Keystream
        >>> sent = Keystream(bytes(32)).codewords(session=7, numbers=range(5), count=64, words=2)
        >>> sent.shape, len(np.unique(sent, axis=0))
        ((5, 64), 2)
        """
        if not 1 <= words <= MOST_WORDS:
            raise InputError(f"codebook of {words} words: allowed: 1 to {MOST_WORDS}")
        kept = self._words("codebook", 0, range(words), count, context="")
        codebook = 1 - 2 * (kept & 1).astype(np.float32)
        # The remainder favours early words by less than 2**-16.
        return codebook[self._words("codeword", session, numbers, 1)[:, 0] % words]

    def signed_permutations(self, session: int, numbers: Sequence[int], count: int) -> tuple[np.ndarray, np.ndarray]:
        """An order and signs for the symbols of each transmission, every one as likely as another.

        Parameters
        ----------
        session, numbers
            As for `gaussians`.
        count : int
            Symbols a transmission, 0 <= count <= 2**24.

        Returns
        -------
        order : [transmissions, count], int32
            The symbol that goes in each place.
        signs : [transmissions, count], float32
            Of the symbol in each place, 1 or -1.

        Raises
        ------
        InputError
            If a number is out of its range.
        """
        ranks, bits = np.split(self._words("scramble", session, numbers, count, each=3), [2 * count], axis=1)
        # 64 bits a rank: two equal ones, which would favour an order, are not to be met.
        order = np.argsort(np.ascontiguousarray(ranks).view(np.uint64), axis=1, kind="stable")
        return order.astype(np.int32), (1 - 2 * (bits & 1).astype(np.float32)).astype(np.float32)

    def _words(
        self,
        purpose: Purpose,
        session: int,
        numbers: Sequence[int],
        count: int,
        each: int = 1,
        context: str | None = None,
    ) -> np.ndarray:
        """[transmissions, count * each] uint32; under another context than the keystream's, if one is given."""
        count = each * in_range("symbols of a transmission", count, MOST_SYMBOLS)
        broken = self._generator == "weak"
        key = (
            self._key.derive_weakly(purpose)
            if broken
            else self._key.derive(purpose, self._context if context is None else context)
        )
        generate = GENERATORS[self._generator]
        streams = [np.frombuffer(generate(key, session, number, 4 * count), "<u4") for number in numbers]
        return np.stack(streams) if streams else np.zeros((0, count), np.uint32)

    def _parts(self) -> tuple[SecretKey, str, str]:
        return self._key, self._generator, self._context
