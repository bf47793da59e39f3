"""Which keystream a transmission takes: numbers that only count up, and a receiver that takes each of them once."""

import hashlib
import hmac
import os
import secrets
import threading
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from diffsem.link.errors import InputError
from diffsem.link.keyed.nonce_range import LAST_NUMBER, LAST_SESSION, in_range
from diffsem.link.keyed.secret_key import SecretKey
from diffsem.link.keyed.session_file import SessionFile

TAG_BYTES = 16
# Numbers that a sender takes from its file at a time; a program that ends leaves the rest of them out.
RESERVED = 256


class RefusedTransmissionError(Exception):
    """A receiver does not take a transmission's keystream: the announcement is repeated, late, altered or foreign.

    Examples
    --------
    >>> from diffsem.link import KeyedListener, KeyedSender, RefusedTransmissionError
    >>> try:
    ...     KeyedListener(bytes(32)).accept(KeyedSender(bytes([1] * 32)).announce())
    ... except RefusedTransmissionError as error:
    ...     print(str(error).partition(": ")[2])
    its tag is of another key, or altered
    """


class SpentSessionError(Exception):
    """A session has no number left that was not given out.

    Examples
    --------
    A file that says that all 2**32 numbers are taken.

    >>> import tempfile
    >>> from pathlib import Path
    >>> from diffsem.link import KeyedSender, SpentSessionError
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     state = Path(folder) / "sender"
    ...     _ = KeyedSender(bytes(32), state)
    ...     _ = state.write_text(state.read_text().replace(":256}", f":{2**32}}}"))
    ...     try:
    ...         KeyedSender(bytes(32), state).announce()
    ...     except SpentSessionError as error:
    ...         print(str(error).partition(": ")[2])
    all its numbers are given out; begin another one, by a new sender with a new file
    """


@dataclass(frozen=True)
class Announcement:
    """What goes ahead of a transmission in the clear; it takes a digital header, which `channel_uses` leaves out.

    Parameters
    ----------
    session : int
        0 <= session < 2**64.
    number : int
        Of the transmission in its session, 0 <= number < 2**32.
    tag : bytes
        Keyed BLAKE2b over both, 16 bytes.

    Raises
    ------
    InputError
        If a number is out of its range, or the tag of another length.

    Examples
    --------
    >>> from diffsem.link import Announcement, InputError
    >>> try:
    ...     Announcement(session=1, number=0, tag=b"short")
    ... except InputError as error:
    ...     print(error)
    tag b'short': allowed: 16 bytes
    """

    session: int
    number: int
    tag: bytes

    def __post_init__(self):
        in_range("session", self.session, LAST_SESSION)
        in_range("number of a transmission", self.number, LAST_NUMBER)
        if not isinstance(self.tag, bytes) or len(self.tag) != TAG_BYTES:
            raise InputError(f"tag {self.tag!r}: allowed: {TAG_BYTES} bytes")


def _tag(key: SecretKey, context: str, session: int, number: int) -> bytes:
    content = int(session).to_bytes(8, "little") + int(number).to_bytes(4, "little")
    return hashlib.blake2b(content, key=key.derive("announcement", context), digest_size=TAG_BYTES).digest()


