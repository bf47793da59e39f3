import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diffsem.link import KeyedListener, KeyedSender, RefusedTransmissionError, SpentSessionError

KEY, OTHER = bytes(32), bytes([1] * 32)


def announcements(count, key=KEY, session=9):
    sender = KeyedSender(key, session)
    return [sender.announce() for _ in range(count)]


@given(st.lists(st.integers(0, 19), max_size=40))
def test_a_listener_takes_what_is_newer_than_all_before_whatever_was_lost_or_repeated(arriving):
    listener, sent, newest = KeyedListener(KEY), announcements(20), -1
    for number in arriving:
        if number > newest:
            listener.accept(sent[number])
            newest = number
        else:
            with pytest.raises(RefusedTransmissionError, match=f"{newest} was taken already"):
                listener.accept(sent[number])


def test_sessions_count_apart():
    listener, first, second = KeyedListener(KEY), announcements(3, session=1), announcements(3, session=2)
    for announcement in (first[2], second[0], second[1]):
        listener.accept(announcement)
    for announcement in (first[1], second[1]):
        with pytest.raises(RefusedTransmissionError, match="repeated or late"):
            listener.accept(announcement)


def test_another_key_and_altered_numbers_are_refused_and_leave_no_trace():
    listener, honest = KeyedListener(KEY), announcements(2)
    forged = dataclasses.replace(honest[0], number=2**32 - 1)
    for announcement in (announcements(1, key=OTHER)[0], forged, dataclasses.replace(honest[0], session=10)):
        with pytest.raises(RefusedTransmissionError, match="another key, or altered"):
            listener.accept(announcement)
    for announcement in honest:
        listener.accept(announcement)


def test_no_number_comes_twice_and_a_session_ends_with_its_last_one(monkeypatch):
    monkeypatch.setattr("diffsem.link.keyed_session.LAST_NUMBER", 4)
    sender = KeyedSender(KEY)
    assert [sender.announce().number for _ in range(5)] == [0, 1, 2, 3, 4]
    for _ in range(2):
        with pytest.raises(SpentSessionError, match="begin another"):
            sender.announce()


def test_sessions_are_drawn_anew():
    assert len({KeyedSender(KEY).announce().session for _ in range(50)}) == 50
