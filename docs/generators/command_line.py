"""The reference of the command line, from the commands themselves."""

import enum
import types
import typing
from pathlib import Path

import typer
from typer.main import get_command

from diffsem.scenarios.command_line import app

INTRODUCTION = """\
# Command line

Results go to standard output, progress and errors to standard error. `diffsem --help` and `diffsem COMMAND --help`
print what is below.

| exit status | means |
|---|---|
| 0 | done |
| 1 | failed: one line, which names a file with the traceback |
| 2 | bad input: one line that says what, where, and what is allowed |
| 130 | interrupted; what was finished is kept |

`--debug` shows the traceback of an error, with every command.
"""


WORDS = {int: "N", float: "X", str: "TEXT", Path: "PATH"}


def page() -> str:
    """The whole page, in Markdown."""
    group = get_command(app)
    context = typer.Context(group, info_name="diffsem")
    commands = [group.get_command(context, name) for name in group.list_commands(context)]
    functions = [each.callback for each in app.registered_commands]
    return "\n".join(
        [INTRODUCTION, *(_command(command, function) for command, function in zip(commands, functions, strict=True))]
    )


def _command(command, function) -> str:
    hints = typing.get_type_hints(function)
    arguments = [_argument(each) for each in command.params if each.param_type_name == "argument"]
    usage = " ".join(["diffsem", command.name, "[OPTIONS]", *arguments])
    blocks = [f"## `diffsem {command.name}`\n", f"{_text(command.help)}\n", f"```text\n{usage}\n```\n"]
    blocks += [_parameter(each, _plain(hints[each.name])) for each in command.params]
    return "\n".join(blocks)


def _argument(parameter) -> str:
    name = (parameter.metavar or parameter.name).upper() + ("..." if parameter.nargs == -1 else "")
    return name if parameter.required else f"[{name}]"


def _plain(hint):
    """The type of one value: of a list, or of one that may be left out, what it is then."""
    while typing.get_origin(hint) in (list, types.UnionType, typing.Union):
        hint = next(each for each in typing.get_args(hint) if each is not type(None))
    return hint


def _parameter(parameter, kind) -> str:
    choices = [each.value for each in kind] if isinstance(kind, enum.EnumMeta) else typing.get_args(kind)
    facts = [_text(parameter.help)]
    if choices:
        facts.append(f"*One of* {', '.join(f'`{choice}`' for choice in choices)}.")
    if parameter.param_type_name == "option" and parameter.multiple:
        facts.append("*May be given more than once.*")
    if parameter.required:
        facts.append("*Required.*")
    elif parameter.default not in (None, False, (), ""):
        facts.append(f"*Default:* `{getattr(parameter.default, 'value', parameter.default)}`.")
    names = ", ".join(f"`{name}`" for name in _names(parameter, "CHOICE" if choices else WORDS.get(kind, "TEXT")))
    return f"{names}\n: {' '.join(fact for fact in facts if fact)}\n"


def _names(parameter, word: str) -> list[str]:
    if parameter.param_type_name == "argument":
        return [_argument(parameter)]
    value = "" if parameter.is_flag else f" {parameter.metavar or word}"
    return [f"{name}{value}" for name in (*parameter.opts, *parameter.secondary_opts)]


def _text(text: str | None) -> str:
    return " ".join((text or "").replace("*", "\\*").split())
