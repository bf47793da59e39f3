"""Points are handed out in groups: all of them once, the last ones small, a variant to as few workers as it takes."""

import random
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diffsem.link import Point
from diffsem.scenarios.runs.parallel.groups import GROUP_SECONDS, Handout, group_size


def points(count):
    return [Point(0, float(place), (0.0,)) for place in range(count)]


def test_a_group_is_of_some_seconds_and_leaves_enough_for_the_others():
    assert group_size(1000, 2, None) == 1
    assert group_size(1000, 2, 1.0) == int(GROUP_SECONDS)
    assert group_size(1000, 2, 100.0) == 1
    assert group_size(40, 2, 1e-3) == 10
    assert group_size(1, 64, 0.0) == 1
    sizes = []
    waiting = 100
    while waiting:
        sizes.append(min(waiting, group_size(waiting, 4, 0.01)))
        waiting -= sizes[-1]
    assert all(later <= before for before, later in pairwise(sizes))
    assert sizes[-8:] == [1] * 8


@given(st.lists(st.integers(0, 12), min_size=1, max_size=5), st.integers(1, 5), st.integers(0, 999))
def test_every_point_is_answered_once_whoever_dies(counts, workers, seed):
    chance = random.Random(seed)
    handout = Handout([points(count) for count in counts], workers)
    answered = Counter()
    names = list(range(workers))
    held = {}
    while True:
        for worker in names:
            if worker not in held and (group := handout.next_group(worker)):
                held[worker] = group
        if not held:
            break
        worker = chance.choice(list(held))
        group = held.pop(worker)
        done = group.points
        if chance.random() < 0.2:
            done = group.points[: chance.randrange(len(group.points))]
            handout.lost(worker, group.variant, group.points[len(done) :])
            names[names.index(worker)] = max(names) + 1
        else:
            handout.took(worker, group, chance.random())
        answered.update((group.variant, point) for point in done)
    expected = {(variant, point) for variant, count in enumerate(counts) for point in points(count)}
    assert answered == Counter(expected)
    assert handout.waiting == 0


def test_a_point_that_a_worker_died_over_is_tried_alone():
    handout = Handout([points(40)], 1)
    handout.took(0, handout.next_group(0), 0.1)
    group = handout.next_group(0)
    assert len(group.points) > 2
    handout.lost(0, 0, group.points[1:])
    later = []
    while following := handout.next_group(1):
        later.append(following.points)
        handout.took(1, following, 0.1 * len(following.points))
    assert {(point,) for point in group.points[1:]} <= set(later)


def moves_of(counts, workers, compile_seconds):
    """How often workers come to a variant, and who comes to which: points of a second, one after the other."""
    handout = Handout([points(count) for count in counts], workers)
    clock = dict.fromkeys(range(workers), 0.0)
    at, moves = {}, []
    while clock:
        worker = min(clock, key=lambda name: clock[name])
        group = handout.next_group(worker)
        if group is None:
            del clock[worker]
            continue
        seconds = float(len(group.points))
        if at.get(worker) != group.variant:
            at[worker] = group.variant
            moves.append((worker, group.variant))
            seconds += compile_seconds
        clock[worker] += seconds
        handout.took(worker, group, seconds)
    return moves


@pytest.mark.parametrize(("variants", "workers"), [(8, 2), (6, 3), (4, 4)])
def test_each_variant_is_compiled_by_one_worker_where_there_are_enough(variants, workers):
    moves = moves_of([10] * variants, workers, compile_seconds=20.0)
    assert sorted(variant for _, variant in moves) == list(range(variants))
    assert Counter(worker for worker, _ in moves) == dict.fromkeys(range(workers), variants // workers)


def test_workers_help_with_a_long_variant_and_not_with_a_short_one():
    assert len(moves_of([100], 2, compile_seconds=20.0)) == 2
    assert moves_of([100, 20], 2, compile_seconds=20.0) == [(0, 0), (1, 1), (1, 0)]
    assert moves_of([45, 40], 2, compile_seconds=20.0) == [(0, 0), (1, 1)]


def test_a_worker_that_is_not_needed_now_is_not_needed_when_it_asks_again():
    handout = Handout([points(9), points(1)], 2)
    first, second = handout.next_group("a"), handout.next_group("b")
    handout.took("a", first, 21.0)
    handout.took("a", handout.next_group("a"), 0.5)
    handout.took("b", second, 21.0)
    assert [handout.next_group("b") for _ in range(3)] == [None] * 3
    assert handout.next_group("a") is not None
