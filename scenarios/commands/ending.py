"""How the program ends: exit status, one line on standard error, and no traceback, whatever happens."""

import atexit
import contextlib
import errno
import io
import os
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable
from typing import Any, TextIO, cast

import typer

from diffsem.link import InputError, escaped

DONE, FAILED, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130
# Of an unexpected error, which may be a library's and long; the file has all of it.
LONGEST = 300


def say(line: str) -> None:
    """A line on standard error, whatever a text from outside in it holds."""
    typer.echo(f"diffsem: {escaped(line)}", err=True)


def run_program(app: typer.Typer, arguments: list[str]) -> int:
    """Run a command line and give its exit status: 0 done, 2 bad input, 1 failed, 130 interrupted.

    What is not an `InputError` or wrong usage is a surprise: its traceback goes to a file that the line on standard
    error names. Standard error may be closed or full, then the program goes on without; without standard output it
    fails once there is something to print.

    Parameters
    ----------
    app : typer.Typer
    arguments : list of str
        --debug anywhere in them shows tracebacks.
    """
    _occupy_standard_streams()
    _take_interrupts()
    debug = "--debug" in arguments
    arguments = [argument for argument in arguments if argument != "--debug"] or ["--help"]
    stderr = _Stream(sys.stderr or _nowhere(), lambda error: None)
    stdout = _Stream(sys.stdout or _nowhere(), _lose_output)
    with contextlib.redirect_stderr(cast(TextIO, stderr)), contextlib.redirect_stdout(cast(TextIO, stdout)):
        try:
            status = typer.main.get_command(app).main(arguments, "diffsem", standalone_mode=False)
            sys.stdout.flush()
            return status or DONE
        except _OutputLostError as lost:
            if lost.errno != errno.EPIPE:  # whoever reads no further knows
                say(f"standard output cannot be written ({lost}); what was computed is kept")
            return FAILED
        except KeyboardInterrupt:
            return INTERRUPTED
        except Exception as error:
            if debug:
                traceback.print_exc()
            if isinstance(error, InputError):
                say(str(error))
                return BAD_INPUT
            if usage := _wrong_usage(error):
                say(usage)
                return BAD_INPUT
            what = escaped(f"{type(error).__name__}: {error}")[:LONGEST]
            say(f"failed, {what}; " + ("" if debug else _keep_traceback(arguments)))
            return FAILED


def _wrong_usage(error: Exception) -> str | None:
    # typer keeps the classes of these errors to itself.
    message, context = getattr(error, "format_message", None), getattr(error, "ctx", None)
    if message is None:
        return None
    path = context.command_path.removeprefix("diffsem").strip() if context else ""
    return f"{path}: {message()} (`{' '.join(filter(None, ['diffsem', path, '--help']))}`)".removeprefix(": ")


def _keep_traceback(arguments: list[str]) -> str:
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="diffsem-", suffix=".txt", encoding="utf-8", errors="backslashreplace", delete=False
        ) as file:
            file.write(f"diffsem {' '.join(arguments)}\nPython {sys.version}\n\n{traceback.format_exc()}")
    except OSError as error:
        return f"the traceback could not be kept ({error.strerror}), --debug shows it"
    return f"the traceback is in {file.name}, --debug shows it"


def _take_interrupts() -> None:
    """The first Ctrl-C is a KeyboardInterrupt; a second one, while that is seen to, ends the process at once."""

    def first(number: int, frame: Any) -> None:
        signal.signal(signal.SIGINT, second)
        raise KeyboardInterrupt

    def second(number: int, frame: Any) -> None:
        # Files are whole at any time. A progress bar hides the cursor.
        with contextlib.suppress(OSError):
            os.write(2, b"\x1b[?25h\n" if os.isatty(2) else b"")
        os._exit(INTERRUPTED)

    # A shell lets what it runs in the background ignore Ctrl-C.
    if signal.getsignal(signal.SIGINT) != signal.SIG_IGN:
        signal.signal(signal.SIGINT, first)
        # The interpreter takes a while to end, and has no handlers then.
        atexit.register(signal.signal, signal.SIGINT, signal.SIG_IGN)


def _occupy_standard_streams() -> None:
    """Else the next file that is opened takes a closed one's number, and whatever is printed goes into that file."""
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(number, True)
    os.close(number)


def _nowhere() -> TextIO:
    """A stream that cannot be written, in the place of a closed one."""
    return io.TextIOWrapper(io.BufferedReader(io.FileIO(os.devnull)), encoding="utf-8")


class _OutputLostError(Exception):
    def __init__(self, error: Exception):
        super().__init__(getattr(error, "strerror", None) or str(error))
        self.errno = getattr(error, "errno", None)


def _lose_output(error: Exception) -> None:
    # What is still in the buffer is not to be tried again when the interpreter ends.
    with contextlib.suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    raise _OutputLostError(error)


class _Stream:
    """A standard stream whose errors are `fails`' business."""

    def __init__(self, stream: TextIO, fails: Callable[[Exception], None]):
        self._stream, self._fails = stream, fails
        with contextlib.suppress(AttributeError, ValueError):
            # A letter that the terminal cannot show is no reason to fail.
            cast(Any, stream).reconfigure(errors="backslashreplace")

    def write(self, text: str) -> int:
        try:
            return self._stream.write(text)
        except (OSError, ValueError) as error:
            self._fails(error)
            return len(text)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except (OSError, ValueError) as error:
            self._fails(error)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
