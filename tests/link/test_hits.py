"""Hits of rows, draw by draw: kept in tables, journals and files, and never others than are counted."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diffsem.link import (
    Point,
    PointResult,
    empty_table,
    hits_are_known,
    packed_hits,
    packed_point,
    read_table,
    unpacked_point,
    write_table,
)
from diffsem.link.results.columns import ADDED, COLUMNS, STEP_BINS

DRAWS = st.lists(st.lists(st.booleans(), max_size=40), min_size=1, max_size=5)


def rows_of(hits, snr_db=15.0):
    plain = {name: kind() for name, kind in COLUMNS.items()} | ADDED | {"node": "receiver", "system": "classifier"}
    return [
        {**plain, "receiver_snr_db": snr_db, "correct": int(row.sum()), "total": len(row), "images": len(row)}
        for row in hits
    ]


def result_of(hits, snr_db=15.0):
    by_step = np.zeros([len(hits), 2, STEP_BINS], np.int64)
    return PointResult(Point(240, snr_db, (15.0,)), rows_of(hits, snr_db), by_step, [], len(hits[0]), packed_hits(hits))


@given(DRAWS)
def test_hits_come_back_draw_by_draw_whatever_the_numbers(draws):
    hits = [np.array(row, bool) for row in draws]
    table = empty_table({}, np.zeros([1, 2, 2, 1], np.uint8)).with_point(result_of(hits))
    for place, row in enumerate(hits):
        np.testing.assert_array_equal(table.hits_of(place), row)


@given(DRAWS, st.integers(0, 4), st.integers(0, 60))
def test_a_hit_that_is_not_counted_is_refused(draws, row, place):
    hits = [np.array(row, bool) for row in draws]
    correct, total = (np.array([count(one) for one in hits]) for count in (np.sum, len))
    packed = packed_hits(hits)
    assert hits_are_known(packed, correct, total).all()
    row %= len(hits)
    wider = np.zeros([len(packed), 8], np.uint8)
    wider[:, : packed.shape[1]] = packed
    assert hits_are_known(wider, correct, total).all()
    wider[row, place // 8] ^= 128 >> place % 8
    if wider[row].any():
        with pytest.raises(ValueError, match=rf"/draws/hits, row {row}: \d+ hits"):
            hits_are_known(wider, correct, total)


def test_a_hit_behind_the_last_draw_is_refused_though_their_number_is_right():
    with pytest.raises(ValueError, match="the last of draw 6; allowed: 1 of 5, or none"):
        hits_are_known(np.array([[0b00000100]], np.uint8), np.array([1]), np.array([5]))


def test_rows_of_a_table_from_before_tell_no_hits_and_those_of_later_points_do(tmp_path):
    hits = [np.array([True, False, True]), np.array([False, True, True])]
    old = replace(result_of(hits, 5.0), hits=np.zeros([0, 0], np.uint8))
    table = empty_table({"scenario": "name: mine"}, np.zeros([1, 2, 2, 1], np.uint8))
    table = table.with_points([result_of(hits, 15.0), old])
    assert [table.hits_of(place) is None for place in range(4)] == [True, True, False, False]
    np.testing.assert_array_equal(table.hits_of(3), hits[1])
    np.testing.assert_array_equal(
        table.of_rows(np.array([3]), table.rows[3:].reset_index(drop=True)).hits_of(0), hits[1]
    )


def test_hits_go_through_the_bytes_of_a_point():
    result = result_of([np.arange(21) % 3 == 0, np.arange(21) % 2 == 0])
    back, _ = unpacked_point(packed_point(result))
    np.testing.assert_array_equal(back.hits, result.hits)
    with pytest.raises(ValueError, match="/draws/hits, row 1: 21 hits"):
        unpacked_point(packed_point(replace(result, hits=packed_hits([result_hits(result), np.ones(21, bool)]))))


def result_hits(result):
    return np.unpackbits(result.hits[0], count=21).astype(bool)


def test_they_are_in_the_file_and_a_table_without_writes_none(tmp_path):
    table = read_table("notebooks/mnist-awgn.h5")
    assert table.hits_of(0) is None
    hits = np.zeros([len(table.rows), 1250], np.uint8)
    hits[0] = packed_hits([np.arange(10_000) < table.rows["correct"][0]])[0]
    write_table(tmp_path / "r.h5", replace(table, hits=hits))
    again = read_table(tmp_path / "r.h5")
    np.testing.assert_array_equal(again.hits, hits)
    assert again.hits_of(0).sum() == table.rows["correct"][0]
    assert again.hits_of(1) is None
