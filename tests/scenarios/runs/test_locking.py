"""A lock file that is taken away when it is let go of."""

import subprocess
import sys

import pytest

from diffsem.link import InputError
from diffsem.scenarios.runs.locking import only_run

# Takes the lock again and again, and counts in a file that only a lock keeps right.
COUNT = """
import sys
from pathlib import Path
from diffsem.link import InputError
from diffsem.scenarios.runs.locking import only_run
lock, counter = Path(sys.argv[1]), Path(sys.argv[2])
done = 0
while done < 400:
    try:
        with only_run(lock, "counter"):
            before = int(counter.read_text())
            counter.write_text(str(before + 1))
    except InputError:
        continue
    done += 1
"""


def test_a_lock_file_is_gone_afterwards_however_it_ends(tmp_path):
    lock = tmp_path / "new" / ".lock"
    with only_run(lock, "it"):
        assert lock.exists()
        with pytest.raises(InputError, match="it: another diffsem is writing it"), only_run(lock, "it"):
            pass
        assert lock.exists()
    assert not lock.exists()
    with pytest.raises(KeyError), only_run(lock, "it"):
        raise KeyError
    assert not lock.exists()


def test_a_lock_file_that_a_killed_process_left_is_taken(tmp_path):
    lock = tmp_path / ".lock"
    lock.write_text("")
    with only_run(lock, "it"):
        pass
    assert not lock.exists()


def test_two_processes_never_hold_it_together_though_each_takes_the_file_away(tmp_path):
    lock, counter = tmp_path / ".lock", tmp_path / "counter"
    counter.write_text("0")
    command = [sys.executable, "-c", COUNT, str(lock), str(counter)]
    both = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    for process in both:
        _, error = process.communicate(timeout=100)
        assert process.returncode == 0, error
    assert counter.read_text() == "800"
    assert not lock.exists()


def test_a_lock_whose_holder_took_the_file_away_in_between_is_taken_anew(tmp_path, monkeypatch):
    """The other process opens the file, then its holder unlinks and lets go of it, and a third makes a new one."""
    import fcntl

    lock, seen = tmp_path / ".lock", []
    flock = fcntl.flock

    def late(descriptor, operation):
        if not seen:
            seen.append(descriptor)
            lock.unlink()
        flock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", late)
    with only_run(lock, "it"):
        assert lock.exists()
        with pytest.raises(InputError), only_run(lock, "it"):
            pass
