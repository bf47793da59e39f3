"""Memory of finished trainings."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def graphs_let_go() -> Iterator[None]:
    """Let the graphs of steps that are traced meanwhile go with their networks.

    Keras reduces the gradients of a step over devices, in an operation with a gradient of its own, and TensorFlow keeps
    every such gradient by its name for good: with it the step's graph, the network and the optimiser's state, some 30
    MB a stage even of tiny networks. Nobody differentiates through a training that is over.
    """
    from tensorflow.python.framework import ops

    registered = ops.gradient_registry
    before = set(registered.list())
    try:
        yield
    finally:
        for name in set(registered.list()) - before:
            del registered._registry[name]
