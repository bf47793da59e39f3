"""The rendering of result pages lies beside the documentation, not in the package."""

import sys
from pathlib import Path

import pytest

from diffsem.link.results import table_file

sys.path.insert(0, str(Path(__file__).parents[2] / "docs"))


@pytest.fixture(scope="module")
def trusted():
    """Tables of an earlier version are read without a look by a child process first: those that ship are ours."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(table_file, "probe", lambda content, read: None)
        yield
