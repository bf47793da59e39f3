"""The program's end as a shell sees it: exit status, one line, no traceback."""

import errno
import io
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import typer

from diffsem.link import InputError, read_table, write_table
from diffsem.scenarios import command_line
from diffsem.scenarios.commands.ending import run_program

SHIPPED = Path(__file__).parents[3] / "notebooks" / "defences" / "keyed-weak.h5"
DIFFSEM = f"{sys.executable} -m diffsem.scenarios.command_line"


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """One of this version, which no child process has to look at first."""
    path = tmp_path_factory.mktemp("table") / "r.h5"
    write_table(path, read_table(SHIPPED))
    return path


def shell(line, **variables):
    return subprocess.run(["bash", "-c", line], capture_output=True, text=True, env={**os.environ, **variables})


def program_of(act):
    """A program of one command that does something."""
    app = typer.Typer()
    app.command()(act)
    return app


def fails():
    raise ZeroDivisionError("a\nb\x1b[2J")


def test_a_surprise_is_one_line_and_its_traceback_in_a_file_that_the_line_names(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert run_program(program_of(fails), ["--"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    (named,) = re.fullmatch(
        r"diffsem: failed, ZeroDivisionError: a\\nb\\x1b\[2J; the traceback is in (.*), --debug shows it\n", err
    ).groups()
    (kept,) = tmp_path.iterdir()
    assert named == str(kept)
    assert "in fails" in kept.read_text()


def test_a_surprise_without_room_for_its_traceback_is_one_line(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "none"))
    assert run_program(program_of(fails), ["--"]) == 1
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "the traceback could not be kept (No such file or directory)" in err


@pytest.mark.parametrize("arguments", [["--debug"], ["fails", "--debug"], ["--debug", "fails"]])
def test_debug_shows_the_traceback_wherever_it_stands(arguments, capsys, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    app = program_of(fails)
    app.command()(lambda: None)
    if "fails" in arguments:
        assert run_program(app, arguments) == 1
        assert "in fails" in capsys.readouterr().err
        assert list(tmp_path.iterdir()) == []
    else:
        assert run_program(app, arguments) == 0


@pytest.mark.parametrize(("error", "status"), [(InputError("no"), 2), (KeyboardInterrupt(), 130), (MemoryError(), 1)])
def test_every_kind_of_end_has_its_status(error, status, capsys):
    def act():
        raise error

    assert run_program(program_of(act), ["--"]) == status
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run"], "run: Missing argument"),
        (["frun"], "No such command 'frun'"),
        (["run", "x", "--foo"], "run: No such option: --foo"),
        (["run", "x", "--workers", "0"], "run: Invalid value for '--workers'"),
        (["run", "x", "--out"], "Option '--out' requires an argument"),
        (["show", "a", "b"], "show: Got unexpected extra argument"),
        (["export", "a"], "export: Missing option '--csv'"),
        (["sho\x1b[2Jw"], r"No such command 'sho\x1b[2Jw'"),
        ([], None),
    ],
)
def test_wrong_usage_ends_in_one_line_and_status_2(arguments, said, capsys):
    status = run_program(command_line.app, arguments)
    out, err = capsys.readouterr()
    if said is None:
        assert (status, err) == (0, "")
        assert "Usage" in out
    else:
        assert (status, out, err.count("\n")) == (2, "", 1)
        assert err.startswith(f"diffsem: {said}")
        assert "--help`" in err


@pytest.mark.slow
def test_standard_error_may_be_closed_or_full(table):
    for end in ("2>&-", "2>/dev/full"):
        shown = shell(f"{DIFFSEM} show {table} {end}")
        assert shown.returncode == 0
        assert "keyed-self-noise" in shown.stdout
        assert shell(f"{DIFFSEM} show /nowhere {end}").returncode == 2


def test_a_sweep_goes_on_though_its_progress_cannot_be_shown(tmp_path, monkeypatch):
    class Full(io.StringIO):
        def write(self, text):
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(sys, "stderr", Full())
    command = ["run", "mnist-quick", "--out", str(tmp_path / "r.h5"), "--set", "eavesdropper.attacks=[]"]
    command += ["--set", "legitimate={snr_db: [15], receivers: [classifier]}"]
    assert run_program(command_line.app, [*command, "--set", "monte_carlo={max_images: 32, batch_size: 32}"]) == 0
    assert (tmp_path / "r.h5").exists()


@pytest.mark.slow
def test_results_that_cannot_be_printed_are_told_in_one_line(table):
    for end in (">&-", ">/dev/full"):
        shown = shell(f"{DIFFSEM} show {table} {end}")
        assert shown.returncode == 1
        assert shown.stderr.startswith("diffsem: standard output cannot be written (")
        assert shown.stderr.count("\n") == 1


def test_nothing_that_is_opened_later_takes_a_closed_streams_place(table):
    code = f"import os, sys; from diffsem.scenarios.command_line import main; sys.argv[1:] = ['show', {str(table)!r}]\n"
    code += "try:\n    main()\nfinally:\n    os._exit(os.open(os.devnull, os.O_RDONLY) <= 2)"
    assert subprocess.run(["bash", "-c", f'{sys.executable} -c "$0" <&- >&- 2>&-', code]).returncode == 0


@pytest.mark.slow
def test_a_reader_that_stops_reading_and_a_terminal_without_letters_are_no_surprise(table):
    piped = shell(f"{DIFFSEM} show {table} | head -1")
    assert piped.stderr == ""
    plain = shell(f"{DIFFSEM} show {table}", PYTHONIOENCODING="ascii")
    assert (plain.returncode, plain.stderr) == (0, "")
    assert plain.stdout.isascii()


@pytest.mark.parametrize("times", [1, 2, 20])
def test_ctrl_c_ends_in_130_however_often_it_comes(times):
    """While a command is at work, while its interrupt is seen to, and while the interpreter ends."""
    code = (
        "import atexit, signal, sys, time, typer; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from diffsem.scenarios.commands.ending import run_program\n"
        "def act():\n    try:\n        print('ready', flush=True); time.sleep(60)\n"
        "    finally:\n        time.sleep(0.5)\n"
        "app = typer.Typer(); app.command()(act)\n"
        "atexit.register(time.sleep, 0.5)\n"
        "sys.exit(run_program(app, ['--']))"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.readline()
        for _ in range(times):
            process.send_signal(signal.SIGINT)
            time.sleep(0.07)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert err.strip() == b""


def test_a_background_process_goes_on_ignoring_ctrl_c():
    code = (
        "import os, signal, sys, typer; signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "from diffsem.scenarios.commands.ending import run_program\n"
        "app = typer.Typer(); app.command()(lambda: os.kill(os.getpid(), signal.SIGINT))\n"
        "sys.exit(run_program(app, ['--']))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
