"""What the repository weighs: a clone stays small, and no large file slips in unseen."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MOST = 5 * 2**20
# Their weight is known and wanted.
LARGE = {"scenarios/data/mnist.npz": 12 * 2**20}
MOST_OF_A_NOTEBOOK = 300_000
MOST_OF_ALL = 110 * 2**20


@pytest.fixture(scope="module")
def tracked():
    """Path -> bytes, of the files that Git tracks; an unpacked release has no repository around it."""
    if not (ROOT / ".git").exists():
        pytest.skip("no Git repository")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.decode()
    paths = [ROOT / name for name in listed.split("\0") if name]
    return {str(path.relative_to(ROOT)): path.stat().st_size for path in paths if path.is_file()}


def test_no_file_is_large_but_those_that_are_known(tracked):
    assert len(tracked) > 300
    too_large = {name: size for name, size in tracked.items() if size > LARGE.get(name, MOST)}
    assert not too_large, "see `make heaviest`"


def test_every_file_that_is_known_as_large_is_there_and_is(tracked):
    assert {name for name, size in tracked.items() if size > MOST} == set(LARGE)


def test_notebooks_hold_no_large_outputs(tracked):
    notebooks = {name: size for name, size in tracked.items() if name.endswith(".ipynb")}
    assert notebooks
    assert {name: size for name, size in notebooks.items() if size > MOST_OF_A_NOTEBOOK} == {}


def test_all_files_together_stay_small(tracked):
    assert sum(tracked.values()) < MOST_OF_ALL
