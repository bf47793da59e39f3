"""The command as a user types it."""

import sys

import pytest

from diffsem.scenarios import command_line


@pytest.fixture
def diffsem(monkeypatch, capsys):
    """Run the command in this process: gives (exit status, standard output, standard error)."""

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["diffsem", *map(str, arguments)])
        try:
            command_line.main()
            status = 0
        except SystemExit as end:
            status = end.code or 0
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return call
