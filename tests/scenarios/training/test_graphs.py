"""A training that is over leaves nothing behind in memory."""

import gc
from contextlib import nullcontext

import keras
import numpy as np
import pytest
from tensorflow.python.framework.func_graph import FuncGraph

from diffsem.scenarios.training.graphs import graphs_let_go


def graphs():
    gc.collect()
    return sum(isinstance(thing, FuncGraph) for thing in gc.get_objects())


@pytest.mark.parametrize(("let_go", "stays"), [(graphs_let_go, False), (nullcontext, True)])
def test_the_graph_of_a_training_step_goes_with_the_training(let_go, stays):
    """It stays without: once that is no longer so, there is nothing to let go."""
    before = graphs()
    with let_go():
        model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
        model.compile(keras.optimizers.Adam(), "mse")
        model.fit(np.ones((4, 1)), np.ones((4, 1)), verbose=0)
    del model
    assert (graphs() > before) == stays
