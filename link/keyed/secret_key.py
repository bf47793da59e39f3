"""A key that transmitter and receiver share, and the keys that come out of it: one for each system and purpose."""

import hashlib
import hmac
from typing import Literal

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from diffsem.link.errors import InputError

Purpose = Literal["self-noise", "scramble", "codebook", "codeword", "announcement", "fingerprint"]
KEY_BYTES = 32


class SecretKey:
    """A shared key, which is neither printed nor pickled.

    Parameters
    ----------
    key : bytes
        32 of them, the same at transmitter and receiver.

    Raises
    ------
    InputError
        If the key has another length, or is not made of bytes.
    """

    def __init__(self, key: bytes):
        if not isinstance(key, bytes):
            raise InputError(f"key of type {type(key).__name__}: allowed: {KEY_BYTES} bytes")
        if len(key) != KEY_BYTES:
            raise InputError(f"key of {len(key)} bytes: allowed: {KEY_BYTES} bytes")
        self._key = key

    def derive(self, purpose: Purpose, context: str) -> bytes:
        """HKDF with SHA-256 and no salt (RFC 5869): knowing one derived key tells nothing of another one.

        Parameters
        ----------
        purpose : str
        context : str
            The system that the key is for.

        Returns
        -------
        bytes
            32 of them.
        """
        # No purpose holds a zero byte: two pairs never make the same text. Contexts may come out of file names.
        info = b"diffsem " + purpose.encode() + b"\0" + context.encode("utf-8", "surrogatepass")
        return HKDF(SHA256(), KEY_BYTES, salt=None, info=info).derive(self._key)

    def derive_weakly(self, purpose: Purpose) -> bytes:
        """For the broken generator: keyed BLAKE2b, the same in every context."""
        return hashlib.blake2b(purpose.encode(), key=self._key, digest_size=KEY_BYTES).digest()

    def fingerprint(self, context: str) -> str:
        """32 hexadecimal digits that tell keys and contexts apart, and nothing else."""
        return self.derive("fingerprint", context)[:16].hex()

    def __eq__(self, other):
        return isinstance(other, SecretKey) and hmac.compare_digest(self._key, other._key)

    def __hash__(self):
        return hash(self.fingerprint(""))

    def __repr__(self):
        return "SecretKey(...)"

    def __reduce__(self):
        raise TypeError("a secret key is not copied or pickled: hand it over by a way of your own")
