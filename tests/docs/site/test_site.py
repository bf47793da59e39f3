"""The site is built without a warning, and nothing in it comes from the web."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
LOADED = re.compile(r"""<(?:script|link|img|iframe)\b[^>]*\b(?:src|href)="(https?:)?//""")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """docs/ built in a copy, warnings as errors; the log and the folder of the pages."""
    folder = tmp_path_factory.mktemp("site")
    shutil.copytree(ROOT / "docs", folder / "docs", ignore=shutil.ignore_patterns("_build", "reference", "__pycache__"))
    shutil.copytree(ROOT / "examples", folder / "examples", ignore=shutil.ignore_patterns("weights", "results"))
    made = [sys.executable, "docs/generate.py"]
    build = [sys.executable, "-m", "sphinx", "-q", "-b", "html", "-n", "-W", "--keep-going", "docs", "html"]
    for command in (made, build):
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=dict(os.environ))
        assert done.returncode == 0, done.stderr
    return folder / "html"


@pytest.mark.slow
def test_nothing_is_loaded_from_the_web(site):
    pages = sorted(site.rglob("*.html"))
    assert len(pages) > 20
    assert [page.name for page in pages if LOADED.search(page.read_text())] == []
    styles = [path.name for path in site.rglob("*.css") if re.search(r"url\(['\"]?https?:|@import", path.read_text())]
    assert styles == []


@pytest.mark.slow
def test_equations_and_examples_are_drawn(site):
    concepts = (site / "concepts.html").read_text()
    assert concepts.count("<math") == 4
    assert "merror" not in concepts
    assert "NakagamiGains" in (site / "own-parts" / "channel.html").read_text()
    assert "bit_errors" in (site / "reference" / "result-table.html").read_text()
