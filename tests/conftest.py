"""Every test starts from the same random streams, whatever ran before it."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import pandas as pd
import pytest
from hypothesis import settings

from diffsem.channels import reseed
from diffsem.link import read_table

# TensorFlow traces on a first example: no deadline a single example can hold.
settings.register_profile("diffsem", deadline=None, max_examples=30, derandomize=True)
settings.load_profile("diffsem")


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
    """Two result files hold the same rows and reconstructions, bit for bit; they are one file, byte for byte."""

    def check(path, expected, same_bytes=True):
        left, right = read_table(path), read_table(expected)
        pd.testing.assert_frame_equal(left.rows, right.rows, check_exact=True)
        np.testing.assert_array_equal(left.by_step, right.by_step)
        pd.testing.assert_frame_equal(left.examples.index, right.examples.index)
        np.testing.assert_array_equal(left.examples.reconstructions, right.examples.reconstructions)
        assert left.complete == right.complete
        assert not same_bytes or path.read_bytes() == expected.read_bytes()

    return check
