"""Rows of several runs in one frame."""

import numpy as np
import pandas as pd
import pytest

from diffsem.link import ADDED, COLUMNS, InputError, Point, PointResult, concat, empty_table, read_results, write_table

ORIGINALS = np.zeros((1, 4, 4, 1), np.uint8)


def table(name, correct, points=1):
    base = {column: "" if kind is str else kind(0) for column, kind in COLUMNS.items()} | ADDED
    base |= {"total": 8, "correct": correct, "accuracy": correct / 8, "ci_high": 1.0, "images": 8}
    base |= {"node": "receiver", "effective_images": 8.0}
    made = empty_table({"scenario": f"name: {name}\nseed: 1\n", "versions": "{}"}, ORIGINALS)
    for place in range(points):
        row = base | {"timestep": place}
        made = made.with_point(PointResult(Point(place, 0.0, ()), [row], np.zeros([1, 2, 51], np.int64), [], 8))
    return made


def test_rows_of_files_frames_and_tables_say_whose_they_are(tmp_path):
    write_table(tmp_path / "a.h5", table("mnist-awgn", 3, 2))
    write_table(tmp_path / "b.h5", table("'1'", 4))
    rows = concat([tmp_path / "a.h5", read_results(tmp_path / "b.h5"), table("third", 5).completed()])
    assert rows.columns[0] == "scenario"
    assert list(rows.columns[1:]) == list(COLUMNS)
    assert list(rows["scenario"]) == ["mnist-awgn", "mnist-awgn", "1", "third"]
    assert list(rows["correct"]) == [3, 3, 4, 5]
    assert list(rows.index) == [0, 1, 2, 3]
    assert [run["complete"] for run in rows.attrs["runs"].values()] == [False, False, True]
    assert rows.attrs["runs"]["1"]["scenario"].startswith("name: '1'")
    kinds = read_results(tmp_path / "a.h5").dtypes
    pd.testing.assert_series_equal(rows.dtypes.iloc[1:], kinds)


def test_runs_of_one_scenario_are_told_apart_by_their_files(tmp_path):
    for stem, correct in (("first", 1), ("second", 2)):
        write_table(tmp_path / f"{stem}.h5", table("mnist-awgn", correct))
    rows = concat([tmp_path / "first.h5", str(tmp_path / "second.h5"), table("other", 3)])
    assert list(rows["scenario"]) == ["mnist-awgn (first)", "mnist-awgn (second)", "other"]
    rows = concat([table("same", 1), table("same", 2)])
    assert list(rows["scenario"]) == ["same (1)", "same (2)"]
    twice = concat([tmp_path / "first.h5", tmp_path / "first.h5"])
    assert twice["scenario"].nunique() == 2


def test_a_mapping_names_the_runs_itself():
    rows = concat({"before": table("same", 1), "after": table("same", 2)})
    assert list(rows["scenario"]) == ["before", "after"]
    assert list(rows.attrs["runs"]) == ["before", "after"]


def test_what_is_put_together_is_left_as_it_was():
    one = table("one", 1).rows_with_attributes()
    concat([one, table("two", 2)])
    assert "scenario" not in one.columns
    assert "scenario" in one.attrs


def test_nothing_to_put_together_is_one_line(tmp_path):
    with pytest.raises(InputError, match="concat: no tables"):
        concat([])
    with pytest.raises(InputError, match="no such file"):
        concat([tmp_path / "none.h5"])
    with pytest.raises(InputError, match="put together already"):
        concat([concat([table("one", 1)])])
