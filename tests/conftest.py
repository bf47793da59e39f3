"""Every test starts from the same random streams, whatever ran before it; long files of tests come first."""

import gc
import hashlib
import os
import tempfile
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# As diffsem does it, which is imported later here.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from hypothesis import settings

from diffsem.channels import reseed
from diffsem.link import read_table, write_table
from diffsem.link.results import table_file

if "PYTEST_XDIST_WORKER" in os.environ:
    # Two processes share two cores: with more threads each they would wait for one another.
    tf.config.threading.set_intra_op_parallelism_threads(1)

# TensorFlow traces on a first example: no deadline a single example can hold.
settings.register_profile("diffsem", deadline=None, max_examples=30, derandomize=True)
settings.load_profile("diffsem")


# A trace is many small objects, and those of all traces before it were looked through for garbage time and again.
gc.set_threshold(20_000, 20, 10)

# Files that take longest, quick and slow tests together. Whichever process is through first takes the next file: begun
# late, one of these would keep one process waiting for the other.
LONGEST = (
    "integration/test_crashes.py",
    "integration/test_training.py",
    "integration/test_hostile_tables.py",
    "integration/test_privacy.py",
    "integration/test_workers.py",
    "integration/test_sweep.py",
    "scenarios/testing/test_all_systems.py",
    "scenarios/testing/test_all_attacks.py",
    "integration/test_defences.py",
    "link/monte_carlo/test_monte_carlo.py",
    "docs/site/test_listings.py",
    "docs/site/test_readme.py",
    "docs/site/test_site.py",
    "examples/test_examples.py",
    "notebooks/test_notebooks.py",
    "integration/test_hostile_scenarios.py",
    "integration/test_report.py",
    "scenarios/reporting/test_figure_layout.py",
    "integration/test_backends.py",
    "integration/test_cifar10.py",
    "integration/test_folder.py",
)
TESTS = Path(__file__).parent

# Attributes in which two runs of one scenario may differ.
OF_THE_RUN = ("created", "command", "wall_seconds")


def pytest_collection_modifyitems(items):
    places = {TESTS / name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path, len(places)))


def pytest_collection_finish():
    """What is loaded by now stays loaded, and is not looked through for garbage any more."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="module", autouse=True)
def forgotten():
    """Networks, programs and their graphs refer to each other: they go with their file, before the next one's come."""
    yield
    gc.collect()


@pytest.fixture(scope="session", autouse=True)
def looked_at_once():
    """Of the same bytes, a child process says the same: tables that ship are read by many tests, each by one child."""
    found, look = {}, table_file.probe

    def probe(content, *names):
        digest = hashlib.sha256(content).digest()
        if digest not in found:
            try:
                found[digest] = look(content, *names)
            except ValueError as error:
                found[digest] = str(error)
        if found[digest] is not None:
            raise ValueError(found[digest])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(table_file, "probe", probe)
        yield


@pytest.fixture(autouse=True)
def seeded():
    keras.utils.set_random_seed(7)
    reseed(7)


@pytest.fixture
def rng():
    return np.random.default_rng(7)


@pytest.fixture
def unit_features(rng):
    """[count, 8, 8, 1] float32 features of mean 0 and mean square 1 each, as an encoder makes them."""

    def make(count):
        features = rng.standard_normal((count, 8, 8, 1)).astype(np.float32)
        features -= features.mean(axis=(1, 2, 3), keepdims=True)
        return features / np.sqrt((features**2).mean(axis=(1, 2, 3), keepdims=True))

    return make


@pytest.fixture
def assert_same_table():
    """Two result files hold the same rows and reconstructions, bit for bit.

    They are one file, byte for byte, once both are written again without what is a run's own: when it began, what was
    typed, and how long it took.
    """

    def rewritten(path):
        table = read_table(path)
        kept = {name: value for name, value in table.attributes.items() if name not in OF_THE_RUN}
        assert set(OF_THE_RUN) <= set(table.attributes)
        with tempfile.TemporaryDirectory() as folder:
            write_table(Path(folder) / "r.h5", replace(table, attributes=kept))
            return (Path(folder) / "r.h5").read_bytes()

    def check(path, expected, same_bytes=True):
        left, right = read_table(path), read_table(expected)
        pd.testing.assert_frame_equal(left.rows, right.rows, check_exact=True)
        np.testing.assert_array_equal(left.by_step, right.by_step)
        pd.testing.assert_frame_equal(left.examples.index, right.examples.index)
        np.testing.assert_array_equal(left.examples.reconstructions, right.examples.reconstructions)
        assert left.complete == right.complete
        assert not same_bytes or rewritten(path) == rewritten(expected)

    return check
