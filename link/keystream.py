"""Self-noise and scrambles out of a shared key: a stream cipher under a nonce that never comes twice."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms
from scipy.special import ndtri

Generator = Literal["chacha20", "weak"]
KEY_BYTES = 32
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
        Bytes of keystream, less than 2**38.

    Returns
    -------
    bytes
    """
    # The first four bytes count the cipher's blocks.
    nonce = bytes(4) + session.to_bytes(8, "little") + number.to_bytes(4, "little")
    return Cipher(algorithms.ChaCha20(key, nonce), mode=None).encryptor().update(bytes(count))


def weak(key: bytes, session: int, number: int, count: int) -> bytes:
    """A broken generator, as a control: its nonce has four bits, so that pads repeat. Attacks must notice."""
    return chacha20(key, 0, number % WEAK_PERIOD, count)


GENERATORS: dict[Generator, Callable[[bytes, int, int, int], bytes]] = {"chacha20": chacha20, "weak": weak}


@dataclass(frozen=True)
class Keystream:
    """What a key gives for each transmission: Gaussian self-noise, and signs and an order for its symbols.

    Noise and scrambles come from keys of their own, derived by BLAKE2b: knowing one tells nothing of the other.

    Parameters
    ----------
    key : bytes
        32 of them, the same at transmitter and receiver.
    generator : str
        "chacha20", or "weak" as a control.

    Raises
    ------
    ValueError
        If the key has another length, or the generator is unknown.
    """

    key: bytes
    generator: Generator = "chacha20"

    def __post_init__(self):
        if len(self.key) != KEY_BYTES:
            raise ValueError(f"key of {len(self.key)} bytes: need {KEY_BYTES}")
        if self.generator not in GENERATORS:
            raise ValueError(f"generator {self.generator!r}: allowed: {', '.join(GENERATORS)}")

    def gaussians(self, session: int, numbers: Sequence[int], count: int) -> np.ndarray:
        """Normal numbers for each transmission, by the inverse of their distribution; none beyond 6.3.

        Parameters
        ----------
        session : int
        numbers : sequence of int
            Of the transmissions.
        count : int
            Numbers a transmission.

        Returns
        -------
        [transmissions, count], float32
        """
        uniform = self._words(b"self-noise", session, numbers, count)
        return ndtri((uniform.astype(np.float64) + 0.5) / 2.0**32).astype(np.float32)

    def signed_permutations(self, session: int, numbers: Sequence[int], count: int) -> tuple[np.ndarray, np.ndarray]:
        """An order and signs for the symbols of each transmission, every one as likely as another.

        Parameters
        ----------
        session, numbers
            As for `gaussians`.
        count : int
            Symbols a transmission.

        Returns
        -------
        order : [transmissions, count], int32
            The symbol that goes in each place.
        signs : [transmissions, count], float32
            Of the symbol in each place, 1 or -1.
        """
        ranks, bits = np.split(self._words(b"scramble", session, numbers, 3 * count), [2 * count], axis=1)
        # 64 bits a rank: two equal ones, which would favour an order, are not to be met.
        order = np.argsort(np.ascontiguousarray(ranks).view(np.uint64), axis=1, kind="stable")
        return order.astype(np.int32), (1 - 2 * (bits & 1).astype(np.float32)).astype(np.float32)

    def _words(self, purpose: bytes, session: int, numbers: Sequence[int], count: int) -> np.ndarray:
        """[transmissions, count] uint32."""
        key = hashlib.blake2b(purpose, key=self.key, digest_size=KEY_BYTES).digest()
        generate = GENERATORS[self.generator]
        streams = [np.frombuffer(generate(key, session, int(number), 4 * count), "<u4") for number in numbers]
        return np.stack(streams) if streams else np.zeros((0, count), np.uint32)
