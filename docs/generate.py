"""Write docs/reference/ from the program itself, and copy the notebooks beside it: `python docs/generate.py`.

The pages are made at each build and are not kept, so that they cannot be out of date.
"""

import shutil
import sys
from pathlib import Path

from generators import api, command_line, parts, result_table, scenario, shipped

REFERENCE = Path(__file__).parent / "reference"
TUTORIALS = Path(__file__).parent / "tutorials"
NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
PAGES = {
    "scenario.md": scenario.page,
    "command-line.md": command_line.page,
    "result-table.md": result_table.page,
    "systems.md": parts.systems_page,
    "attacks.md": parts.attacks_page,
    "shipped-scenarios.md": shipped.page,
    **api.pages(),
}


def generate(folder: Path = REFERENCE) -> None:
    """Write every page of the reference into a folder."""
    folder.mkdir(exist_ok=True)
    for name, page in PAGES.items():
        (folder / name).write_text(page(), encoding="utf-8")


def copy_notebooks(folder: Path = TUTORIALS) -> None:
    """Put the notebooks where Sphinx looks for pages; those that are gone go here, too."""
    for gone in folder.glob("*.ipynb"):
        gone.unlink()
    for notebook in NOTEBOOKS.glob("*.ipynb"):
        shutil.copyfile(notebook, folder / notebook.name)


if __name__ == "__main__":
    generate(*map(Path, sys.argv[1:2]))
    copy_notebooks()
