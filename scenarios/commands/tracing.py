"""trace: rays through a street, for channels of places."""

from pathlib import Path
from typing import Annotated

import typer

from diffsem.link import InputError, escaped
from diffsem.scenarios.commands.ending import say
from diffsem.scenarios.commands.interrupting import interruptible, same_command
from diffsem.scenarios.commands.options import Overrides
from diffsem.scenarios.streets.environment import tracing_python
from diffsem.scenarios.streets.street import read_street
from diffsem.scenarios.streets.tracing import kept_positions, trace_street


def trace(
    street: Annotated[str, typer.Argument(help="A shipped street's name or a YAML file.")],
    out: Annotated[Path | None, typer.Option(help="File of channels; default NAME.channels.h5.")] = None,
    set_: Overrides = None,
    overwrite: Annotated[bool, typer.Option(help="Replace a file that is there.")] = False,
) -> None:
    """Trace rays through a street by Sionna RT, for `channel: {kind: traced}`. Resumes one that was cut off.

    It runs in an environment of its own, which is made when it is first needed.
    """
    words = read_street(street, set_ or [])
    path = out or Path(f"{words.name}.channels.h5")
    if path.exists() and not overwrite:
        raise InputError(
            f"trace {path}: is there already, and another tracing would not be the same; give another --out, or "
            "--overwrite"
        )

    def kept() -> str:
        count = kept_positions(words, path)
        return f"{count} positions are kept beside {path}, and {same_command()} goes on from there" if count else ""

    with interruptible(kept):
        python = tracing_python(say)
        from diffsem.scenarios.reporting.progress import one_bar

        with one_bar("positions") as on_positions:
            traced = trace_street(words, path, python, on_positions)
    seen = traced.eavesdropper.line_of_sight
    typer.echo(
        escaped(
            f"{path}: {len(seen)} positions, {seen.sum()} in line of sight, receiver at "
            f"{traced.receiver.path_gain_db[0]:.1f} dB, SHA-256 {traced.sha256}"
        )
    )
