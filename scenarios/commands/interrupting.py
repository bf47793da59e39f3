"""What is said when a command that computes for long is interrupted: what is kept, and how it goes on."""

import contextlib
import shlex
import sys
from collections.abc import Callable, Iterator

import typer

from diffsem.link import InputError
from diffsem.scenarios.commands.ending import INTERRUPTED, say


@contextlib.contextmanager
def interruptible(kept: Callable[[], str]) -> Iterator[None]:
    """End what is done meanwhile, when it is interrupted or cut off, by what is kept and the command that goes on.

    `kept` says both, or nothing if nothing was finished.
    """
    try:
        yield
    except KeyboardInterrupt:
        say(f"interrupted; {kept() or f'nothing was finished, {same_command()} begins again'}")
        raise typer.Exit(INTERRUPTED) from None
    except InputError as error:
        raise InputError("; ".join(filter(None, [str(error), kept()]))) from error


def same_command(without: str = "") -> str:
    """What the user typed, but for the option that would begin anew."""
    return f"`{shlex.join(['diffsem', *(word for word in sys.argv[1:] if word != without)])}`"
