"""A compiled program whose time is measured apart: tracing, running, and what of it is another's."""

from contextlib import suppress
from typing import Any

import tensorflow as tf

from diffsem.link.timing.stopwatch import Stopwatch

TRACE = "trace"
# What is only done to measure.
OVERHEAD = "profiling itself"


class TimedProgram:
    """Runs a `tf.function` and waits for it.

    Parameters
    ----------
    program : tf.function
        With an input signature whose first dimensions are open.
    name : str
        Of its stage.
    stopwatch : Stopwatch
    part : TimedProgram, optional
        Does by itself what is a part of the program too, and takes its first argument. Its time is not the program's.
    """

    def __init__(self, program: Any, name: str, stopwatch: Stopwatch, part: "TimedProgram | None" = None) -> None:
        self._program = program
        self._name = name
        self._stopwatch = stopwatch
        self._part = part
        self._is_ready = False

    def __call__(self, *arguments: tf.Tensor) -> Any:
        self._prepare(arguments)
        with self._stopwatch.stage(self._name):
            made = self._program(*arguments)
            tf.test.experimental.sync_devices()
        if self._part is not None:
            self._part.take_from(self._name, arguments[0])
        return made

    def take_from(self, whole: str, argument: tf.Tensor) -> None:
        """Run it for its time alone, which is counted as its own in the place of another stage's."""
        self._prepare((argument,))
        before = self._stopwatch.seconds().get(OVERHEAD, 0.0)
        with self._stopwatch.stage(OVERHEAD):
            self._program(argument)
            tf.test.experimental.sync_devices()
        self._stopwatch.move(self._stopwatch.seconds()[OVERHEAD] - before, whole, self._name)

    def experimental_get_tracing_count(self) -> int:
        return self._program.experimental_get_tracing_count()

    def _prepare(self, arguments: tuple[tf.Tensor, ...]) -> None:
        """Trace it, and let TensorFlow optimise the graph, which it does before the first run: one of an empty pool."""
        if self._is_ready:
            return
        self._is_ready = True
        # A part from outside need not take an empty pool.
        with self._stopwatch.stage(TRACE), suppress(tf.errors.OpError):
            self._program(*(argument[:0] for argument in arguments))
            tf.test.experimental.sync_devices()
