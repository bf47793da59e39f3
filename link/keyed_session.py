"""Which keystream a transmission takes: numbers that only count up, and a receiver that takes each of them once."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass

TAG_BYTES = 16
LAST_NUMBER = 2**32 - 1


class RefusedTransmissionError(Exception):
    """A receiver does not take a transmission's keystream: the announcement is repeated, late, altered or foreign."""


class SpentSessionError(Exception):
    """A session has no number left that was not given out."""


@dataclass(frozen=True)
class Announcement:
    """What goes ahead of a transmission in the clear; it takes a digital header, which `channel_uses` leaves out.

    Parameters
    ----------
    session : int
        64 bits.
    number : int
        Of the transmission in its session, 32 bits.
    tag : bytes
        Keyed BLAKE2b over both, 16 bytes.
    """

    session: int
    number: int
    tag: bytes


def _tag(key: bytes, session: int, number: int) -> bytes:
    content = b"announcement" + session.to_bytes(8, "little") + number.to_bytes(4, "little")
    return hashlib.blake2b(content, key=key, digest_size=TAG_BYTES).digest()


class KeyedSender:
    """The transmitter's end of a session. Numbers count up and cannot be set: no nonce comes twice under one key.

    Parameters
    ----------
    key : bytes
    session : int, optional
        Must be new under this key; default: 64 bits drawn by the operating system.
    """

    def __init__(self, key: bytes, session: int | None = None):
        self._key = key
        self._session = secrets.randbits(64) if session is None else session
        self._next = 0

    def announce(self) -> Announcement:
        """The next transmission. Raises SpentSessionError after 2**32 of them."""
        if self._next > LAST_NUMBER:
            raise SpentSessionError(f"session {self._session:016x}: all its numbers are given out; begin another one")
        number, self._next = self._next, self._next + 1
        return Announcement(self._session, number, _tag(self._key, self._session, number))


class KeyedListener:
    """The receiver's end: takes transmissions in ascending order, so that lost ones cost nothing but themselves.

    Parameters
    ----------
    key : bytes
    """

    def __init__(self, key: bytes):
        self._key = key
        self._last: dict[int, int] = {}

    def accept(self, announcement: Announcement) -> None:
        """Take a transmission.

        Raises
        ------
        RefusedTransmissionError
            If it was taken before, comes after a later one, or was not announced under this key.
        """
        session, number = announcement.session, announcement.number
        if not hmac.compare_digest(_tag(self._key, session, number), announcement.tag):
            raise RefusedTransmissionError(
                f"transmission {number} of session {session:016x}: its tag is of another key, or altered"
            )
        last = self._last.get(session, -1)
        if number <= last:
            raise RefusedTransmissionError(
                f"transmission {number} of session {session:016x}: repeated or late, {last} was taken already"
            )
        self._last[session] = number
