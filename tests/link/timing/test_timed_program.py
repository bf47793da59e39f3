"""Programs that are timed apart."""

import numpy as np
import tensorflow as tf

from diffsem.link import Stopwatch
from diffsem.link.timing.timed_program import TimedProgram


def program(function):
    return tf.function(function, input_signature=[tf.TensorSpec([None, 2])], autograph=False)


def test_a_program_is_traced_once_in_a_stage_of_its_own():
    stopwatch = Stopwatch()
    timed = TimedProgram(program(lambda values: values + 1), "adding", stopwatch)
    for rows in (3, 5):
        np.testing.assert_array_equal(timed(tf.zeros([rows, 2])), np.ones([rows, 2]))
    assert timed.experimental_get_tracing_count() == 1
    seconds = stopwatch.seconds()
    assert list(seconds) == ["trace", "adding", "rest"]
    assert seconds["trace"] > seconds["adding"] > 0


def test_what_takes_no_empty_pool_is_run_all_the_same():
    timed = TimedProgram(program(lambda values: values[0] + 1), "first", Stopwatch())
    np.testing.assert_array_equal(timed(tf.zeros([3, 2])), [1, 1])


def test_the_time_of_a_part_is_not_that_of_the_whole():
    now, runs = [0.0], []

    def lasting(seconds):
        def run(values):
            runs.append(len(values))
            now[0] += seconds * len(values)

        return run

    stopwatch = Stopwatch(clock=lambda: now[0])
    part = TimedProgram(lasting(2.0), "judge", stopwatch)
    whole = TimedProgram(lasting(3.0), "attack", stopwatch, part)
    whole(tf.zeros([1, 2]))
    whole(tf.zeros([4, 2]))
    assert runs == [0, 1, 0, 1, 4, 4]
    assert stopwatch.seconds() == {"trace": 0, "attack": 5, "profiling itself": 10, "judge": 10, "rest": 0}
