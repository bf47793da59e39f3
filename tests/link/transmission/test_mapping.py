"""Pools through a function of batches."""

import numpy as np
import pytest
import tensorflow as tf

from diffsem.link.transmission.mapping import map_once
from diffsem.models import in_batches


def program(function):
    return tf.function(
        lambda pool: in_batches(function, 2, pool, over=map_once),
        input_signature=[tf.TensorSpec([None, 3])],
        autograph=False,
    )


def test_a_program_traces_the_function_once_and_runs_it_once_a_batch():
    traced, ran = [], tf.Variable(0)

    def halved(batch):
        traced.append(None)

        # What has a loop in it, as a denoiser has, is run wherever it stands in a graph.
        def one(i, values):
            ran.assign_add(1)
            return i + 1, values / 2

        return {"half": tf.while_loop(lambda i, values: i < 1, one, (0, batch))[1], "sum": tf.reduce_sum(batch, 1)}

    pool = np.arange(18, dtype=np.float32).reshape(6, 3)
    made = program(halved)(pool)
    np.testing.assert_array_equal(made["half"], pool / 2)
    np.testing.assert_array_equal(made["sum"], pool.sum(axis=1))
    assert len(traced) == 1
    assert ran.numpy() == 3


def test_an_empty_pool_is_taken():
    assert program(lambda batch: batch + 1)(np.zeros([0, 3], np.float32)).shape == (0, 3)


@pytest.mark.parametrize("batch_size", [1, 2, 6, None])
def test_a_pool_gives_the_same_in_a_program_as_outside(batch_size):
    pool = np.random.default_rng(0).random((6, 3), np.float32)
    inside = tf.function(lambda pool: in_batches(tf.square, batch_size, pool, over=map_once), autograph=False)
    np.testing.assert_array_equal(inside(pool), in_batches(tf.square, batch_size, pool))
