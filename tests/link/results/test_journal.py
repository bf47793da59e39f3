"""The journal beside a table: what a run has done is there, whatever ended it, and nothing else is."""

import errno
import io
import json
import os
import zipfile
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diffsem.link import (
    ADDED,
    COLUMNS,
    EXAMPLE_COLUMNS,
    STEP_BINS,
    InputError,
    Journal,
    Point,
    PointResult,
    empty_table,
    journal_of,
    packed,
    packed_point,
    read_journal,
    read_results,
    read_table,
    unpacked_point,
    write_table,
)
from diffsem.link.results import journal as module

ORIGINALS = np.arange(2 * 4 * 4, dtype=np.uint8).reshape(2, 4, 4, 1)
ATTRIBUTES = {"scenario": "name: mine", "seed": 1, "versions": "{}", "wall_seconds": 1.5}


def done(timestep, level=0.5):
    row = {name: "" if kind is str else kind(0) for name, kind in COLUMNS.items()} | ADDED
    row |= {"total": 8, "correct": 6, "accuracy": 0.75, "ci_low": 0.4, "ci_high": 0.9, "images": 8}
    row |= {"system": "diffsem", "node": "receiver", "timestep": timestep, "effective_images": 8.0}
    example = {name: row[name] for name in EXAMPLE_COLUMNS} | {"images": np.full((2, 4, 4, 1), level, np.float32)}
    by_step = np.zeros([1, 2, STEP_BINS], np.int64)
    by_step[0, :, timestep // 10] = 6, 8
    return PointResult(Point(timestep, 0.0, (0.0,)), [row], by_step, [example], 8)


def journalled(path, timesteps, attributes=ATTRIBUTES):
    journal = Journal(path, attributes)
    for timestep in timesteps:
        journal.append(done(timestep), 2.0 + timestep)
    return journal_of(path)


def steps(path):
    return read_results(path)["timestep"].tolist()


@pytest.fixture
def path(tmp_path):
    write_table(tmp_path / "r.h5", empty_table(ATTRIBUTES, ORIGINALS).with_point(done(10)))
    return tmp_path / "r.h5"


def test_a_table_is_read_with_what_was_done_since_it_was_written(path):
    journalled(path, [30, 20])
    table = read_table(path)
    whole = empty_table(ATTRIBUTES, ORIGINALS).with_points([done(30), done(10), done(20)])
    pd.testing.assert_frame_equal(table.rows, whole.rows, check_exact=True)
    np.testing.assert_array_equal(table.by_step, whole.by_step)
    pd.testing.assert_frame_equal(table.examples.index, whole.examples.index)
    np.testing.assert_array_equal(table.examples.reconstructions, whole.examples.reconstructions)
    assert table.attributes == {**ATTRIBUTES, "wall_seconds": 32.0}
    assert read_results(path, ["timestep"], "timestep > 10")["timestep"].tolist() == [20, 30]


def test_a_point_that_the_table_has_already_is_not_there_twice(path):
    """As after a kill between the writing of a table and the new beginning of its journal."""
    journalled(path, [10, 20, 20])
    assert steps(path) == [10, 20]


@pytest.mark.parametrize("changed", [{"seed": 2}, {"weights_sha256": "0"}, {"created": "later"}])
def test_a_journal_of_another_table_is_nobodys(changed, path):
    journalled(path, [20], {**ATTRIBUTES, **changed})
    assert steps(path) == [10]
    # How long it took is another one each time that a table is written.
    journalled(path, [30], {**ATTRIBUTES, "wall_seconds": 99.0})
    assert steps(path) == [10, 30]


@given(cut=st.floats(0, 1))
def test_a_journal_that_was_cut_off_anywhere_has_every_point_but_the_last_that_is_left(cut, tmp_path_factory):
    path = tmp_path_factory.mktemp("cut") / "r.h5"
    ends = []
    for timestep in (20, 30, 40):
        ends.append(journalled(path, [timestep]).stat().st_size)
    length = int(cut * ends[-1])
    os.truncate(journal_of(path), length)
    found, seconds = read_journal(path, ATTRIBUTES)
    whole = [20, 30, 40][: sum(end <= length for end in ends)]
    assert [result.point.timestep for result in found] == whole
    assert seconds == (2.0 + whole[-1] if whole else 0.0)
    # What comes next is appended behind the torn one, and found.
    journalled(path, [50])
    assert [result.point.timestep for result in read_journal(path, ATTRIBUTES)[0]] == [*whole, 50]


@given(place=st.floats(0, 1, exclude_max=True), flip=st.integers(1, 255))
def test_a_flipped_byte_costs_its_own_point_at_most(place, flip, tmp_path_factory):
    path = tmp_path_factory.mktemp("flipped") / "r.h5"
    journal = journalled(path, [20, 30, 40, 50])
    content = bytearray(journal.read_bytes())
    content[int(place * len(content))] ^= flip
    journal.write_bytes(content)
    found = [result.point.timestep for result in read_journal(path, ATTRIBUTES)[0]]
    # A mark that is no mark any more joins its record to the one before.
    lost = [20, 30, 40, 50].index(next(step for step in (20, 30, 40, 50) if step not in found))
    assert found == [step for step in (20, 30, 40, 50) if step in found]
    assert len(found) >= 2
    assert abs(lost - int(place * 4)) <= 1


def test_a_disk_that_fills_up_is_told_in_one_line_and_the_record_is_taken_back(path, monkeypatch):
    journal = journalled(path, [20])
    before = journal.read_bytes()
    write = os.write

    def half(file, content):
        if len(content) < 1000:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(file, content[: len(content) // 2])

    monkeypatch.setattr(module.os, "write", half)
    with pytest.raises(InputError, match=r"its journal .r.h5.journal cannot be written \(No space left on device\)"):
        journalled(path, [30])
    assert journal.read_bytes() == before
    assert steps(path) == [10, 20]


def record(content, attributes=ATTRIBUTES):
    identity = module._identity(attributes)
    return module.MARK + module._checksum(identity, content) + content


def npz(text, compress=False, **arrays):
    content = io.BytesIO()
    letters = np.frombuffer(json.dumps(text).encode(), np.uint8)
    (np.savez_compressed if compress else np.savez)(content, text=letters, **arrays)
    return content.getvalue()


def of_shape(content, shape):
    """The header of an array claims another shape than it has."""
    source = zipfile.ZipFile(io.BytesIO(content))
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as file:
        for name in source.namelist():
            data = source.read(name)
            if name == "by_step.npy":
                data = data.replace(b"(1, 2, 51)", shape)
            file.writestr(name, data)
    return target.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"no bytes of a result",
        npz([1, 2]),
        npz({"rows": []}),
        npz({"zeros": 0}, compress=True, by_step=np.zeros(10**6)),
        of_shape(packed_point(done(20), wall_seconds=1.0), b"(1, 2, 10**13)"),
        of_shape(packed_point(done(20), wall_seconds=1.0), b"(99999, 9, 9999)"),
        packed_point(done(20)),
        packed_point(done(20), wall_seconds=float("nan")).replace(b'"diffsem"', b'"diffse\xff"'),
        packed({"point": {}, "rows": [{}], "examples": [], "images": 1, "more": {"wall_seconds": 1.0}}),
    ],
    ids=lambda content: f"{len(content)} bytes",
)
def test_a_record_that_is_whole_and_yet_no_point_is_one_line(content, path):
    journal_of(path).write_bytes(record(content))
    with pytest.raises(InputError, match=r"^journal .*r\.h5\.journal: not what `diffsem run` writes .*delete it"):
        read_results(path)


@pytest.mark.parametrize(
    "edit",
    [
        lambda result: result.rows[0].update(correct=9),
        lambda result: result.rows[0].update(node="x" * 600),
        lambda result: result.examples[0].update(images=np.zeros((3, 4, 4, 1), np.uint8)),
        lambda result: result.examples[0].update(images=np.zeros((2, 5, 4, 1), np.uint8)),
        lambda result: result.examples[0].update(timestep=-1),
    ],
)
def test_a_point_that_no_table_may_have_is_one_line(edit, path):
    result = done(20)
    edit(result)
    journal_of(path).write_bytes(record(packed_point(result, wall_seconds=1.0)))
    with pytest.raises(InputError, match=r"^journal .*r\.h5\.journal: .*; delete it and run again$"):
        read_results(path)


def test_a_result_comes_back_bit_for_bit():
    result = done(20, level=0.3)
    result.rows[0].update(psnr_db=float("nan"), accuracy=1 / 3, training_images=2**53 + 1)
    back, more = unpacked_point(packed_point(result, wall_seconds=0.1))
    assert back.point == result.point
    assert {name: value for name, value in back.rows[0].items() if value == value} == {
        name: value for name, value in result.rows[0].items() if value == value
    }
    assert more == {"wall_seconds": 0.1}
    left, right = (empty_table({}, ORIGINALS).with_point(each) for each in (back, result))
    np.testing.assert_array_equal(left.examples.reconstructions, right.examples.reconstructions)
    assert replace(back, rows=[], examples=[]).images == 8


def test_the_journal_of_a_table_that_has_all_is_gone_or_empty(path):
    journal = Journal(path, ATTRIBUTES)
    journal.append(done(20), 1.0)
    journal.begin()
    assert journal_of(path).read_bytes() == b""
    journal.remove()
    journal.remove()
    assert not journal_of(path).exists()