class KeyedSender:
    """The transmitter's end of a session. Sessions and numbers cannot be set: no nonce comes twice in one context.

    With a file, a sender goes on where the last one of that file ended, and leaves some numbers out; without one, it
    begins a session that the operating system draws (of a million, two are equal with a probability of 3e-8). So does
    the sender of a process that is forked. Two senders at a time share a file's numbers out, in blocks, of which a
    listener refuses what comes late. Only a copy of a file, used beside it or put back, repeats numbers; a sender that
    lives meanwhile notices a file that was put back.

    Parameters
    ----------
    key : bytes
        32 of them. It is not shown, and a sender is not copied or pickled.
    state : Path, optional
        Where the numbers that are taken are written down, before they are given out.
    context : str
        As for `Keystream`.

    Raises
    ------
    InputError
        If the key has another length, or the file cannot be used; `announce` too.

    Examples
    --------
    >>> from diffsem.link import KeyedSender
    >>> sender = KeyedSender(bytes(32))
    >>> [sender.announce().number for _ in range(3)]
    [0, 1, 2]
    """

    def __init__(self, key: bytes, state: Path | None = None, context: str = ""):
        self._key, self._context = SecretKey(key), context
        self._file = None if state is None else SessionFile(state, "sender", self._key.fingerprint(context))
        self._guard = threading.Lock()
        self._reserve()

    def announce(self) -> Announcement:
        """The next transmission. Raises SpentSessionError after 2**32 of them."""
        with self._guard:
            if self._process != os.getpid() or (self._file is not None and self._next == self._end):
                self._reserve()
            if self._next == self._end:
                raise SpentSessionError(
                    f"session {self._session:016x}: all its numbers are given out; begin another one, by a new sender"
                    + (" with a new file" if self._file is not None else "")
                )
            session, number = self._session, self._next
            self._next += 1
        return Announcement(session, number, _tag(self._key, self._context, session, number))

    def _reserve(self) -> None:
        drawn = secrets.randbits(64)
        if self._file is None:
            session, first, end = drawn, 0, LAST_NUMBER + 1
        else:
            with self._file.update() as first_free:
                session, first = next(iter(first_free.items()), (drawn, 0))
                end = first_free[session] = min(first + RESERVED, LAST_NUMBER + 1)
        self._session, self._next, self._end, self._process = session, first, end, os.getpid()

    def __reduce__(self):
        raise TypeError("a keyed sender is not copied or pickled: its numbers would come twice")


class KeyedListener:
    """The receiver's end: takes transmissions in ascending order, so that lost ones cost nothing but themselves.

    Parameters
    ----------
    key : bytes
        32 of them. It is not shown, and a listener is not pickled.
    state : Path, optional
        Where the numbers that are taken are written down, before `accept` returns. Without it a listener forgets them
        at its end, and the next one takes them again.
    context : str
        As for `Keystream`.

    Raises
    ------
    InputError
        If the key has another length, or the file cannot be used; `accept` too.

    Examples
    --------
    The second transmission comes first: the first one is late then.

    >>> from diffsem.link import KeyedListener, KeyedSender, RefusedTransmissionError
    >>> sender, listener = KeyedSender(bytes(32)), KeyedListener(bytes(32))
    >>> first, second = sender.announce(), sender.announce()
    >>> listener.accept(second)
    >>> try:
    ...     listener.accept(first)
    ... except RefusedTransmissionError as error:
    ...     print(str(error).partition(": ")[2])
    repeated or late, 1 was taken already
    """

    def __init__(self, key: bytes, state: Path | None = None, context: str = ""):
        self._key, self._context = SecretKey(key), context
        self._file = None if state is None else SessionFile(state, "listener", self._key.fingerprint(context))
        self._taken: dict[int, int] = {}
        self._guard = threading.Lock()
        with self._first_free():
            pass

    def accept(self, announcement: Announcement) -> None:
        """Take a transmission.

        Raises
        ------
        RefusedTransmissionError
            If it was taken before, comes after a later one, or was not announced under this key and context.
        """
        session, number = announcement.session, announcement.number
        if not hmac.compare_digest(_tag(self._key, self._context, session, number), announcement.tag):
            raise RefusedTransmissionError(
                f"transmission {number} of session {session:016x}: its tag is of another key, or altered"
            )
        with self._guard, self._first_free() as first_free:
            free = first_free.get(session, 0)
            if number < free:
                raise RefusedTransmissionError(
                    f"transmission {number} of session {session:016x}: repeated or late, {free - 1} was taken already"
                )
            first_free[session] = number + 1

    def _first_free(self):
        return nullcontext(self._taken) if self._file is None else self._file.update()
