"""The number of threads changes no digit of a product: workers have fewer of them than a process that is alone."""

import os
import subprocess
import sys

import pytest

PRODUCTS = """
import hashlib
import diffsem
import tensorflow as tf
for rows in (32, 256):
    for inner, columns in ((64, 512), (1024, 784)):
        left = tf.random.stateless_normal([rows, inner], [1, 2])
        right = tf.random.stateless_normal([inner, columns], [3, 4])
        print(hashlib.sha256((left @ right).numpy().tobytes()).hexdigest())
"""


@pytest.mark.slow
def test_products_are_the_same_bit_for_bit_on_one_thread_and_on_two():
    # Nobody has set it: the package does.
    own = {name: value for name, value in os.environ.items() if name != "TF_ENABLE_ONEDNN_OPTS"}
    alone, shared = (
        subprocess.run(
            [sys.executable, "-c", PRODUCTS],
            env=own | {"TF_NUM_INTRAOP_THREADS": threads},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for threads in ("1", "2")
    )
    assert alone == shared
    assert len(alone.splitlines()) == 4
