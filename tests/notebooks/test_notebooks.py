"""Every notebook runs from top to bottom, in any folder, in three minutes, and is small."""

import ast
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

import diffsem

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
LARGEST = 300 * 1024
# Of each on two cores; a busy machine gets three times as long before it is given up.
SECONDS = 180


def read(path):
    return nbformat.read(path, as_version=4)


def imports_of(notebook):
    """(module, name) of everything that is imported from the package."""
    for cell in notebook.cells:
        for node in ast.walk(ast.parse(cell.source if cell.cell_type == "code" else "")):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "diffsem":
                yield from ((node.module, alias.name) for alias in node.names)
            elif isinstance(node, ast.Import):
                yield from ((alias.name, None) for alias in node.names if alias.name.split(".")[0] == "diffsem")


def test_there_are_seven():
    assert len(NOTEBOOKS) == 7


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_small_and_was_run_from_top_to_bottom(path):
    assert path.stat().st_size <= LARGEST
    cells = [cell for cell in read(path).cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    told = [output for cell in cells for output in cell.outputs]
    assert not [output for output in told if output.output_type == "error" or output.get("name") == "stderr"]
    assert any("image/png" in output.get("data", {}) for output in told)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_imports_public_names_alone(path):
    public = {
        "diffsem": diffsem,
        "diffsem.link": diffsem.link,
        "diffsem.models": diffsem.models,
        "diffsem.channels": diffsem.channels,
        "diffsem.scenarios": diffsem.scenarios,
    }
    found = list(imports_of(read(path)))
    assert found
    for module, name in found:
        assert module in public
        assert name is None or name in public[module].__all__


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_from_top_to_bottom(path, tmp_path):
    notebook = read(path)
    client = NotebookClient(notebook, timeout=3 * SECONDS, kernel_name="python3")
    client.resources = {"metadata": {"path": tmp_path}}
    client.execute()
    told = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert not [output for output in told if output.get("name") == "stderr"]
    pictures = [output for output in read(path).cells if "outputs" in output for output in output.outputs]
    stored = sum("image/png" in output.get("data", {}) for output in pictures)
    assert sum("image/png" in output.get("data", {}) for output in told) == stored > 0
