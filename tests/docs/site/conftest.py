"""What the pages show: fenced blocks and commands, each a test of its own."""

import re
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
DOCS = ROOT / "docs"
# Made at each build, or what pages are made from.
NOT_PAGES = {"_build", "reference", "templates"}
MARK = re.compile(r"<!-- test: (.*) -->")
FENCE = re.compile(r"(`{3,}|~{3,})(\S*)")
SHELLS = ("", "console", "bash", "sh")

sys.path.insert(0, str(DOCS))


@dataclass(frozen=True)
class Block:
    """A fenced block.

    Parameters
    ----------
    page : Path
    line : int
        Of its fence.
    language : str
    text : str
    mark : str
        What a comment before it asks of the tests.
    """

    page: Path
    line: int
    language: str
    text: str
    mark: str

    @property
    def name(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def pages():
    """Every page that people write or that lies in the repository."""
    top = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "examples/README.md")]
    below = [path for path in sorted(DOCS.rglob("*.md")) if not NOT_PAGES & set(path.relative_to(DOCS).parts)]
    return [path for path in top if path.exists()] + below


def blocks(page):
    """The fenced blocks of a page, in order."""
    found, mark, opened = [], "", None
    for number, line in enumerate(page.read_text().splitlines(), 1):
        if opened is None:
            if fence := FENCE.match(line):
                opened, language, start, lines = fence[1], fence[2], number, []
            elif line.strip():
                comment = MARK.fullmatch(line)
                mark = comment[1] if comment else ""
        elif line.strip() == opened:
            found.append(Block(page, start, language, "\n".join(lines) + "\n", mark))
            opened, mark = None, ""
        else:
            lines.append(line)
    return found


def commands(block):
    """The lines of a console block that call diffsem."""
    lines = (line.removeprefix("$ ") for line in block.text.splitlines())
    return [line for line in lines if line.startswith("diffsem ")]


def pytest_generate_tests(metafunc):
    every = [block for page in pages() for block in blocks(page)]
    if "page" in metafunc.fixturenames:
        metafunc.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
    for language in ("python", "yaml"):
        if f"{language}_block" in metafunc.fixturenames:
            chosen = [block for block in every if block.language == language]
            metafunc.parametrize(f"{language}_block", chosen, ids=lambda block: block.name)
    if "command" in metafunc.fixturenames:
        listed = [(block.name, line) for block in every if block.language in SHELLS for line in commands(block)]
        metafunc.parametrize("command", [line for _, line in listed], ids=[f"{name} {line}" for name, line in listed])


@pytest.fixture
def listings():
    """Function that gives the fenced blocks of a page."""
    return blocks


@pytest.fixture
def shown_folder(tmp_path, monkeypatch):
    """A folder with what the listings of the pages read, to work in."""
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "mine.h5").write_bytes((ROOT / "notebooks" / "mnist-awgn.h5").read_bytes())
    monkeypatch.chdir(tmp_path)
    return tmp_path
