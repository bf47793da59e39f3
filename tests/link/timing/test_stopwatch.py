"""Stages that add up to the time of a run."""

from contextlib import suppress

import pytest

from diffsem.link import STOPPED, Stopwatch


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def test_the_time_of_an_inner_stage_is_not_the_outer_ones(clock):
    stopwatch = Stopwatch(clock=clock)
    clock.now = 1
    with stopwatch.stage("outer"):
        clock.now = 3
        with stopwatch.stage("inner"):
            clock.now = 7
        clock.now = 15
    clock.now = 31
    assert stopwatch.seconds() == {"outer": 2 + 8, "inner": 4, "rest": 1 + 16}


def test_stages_of_one_name_add_up_and_an_error_ends_a_stage(clock):
    stopwatch = Stopwatch(clock=clock, before={"load": 0.5})
    for _ in range(2):
        with suppress(ZeroDivisionError), stopwatch.stage("load"):
            clock.now += 1
            _ = 1 / 0
    clock.now += 4
    assert stopwatch.seconds() == {"load": 2.5, "rest": 4}


def test_the_making_of_what_a_generator_gives_is_timed_and_nothing_else(clock):
    stopwatch, ended = Stopwatch(clock=clock), []

    def made():
        try:
            for each in range(3):
                clock.now += 1
                yield each
        finally:
            ended.append(clock.now)

    timed = stopwatch.over("making", made())
    for each in timed:
        clock.now += 10
        if each == 1:
            timed.close()
    assert ended
    assert stopwatch.seconds() == {"making": 2, "rest": 20}


def test_no_stage_gives_more_than_it_has(clock):
    stopwatch = Stopwatch(clock=clock)
    with stopwatch.stage("attack"):
        clock.now += 3
    stopwatch.move(2, "attack", "judge")
    stopwatch.move(2, "attack", "judge")
    assert stopwatch.seconds() == {"attack": 0, "judge": 3, "rest": 0}


def test_one_that_does_not_run_never_looks_at_its_clock():
    def clock():
        raise AssertionError

    stopwatch = Stopwatch(runs=False, clock=clock)
    for each in (stopwatch, STOPPED):
        with each.stage("load"):
            pass
        assert not each.runs
