"""Every notebook runs from top to bottom on the table that lies beside it."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

FIGURES = {"mnist_awgn": 4, "paper_figures": 12, "solvers": 1}
NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


def notebooks():
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        yield pytest.param(path, id=path.stem)


@pytest.mark.slow
@pytest.mark.parametrize("path", notebooks())
def test_notebook_runs_from_top_to_bottom(path):
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=180, kernel_name="python3", resources={"metadata": {"path": NOTEBOOKS}}).execute()
    figures = [
        output for cell in notebook.cells for output in cell.get("outputs", []) if "image/png" in output.get("data", {})
    ]
    assert len(figures) >= FIGURES[path.stem]
