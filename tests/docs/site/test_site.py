"""The site is built without a warning, and nothing in it comes from the web."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

import nbformat
import pytest

ROOT = Path(__file__).parents[3]
NOT_KEPT = shutil.ignore_patterns("_build", "reference", "__pycache__", "*.ipynb")
TUTORIALS = sorted(path.name for path in (ROOT / "notebooks").glob("*.ipynb"))
LOADED = re.compile(r"""<(?:script|link|img|iframe)\b[^>]*\b(?:src|href)="(https?:)?//""")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """docs/ built in a copy, warnings as errors; the log and the folder of the pages."""
    folder = tmp_path_factory.mktemp("site")
    shutil.copytree(ROOT / "docs", folder / "docs", ignore=NOT_KEPT)
    shutil.copytree(ROOT / "benchmark", folder / "benchmark")
    shutil.copytree(ROOT / "examples", folder / "examples", ignore=shutil.ignore_patterns("weights", "results"))
    shutil.copytree(ROOT / "notebooks", folder / "notebooks", ignore=lambda _, names: set(names) - set(TUTORIALS))
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


@pytest.mark.slow
def test_tutorials_are_shown_with_what_is_stored_in_them(site):
    """Every code cell, every stored picture, and no more pages than there are notebooks."""
    shown = {path.stem for path in (site / "tutorials").glob("*.html")}
    assert shown == {Path(name).stem for name in TUTORIALS} | {"index"}
    index = (site / "tutorials" / "index.html").read_text()
    for name in TUTORIALS:
        page = (site / "tutorials" / name).with_suffix(".html").read_text()
        cells = nbformat.read(ROOT / "notebooks" / name, as_version=4).cells
        outputs = [output for cell in cells for output in cell.get("outputs", [])]
        assert page.count('class="cell_input') == sum(cell.cell_type == "code" for cell in cells)
        pictures = sum("image/png" in output.get("data", {}) for output in outputs)
        assert len(re.findall(r'<img[^>]* src="\.\./_images/', page)) == pictures > 0
        assert f'href="{Path(name).stem}.html"' in index
        assert f"<h1>{cells[0].source.splitlines()[0].removeprefix('# ')}<" in page.replace("’", "'")


@pytest.mark.slow
def test_templates_and_rendering_are_no_pages_and_no_link_of_the_site_is_dead(site):
    assert not (site / "templates").exists()
    assert not (site / "rendering").exists()
    for page in site.rglob("*.html"):
        text = re.sub(r"<(script|style|pre)\b.*?</\1>", "", page.read_text(), flags=re.DOTALL)
        for target in re.findall(r'<(?:a|img)\b[^>]*\b(?:href|src)="([^"#?]+)', text):
            if not re.match(r"[a-z]+:", target):
                assert (page.parent / unquote(target)).exists(), (page.name, target)
