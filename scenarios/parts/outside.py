"""Code from outside of the package that a scenario names: imported and called so that its errors are told."""

import functools
import sys
import sysconfig
import traceback
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from diffsem.link import InputError

# Of an error's text: what fits on a line.
SHOWN = 300
LIBRARIES = ("site-packages", "dist-packages")


def find_code_beside(file: str | Path) -> None:
    """Let modules beside a scenario's file, which names some, be imported.

    Its folder comes last on the module path: nothing in it can stand in for a library. Worker processes of this machine
    have the path of the process that starts them.

    Parameters
    ----------
    file : str or Path
        As for `load_scenario`; a shipped scenario's name has no folder.
    """
    folder = str(Path(file).resolve().parent)
    if Path(file).is_file() and folder not in sys.path:
        sys.path.append(folder)


def imported(path: str, where: str) -> Any:
    """The object of that name in a module.

    Parameters
    ----------
    path : str
        module:NAME
    where : str
        Key of the scenario that names it, for errors.

    Raises
    ------
    InputError
        If the module cannot be imported, or has no such object.
    """
    module, _, name = path.partition(":")

    def load() -> Any:
        return getattr(import_module(module), name)

    try:
        return guarded(path, load, where)()
    except InputError as error:
        missing = error.__cause__
        if isinstance(missing, ModuleNotFoundError) and f"{module}.".startswith(f"{missing.name}."):
            raise InputError(
                f"{error}; put it beside the scenario's file, or where Python finds it, on every worker's machine"
            ) from missing
        raise


def guarded(path: str, function: Callable, where: str) -> Callable:
    """The function, whose every error but Ctrl-C is an InputError that names its part, and the place in its code.

    What the package itself refuses, and a disk that it finds full, pass as they are.
    """

    @functools.wraps(function)
    def call(*arguments, **options):
        try:
            return function(*arguments, **options)
        except InputError:
            raise
        except (Exception, SystemExit) as error:
            place, ours = _place(error)
            if isinstance(error, OSError) and ours:
                raise
            text = " ".join(str(error).split())[:SHOWN]
            raise InputError(
                f"{where}: {path}: {f'{place}: ' if place else ''}{type(error).__name__}: {text}"
            ) from error

    return call


def _place(error: BaseException) -> tuple[str, bool]:
    """file:line of the last step of an error in code that is neither ours nor a library's; whether we came after it."""
    place, ours = "", False
    for frame, line in traceback.walk_tb(error.__traceback__):
        file = frame.f_code.co_filename
        if str(frame.f_globals.get("__name__")).startswith("diffsem."):
            ours = bool(place)
        elif not _of_a_library(file):
            place, ours = f"{file}:{line}", False
    # A file that cannot be read as Python has not taken a step.
    if isinstance(error, SyntaxError) and error.filename and not _of_a_library(error.filename):
        place = f"{error.filename}:{error.lineno}"
    return place, ours


def _of_a_library(file: str) -> bool:
    standard = Path(sysconfig.get_paths()["stdlib"])
    path = Path(file)
    # Nor what a library or Python itself makes up as it goes.
    return (
        not path.is_file()
        or path.is_relative_to(standard)
        or bool(set(LIBRARIES) & set(path.parts))
        or "__autograph_generated_file" in path.name
    )
