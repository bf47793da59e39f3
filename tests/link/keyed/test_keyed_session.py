import copy
import dataclasses
import json
import pickle
import subprocess
import sys
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diffsem.link import (
    Announcement,
    InputError,
    KeyedListener,
    KeyedSender,
    RefusedTransmissionError,
    SpentSessionError,
)

KEY, OTHER = bytes(range(32)), bytes([1] * 32)


def announcements(count, key=KEY, **options):
    sender = KeyedSender(key, **options)
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
    listener, first, second = KeyedListener(KEY), announcements(3), announcements(3)
    for announcement in (first[2], second[0], second[1]):
        listener.accept(announcement)
    for announcement in (first[1], second[1]):
        with pytest.raises(RefusedTransmissionError, match="repeated or late"):
            listener.accept(announcement)


def test_another_key_and_altered_numbers_are_refused_and_leave_no_trace():
    listener, honest = KeyedListener(KEY), announcements(2)
    forged = dataclasses.replace(honest[0], number=2**32 - 1)
    for announcement in (
        announcements(1, key=OTHER)[0],
        forged,
        dataclasses.replace(honest[0], session=10),
        announcements(1, context="b")[0],
    ):
        with pytest.raises(RefusedTransmissionError, match="another key, or altered"):
            listener.accept(announcement)
    for announcement in honest:
        listener.accept(announcement)


def test_no_number_comes_twice_and_a_session_ends_with_its_last_one(monkeypatch):
    monkeypatch.setattr("diffsem.link.keyed.keyed_session.LAST_NUMBER", 4)
    sender = KeyedSender(KEY)
    assert [sender.announce().number for _ in range(5)] == [0, 1, 2, 3, 4]
    for _ in range(2):
        with pytest.raises(SpentSessionError, match="begin another"):
            sender.announce()


def test_sessions_are_drawn_anew_and_cannot_be_given():
    assert len({KeyedSender(KEY).announce().session for _ in range(50)}) == 50
    with pytest.raises(TypeError, match="session"):
        KeyedSender(KEY, session=9)


def test_a_sender_that_is_built_again_on_its_file_goes_on(tmp_path):
    first = KeyedSender(KEY, tmp_path / "sender")
    taken = [first.announce() for _ in range(300)]
    for _ in range(3):
        taken += announcements(5, state=tmp_path / "sender")
        taken.append(first.announce())
    assert len({announcement.session for announcement in taken}) == 1
    assert len({announcement.number for announcement in taken}) == len(taken)
    # What a listener hears after a restart of the sender is newer than all before.
    (newest,) = announcements(1, state=tmp_path / "sender")
    assert newest.number > max(announcement.number for announcement in taken)


def test_a_session_on_file_ends_with_its_last_number(tmp_path, monkeypatch):
    monkeypatch.setattr("diffsem.link.keyed.keyed_session.LAST_NUMBER", 299)
    sender = KeyedSender(KEY, tmp_path / "sender")
    assert [sender.announce().number for _ in range(300)] == list(range(300))
    for spent in (sender, KeyedSender(KEY, tmp_path / "sender")):
        with pytest.raises(SpentSessionError, match="new file"):
            spent.announce()


def test_a_link_to_a_file_is_that_file(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "sender")
    numbers = [announcements(1, state=tmp_path / name)[0].number for name in ("sender", "link", "sender", "link")]
    assert numbers == sorted(set(numbers))


def test_a_listener_that_is_built_again_on_its_file_refuses_a_replay(tmp_path):
    sent = announcements(3)
    KeyedListener(KEY, tmp_path / "listener").accept(sent[1])
    again = KeyedListener(KEY, tmp_path / "listener")
    for late in sent[:2]:
        with pytest.raises(RefusedTransmissionError, match="repeated or late, 1 was taken already"):
            again.accept(late)
    again.accept(sent[2])
    # Two at a time share what they took.
    with pytest.raises(RefusedTransmissionError, match="2 was taken already"):
        KeyedListener(KEY, tmp_path / "listener").accept(sent[2])


