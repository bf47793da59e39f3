"""A table under way costs a share of the time that its points take, however many they are."""

import numpy as np
import pytest

from diffsem.link import ADDED, COLUMNS, STEP_BINS, Point, PointResult, empty_table, journal_of, read_table, write_table
from diffsem.scenarios.runs.table import growing_table
from diffsem.scenarios.runs.table.growing_table import GrowingTable

EMPTY = empty_table({"scenario": "name: mine"}, np.zeros((2, 4, 4, 1), np.uint8))


def done(timestep):
    row = {name: "" if kind is str else kind(0) for name, kind in COLUMNS.items()} | ADDED
    row |= {"total": 8, "correct": 6, "accuracy": 0.75, "ci_low": 0.4, "ci_high": 0.9, "images": 8}
    row |= {"node": "receiver", "timestep": timestep % 500, "receiver_snr_db": float(timestep // 500)}
    return PointResult(
        Point(timestep, 0.0, (0.0,)), [row | {"effective_images": 8.0}], np.zeros([1, 2, STEP_BINS], int), [], 8
    )


class Clock:
    """Of a machine on which a point takes a second, and a table 50 ms a point."""

    def __init__(self, monkeypatch):
        self.now, self.writing, self.tables = 0.0, 0.0, 0

        def write(path, table):
            self.tables += 1
            self.writing += len(table.rows) / 20
            self.now += len(table.rows) / 20
            write_table(path, table)

        monkeypatch.setattr(growing_table, "write_table", write)

    def __call__(self):
        return self.now


def test_a_table_is_written_when_30_seconds_are_over_and_costs_a_tenth_at_most(tmp_path, monkeypatch):
    clock, path = Clock(monkeypatch), tmp_path / "r.h5"
    written = []
    with GrowingTable(path, EMPTY, 0.0, clock) as table:
        for step in range(600):
            clock.now += 1
            before = clock.tables
            table.add(done(step))
            if clock.tables > before:
                written.append(clock.now)
            if step % 200 == 0:
                assert len(read_table(path).rows) == step + 1, "a point is not on the disk"
    assert np.diff(written).min() >= 30
    assert clock.writing < 0.1 * clock.now
    result = table.completed()
    assert (len(result.rows), result.complete) == (600, True)
    assert result.attributes["wall_seconds"] == pytest.approx(clock.now - 30, abs=0.01)
    assert not journal_of(path).exists()


def test_what_ends_a_sweep_ends_with_a_whole_table(tmp_path):
    path = tmp_path / "r.h5"

    def run():
        with GrowingTable(path, EMPTY, 0.0, lambda: 0.0) as table:
            for step in range(3):
                table.add(done(step))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run()
    assert journal_of(path).read_bytes() == b""
    assert len(read_table(path).rows) == 3


def test_a_table_that_is_replaced_stays_until_there_is_a_point(tmp_path):
    path = tmp_path / "r.h5"
    write_table(path, empty_table({"scenario": "name: former"}, np.zeros((2, 4, 4, 1), np.uint8)).with_point(done(7)))
    before = path.read_bytes()
    with pytest.raises(ZeroDivisionError), GrowingTable(path, EMPTY, 0.0, lambda: 0.0):
        raise ZeroDivisionError
    assert path.read_bytes() == before
    with GrowingTable(path, EMPTY, 0.0, lambda: 0.0) as table:
        table.add(done(8))
        assert read_table(path).rows["timestep"].tolist() == [8]


def test_what_a_killed_run_has_journalled_is_in_the_table_of_the_next(tmp_path):
    path = tmp_path / "r.h5"
    former = GrowingTable(path, EMPTY, 0.0, lambda: 12.0)
    former.__enter__()
    for step in range(4):
        former.add(done(step))
    stored = read_table(path)
    assert (len(stored.rows), stored.attributes["wall_seconds"]) == (4, 12.0)
    with GrowingTable(path, stored, 100.0, lambda: 103.0) as table:
        table.add(done(4))
    result = table.completed()
    assert result.rows["timestep"].tolist() == [0, 1, 2, 3, 4]
    assert result.attributes["wall_seconds"] == 15.0


def test_without_a_file_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with GrowingTable(None, EMPTY, 0.0, lambda: 0.0) as table:
        table.add(done(1))
    assert len(table.completed().rows) == 1
    assert not list(tmp_path.iterdir())
