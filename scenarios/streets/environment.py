"""The Python that traces: an environment of its own, since `sionna-rt` writes over files of `sionna-no-rt`."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from diffsem.link import InputError

# Tried with the street that ships.
TRACER = ("sionna-rt==2.2.0", "mitsuba==3.9.1", "drjit==1.5.0")
# Its path, where somebody has made one.
VARIABLE = "DIFFSEM_TRACER"


def default_folder() -> Path:
    """Where the environment is made: in the user's cache, named after its version."""
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(cache).expanduser() / "diffsem" / f"tracer-{TRACER[0].split('==')[1]}"


def tracing_python(log: Callable[[str], None]) -> Path:
    """The interpreter that has Sionna RT; made if there is none.

    Parameters
    ----------
    log : callable
        Takes a line on what is made, and where.

    Raises
    ------
    InputError
        One line: what could not be made or found, and what to install.
    """
    named = os.environ.get(VARIABLE)
    if named:
        if not os.access(named, os.X_OK) or Path(named).is_dir():
            raise InputError(f"{VARIABLE} {named}: no program; allowed: the path of a Python that has {TRACER[0]}")
        return Path(named)
    folder = default_folder()
    python, made = folder / "bin" / "python", folder / "made"
    if not made.exists():
        log(f"making an environment with {TRACER[0]} in {folder}; once, some 700 MB; {VARIABLE} names another")
        _run([sys.executable, "-m", "venv", "--clear", str(folder)])
        _run([str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *TRACER])
        made.touch()
    return python


def _run(command: list[str]) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        raise InputError(f"ray tracing: {command[0]}: {error.strerror}") from error
    if done.returncode:
        why = (done.stderr.strip() or done.stdout.strip() or f"status {done.returncode}").splitlines()[-1][:300]
        raise InputError(
            f"ray tracing: {' '.join(command[1:4])} failed ({why}); install {TRACER[0]} into an environment of its own "
            f"and set {VARIABLE} to its Python"
        )