def test_nothing_is_taken_that_cannot_be_written_down(tmp_path):
    folder, gone = tmp_path / "folder", tmp_path / "gone"
    folder.mkdir()
    sender, listener = KeyedSender(KEY, folder / "sender"), KeyedListener(KEY, folder / "listener")
    sent = [sender.announce() for _ in range(256)]
    folder.rename(gone)
    folder.write_text("a file")
    with pytest.raises(InputError, match="not usable"):
        listener.accept(sent[0])
    with pytest.raises(InputError, match="not usable"):
        sender.announce()
    folder.unlink()
    gone.rename(folder)
    listener.accept(sent[0])
    assert sender.announce().number == 256


def run_script(script, path):
    """[announcements, 2] of session and number, as a process without TensorFlow printed them."""
    command = [sys.executable, "-c", SCRIPT_HEAD + script, str(path)]
    printed = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=60).stdout
    return [tuple(map(int, line.split())) for line in printed.splitlines()]


SCRIPT_HEAD = """
import os, random, signal, sys
from pathlib import Path
from diffsem.link import KeyedSender

assert not {"tensorflow", "keras", "sionna"} & set(sys.modules)
key, path = bytes(range(32)), Path(sys.argv[1])

def line(announcement):
    return b"%d %d\\n" % (announcement.session, announcement.number)
"""

KILLS = """
moments = random.Random(7)
for _ in range(50):
    end, start = os.pipe()
    child = os.fork()
    if not child:
        os.close(end)
        sender = KeyedSender(key, path)
        while True:
            os.write(start, line(sender.announce()))
    os.close(start)
    with open(end, "rb") as pipe:
        heard = [pipe.readline() for _ in range(moments.randint(1, 1500))]
        os.kill(child, signal.SIGKILL)
        heard += pipe.readlines()
    os.waitpid(child, 0)
    for each in heard:
        os.write(1, each)
"""

FORK = """
sender = KeyedSender(key, STATE)
os.write(1, line(sender.announce()))
child = os.fork()
for _ in range(20):
    os.write(1, line(sender.announce()))
if child:
    os.waitpid(child, 0)
"""


def test_fifty_kills_at_random_moments_bring_no_number_twice(tmp_path):
    taken = run_script(KILLS, tmp_path / "sender")
    assert len({session for session, _ in taken}) == 1
    assert len(set(taken)) == len(taken) > 50


@pytest.mark.parametrize("on_file", [False, True])
def test_a_forked_process_gives_out_other_numbers(on_file, tmp_path):
    taken = run_script(FORK.replace("STATE", "path" if on_file else "None"), tmp_path / "sender")
    assert len({session for session, _ in taken}) == (1 if on_file else 2)
    assert len(set(taken)) == len(taken) == 41


@pytest.mark.parametrize("state", [None, "sender"])
def test_threads_share_no_number(state, tmp_path):
    sender, taken = KeyedSender(KEY, state and tmp_path / state), []
    threads = [threading.Thread(target=lambda: taken.extend(sender.announce() for _ in range(200))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({(each.session, each.number) for each in taken}) == len(taken) == 800


def states(folder):
    """State files of a sender and a listener, and what opens each."""
    opened = {"sender": KeyedSender, "listener": KeyedListener}
    for name, end in opened.items():
        end(KEY, folder / name)
    return opened


def refused(end, path, word, key=KEY, **options):
    with pytest.raises(InputError, match=word) as error:
        end(key, path, **options)
    message = str(error.value)
    assert "\n" not in message
    assert str(path) in message
    for shown in (KEY.hex(), repr(KEY)[2:-1], OTHER.hex()):
        assert shown not in message


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x89HDF\r\n",
        b"[" * 100_000,
        b"null",
        b'{"format": 1}',
        b'{"format":1,"role":"%s","fingerprint":"","first_free":{"ff":1}}',
        b'{"format":1,"role":"%s","fingerprint":"","first_free":{"00000000000000ff":-1}}',
        b'{"format":1,"role":"%s","fingerprint":"","first_free":{"00000000000000ff":4294967297}}',
        b'{"format":1,"role":"%s","fingerprint":"","first_free":{"00000000000000ff":1.5}}',
    ],
)
def test_a_broken_state_is_refused_and_left_as_it_is(content, tmp_path):
    for name, end in states(tmp_path).items():
        broken = content.replace(b"%s", name.encode())
        (tmp_path / name).write_bytes(broken)
        refused(end, tmp_path / name, "not a whole state")
        assert (tmp_path / name).read_bytes() == broken


def test_a_state_cut_short_anywhere_is_refused(tmp_path):
    for name, end in states(tmp_path).items():
        whole = (tmp_path / name).read_bytes().rstrip()
        for length in range(0, len(whole), 5):
            (tmp_path / name).write_bytes(whole[:length])
            refused(end, tmp_path / name, "not a whole state")


def test_a_state_of_another_key_context_role_or_format_is_refused(tmp_path):
    opened = states(tmp_path)
    for name, end in opened.items():
        refused(end, tmp_path / name, "another key or context", key=OTHER)
        refused(end, tmp_path / name, "another key or context", context="b")
    refused(KeyedSender, tmp_path / "listener", "another role")
    refused(KeyedListener, tmp_path / "sender", "another role")
    for name, end in opened.items():
        content = json.loads((tmp_path / name).read_bytes())
        (tmp_path / name).write_text(json.dumps(content | {"format": 0}))
        refused(end, tmp_path / name, "format 0")


def test_a_state_that_was_put_back_or_is_gone_is_noticed(tmp_path):
    opened = states(tmp_path)
    old = {name: (tmp_path / name).read_bytes() for name in opened}
    sender, listener = KeyedSender(KEY, tmp_path / "sender"), KeyedListener(KEY, tmp_path / "listener")
    sent = [sender.announce() for _ in range(256)]
    listener.accept(sent[0])
    for put_back in (True, False):
        for name in opened:
            (tmp_path / name).write_bytes(old[name]) if put_back else (tmp_path / name).unlink()
        with pytest.raises(InputError, match="older than"):
            sender.announce()
        for announcement in sent[:2]:
            with pytest.raises(InputError, match="older than"):
                listener.accept(announcement)


def test_a_state_in_no_folder_and_a_folder_are_refused(tmp_path):
    (tmp_path / "file").touch()
    for end in (KeyedSender, KeyedListener):
        refused(end, tmp_path / "file" / "state", "not usable")
        refused(end, tmp_path, "not usable")


HOLD = """
import sys, filelock
with filelock.FileLock(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_state_that_another_process_has_locked_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("diffsem.link.keyed.session_file.LONGEST_WAIT", 0.1)
    for name, end in states(tmp_path).items():
        command = [sys.executable, "-c", HOLD, str(tmp_path / f"{name}.lock")]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
            assert holder.stdout.readline() == "held\n"
            refused(end, tmp_path / name, "another process has locked it")
            holder.kill()
        end(KEY, tmp_path / name)


def test_neither_ends_nor_their_files_show_the_key(tmp_path):
    for name, end in states(tmp_path).items():
        built = end(KEY, tmp_path / name)
        content = (tmp_path / name).read_text()
        for text in (repr(built), str(built), str(vars(built)), content):
            for shown in (KEY.hex(), repr(KEY)[2:-1], str(list(KEY))[1:-1]):
                assert shown not in text
        for give_away in (pickle.dumps, copy.deepcopy):
            with pytest.raises(TypeError):
                give_away(built)
    # A shallow copy would count by itself.
    with pytest.raises(TypeError, match="numbers would come twice"):
        copy.copy(KeyedSender(KEY))


@pytest.mark.parametrize(
    ("session", "number", "tag", "word"),
    [
        (-1, 0, bytes(16), "session -1"),
        (2**64, 0, bytes(16), "session"),
        (0, 2**32, bytes(16), "number of a transmission"),
        (0, 0.5, bytes(16), "number of a transmission"),
        (0, 0, bytes(15), "tag"),
        (0, 0, "x" * 16, "tag"),
    ],
)
def test_what_no_announcement_can_be_is_refused(session, number, tag, word):
    with pytest.raises(InputError, match=word):
        Announcement(session, number, tag)
